"""Corners of autograd: the programs of corners.txt end with wengert as they end with torch."""

import pathlib
import re
import sys
import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")


HERE = pathlib.Path(__file__).parent


def _corners():
    """The programs of corners.txt by their names, and of lines/*.txt by their first lines."""
    parts = re.split(r"^## (.*)\n", (HERE / "corners.txt").read_text(), flags=re.MULTILINE)[1:]
    found = dict(zip(parts[::2], parts[1::2], strict=True))
    for file in sorted(HERE.glob("lines/*.txt")):
        text = re.sub(r"^(#.*)?\n", "", file.read_text(), flags=re.MULTILINE)
        for k, source in enumerate(re.split(r"\n(?!  )", text.rstrip())):  # what is indented goes on
            found[f"{file.stem} {k}: {source[:50]}"] = source.replace("\n  ", "\n")
    return found


PROGRAMS = _corners()


def _plain(value):
    text = re.sub(r" \(Triggered internally at [^)]*\)?", "", str(value)).replace("wengert", "torch")
    return re.sub(r"0x[0-9a-f]+", "0x", text).replace("torch._C.TensorBase", "Tensor").strip()


def _names(library):
    """What the programs find: torch, its parts, and words of their own."""

    def function(forward, backward, **more):
        methods = {"forward": forward, "backward": backward, **more}
        return type("Fn", (library.autograd.Function,), {k: staticmethod(f) for k, f in methods.items()})

    def says(call, *args, **kwargs):
        try:
            return call(*args, **kwargs)
        except Exception as error:
            return type(error).__name__, str(error).partition("\n  ")[0]

    def leaf(n):
        return library.arange(1.0, n + 1, requires_grad=True)

    def at(f, *point):
        x = library.tensor(point, requires_grad=True)
        return library.autograd.grad(f(x).sum(), x, allow_unused=True)[0]

    def chain(t):
        node, names = t.grad_fn, []
        while node is not None:
            names.append(node.name())
            node = next((n for n, _ in node.next_functions if n is not None), None)
        return names

    autograd, inf = library.autograd, float("inf")
    return {
        "torch": library,
        "nn": library.nn,
        "F": library.nn.functional,
        "autograd": autograd,
        "grad": autograd.grad,
        "graph": autograd.graph,
        "Function": autograd.Function,
        "function": function,
        "says": says,
        "leaf": leaf,
        "at": at,
        "chain": chain,
        "inf": inf,
        "nan": inf - inf,
        "r": None,
    }


def _run(source, library):
    """How a program ends: what it is, the result or the text of the error, the texts of its warnings."""
    library.manual_seed(0)
    names = _names(library)
    if library is wengert:
        source = source.replace("from torch.", "from wengert.")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        library.set_warn_always(True)
        try:
            exec(source, names)  # noqa: S102 (the programs are ours)
            ended, text = "a result", _plain(repr(names["r"]))
        except Exception as error:
            ended, text = type(error).__name__, _plain(error)
        finally:
            library.set_warn_always(False)
    shown = [(w.category.__name__, _plain(w.message)) for w in said if "torch.jit" not in str(w.message)]
    return ended, text, shown


@pytest.mark.parametrize("name", PROGRAMS)
def test_ends_alike(name):
    mine, theirs = _run(PROGRAMS[name], wengert), _run(PROGRAMS[name], torch)
    assert mine[0] == theirs[0], mine[1]
    ours = mine[1]
    if mine[0] != "a result":  # after torch's sentence may come lines of ours
        ours = ours[: len(theirs[1])] if ours.startswith(theirs[1] + "\n") else ours
    assert ours == theirs[1]
    assert mine[2] == theirs[2]


def test_a_pass_within_many_passes():
    class Deep(wengert.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            with wengert.enable_grad():
                ctx.x = (x.detach() - 1).requires_grad_()
            return ctx.x.detach()

        @staticmethod
        def backward(ctx, g):
            if ctx.x < 0:
                return g
            with wengert.enable_grad():
                Deep.apply(ctx.x).sum().backward()
            return g

    x = wengert.tensor(float(2 * sys.getrecursionlimit()), requires_grad=True)
    Deep.apply(x).sum().backward()
    assert x.grad == 1
