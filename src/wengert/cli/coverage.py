"""Whether wengert has a name of torch's, asked of wengert itself."""

import importlib
import types

from .._alias import kept_elsewhere
from . import torch_names


def problem(name):
    """None when wengert has the name, else what is wrong with it.

    >>> problem("torch.nn.Linear") is None, problem("torch.nested.nested_tensor")
    (True, 'is not in wengert')
    """
    if name.startswith("Tensor."):
        import wengert

        return None if hasattr(wengert.Tensor, name[7:]) else "is not in wengert (if this is a tensor)"
    value, parts = importlib.import_module("wengert"), name.split(".")[1:]
    path = "torch"
    for position, part in enumerate(parts):
        try:
            found = _member(value, path, part)
        except NotImplementedError as error:
            return f"is refused: {error}"
        except ImportError as error:
            return f"cannot be loaded: {error}"
        if found is None:
            elsewhere = _names_elsewhere(f"{path}.{part}", parts[position + 1 :])
            return None if elsewhere else _missing(path, part)
        path, value = f"{path}.{part}", found[0]
        if not isinstance(value, (types.ModuleType, type)):
            break
    reason = getattr(value, "_wengert_refuses", None)
    return None if reason is None else f"is refused: {reason}"


def _member(owner, path, part):
    """The member of a module or class in a tuple, or None."""
    try:
        return (getattr(owner, part),)
    except (AttributeError, ModuleNotFoundError):
        pass
    if isinstance(owner, type):
        # An attribute of a class that torch does not list either says nothing about coverage.
        return None if part in torch_names.names(path) else (None,)
    try:
        return (importlib.import_module(f"wengert{path[5:]}.{part}"),)
    except ModuleNotFoundError:
        found = kept_elsewhere(path, part)
        return None if found is None else (found,)


def _names_elsewhere(module, rest):
    """Whether wengert has the names of a module of torch's that is no file of its own here."""
    wanted = rest[:1] or torch_names.names(module)
    return torch_names.has_module(module) and any(kept_elsewhere(module, name) is not None for name in wanted)


def _missing(path, part):
    if torch_names.names(path) and part not in torch_names.names(path) and not torch_names.has_module(f"{path}.{part}"):
        return "is neither in wengert nor, by that name, in torch 2.13"
    return "is not in wengert"
