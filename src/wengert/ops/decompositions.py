"""Factorisations of matrices: Cholesky, QR, SVD, eigenvalues, with the derivatives of their factors."""

from . import linalg_bodies
from . import linalg_host as numpy_
from ._declare import composite, host
from .linalg_bodies import on_arrays  # noqa: F401 (part of what linear algebra takes from here)
from .linalg_checks import (
    check_float,
    check_info,
    check_kernel,
    check_matrix,
    check_square,
    diagonal,
    kind,
    mH,
    real,
    refuse,
)


def named(name, fields, values):
    """A named tuple of torch.return_types."""
    from .. import return_types

    return return_types.named(name, fields)(values)


_HIDDEN = {"method": False, "function": False}
_LINALG = {"namespace": "linalg"}


@host(
    "_cholesky_ex(Tensor A, bool upper) -> (Tensor L, Index info)",
    forward=linalg_bodies.cholesky,
    grad_name="LinalgCholeskyExBackward0",
    **_HIDDEN,
)
def _cholesky_ex(g, upper, L):
    """Factors of what one triangle says, and infos that are not 0 where that is not positive definite."""
    from .solvers import triangular

    if upper:
        g, L = mH(g), mH(L)
    phi = (mH(L) @ g).tril()
    phi = phi + phi.tril(-1).mH
    inner = triangular(mH(L), phi, True)
    return mH(triangular(mH(L), mH(inner), True)) * 0.5


@composite(
    "linalg_cholesky_ex(Tensor self, *, bool upper=False, bool check_errors=False)",
    **_LINALG,
    aliases=("linalg_cholesky_ex",),
    out=True,
)
def cholesky_ex(A, *, upper=False, check_errors=False):
    """linalg.cholesky that reports failures in info (the order of the leading minor that is not positive definite).

    >>> wengert.linalg.cholesky_ex(wengert.eye(2)).info
    tensor(0, dtype=torch.int32)
    """
    return named("linalg_cholesky_ex", ("L", "info"), _cholesky(A, upper, check_errors))


def _cholesky(A, upper, check_errors):
    check_square(A, "linalg.cholesky")
    check_float(A, "linalg.cholesky", "cholesky_cpu")
    L, info = _cholesky_ex(A, upper)
    if check_errors:
        _check_cholesky(info)
    return L, info


def _check_cholesky(info):
    check_info(
        info,
        "linalg.cholesky",
        "The factorization could not be completed because the input is not positive-definite (the leading minor "
        "of order {} is not positive-definite).",
    )


@composite("linalg_cholesky(Tensor self, *, bool upper=False)", **_LINALG, aliases=("linalg_cholesky",), out=True)
def cholesky(A, *, upper=False):
    """Lower (or upper) triangular L with A = L L^H, for Hermitian positive-definite A (*, n, n).

    LinAlgError when A is not positive definite.

    >>> wengert.linalg.cholesky(wengert.tensor([[4.0, 0.0], [0.0, 9.0]]))
    tensor([[2., 0.],
            [0., 3.]])
    """
    return _cholesky(A, upper, True)[0]


@host(
    "linalg_qr(Tensor A, str mode='reduced') -> (Tensor Q, Tensor R)",
    forward=linalg_bodies.qr,
    **_HIDDEN,
)
def _linalg_qr(g0, g1, A, mode, Q, R):
    """Factors as LAPACK gives them."""
    from .solvers import triangular

    m, n = A.shape[-2:]
    if mode == "r":
        refuse(
            "The derivative of linalg.qr depends on Q, which is not computed when mode='r'. Please use "
            "linalg.qr(A, mode='reduced') if you are going to differentiate through linalg.qr."
        )
    if mode == "complete" and m > n:
        refuse(
            "The QR decomposition is not differentiable when mode='complete' and nrows > ncols. Received A of shape "
            f"{list(A.shape)} and mode=complete."
        )
    gQ, gR, R1 = g0, g1.triu(), R
    if m < n:  # A = Q [R1 R2]: R2 = Q^H A2
        gQ = gQ + A[..., m:] @ mH(gR[..., m:])
        R1, gR, tail = R[..., :m], gR[..., :m], Q @ gR[..., m:]
    inner = (gR @ mH(R1) - mH(Q) @ gQ).triu()
    inner = inner + mH(inner)
    inner = inner - (real(diagonal(inner)) * 0.5).to(inner.dtype).diag_embed()
    g = mH(triangular(R1, mH(gQ + Q @ inner), True))
    if m < n:
        from .. import cat

        return cat([g, tail], -1)
    return g


@composite('linalg_qr(Tensor A, str mode="reduced")', **_LINALG, out=True)
def qr(A, mode="reduced"):
    """Q with orthonormal columns and upper triangular R with A = Q R; mode "reduced", "complete" or "r" (R alone).

    >>> wengert.linalg.qr(wengert.eye(2)).R.abs()
    tensor([[1., 0.],
            [0., 1.]])
    """
    check_matrix(A, "linalg.qr")
    check_float(A, "linalg.qr", "geqrf_cpu")
    if mode not in ("reduced", "complete", "r"):
        refuse(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    return _linalg_qr(A, mode)


def _phase_free(diagonal_, values, what):
    """RuntimeError where a gradient along the free phases of complex vectors is not zero."""
    if not diagonal_.numel():
        return
    wrong = diagonal_.detach().imag.abs().max()
    if wrong > 1e-2 * values.detach().abs().max().clamp(min=1):
        tail = "phase term, making it" if what.startswith("svd") else "quantity, so it is"
        refuse(
            f"{what} in the complex case are specified up to multiplication by e^{{i phi}}. "
            f"The specified loss function depends on this {tail} ill-defined."
        )


@host(
    "_linalg_svd(Tensor A, bool full_matrices=False, bool compute_uv=True) -> (Tensor U, Tensor S, Tensor Vh)",
    forward=linalg_bodies.svd,
    grad_name="LinalgSvdBackward0",
    **_HIDDEN,
)
def _linalg_svd(g0, g1, g2, A_like, full_matrices, U, S, Vh):
    """Singular values and vectors; the rule divides by differences of squared singular values."""
    m, n = A_like.shape[-2:]
    k = min(m, n)
    if full_matrices and m != n:  # only the first k vectors have a derivative
        U, Vh, g0, g2 = U[..., :k], Vh[..., :k, :], g0[..., :k], g2[..., :k, :]
    inner = g1.to(U.dtype).diag_embed()
    no_u, no_v = not numpy_.bare(g0).any(), not numpy_.bare(g2).any()
    if no_u and no_v and not (g0.requires_grad or g2.requires_grad):
        return U @ (g1.to(U.dtype).unsqueeze(-1) * Vh)
    left, right = mH(U) @ g0, mH(mH(Vh)) @ mH(g2)
    if U.is_complex():
        _phase_free(diagonal(left) + diagonal(right), left, "svd_backward: The singular vectors")
    squares = S * S
    gap = squares.unsqueeze(-2) - squares.unsqueeze(-1)
    gap = gap + S.new_full((k,), float("inf")).diag_embed()  # phases: their parts of both sides cancel
    row, column = S.unsqueeze(-2), S.unsqueeze(-1)
    inner = inner + (left - mH(left)) / gap * row + column * ((right - mH(right)) / gap)
    if U.is_complex():
        phase = (diagonal(left) - diagonal(right)) * 0.5  # they are opposite: half of it to either side's tangents
        inner = inner + ((phase - phase.conj()) * 0.5 / S).diag_embed()
    if m > k:
        scaled = g0 / row
        return (U @ inner + scaled - U @ (mH(U) @ scaled)) @ Vh
    if n > k:
        scaled = g2 / column
        return U @ (inner @ Vh + scaled - (scaled @ mH(Vh)) @ Vh)
    return U @ inner @ Vh


@composite(
    "linalg_svd(Tensor A, bool full_matrices=True, *, str? driver=None)", **_LINALG, aliases=("linalg_svd",), out=True
)
def svd(A, full_matrices=True, *, driver=None):
    """U, S, Vh with A = U diag(S) Vh, singular values descending.

    >>> wengert.linalg.svd(wengert.tensor([[3.0, 0.0], [0.0, 4.0]])).S
    tensor([4., 3.])
    """
    _check_svd(A, driver)
    return named("linalg_svd", ("U", "S", "Vh"), _linalg_svd(A, full_matrices, True))


def _check_svd(A, driver):
    check_matrix(A, "linalg.svd")
    check_float(A, "linalg.svd", "linalg_svd_cpu")
    if driver is not None:
        refuse("torch.linalg.svd: keyword argument `driver=` is only supported on CUDA inputs with cuSOLVER backend.")


@composite("linalg_svdvals(Tensor A, *, str? driver=None)", **_LINALG, aliases=("linalg_svdvals",), out=True)
def svdvals(A, *, driver=None):
    """The singular values of A, descending."""
    _check_svd(A, driver)
    return _linalg_svd(A, False, A.requires_grad or _is_wrapped(A))[1]


def _is_wrapped(t):
    from .._core import payload

    return payload(t) is not None


@host(
    "_linalg_eigh(Tensor A, str UPLO='L', bool compute_v=True) -> (Tensor eigenvalues, Tensor eigenvectors)",
    forward=linalg_bodies.eigh,
    grad_name="LinalgEighBackward0",
    **_HIDDEN,
)
def _linalg_eigh(g0, g1, eigenvalues, eigenvectors):
    """Eigenvalues of Hermitian matrices, ascending, and their vectors."""
    L, V = eigenvalues, eigenvectors
    if not numpy_.bare(g1).any() and not g1.requires_grad:
        return V @ (g0.to(V.dtype).unsqueeze(-1) * mH(V))
    inner = mH(V) @ g1
    if V.is_complex():
        _phase_free(diagonal(inner), inner, "linalg_eigh_backward: The eigenvectors")
    gap = L.unsqueeze(-2) - L.unsqueeze(-1) + L.new_ones(L.shape[-1]).diag_embed()
    off = (inner - mH(inner)) * 0.5 / gap
    off = off - diagonal(off).diag_embed() + g0.to(V.dtype).diag_embed()
    return V @ off @ mH(V)


def _check_hermitian(A, name, UPLO):
    check_square(A, name)
    if kind(A) not in ("Float", "Double", "ComplexFloat", "ComplexDouble"):
        raise NotImplementedError(f"\"linalg_eigh_cpu\" not implemented for '{kind(A)}'")
    if str(UPLO).upper() not in ("L", "U"):
        refuse(f"Expected UPLO argument to be 'L' or 'U', but got {UPLO}")


@composite('linalg_eigh(Tensor self, str UPLO="L")', **_LINALG, aliases=("linalg_eigh",), out=True)
def eigh(A, UPLO="L"):
    """Eigenvalues (ascending) and eigenvectors of Hermitian matrices, of which one triangle is read.

    >>> wengert.linalg.eigh(wengert.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues
    tensor([1., 2.])
    """
    _check_hermitian(A, "linalg.eigh", UPLO)
    return named("linalg_eigh", ("eigenvalues", "eigenvectors"), _linalg_eigh(A, UPLO.upper()))


@composite('linalg_eigvalsh(Tensor self, str UPLO="L")', **_LINALG, aliases=("linalg_eigvalsh",), out=True)
def eigvalsh(A, UPLO="L"):
    """The eigenvalues of Hermitian matrices, ascending."""
    _check_hermitian(A, "linalg.eigh", UPLO)
    return _linalg_eigh(A, UPLO.upper(), A.requires_grad or _is_wrapped(A))[0]


@host(
    "_linalg_eig(Tensor A, bool compute_v=True) -> (Tensor eigenvalues, Tensor eigenvectors)",
    forward=linalg_bodies.eig,
    grad_name="LinalgEigBackward0",
    **_HIDDEN,
)
def _linalg_eig(g0, g1, A_like, eigenvalues, eigenvectors):
    """Complex eigenvalues of general matrices, and vectors of length 1."""
    from .solvers import _linalg_solve

    L, V = eigenvalues, eigenvectors
    inner = mH(V) @ g1
    if numpy_.bare(g1).any():
        _phase_free(diagonal(inner), inner, "linalg_eig_backward: The eigenvectors")
    inner = inner - mH(V) @ (V * diagonal(inner).real.unsqueeze(-2))
    gap = (L.unsqueeze(-2) - L.unsqueeze(-1)).conj() + L.new_ones(L.shape[-1]).diag_embed()
    inner = inner / gap
    inner = inner - diagonal(inner).diag_embed() + g0.diag_embed()
    g = _linalg_solve(mH(V), inner @ mH(V))[0]
    return g if A_like.dtype.is_complex else g.real


def _check_eig(A, name):
    check_square(A, name)
    if not (A.is_floating_point() or A.is_complex()):
        refuse(f"Unknown Complex ScalarType for {kind(A)}")
    check_kernel(A, "linalg_eig_out_cpu")
    if A.numel() and not numpy_.bare(A).detach().isfinite().all():
        refuse("torch.linalg.eig: input tensor should not contain infs or NaNs.")


@composite("linalg_eig(Tensor self)", **_LINALG, aliases=("linalg_eig",), out=True)
def eig(A):
    """Eigenvalues and eigenvectors of square matrices, always complex.

    >>> wengert.linalg.eig(wengert.eye(1)).eigenvalues
    tensor([1.+0.j])
    """
    _check_eig(A, "linalg.eig")
    return named("linalg_eig", ("eigenvalues", "eigenvectors"), _linalg_eig(A))


@composite("linalg_eigvals(Tensor self)", **_LINALG, aliases=("linalg_eigvals",), out=True)
def eigvals(A):
    """The eigenvalues of square matrices, complex, in no order."""
    _check_eig(A, "linalg.eigvals")
    return _linalg_eig(A, A.requires_grad or _is_wrapped(A))[0]
