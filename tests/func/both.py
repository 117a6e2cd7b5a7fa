"""One program in wengert and in torch: the same values, or the same error."""

import warnings

import pytest

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")


def outcome(program, lib):
    """What a program gives, as plain data; an error as its type and text."""

    def plain(x):
        if isinstance(x, lib.Tensor):
            return [tuple(x.shape), str(x.dtype), x.tolist()]
        if isinstance(x, (tuple, list)):
            return [plain(y) for y in x]
        return x

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of torch.jit
            return plain(program(lib))
    except Exception as error:
        text = str(error).partition("\n  ")[0]  # our errors add where and what to do about it
        return [type(error).__name__, text.replace("wengert.Tensor", "torch.Tensor")]


def agree(program):
    mine, theirs = outcome(program, wg), outcome(program, torch)
    assert mine == theirs
    return mine
