"""Linear systems solved by triangular factors: cholesky_solve, cholesky_inverse, triangular_solve."""

from . import linalg_bodies
from . import linalg_host as numpy_
from ._declare import composite, host
from .decompositions import _HIDDEN, named
from .linalg_checks import check_factor, check_kernel, check_square, expand_batch, kind, mH, refuse
from .solvers import solve_triangular


def _check_dtype_pair(b, A):
    if b.dtype != A.dtype:
        refuse(
            f"Expected b and A to have the same dtype, but found b of type {kind(b)} and A of type {kind(A)} instead."
        )


@host(
    "_cholesky_solve(Tensor self, Tensor L, bool upper) -> Tensor",
    forward=linalg_bodies.cholesky_solve,
    grad_name="CholeskySolveBackward0",
    **_HIDDEN,
)
def _cholesky_solve(g, L, upper, y, needs):
    """X with L L^H X = self. As in torch, all of the gradient of L is given, both its triangles."""
    back = _cholesky_solve(g, L, upper)
    if not needs[1]:
        return back, None
    common = back @ mH(y)
    common = common + mH(common)
    return back, -(L @ common) if upper else -(common @ L)


@composite("cholesky_solve(Tensor self, Tensor input2, bool upper=False)", out=True)
def cholesky_solve(input, L, upper=False):
    """X with A X = input, from the Cholesky factor L of A."""
    if input.ndim < 2:
        refuse(f"b should have at least 2 dimensions, but has {input.ndim} dimensions instead")
    if L.ndim < 2:
        refuse(f"u should have at least 2 dimensions, but has {L.ndim} dimensions instead")
    if L.shape[-1] != L.shape[-2]:
        refuse(f"A must be batches of square matrices, but they are {L.shape[-1]} by {L.shape[-2]} matrices")
    if L.shape[-1] != input.shape[-2]:
        refuse(
            f"Incompatible matrix sizes for cholesky_solve: each A matrix is {L.shape[-1]} by "
            f"{L.shape[-1]} but each b matrix is "
            f"{input.shape[-2]} by {input.shape[-1]}"
        )
    _check_dtype_pair(input, L)
    check_kernel(L, "cholesky_solve_cpu")
    return _cholesky_solve(*reversed(expand_batch(L, input)), upper)


@composite("cholesky_inverse(Tensor self, bool upper=False)", out=True)
def cholesky_inverse(L, upper=False):
    """The inverse of A from its Cholesky factor."""
    check_square(L, "cholesky_inverse")
    check_kernel(L, "cholesky_inverse_out_cpu")
    check_factor(L)
    return _cholesky_inverse(L, upper)


def _solved_for_one(L, upper):
    from .. import eye

    return _cholesky_solve(eye(L.shape[-1], dtype=L.dtype).expand(L.shape), L, upper)


@host(
    "_cholesky_inverse(Tensor L, bool upper) -> Tensor",
    forward=_solved_for_one,
    grad_name="CholeskyInverseBackward0",
    **_HIDDEN,
)
def _cholesky_inverse(g, L, upper, y):
    """(L L^H)^-1. As in torch, all of the gradient of L is given, both its triangles."""
    common = y @ (g + mH(g)) @ y
    return -(L @ common) if upper else -(common @ L)


@composite(
    "triangular_solve(Tensor self, Tensor A, bool upper=True, bool transpose=False, bool unitriangular=False)", out=True
)
def triangular_solve(b, A, upper=True, transpose=False, unitriangular=False):
    """X with A X = b (transpose: A^T) for triangular A, and a copy of A."""
    for name, t in (("b", b), ("A", A)):
        if t.ndim < 2:
            refuse(
                f"torch.triangular_solve: Expected {name} to have at least 2 dimensions, but it has "
                f"{t.ndim} dimensions instead"
            )
    check_square(A, "triangular_solve")
    if A.shape[-2] != b.shape[-2]:
        refuse(
            f"Incompatible matrix sizes for triangular_solve: each A matrix is {A.shape[-1]} by "
            f"{A.shape[-1]} but each b matrix is "
            f"{b.shape[-2]} by {b.shape[-1]}"
        )
    _check_dtype_pair(b, A)
    check_kernel(A, "triangular_solve_cpu")
    result = _triangular_solve(*reversed(expand_batch(A, b)), upper, transpose, unitriangular)
    return named("triangular_solve", ("solution", "cloned_coefficient"), result)


def _solved_and_copied(b, A, upper, transpose, unitriangular):
    matrix, up = (A.mT, not upper) if transpose else (A, upper)
    return solve_triangular(matrix, b, upper=up, unitriangular=unitriangular), numpy_.columns(numpy_.array(A).copy())


@host(
    "_triangular_solve(Tensor self, Tensor A, bool upper, bool transpose, bool unitriangular)"
    " -> (Tensor solution, Tensor cloned_coefficient)",
    forward=_solved_and_copied,
    grad_name="TriangularSolveBackward0",
    **_HIDDEN,
)
def _triangular_solve(g0, g1, A, upper, transpose, unitriangular, solution):
    """torch.triangular_solve of stacks with the same batch dims."""
    matrix, up = (A.mT, not upper) if transpose else (A, upper)
    back = solve_triangular(mH(matrix), g0, upper=not up, unitriangular=unitriangular)
    inner, shift = -(back @ mH(solution)), int(unitriangular)
    inner = inner.triu(shift) if up else inner.tril(-shift)
    return back, (inner.mT if transpose else inner) + g1
