"""torch.cond and the functions of numbers that may stand for unknown sizes: here every number is known."""

import math

import wengert as wg


def cond(pred, true_fn, false_fn, operands=()):
    """true_fn(*operands) if pred, else false_fn(*operands); pred: a bool, a number or a tensor of one element.

    >>> cond(True, lambda x: x + 1, lambda x: x - 1, (3,))
    4
    """
    if not isinstance(pred, (bool, int, float, wg.Tensor)):
        raise RuntimeError(f"Expected pred to be bool or tensor, but got {pred}.")
    if isinstance(pred, wg.Tensor) and pred.numel() != 1:
        raise RuntimeError(f"Expected pred to be bool or single-element tensor, but got {pred}.")
    return (true_fn if pred else false_fn)(*operands)


def sym_int(a):
    """A number rounded towards zero."""
    return math.trunc(a)


def sym_float(a):
    """A number as a float."""
    return float(a)


def sym_not(a):
    """The opposite of a truth value."""
    return not a


def sym_max(a, b):
    """The larger number, a float if one of them is."""
    return type(a + b)(max(a, b)) if isinstance(a, float) or isinstance(b, float) else max(a, b)


def sym_min(a, b):
    """The smaller number, a float if one of them is."""
    return type(a + b)(min(a, b)) if isinstance(a, float) or isinstance(b, float) else min(a, b)


def sym_ite(b, t, f):
    """t if b, else f."""
    return t if b else f


def sym_sqrt(a):
    """The square root."""
    return math.sqrt(a)
