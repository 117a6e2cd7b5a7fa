"""Routines of the BLAS library that the machine has, on NumPy arrays, through ctypes."""

from functools import cache

from .. import _core

_LETTERS = {"f": "s", "d": "d", "F": "c", "D": "z"}  # of element types: NumPy's and BLAS's
_ROW_MAJOR, _LEFT, _UPPER, _LOWER, _AS_IT_IS, _NON_UNIT, _UNIT = 101, 141, 121, 122, 111, 131, 132


@cache
def _routine(pattern, char):
    """A C function by its name with the letter of an element type, untyped; None where there is none."""
    import ctypes

    letter = _LETTERS.get(char)
    address = letter and _core.blas_symbol(pattern.format(letter))
    return ctypes.CFUNCTYPE(None)(address) if address else None


def has(pattern, dtype):
    """Whether the library has a routine for this element type: "cblas_{}trsm", "{}getrf_"."""
    return _routine(pattern, dtype.char) is not None


def trsm(a, b, upper, unit):
    """x with a x = b for stacks (k, n, n) and (k, n, m) of one dtype; one triangle of a is read, its diagonal not 0."""
    import ctypes

    import numpy as np

    a, x = np.ascontiguousarray(a), np.array(b, order="C")
    (count, n, m), size = x.shape, x.itemsize
    if a.shape != (count, n, n) or a.dtype != x.dtype:
        raise ValueError(f"expected square matrices for {x.shape}, but got {a.shape}")
    one = np.ones(1, a.dtype)
    by_value = {"f": ctypes.c_float, "d": ctypes.c_double}.get(a.dtype.char)
    alpha = by_value(1) if by_value else ctypes.c_void_p(one.ctypes.data)
    how = [_ROW_MAJOR, _LEFT, _UPPER if upper else _LOWER, _AS_IT_IS, _UNIT if unit else _NON_UNIT]
    solve, from_, to = _routine("cblas_{}trsm", a.dtype.char), a.ctypes.data, x.ctypes.data
    for _ in range(count):
        solve(
            *map(ctypes.c_int, (*how, n, m)),
            alpha,
            ctypes.c_void_p(from_),
            ctypes.c_int(n),
            ctypes.c_void_p(to),
            ctypes.c_int(m),
        )
        from_, to = from_ + n * n * size, to + n * m * size
    return x


def getrf(stack):
    """LU factors with pivoting of a stack (k, m, n), written into it, and the pivots (from 1)."""
    import ctypes

    import numpy as np

    count, m, n = stack.shape
    pivots = np.empty((count, min(m, n)), np.int32)
    factor, sizes = _routine("{}getrf_", stack.dtype.char), np.array([m, n, 0], np.int32)
    at = [ctypes.c_void_p(sizes.ctypes.data + 4 * i) for i in range(3)]
    for k in range(count):
        columns = np.array(stack[k], order="F")
        factor(at[0], at[1], ctypes.c_void_p(columns.ctypes.data), at[0], ctypes.c_void_p(pivots[k].ctypes.data), at[2])
        stack[k] = columns
    return pivots
