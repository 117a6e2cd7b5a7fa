"""The names that torch 2.13 has, read from package data: what a script may ask for that wengert lacks."""

import functools


@functools.cache
def table():
    """All namespaces with their public names, `{"torch.nn": frozenset({...}), ...}`."""
    import os
    import zlib

    with open(os.path.join(os.path.dirname(__file__), "torch_names.z"), "rb") as file:
        text = zlib.decompress(file.read()).decode()
    rows = (line.split() for line in text.splitlines())
    return {row[0]: frozenset(row[1:]) for row in rows}


def names(namespace):
    """The public names of a module or class of torch's; empty when it is not known."""
    return table().get(namespace, frozenset())


def has_module(name):
    """Whether torch has a public module of this name.

    >>> has_module("torch.nn.functional"), has_module("torch.nonsense")
    (True, False)
    """
    return name in table()


def home(module, name):
    """The module in which torch keeps what wengert keeps in one of its own: the deepest that has the name.

    >>> home("wengert.optim.lr_scheduler._steps", "StepLR")
    'torch.optim.lr_scheduler'
    """
    parts = module.split(".")[1:]
    for end in range(len(parts), -1, -1):
        candidate = ".".join(["torch", *parts[:end]])
        if name.partition(".")[0] in names(candidate):
            return candidate
    return ".".join(["torch", *parts])
