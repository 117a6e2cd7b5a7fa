"""LU, LDL and Householder factors kept in one matrix, and what is solved or unpacked from them."""

from . import linalg_bodies
from . import linalg_host as numpy_
from ._composed import through
from ._declare import composite, host
from ._lapack import _lu_permutation
from .decompositions import _HIDDEN, _LINALG, named
from .linalg_checks import (
    check_equation,
    check_float,
    check_info,
    check_square,
    expand_batch,
    is_float,
    kind,
    mH,
    refuse,
)
from .solvers import _triangular, triangular


@host(
    "_linalg_lu(Tensor A, bool pivot) -> (Tensor LU, Index pivots, Index info)",
    forward=linalg_bodies.lu,
    grad_name="LinalgLuFactorExBackward0",
    **_HIDDEN,
)
def _linalg_lu(g, A_like, LU, pivots):
    """L (below the diagonal) and U of row-permuted matrices."""
    from .. import cat

    m, n = A_like.shape[-2:]
    k = min(m, n)
    L, U = unit_lower(LU[..., :, :k]), LU[..., :k, :].triu()
    gL, gU = g[..., :, :k].tril(-1), g[..., :k, :].triu()
    L1, U1, gL1, gU1 = L[..., :k, :], U[..., :, :k], gL[..., :k, :], gU[..., :, :k]
    right, below = None, None
    if n > k:  # U2 = L^-1 A2
        right = _triangular(mH(L1), gU[..., k:], True, True)
        gL1 = gL1 - (right @ mH(U[..., k:])).tril(-1)
    if m > k:  # L2 = A2 U^-1
        below = mH(_triangular(U1, mH(gL[..., k:, :]), True, False))
        gU1 = gU1 - (mH(L[..., k:, :]) @ below).triu()
    inner = (mH(L1) @ gL1).tril(-1) + (gU1 @ mH(U1)).triu()
    g = _triangular(mH(L1), mH(_triangular(U1, mH(inner), True, False)), True, True)
    if right is not None:
        g = cat([g, right], -1)
    if below is not None:
        g = cat([g, below], -2)
    return _rows(g, _lu_permutation(pivots, m).argsort(-1))


def unit_lower(LU):
    """The lower triangle with ones on the diagonal, m by k."""
    from .. import eye

    return LU.tril(-1) + eye(LU.shape[-2], LU.shape[-1], dtype=LU.dtype)


def _rows(a, order):
    """Rows of matrices in another order for each; the batch dims may be broadcast."""
    index = order.unsqueeze(-1)
    return a.gather(-2, index.expand(*a.shape[:-2], index.shape[-2], a.shape[-1]))


def _check_lu(A, name, pivot):
    if A.ndim < 2:
        refuse(f"{name}: Expected tensor with 2 or more dimensions. Got size: {list(A.shape)} instead")
    if not is_float(A):
        raise NotImplementedError(f"\"lu_cpu\" not implemented for '{kind(A)}'")
    if not pivot:
        refuse("linalg.lu_factor: LU without pivoting is not implemented on the CPU")


@composite(
    "linalg_lu_factor_ex(Tensor A, *, bool pivot=True, bool check_errors=False)",
    **_LINALG,
    aliases=("linalg_lu_factor_ex",),
    out=True,
)
def lu_factor_ex(A, *, pivot=True, check_errors=False):
    """linalg.lu_factor that reports zeros on the diagonal of U in info."""
    _check_lu(A, "torch.lu_factor", pivot)
    LU, pivots, info = _linalg_lu(A, True)
    if check_errors:
        _check_singular(info)
    return named("linalg_lu_factor_ex", ("LU", "pivots", "info"), (LU, pivots, info))


def _check_singular(info):
    check_info(
        info,
        "torch.linalg.lu_factor",
        "U[{0},{0}] is zero and using it on lu_solve would result in a division by zero. If you still want to perform "
        "the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)",
        RuntimeError,
    )


@composite("linalg_lu_factor(Tensor A, *, bool pivot=True)", **_LINALG, aliases=("linalg_lu_factor",), out=True)
def lu_factor(A, *, pivot=True):
    """LU of A's rows permuted, both factors in one matrix, and the pivots (row numbers from 1).

    >>> wengert.linalg.lu_factor(wengert.eye(2)).pivots
    tensor([1, 2], dtype=torch.int32)
    """
    LU, pivots, _ = lu_factor_ex(A, pivot=pivot, check_errors=True)
    return named("linalg_lu_factor", ("LU", "pivots"), (LU, pivots))


def _halves(LU):
    k = min(LU.shape[-2:])
    return unit_lower(LU[..., :, :k]), LU[..., :k, :].triu()


@host("_lu_unpack(Tensor LU) -> (Tensor L, Tensor U)", forward=_halves, grad_name="LuUnpackBackward0", **_HIDDEN)
def _lu_unpack(g0, g1, LU):
    """The lower factor, with ones on its diagonal, and the upper one."""
    return _whole(g0.tril(-1), g1.triu(), *LU.shape[-2:])


def _whole(lower, upper, m, n):
    """A strictly lower triangle (m, k) and an upper one (k, n) in one matrix (m, n), k the smaller of both."""
    from ..nn.functional import pad

    if m > n:
        upper = pad(upper, (0, 0, 0, m - n))
    return (pad(lower, (0, n - m)) if n > m else lower) + upper


def _factors(A):
    LU, pivots, _ = _linalg_lu(A, True)
    P, L, U = lu_unpack(LU, pivots)
    return P, L, U


@host(
    "_linalg_plu(Tensor A) -> (Index P, Tensor L, Tensor U)", forward=_factors, grad_name="LinalgLuBackward0", **_HIDDEN
)
def _linalg_plu(g1, g2, A):
    """The factors of linalg.lu."""
    return through(lambda A: _factors(A)[1:], (g1, g2), A)[0]


@composite(
    "lu_unpack(Tensor LU_data, Tensor LU_pivots, bool unpack_data=True, bool unpack_pivots=True)",
    method=False,
    out=True,
)
def lu_unpack(LU_data, LU_pivots, unpack_data=True, unpack_pivots=True):
    """P, L and U from what lu_factor returned."""
    from .. import empty, eye, int32

    if LU_pivots.dtype != int32:
        refuse(
            "torch.lu_unpack: LU_pivots is expected to be a contiguous tensor of torch.int32 "
            "dtype.\nNote: this function is "
            "intended to be used with the output produced by torch.linalg.lu_factor"
        )
    m = LU_data.shape[-2]
    P = L = U = empty(0, dtype=LU_data.dtype)
    if unpack_pivots:
        rows = numpy_.bare(LU_pivots)
        if ((rows < 1) | (rows > m)).any():
            refuse(
                "pivots passed to lu_unpack must be between 1 and LU.size(-2) inclusive.Did you properly pass the "
                "result of lu_factor?"
            )
        P = eye(m, dtype=LU_data.dtype)[_lu_permutation(LU_pivots, m)].mT.contiguous()
    if unpack_data:
        L, U = _lu_unpack(LU_data)
    return named("lu_unpack", ("P", "L", "U"), (P, L, U))


@composite("linalg_lu(Tensor A, *, bool pivot=True)", **_LINALG, aliases=("linalg_lu",), out=True)
def linalg_lu(A, *, pivot=True):
    """P, L, U with A = P L U."""
    _check_lu(A, "linalg.lu", pivot)
    return named("linalg_lu", ("P", "L", "U"), _linalg_plu(A))


@composite(
    "linalg_lu_solve(Tensor LU, Tensor pivots, Tensor B, *, bool left=True, bool adjoint=False)",
    **_LINALG,
    aliases=("linalg_lu_solve",),
    out=True,
)
def lu_solve(LU, pivots, B, *, left=True, adjoint=False):
    """X with A X = B (left=False: X A = B; adjoint: A^H) from the LU factors of A."""
    from .. import int32

    name = "linalg.lu_solve"
    check_square(LU, name, "LU")
    check_float(LU, name)
    if pivots.dtype != int32:
        refuse(f"{name}: pivots should be a Tensor of scalar type torch.int32")
    _check_same_dtype(LU, B, name)
    if pivots.shape[-1] != LU.shape[-1]:
        refuse(f"{name}: Number of pivots per batch should be same as the dimension of the matrix")
    check_equation(LU, B, name, left)
    LU, B = expand_batch(LU, B)
    return _lu_solve(LU, pivots.expand(LU.shape[:-1]), B, left, adjoint)


def _lu_solved(LU, pivots, B, left, adjoint):
    """X from the factors, by triangular systems."""
    if not left:
        return mH(_lu_solved(LU, pivots, mH(B), True, not adjoint))
    order = _lu_permutation(pivots, LU.shape[-1])
    if adjoint:
        inner = triangular(mH(LU), triangular(mH(LU), B, False), True, True)
        return _rows(inner, order.argsort(-1))
    return triangular(LU, triangular(LU, _rows(B, order), False, True), True)


def _lu_solved_in_memory(LU, pivots, B, left, adjoint):
    """X in the memory that torch gives it: columns side by side, rows where X stands on the left."""
    made = numpy_.array(_lu_solved(LU, pivots, B, left, adjoint))
    return numpy_.columns(made) if left else numpy_.tensor(made)


@host(
    "_lu_solve(Tensor LU, Index pivots, Tensor B, bool left, bool adjoint) -> Tensor",
    forward=_lu_solved_in_memory,
    grad_name="LinalgLuSolveBackward0",
    **_HIDDEN,
)
def _lu_solve(g, LU, pivots, B, left, adjoint, needs):
    """linalg.lu_solve of stacks with the same batch dims."""
    if needs[0]:
        return through(lambda LU, B: _lu_solved(LU, pivots, B, left, adjoint), g, LU, B)
    return None, _lu_solve(LU, pivots, g, left, not adjoint)


def _check_same_dtype(LU, B, name):
    """RuntimeError when LU and B differ in dtype."""
    if LU.dtype != B.dtype:
        refuse(
            f"{name}: Expected LU and B to have the same dtype, but found LU of type {kind(LU)} and B of "
            f"type {kind(B)} instead"
        )


@composite(method=False)
def _lu_with_info(input, pivot=True, check_errors=True):
    """LU, pivots and infos under their old name."""
    LU, pivots, info = lu_factor_ex(input, pivot=pivot, check_errors=check_errors)
    return named("_lu_with_info", ("LU", "pivots", "info"), (LU, pivots, info))


@composite("lu(Tensor self, bool pivot=True, bool get_infos=False)")
def lu(A, pivot=True, get_infos=False):
    """linalg.lu_factor under its old name, with infos if asked."""
    LU, pivots, info = _lu_with_info(A, pivot, False)
    return (LU, pivots, info) if get_infos else (LU, pivots)


@composite("lu_solve(Tensor self, Tensor LU_data, Tensor LU_pivots)", out=True)
def torch_lu_solve(b, LU_data, LU_pivots):
    """linalg.lu_solve with b first."""
    return lu_solve(LU_data, LU_pivots, b)
