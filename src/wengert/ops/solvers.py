"""Linear equations: inverses, determinants, solve, triangular systems, least squares, with their derivatives."""

from . import linalg_bodies
from . import linalg_host as numpy_
from ._declare import composite, host
from .decompositions import _HIDDEN, _LINALG, _linalg_svd, named, on_arrays
from .linalg_checks import (
    check_equation,
    check_float,
    check_info,
    check_matrix,
    check_same_dtype,
    check_square,
    expand_batch,
    kind,
    mH,
    refuse,
)


@host(
    "_linalg_inv_ex(Tensor A) -> (Tensor inverse, Index info)",
    forward=linalg_bodies.inv,
    grad_name="LinalgInvExBackward0",
    **_HIDDEN,
)
def _linalg_inv_ex(g, inverse):
    """Inverses, and infos: the first zero on the diagonal of U, from 1."""
    return -(mH(inverse) @ g @ mH(inverse))


@composite("linalg_inv_ex(Tensor A, *, bool check_errors=False)", **_LINALG, aliases=("linalg_inv_ex",), out=True)
def inv_ex(A, *, check_errors=False):
    """linalg.inv that reports singular matrices in info instead of raising."""
    return named("linalg_inv_ex", ("inverse", "info"), _inv(A, check_errors))


def _inv(A, check_errors):
    check_square(A, "linalg.inv")
    check_float(A, "linalg.inv")
    result, info = _linalg_inv_ex(A)
    if check_errors:
        check_info(
            info,
            "linalg.inv",
            "The diagonal element {} is zero, the inversion could not be completed because the "
            "input matrix is singular.",
        )
    return result, info


@composite("linalg_inv(Tensor A)", **_LINALG, aliases=("linalg_inv",), out=True)
def inv(A):
    """The inverses of square matrices (*, n, n); LinAlgError when one is singular.

    >>> wengert.linalg.inv(wengert.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return _inv(A, True)[0]


@composite("inverse(Tensor self)", out=True)
def inverse(input):
    """linalg.inv."""
    return inv(input)


def _numpy_det(a):
    import numpy as np

    return np.asarray(np.linalg.det(a), a.dtype)


@host("_linalg_det(Tensor A) -> Tensor", forward=on_arrays(_numpy_det), grad_name="LinalgDetBackward0", **_HIDDEN)
def _linalg_det(g, A, y):
    """Determinants. The gradient is the adjugate: by the inverse, by singular values where there is none."""
    from .. import cat

    inverse = _linalg_inv_ex(A)[0]
    condition = _largest_row(A) * _largest_row(inverse) if A.shape[-1] else None  # nan or inf where A is singular
    if A.shape[-1] and (condition < 1e6).all():
        return (g * y.conj()).unsqueeze(-1).unsqueeze(-1) * mH(inverse)
    U, S, Vh = _linalg_svd(A, False, True)
    ones = S[..., :1] * 0 + 1
    ahead = cat([ones, S[..., :-1].cumprod(-1)], -1)
    behind = cat([S[..., 1:].flip(-1).cumprod(-1).flip(-1), ones], -1)
    phase = _linalg_det(U) * _linalg_det(Vh)
    others = (ahead * behind).to(U.dtype).unsqueeze(-1)
    return (g * phase.conj()).unsqueeze(-1).unsqueeze(-1) * (U @ (others * Vh))


def _largest_row(t):
    return numpy_.bare(t).detach().abs().sum(-1).amax(-1)


@composite("linalg_det(Tensor A)", **_LINALG, aliases=("linalg_det",), out=True)
def det(A):
    """The determinants of square matrices.

    >>> wengert.linalg.det(wengert.tensor([[1.0, 2.0], [3.0, 4.0]]))
    tensor(-2.)
    """
    check_square(A, "linalg.det")
    check_float(A, "linalg.det", "lu_cpu")
    return _linalg_det(A)


def _numpy_slogdet(a):
    import numpy as np

    sign, logabs = np.linalg.slogdet(a)
    return np.asarray(sign, a.dtype), np.asarray(logabs, np.empty(0, a.dtype).real.dtype)


@host(
    "_linalg_slogdet(Tensor A) -> (Tensor sign, Tensor logabsdet)",
    forward=on_arrays(_numpy_slogdet),
    grad_name="LinalgSlogdetBackward0",
    **_HIDDEN,
)
def _linalg_slogdet(g0, g1, A, sign):
    """Signs (phases) of determinants and logarithms of their moduli."""
    weight = g1
    if sign.is_complex():
        turn = (g0.conj() * sign).imag
        weight = g1 - turn * 1j
    return weight.unsqueeze(-1).unsqueeze(-1) * mH(_linalg_inv_ex(A)[0])


@composite("linalg_slogdet(Tensor A)", **_LINALG, aliases=("linalg_slogdet",), out=True)
def slogdet(A):
    """sign and logabsdet of square matrices: det = sign * exp(logabsdet)."""
    check_square(A, "linalg.slogdet")
    check_float(A, "linalg.slogdet")
    return named("linalg_slogdet", ("sign", "logabsdet"), _linalg_slogdet(A))


@composite("det(Tensor self)")
def torch_det(input):
    """linalg.det."""
    return det(input)


@composite("slogdet(Tensor self)", out=True)
def torch_slogdet(input):
    """linalg.slogdet."""
    return named("slogdet", ("sign", "logabsdet"), slogdet(input))


@composite("logdet(Tensor self)")
def logdet(input):
    """The logarithm of the determinant; nan where that is negative, -inf where it is 0."""
    check_square(input, "logdet")
    check_float(input, "logdet")
    sign, logabs = _linalg_slogdet(input)
    if input.is_complex():
        return logabs + sign.log()
    return logabs.new_full((), float("nan")).where(sign == -1, logabs)


@host(
    "_linalg_solve(Tensor A, Tensor B, bool left=True, bool vector=False) -> (Tensor X, Index info)",
    forward=linalg_bodies.solve,
    grad_name="LinalgSolveExBackward0",
    **_HIDDEN,
)
def _linalg_solve(g, A, left, vector, X, needs):
    """X with A X = B (left=False: X A = B; B a matrix or a vector) of the same batch dims, and infos."""
    back = _linalg_solve(mH(A), g, left, vector)[0]
    if not needs[0]:
        return None, back
    if vector:
        return -(back.unsqueeze(-1) @ mH(X.unsqueeze(-1))), back
    return -(back @ mH(X) if left else mH(X) @ back), back


@composite(
    "linalg_solve_ex(Tensor A, Tensor B, *, bool left=True, bool check_errors=False)",
    **_LINALG,
    aliases=("linalg_solve_ex",),
    out=True,
)
def solve_ex(A, B, *, left=True, check_errors=False):
    """linalg.solve that reports singular matrices in info instead of raising."""
    name = "linalg.solve"
    check_square(A, name)
    check_float(A, name, "lu_cpu")
    check_same_dtype(A, B, name)
    vector = B.ndim == 1 or (B.ndim == A.ndim - 1 and B.shape == A.shape[:-1])
    if vector and not left:
        refuse(
            "linalg.solve: Vector broadcasting of the left hand side is not supported for left=False. In this case "
            "linalg.solve is equivalent to B / A.squeeze(-1)"
        )
    check_equation(A, B.unsqueeze(-1) if vector else B, name, left)
    if vector:
        batch = B if B.shape[:-1] == A.shape[:-2] else B.expand(*A.shape[:-2], -1)
        result, info = _linalg_solve(A, batch, True, True)
    else:
        A, B = expand_batch(A, B)
        result, info = _linalg_solve(A, B, left)
    if check_errors:
        check_info(info, "torch.linalg.solve", "The solver failed because the input matrix is singular.")
    return named("linalg_solve_ex", ("result", "info"), (result, info))


def _not_finite(t):
    return not bool(numpy_.bare(t).detach().isfinite().all())


@composite("linalg_solve(Tensor A, Tensor B, *, bool left=True)", **_LINALG, aliases=("linalg_solve",), out=True)
def solve(A, B, *, left=True):
    """X with A X = B (left=False: X A = B); B is a matrix or a vector (or batches). LinAlgError when A is singular.

    >>> wengert.linalg.solve(wengert.tensor([[2.0, 0.0], [0.0, 4.0]]), wengert.tensor([2.0, 2.0]))
    tensor([1.0000, 0.5000])
    """
    return solve_ex(A, B, left=left, check_errors=True)[0]


@host(
    "_triangular(Tensor A, Tensor B, bool upper, bool unitriangular, bool left=True) -> Tensor",
    forward=linalg_bodies.triangular,
    grad_name="LinalgSolveTriangularBackward0",
    **_HIDDEN,
)
def _triangular(g, A, upper, unitriangular, left, y, needs):
    """X with A X = B (left=False: X A = B), of which A one triangle is read."""
    back = _triangular(mH(A), g, not upper, unitriangular, left)
    if not needs[0]:
        return None, back
    inner = back @ mH(y) if left else mH(y) @ back
    shift = int(unitriangular)
    return -(inner.triu(shift) if upper else inner.tril(-shift)), back


def triangular(A, B, upper, unitriangular=False, left=True):
    """_triangular with batch dims broadcast."""
    A, B = expand_batch(A, B)
    return _triangular(A, B, upper, unitriangular, left)


@composite(
    "linalg_solve_triangular(Tensor self, Tensor B, *, bool upper, bool left=True, bool unitriangular=False)",
    **_LINALG,
    aliases=("linalg_solve_triangular",),
    out=True,
)
def solve_triangular(A, B, *, upper, left=True, unitriangular=False):
    """X with A X = B (left=False: X A = B), A triangular: the other triangle is not read.

    >>> wengert.linalg.solve_triangular(2 * wengert.eye(2), wengert.ones(2, 1), upper=True)
    tensor([[0.5000],
            [0.5000]])
    """
    name = "linalg.solve_triangular"
    check_square(A, name)
    check_matrix(B, name, "B")
    check_equation(A, B, name, left)
    if kind(A) in ("Half", "BFloat16"):
        raise NotImplementedError(f"\"triangular_solve_cpu\" not implemented for '{kind(A)}'")
    return triangular(A, B, upper, unitriangular, left)


def _numpy_pinv(a, rtol, hermitian):
    import numpy as np

    if a.size == 0:
        return a.swapaxes(-1, -2)
    if hermitian:
        values, vectors = np.linalg.eigh(a)
        size = np.abs(values)
        keep = size > rtol[..., None] * size.max(-1, keepdims=True)
        inverse_ = np.where(keep, 1 / np.where(keep, values, 1), 0)
        return (vectors * inverse_[..., None, :]) @ vectors.conj().swapaxes(-1, -2)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    keep = s > rtol[..., None] * s.max(-1, keepdims=True)
    inverse_ = np.where(keep, 1 / np.where(keep, s, 1), 0).astype(s.dtype)
    return (vh.conj().swapaxes(-1, -2) * inverse_[..., None, :]) @ u.conj().swapaxes(-1, -2)


@host(
    "_pinv(Tensor A, Index rtol, bool hermitian) -> Tensor",
    forward=on_arrays(_numpy_pinv),
    grad_name="LinalgPinvBackward0",
    **_HIDDEN,
)
def _pinv(g, A, y):
    """Pseudoinverses; singular values up to rtol times the largest count as 0."""
    return pinv_backward(g, y, A)


def pinv_backward(g, pinv_, A):
    """The gradient of a pseudoinverse: exact as long as the rank does not change."""
    gh, ph = mH(g), mH(pinv_)
    if A.shape[-2] <= A.shape[-1]:
        K = gh @ pinv_
        outer = K @ ph
        return -mH(pinv_ @ K) + outer - (A @ pinv_) @ outer + (ph @ pinv_) @ (gh - K @ A)
    K = pinv_ @ gh
    outer = ph @ K
    return -mH(K @ pinv_) + (gh - A @ K) @ pinv_ @ ph + outer - (outer @ pinv_) @ A


def tolerances(A, largest, atol, rtol):
    """atol and rtol as torch.linalg chooses them: rtol is max(m, n) * eps unless an atol is given."""
    from .. import finfo, maximum, tensor

    def made(value):
        return value.to(largest.dtype) if hasattr(value, "to") else tensor(float(value), dtype=largest.dtype)

    if rtol is None:
        small = float(max(A.shape[-2:])) * finfo(largest.dtype).eps
        rtol = made(small)
        if atol is not None:
            rtol = rtol.where(made(atol) <= 0, made(0.0))
    return maximum(made(atol or 0.0) if not hasattr(atol, "to") else made(atol), made(rtol) * largest)


def singular_values(A, hermitian):
    """Singular values; of Hermitian matrices the moduli of eigenvalues."""
    from .decompositions import eigvalsh, svdvals

    return eigvalsh(A).abs() if hermitian else svdvals(A)


@composite(
    "linalg_pinv(Tensor self, any rcond=None, bool hermitian=False, *, any atol=None, any rtol=None)",
    **_LINALG,
    aliases=("linalg_pinv",),
    out=True,
)
def pinv(A, *args, atol=None, rtol=None, hermitian=False, rcond=None):
    """The pseudoinverses of matrices (*, m, n); singular values up to max(atol, rtol * largest) count as 0.

    >>> wengert.linalg.pinv(wengert.tensor([[2.0], [0.0]]))
    tensor([[0.5000, 0.0000]])
    """
    if args:
        rcond, hermitian = args[0], args[1] if len(args) > 1 else hermitian
    if A.ndim < 2 or kind(A) not in ("Float", "Double", "ComplexFloat", "ComplexDouble"):
        shown = f"{kind(A)}{{{list(A.shape)}}}"
        refuse(
            f"linalg.pinv({shown}): expected a tensor with 2 or more dimensions of float, double, cfloat "
            "or cdouble types"
        )
    if hermitian:
        check_square(A, "linalg.eigh")
    if A.numel() == 0:
        return mH(A)
    from .. import no_grad

    with no_grad():
        largest = singular_values(A.detach(), hermitian).amax(-1)
        limit = tolerances(A, largest, atol, rcond if rtol is None else rtol)
        relative = (limit / largest).where(largest > 0, largest)
    return _pinv(A, relative.expand(A.shape[:-2]).contiguous(), hermitian)
