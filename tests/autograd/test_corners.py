"""Corners of autograd: the programs of corners.txt end with wengert as they end with torch."""

import pathlib
import re
import sys
import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")


def _programs():
    text = (pathlib.Path(__file__).parent / "corners.txt").read_text()
    parts = re.split(r"^## (.*)\n", text, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


PROGRAMS = _programs()


def _plain(value):
    text = re.sub(r" \(Triggered internally at [^)]*\)?", "", str(value)).replace("wengert", "torch")
    return re.sub(r"0x[0-9a-f]+", "0x", text).strip()


def _run(source, library):
    """How a program ends: what it is, the result or the text of the error, the texts of its warnings."""
    library.manual_seed(0)
    names = {
        "torch": library,
        "Function": library.autograd.Function,
        "leaf": lambda n: library.arange(1.0, n + 1, requires_grad=True),
        "r": None,
    }
    if library is wengert:
        source = source.replace("from torch.", "from wengert.")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            exec(source, names)  # noqa: S102 (the programs are ours)
            ended, text = "a result", _plain(names["r"])
        except Exception as error:
            ended, text = type(error).__name__, _plain(error)
    shown = [(w.category.__name__, _plain(w.message)) for w in said if "torch.jit" not in str(w.message)]
    return ended, text, shown


@pytest.mark.parametrize("name", PROGRAMS)
def test_ends_alike(name):
    mine, theirs = _run(PROGRAMS[name], wengert), _run(PROGRAMS[name], torch)
    assert mine[0] == theirs[0], mine[1]
    assert mine[1].startswith(theirs[1])  # more lines may follow
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
