"""Functions of matrices made of decompositions and products, and torch's older names."""

from . import linalg_host as numpy_
from ._declare import composite, host
from ._notices import notice
from .decompositions import _HIDDEN, _LINALG, named, on_arrays
from .decompositions import cholesky as _new_cholesky
from .decompositions import qr as _new_qr
from .decompositions import svd as _new_svd
from .householder import refuse
from .linalg_checks import check_float, check_matrix, check_square, is_float, mH
from .norms import linalg_matrix_norm
from .solvers import _not_finite, inv, pinv, singular_values, solve, tolerances

_INFINITY = float("inf")


@composite("matrix_power(Tensor self, int n)", aliases=("linalg.matrix_power", "linalg_matrix_power"), out=True)
def matrix_power(A, n):
    """A multiplied n times with itself (n < 0: its inverse), by repeated squaring.

    >>> (2 * wengert.eye(2)).matrix_power(3)
    tensor([[8., 0.],
            [0., 8.]])
    """
    from .. import eye

    if not isinstance(n, int):
        raise TypeError(f"linalg_matrix_power(): argument 'n' (position 2) must be int, not {type(n).__name__}")
    check_square(A, "linalg.matrix_power")
    if n == 0:
        return eye(A.shape[-1], dtype=A.dtype).expand(A.shape).clone()
    inverted = n < 0
    if inverted:
        A, n = inv(A), -n
    if n == 1:
        return A if inverted else A.clone()
    if n == 3:
        return A @ A @ A
    result = None
    while n:
        if n & 1:
            result = A if result is None else result @ A
        n >>= 1
        A = A @ A if n else A
    return result


@composite(
    "linalg_matrix_rank(Tensor self, any tol=None, bool hermitian=False, *, any atol=None, any rtol=None)",
    **_LINALG,
    aliases=("linalg_matrix_rank",),
    out=True,
)
def matrix_rank(A, tol=None, hermitian=False, *, atol=None, rtol=None):
    """How many singular values of A (*, m, n) are larger than max(atol, rtol * largest).

    >>> wengert.linalg.matrix_rank(wengert.ones(3, 3))
    tensor(1)
    """
    from .. import no_grad

    check_matrix(A, "torch.linalg.matrix_rank", "input")
    if not is_float(A):
        refuse("This function doesn't handle types other than float and double")
    if isinstance(tol, bool):
        tol, hermitian = None, tol
    if A.numel() == 0:
        return A.new_zeros(A.shape[:-2]).long()
    with no_grad():
        values = singular_values(A, hermitian)
        limit = tolerances(A, values.amax(-1), atol, rtol) if tol is None else tol
        if hasattr(limit, "unsqueeze"):
            limit = limit.unsqueeze(-1)
        return (values > limit).sum(-1)


@composite("linalg_cond(Tensor self, any p=None)", **_LINALG, aliases=("linalg_cond",), out=True)
def cond(A, p=None):
    """The condition number: norm(A, p) * norm(inv(A), p); by default the ratio of extreme singular values."""
    check_matrix_input(A)
    if p is None or p in (2, -2):
        if A.shape[-1] == A.shape[-2] == 0 or A.numel() == 0:
            return A.new_zeros(A.shape[:-2]).abs()
        values = singular_values(A, False)
        largest, smallest = values[..., 0], values[..., -1]
        return smallest / largest if p == -2 else largest / smallest
    if p not in ("fro", "nuc", 1, -1, _INFINITY, -_INFINITY):
        refuse(f"linalg.cond got an invalid norm type: {p if isinstance(p, str) else format(p, 'g')}")
    if A.numel() == 0:
        return A.new_zeros(A.shape[:-2]).abs()
    check_square(A, f"linalg.cond(ord={p if isinstance(p, str) else format(p, 'g')})")
    from .solvers import inv_ex

    inverse, info = inv_ex(A)
    singular = info != 0
    if numpy_.bare(singular).any():  # their norms are infinite, which LAPACK cannot find
        there = singular.unsqueeze(-1).unsqueeze(-1)
        result = linalg_matrix_norm(A, p) * linalg_matrix_norm(inverse.masked_fill(there, 0), p).masked_fill(
            singular, _INFINITY
        )
    else:
        result = linalg_matrix_norm(A, p) * linalg_matrix_norm(inverse, p)
    return result.nan_to_num(_INFINITY, _INFINITY) if p != "nuc" and _not_finite(result) else result


def check_matrix_input(A):
    """RuntimeError for fewer than two dims, in cond's words."""
    if A.ndim < 2:
        refuse("linalg.cond: The input tensor must have at least 2 dimensions.")


def _count(sizes):
    n = 1
    for size in sizes:
        n *= size
    return n


@composite("linalg_tensorinv(Tensor self, int ind=2)", **_LINALG, aliases=("linalg_tensorinv",), out=True)
def tensorinv(A, ind=2):
    """The inverse for tensordot(A, ., ind): the first ind dims against the rest."""
    if ind <= 0:
        refuse(f"Expected a strictly positive integer for 'ind', but got {ind}")
    head, tail = A.shape[:ind], A.shape[ind:]
    if _count(head) != _count(tail):
        refuse(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{_count(tail)} != {_count(head)}"
        )
    return inv(A.reshape(_count(head), _count(tail))).reshape((*tail, *head))


@composite(
    "linalg_tensorsolve(Tensor self, Tensor other, any dims=None)", **_LINALG, aliases=("linalg_tensorsolve",), out=True
)
def tensorsolve(A, B, dims=None):
    """X with tensordot(A, X, X.ndim) = B; dims of A are moved to its end first."""
    if dims is not None:
        moved = [d % A.ndim for d in dims]
        A = A.permute([d for d in range(A.ndim) if d not in moved] + moved)
    head, tail = A.shape[: B.ndim], A.shape[B.ndim :]
    if _count(head) != _count(tail):
        refuse(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == "
            "prod(self.shape[:other.ndim]), but got "
            f"{_count(tail)} != {_count(head)}"
        )
    return solve(A.reshape(-1, _count(tail)), B.reshape(-1)).reshape(tail)


@composite("linalg_vander(Tensor x, *, int? N=None)", **_LINALG, aliases=("linalg_vander",))
def vander(x, *, N=None):
    """Powers 0 … N-1 of the elements along a new last dim (N: the size of the last dim).

    >>> wengert.linalg.vander(wengert.tensor([1, 2]), N=3)
    tensor([[1, 1, 1],
            [1, 2, 4]])
    """
    from .. import cat, ones_like

    x = x if x.ndim else x.unsqueeze(-1)
    N = x.shape[-1] if N is None else N
    if N < 2:
        refuse("N must be greater than 1.")
    x = x if x.is_floating_point() or x.is_complex() else x.long()
    column = x.unsqueeze(-1)
    return cat([ones_like(column), column.expand(*x.shape, N - 1).cumprod(-1)], -1)


@composite("vander(Tensor x, int? N=None, bool increasing=False)", method=False)
def torch_vander(x, N=None, increasing=False):
    """Powers of the elements of a vector, the highest first unless increasing."""
    from .. import cat, ones_like

    if x.ndim != 1:
        refuse("x must be a one-dimensional tensor.")
    N = x.shape[0] if N is None else N
    if N < 0:
        refuse("N must be non-negative.")
    if N == 0:
        return x.new_zeros((x.shape[0], 0))
    x = x if x.is_floating_point() or x.is_complex() else x.long()
    column = x.unsqueeze(-1)
    result = cat([ones_like(column), column.expand(x.shape[0], N - 1).cumprod(-1)], -1)
    return result if increasing else result.flip(-1)


@composite("linalg_cross(Tensor self, Tensor other, *, int dim=-1)", **_LINALG, aliases=("linalg_cross",), out=True)
def cross(input, other, *, dim=-1):
    """The cross products of vectors of length 3 along a dim."""
    if input.ndim != other.ndim:
        refuse("linalg.cross: inputs must have the same number of dimensions.")
    if input.shape[dim] != 3 or other.shape[dim] != 3:
        refuse(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[dim]} and {other.shape[dim]}"
        )
    return _cross(input, other, dim)


def _crossed(input, other, dim):
    from .. import stack

    (a0, a1, a2), (b0, b1, b2) = input.unbind(dim), other.unbind(dim)
    return stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], dim)


@host(
    "_cross(Tensor self, Tensor other, int dim) -> Tensor",
    composed=_crossed,
    grad_name="LinalgCrossBackward0",
    **_HIDDEN,
)
def _cross(g, self, other, dim):
    """linalg.cross of what fits."""
    return _cross(other.conj(), g, dim), _cross(g, self.conj(), dim)


@composite("cross(Tensor self, Tensor other, int? dim=None)", out=True)
def torch_cross(input, other, dim=None):
    """linalg.cross along a dim, by default the first of size 3."""
    if dim is None:
        notice("cross", 5)
        dim = next((d for d, size in enumerate(input.shape) if size == 3), None)
        if dim is None:
            refuse("no dimension of size 3 in input")
    return cross(input, other, dim=dim)


@composite("linalg_diagonal(Tensor A, *, int offset=0, int dim1=-2, int dim2=-1)", **_LINALG)
def diagonal(A, *, offset=0, dim1=-2, dim2=-1):
    """The diagonals of matrices, a view."""
    return A.diagonal(offset, dim1, dim2)


@composite("linalg_matmul(Tensor self, Tensor other)", **_LINALG, out=True)
def matmul(input, other):
    """torch.matmul."""
    return input @ other


@composite("cholesky(Tensor self, bool upper=False)", out=True)
def old_cholesky(input, upper=False):
    """linalg.cholesky under its old name."""
    return _new_cholesky(input, upper=upper)


@composite("qr(Tensor self, bool some=True)", out=True)
def old_qr(input, some=True):
    """linalg.qr under its old name; some=False gives complete factors."""
    return named("qr", ("Q", "R"), _new_qr(input, "reduced" if some else "complete"))


@composite("svd(Tensor self, bool some=True, bool compute_uv=True)", out=True)
def old_svd(input, some=True, compute_uv=True):
    """U, S, V (not its adjoint) with input = U diag(S) V^H."""
    if not compute_uv:
        from .decompositions import svdvals

        m, n = input.shape[-2:]
        U, V = input.new_zeros((*input.shape[:-2], m, m)), input.new_zeros((*input.shape[:-2], n, n))
        return named("svd", ("U", "S", "V"), (U, svdvals(input), V))
    U, S, Vh = _new_svd(input, not some)
    return named("svd", ("U", "S", "V"), (U, S, mH(Vh)))


def _low_rank_basis(A, q, niter, M):
    """Orthonormal columns that span most of A's range, by a randomised power iteration."""
    from .. import randn

    if M is not None:
        A = A - M
    Q = _new_qr(A @ randn(A.shape[-1], q, dtype=A.dtype))[0]
    for _ in range(niter):
        Q = _new_qr(mH(A) @ Q)[0]
        Q = _new_qr(A @ Q)[0]
    return Q


@composite(method=False)
def svd_lowrank(A, q=6, niter=2, M=None):
    """U, S, V of the q largest singular values of A - M, by random projections."""
    q = 6 if q is None else q
    m, n = A.shape[-2:]
    if M is not None:
        M = M.expand(A.shape)
        A = A - M
    if m < n:
        A = mH(A)
    Q = _low_rank_basis(A, q, niter, None)
    U, S, Vh = _new_svd(mH(Q) @ A, full_matrices=False)
    U, V = Q @ U, mH(Vh)
    return (V, S, U) if m < n else (U, S, V)


@composite(method=False)
def pca_lowrank(A, q=None, center=True, niter=2):
    """svd_lowrank of A with the means of its columns taken off."""
    m, n = A.shape[-2:]
    if q is None:
        q = min(6, m, n)
    elif not 0 <= q <= min(m, n):
        raise ValueError(f"q(={q}) must be non-negative integer and not greater than min(m, n)={min(m, n)}")
    if niter < 0:
        raise ValueError(f"niter(={niter}) must be non-negative integer")
    return svd_lowrank(A - A.mean(-2, keepdim=True) if center else A, q, niter)


@host("linalg_matrix_exp(Tensor A) -> Tensor", forward=on_arrays(numpy_.matrix_exp), **_HIDDEN)
def _linalg_matrix_exp(g, A):
    """exp of matrices; the gradient is a block of exp([[A^H, g], [0, A^H]])."""
    from .. import cat, zeros_like

    A, n = mH(A), A.shape[-1]
    return _linalg_matrix_exp(cat([cat([A, g], -1), cat([zeros_like(A), A], -1)], -2))[..., :n, n:]


@composite("linalg_matrix_exp(Tensor self)", **_LINALG)
def matrix_exp(A):
    """The exponential of square matrices.

    >>> wengert.linalg.matrix_exp(wengert.zeros(1, 1))
    tensor([[1.]])
    """
    check_square(A, "linalg.matrix_exp")
    check_float(A, "linalg.matrix_exp")
    return _linalg_matrix_exp(A)


@composite("matrix_exp(Tensor self)")
def torch_matrix_exp(input):
    """linalg.matrix_exp."""
    return matrix_exp(input)


@composite("pinverse(Tensor self, float rcond=1e-15)")
def pinverse(input, rcond=1e-15):
    """linalg.pinv."""
    return pinv(input, rtol=rcond)
