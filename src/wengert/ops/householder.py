"""Householder reflections and least squares."""

from . import linalg_bodies
from . import linalg_host as numpy_
from ._composed import through
from ._declare import composite, host
from .decompositions import _HIDDEN, _LINALG, named, on_arrays
from .ldl import ldl as _ldl
from .ldl import ldl_solve as _ldl_solve
from .linalg_checks import check_float, check_square, is_float, kind, mH, refuse
from .solvers import _pinv, pinv_backward


@host("_geqrf(Tensor self) -> (Tensor a, Tensor tau)", forward=linalg_bodies.geqrf, **_HIDDEN)
def _geqrf():
    """R and the vectors of reflections in one matrix."""
    raise NotImplementedError("the derivative for 'geqrf' is not implemented.")


@composite("geqrf(Tensor self)", out=True)
def geqrf(input):
    """QR as LAPACK's geqrf leaves it: R on and above the diagonal, reflections below, and their factors tau."""
    if input.ndim < 2:
        refuse("torch.geqrf: input must have at least 2 dimensions.")
    if not is_float(input):
        raise NotImplementedError(f"\"geqrf_cpu\" not implemented for '{kind(input)}'")
    return named("geqrf", ("a", "tau"), _geqrf(input))


def _reflector(A, i):
    """The vector of the i-th reflection, (*, m, 1)."""
    from .. import cat

    head = A.new_zeros((*A.shape[:-2], i, 1))
    return cat([head, A.new_ones((*A.shape[:-2], 1, 1)), A[..., i + 1 :, i : i + 1]], -2)


def _reflect(A, tau, x, order, conjugate=False):
    """Reflections applied to x from the left, in an order."""
    for i in order:
        v = _reflector(A, i)
        factor = tau[..., i].unsqueeze(-1).unsqueeze(-1)
        x = x - (factor.conj() if conjugate else factor) * (v @ (mH(v) @ x))
    return x


def _check_reflectors(input, tau, name):
    if input.ndim < 2:
        refuse(f"{name}: input must have at least 2 dimensions.")
    if name.endswith("product") and input.shape[-2] < input.shape[-1]:
        refuse(f"{name}: input.shape[-2] must be greater than or equal to input.shape[-1]")
    if tau.ndim and input.shape[-1] < tau.shape[-1]:
        refuse(f"{name}: input.shape[-1] must be greater than or equal to tau.shape[-1]")
    if input.ndim - tau.ndim != 1:
        refuse(
            f"{name}: Expected tau to have one dimension less than input, but got tau.ndim equal to {tau.ndim} and "
            f"input.ndim is equal to {input.ndim}"
        )
    if input.ndim > 2 and input.shape[:-2] != tau.shape[:-1]:
        refuse(
            f"{name}: Expected batch dimensions of tau to be equal to input.shape[:-2], but got {list(tau.shape[:-1])}"
        )
    if input.dtype != tau.dtype:
        refuse(f"{name}: tau dtype {kind(tau)} does not match input dtype {kind(input)}")


@composite(
    "linalg_householder_product(Tensor input, Tensor tau)", **_LINALG, aliases=("linalg_householder_product",), out=True
)
def householder_product(A, tau):
    """The first n columns of the product of the reflections that geqrf stores in A (*, m, n)."""
    _check_reflectors(A, tau, "torch.linalg.householder_product")
    return _householder_product(A, tau)


def _product(A, tau):
    from .. import eye

    start = eye(*A.shape[-2:], dtype=A.dtype).expand(A.shape)
    if not tau.shape[-1]:
        return start + A[..., :0].sum() + tau.sum()  # nothing is added but a history
    return _reflect(A, tau, start, reversed(range(tau.shape[-1])))


def _by_columns(function):
    """The body of a host op: what a function of tensors gives, in column-major memory."""
    return lambda *args: numpy_.columns(numpy_.array(function(*args)))


@host(
    "_householder_product(Tensor A, Tensor tau) -> Tensor",
    forward=_by_columns(_product),
    grad_name="LinalgHouseholderProductBackward0",
    **_HIDDEN,
)
def _householder_product(g, A, tau):
    """linalg.householder_product; the result has a history even if there is no reflection."""
    return through(_product, g, A, tau)


@composite("orgqr(Tensor self, Tensor input2)", out=True)
def orgqr(input, input2):
    """linalg.householder_product."""
    return householder_product(input, input2)


@composite("ormqr(Tensor self, Tensor input2, Tensor input3, bool left=True, bool transpose=False)", out=True)
def ormqr(input, tau, other, left=True, transpose=False):
    """Q other (left=False: other Q; transpose: Q^H), Q the product of the reflections in input."""
    name = "torch.ormqr"
    if input.ndim < 2:
        refuse(f"{name}: input must have at least 2 dimensions.")
    if other.ndim < 2:
        refuse(f"{name}: other must have at least 2 dimensions.")
    side = -2 if left else -1
    if other.shape[side] < tau.shape[-1]:
        refuse(f"{name}: other.shape[{side}] must be greater than or equal to tau.shape[-1]")
    if other.shape[side] != input.shape[-2]:
        refuse(f"{name}: other.shape[{side}] must be equal to input.shape[-2]")
    _check_reflectors(input, tau, name)
    if input.shape[:-2] != other.shape[:-2]:
        refuse(
            f"{name}: Expected batch dimensions of other to be equal to input.shape[:-2], but got "
            f"{list(other.shape[:-2])}"
        )
    if input.dtype != other.dtype:
        refuse(
            f"{name}: Expected input and other to have the same dtype, but input has dtype {kind(input)} "
            "and other has dtype "
            f"{kind(other)}"
        )
    return _ormqr(input, tau, other, left, transpose)


def _reflected(A, tau, other, left, transpose):
    if not left:
        return mH(_reflected(A, tau, mH(other), True, not transpose))
    order = range(tau.shape[-1])
    return _reflect(A, tau, other, order if transpose else reversed(order), transpose)


@host(
    "_ormqr(Tensor A, Tensor tau, Tensor other, bool left, bool transpose) -> Tensor",
    forward=_by_columns(_reflected),
    grad_name="OrmqrBackward0",
    **_HIDDEN,
)
def _ormqr(g, A, tau, other, left, transpose):
    """torch.ormqr of what fits."""
    return through(lambda *tensors: _reflected(*tensors, left, transpose), g, A, tau, other)


@host(
    "_lstsq(Tensor A, Tensor B, float rcond, bool values) -> (Tensor solution, Index rank, Index singular_values)",
    forward=linalg_bodies.lstsq,
    grad_name="LinalgLstsqBackward0",
    **_HIDDEN,
)
def _lstsq(g, A, B, rcond):
    """Least-squares solutions of smallest norm, ranks and singular values."""
    limit = A.new_zeros(A.shape[:-2], dtype=A.real.dtype if A.is_complex() else A.dtype) + rcond
    pinv = _pinv(A, limit, False)
    return pinv_backward(g @ mH(B), pinv, A), mH(pinv) @ g


@composite(
    "linalg_lstsq(Tensor self, Tensor b, any rcond=None, *, str? driver=None)",
    **_LINALG,
    aliases=("linalg_lstsq",),
    out=True,
)
def lstsq(A, B, rcond=None, *, driver=None):
    """solution, residuals, rank and singular_values of min ||A X - B|| for A (*, m, n) and B (*, m, k) or (*, m).

    driver: "gelsy" (default), "gels", "gelsd", "gelss". Residuals only when every A has full rank n < m.
    """
    from .. import empty, finfo, int64

    name = "torch.linalg.lstsq"
    if A.ndim < 2:
        refuse(f"{name}: input must have at least 2 dimensions.")
    if not is_float(A):
        refuse("This function doesn't handle types other than float and double")
    if B.ndim < 1:
        refuse(f"{name}: other must have at least 1 dimension.")
    if A.dtype != B.dtype:
        refuse(
            f"{name}: Expected input and other to have the same dtype, but got input's dtype {kind(A)} and "
            f"other's dtype {kind(B)}"
        )
    if driver is not None and driver not in ("gels", "gelsy", "gelsd", "gelss"):
        refuse(f"{name}: parameter `driver` should be one of (gels, gelsy, gelsd, gelss)")
    vector = A.ndim - 1 == B.ndim and A.shape[:-1] == B.shape or B.ndim == 1
    rows = B.shape[-1] if vector else B.shape[-2]
    if rows != A.shape[-2]:
        refuse(f"{name}: input.size(-2) should match other.size({-1 if vector else -2})")
    right = B.unsqueeze(-1) if vector else B
    from .linalg_checks import expand_batch

    left, right = expand_batch(A, right)
    m, n = left.shape[-2:]
    cut = max(m, n) * finfo(A.dtype).eps if rcond is None else float(rcond)
    values = driver in ("gelsd", "gelss")
    solution, rank, singular = _lstsq(left, right, 0.0 if driver == "gels" else cut, values)
    if driver == "gels":
        _check_full_rank(rank, min(m, n))
    residuals = solution.reshape(-1)[:0].abs()
    full = bool((numpy_.bare(rank) == n).all())
    if m > n and driver != "gelsy" and driver is not None and full:
        residuals = (left @ solution - right).abs().square().sum(-2)
    solution = solution.squeeze(-1) if vector else solution
    if driver == "gels":
        rank = empty(0, dtype=int64)
    if not values:
        singular = empty(0, dtype=singular.dtype)
    return named(
        "linalg_lstsq", ("solution", "residuals", "rank", "singular_values"), (solution, residuals, rank, singular)
    )


def _check_full_rank(rank, full):
    from .linalg_checks import check_info

    check_info(
        (rank < full).int() * 2,
        "torch.linalg.lstsq",
        "The least squares solution could not be computed because the input matrix does not have full "
        "rank (error code: {}).",
    )


@host(
    "_ldl(Tensor A, bool hermitian) -> (Tensor LD, Index pivots, Index info)",
    forward=on_arrays(_ldl, columns=(0,)),
    **_HIDDEN,
)
def _ldl_factor():
    """LDL factors as LAPACK's sytrf and hetrf leave them."""
    refuse("derivative for aten::linalg_ldl_factor_ex is not implemented")


@composite(
    "linalg_ldl_factor_ex(Tensor self, *, bool hermitian=False, bool check_errors=False)",
    **_LINALG,
    aliases=("linalg_ldl_factor_ex",),
    out=True,
)
def ldl_factor_ex(A, *, hermitian=False, check_errors=False):
    """linalg.ldl_factor that reports zeros on the diagonal of D in info."""
    name = "torch.linalg.ldl_factor_ex"
    check_square(A, name)
    check_float(A, name)
    LD, pivots, info = _ldl_factor(A, hermitian)
    if check_errors and numpy_.bare(info).any():
        info = numpy_.bare(info)
        code = int(info.reshape(-1)[info.reshape(-1).nonzero()[0, 0]])
        refuse(f"torch.linalg.ldl_factor: Unknown error code: {code}.")
    return named("linalg_ldl_factor_ex", ("LD", "pivots", "info"), (LD, pivots, info))


@composite(
    "linalg_ldl_factor(Tensor self, *, bool hermitian=False)", **_LINALG, aliases=("linalg_ldl_factor",), out=True
)
def ldl_factor(A, *, hermitian=False):
    """LD and pivots of symmetric (hermitian=True: Hermitian) indefinite matrices."""
    return named("linalg_ldl_factor", ("LD", "pivots"), ldl_factor_ex(A, hermitian=hermitian, check_errors=True)[:2])


@host(
    "_ldl_solve(Tensor LD, Index pivots, Tensor B, bool hermitian) -> Tensor",
    forward=on_arrays(_ldl_solve, columns=(0,)),
    **_HIDDEN,
)
def _ldl_solved():
    """X from LDL factors."""
    refuse("derivative for aten::linalg_ldl_solve is not implemented")


@composite(
    "linalg_ldl_solve(Tensor LD, Tensor pivots, Tensor B, *, bool hermitian=False)",
    **_LINALG,
    aliases=("linalg_ldl_solve",),
    out=True,
)
def ldl_solve(LD, pivots, B, *, hermitian=False):
    """X with A X = B from the LDL factors of A."""
    from .linalg_checks import expand_batch

    name = "torch.linalg.ldl_solve"
    check_square(LD, name)
    check_float(LD, name)
    if B.ndim < 2:
        refuse(f"{name}: Expected B to have at least 2 dimensions, but it has {B.ndim} dimensions instead")
    if pivots.shape != LD.shape[:-1]:
        refuse(
            f"{name}: Expected LD.shape[:-1] and pivots.shape to be the same, but got pivots with shape "
            f"{list(pivots.shape)} instead"
        )
    if pivots.is_floating_point() or pivots.is_complex():
        refuse(f"{name}: Expected pivots to be integers. Got {kind(pivots)}")
    if LD.dtype != B.dtype:
        refuse(
            f"Expected b and A to have the same dtype, but found b of type {kind(B)} and A of type {kind(LD)} instead."
        )
    _, pivots = expand_batch(B[..., :1], pivots.unsqueeze(-1)) if B.ndim > 2 else (None, pivots.unsqueeze(-1))
    LD, B = expand_batch(LD, B)
    return _ldl_solved(LD, pivots.squeeze(-1).expand(LD.shape[:-1]), B, hermitian)
