"""How factors, inverses and solutions are computed: small matrices by LAPACK, which the machine calls, others by NumPy."""

from . import linalg_host as numpy_
from ._lapack import (
    _lapack_geev,
    _lapack_gelsy,
    _lapack_geqrf,
    _lapack_gesdd,
    _lapack_gesv,
    _lapack_getrf,
    _lapack_potrf,
    _lapack_qr,
    _lapack_syevd,
    _lapack_trsm,
    ready,
    takes,
)
from .linalg_checks import mH


def on_arrays(function, columns=()):
    """The body of a host op from a function on NumPy arrays; columns: which of its results are column-major in memory."""

    def forward(*args):
        import numpy as np

        from .._core import Tensor

        with np.errstate(all="ignore"):  # inf and nan are results like others
            results = function(*[numpy_.array(a) if isinstance(a, Tensor) else a for a in args])
        if not isinstance(results, tuple):
            return numpy_.columns(results) if columns else numpy_.tensor(results)
        return tuple(numpy_.columns(r) if k in columns else numpy_.tensor(r) for k, r in enumerate(results))

    return forward


def _swapped(a):
    return a.swapaxes(-1, -2)


def _converged(results, otherwise, *args):
    """What a routine gave but its infos; where one of those is not 0, what NumPy makes of it, or why it does not."""
    *results, info = results
    return otherwise(*args) if info.any() else tuple(results)


def _numpy_cholesky(a, upper):
    if not upper:
        return numpy_.cholesky(a)
    factor, info = numpy_.cholesky(_swapped(a.conj()))
    return _swapped(factor.conj()), info


_cholesky = on_arrays(_numpy_cholesky, columns=(0,))


def cholesky(A, upper):
    """Factors and infos."""
    return (_lapack_potrf if takes(A) else _cholesky)(A, upper)


def _numpy_qr(a, mode):
    import numpy as np

    if mode == "r":
        return np.empty(0, a.dtype), np.linalg.qr(a, "r")
    return tuple(np.linalg.qr(a, mode))


_qr = on_arrays(_numpy_qr, columns=(0, 1))


def qr(A, mode):
    """Q (nothing in mode "r") and R."""
    if not takes(A):
        return _qr(A, mode)
    m, n = A.shape[-2:]
    return _lapack_qr(A, {"reduced": min(m, n), "complete": m, "r": 0}[mode])


def _numpy_svd(a, full_matrices, compute_uv):
    import numpy as np

    try:
        if compute_uv:
            return tuple(np.linalg.svd(a, full_matrices))
        empty = np.empty(0, a.dtype)
        return empty, np.linalg.svd(a, compute_uv=False), empty
    except np.linalg.LinAlgError:
        bad = np.flatnonzero(~np.isfinite(a).all((-2, -1)))
        where = f"(Batch element {bad[0]}): " if a.ndim > 2 and bad.size else ""
        raise numpy_.LinAlgError(
            f"linalg.svd: {where}The algorithm failed to converge because the input matrix contained non-finite values."
        ) from None


_svd = on_arrays(_numpy_svd, columns=(0, 2))


def svd(A, full_matrices, compute_uv):
    """U, S and Vh; U and Vh are nothing without compute_uv."""
    if not takes(A):
        return _svd(A, full_matrices, compute_uv)
    return _converged(_lapack_gesdd(A, full_matrices, compute_uv), _svd, A, full_matrices, compute_uv)


def _numpy_eigh(a, UPLO):
    import numpy as np

    return tuple(np.linalg.eigh(a, UPLO))


_eigh = on_arrays(_numpy_eigh, columns=(1,))


def eigh(A, UPLO, compute_v):
    """Values and vectors; those say nothing without compute_v."""
    return _converged(_lapack_syevd(A, UPLO == "U", compute_v), _eigh, A, UPLO) if takes(A) else _eigh(A, UPLO)


_eig = on_arrays(numpy_.eig, columns=(1,))


def eig(A, compute_v):
    """Values and vectors, always complex; those say nothing without compute_v."""
    return _converged(_lapack_geev(A, compute_v), _eig, A) if takes(A) else _eig(A)


def _numpy_inv(a):
    import numpy as np

    try:
        return np.linalg.inv(a), np.zeros(a.shape[:-2], "int32")
    except np.linalg.LinAlgError:
        _, _, info = numpy_.lu(a)
    flat, _ = numpy_.stacked(a)
    one = np.eye(a.shape[-1], dtype=a.dtype)
    out = [
        numpy_.solved_by_lu(flat[k], one) if code else np.linalg.inv(flat[k]) for k, code in enumerate(info.reshape(-1))
    ]
    return np.stack(out).reshape(a.shape), info


_inv = on_arrays(_numpy_inv, columns=(0,))


def inv(A):
    """Inverses and infos."""
    return _lapack_gesv(A) if takes(A) else _inv(A)


def _numpy_solve(a, b):
    import numpy as np

    try:
        return np.linalg.solve(a, b), np.zeros(a.shape[:-2], "int32")
    except np.linalg.LinAlgError:
        pass
    flat, batch = numpy_.stacked(a)
    right, _ = numpy_.stacked(b)
    info = numpy_.lu(flat)[2]
    solve_ = (np.linalg.solve, numpy_.solved_by_lu)
    out = [solve_[int(code != 0)](flat[k], right[k]) for k, code in enumerate(info)]
    return np.stack(out).reshape(b.shape), info.reshape(batch)


_solve_left = on_arrays(_numpy_solve, columns=(0,))


@on_arrays
def _solve_right(a, b):
    x, info = _numpy_solve(_swapped(a), _swapped(b))
    return _swapped(x), info


def _numpy_solve_vectors(a, b):
    x, info = _numpy_solve(a, b[..., None])
    return x[..., 0], info


_solve_vectors = on_arrays(_numpy_solve_vectors, columns=(0,))


def solve(A, B, left, vector):
    """X and infos of A X = B (left=False: X A = B), B a matrix or a vector."""
    if takes(A):
        return _lapack_gesv(A, B, left, vector)
    return (_solve_vectors if vector else _solve_left if left else _solve_right)(A, B)


def _numpy_triangular(a, b, upper, unit, left):
    if left:
        return numpy_.triangular(a, b, upper, unit)
    return _swapped(numpy_.triangular(_swapped(a), _swapped(b), not upper, unit))


_triangular = on_arrays(_numpy_triangular, columns=(0,))


def triangular(A, B, upper, unitriangular, left):
    """X of A X = B (left=False: X A = B), of which A one triangle is read."""
    if not (A.numel() and ready() and A.dtype == B.dtype):
        return _triangular(A, B, upper, unitriangular, left)
    return _lapack_trsm(A, B, upper, unitriangular, left)


def _numpy_cholesky_solve(b, L, upper):
    lower = _swapped(L.conj()) if upper else L
    return numpy_.triangular(_swapped(lower.conj()), numpy_.triangular(lower, b, False), True)


_cholesky_solve = on_arrays(_numpy_cholesky_solve, columns=(0,))


def cholesky_solve(b, L, upper):
    """X with L L^H X = b."""
    if not (L.numel() and ready()):
        return _cholesky_solve(b, L, upper)
    lower = mH(L) if upper else L
    return _lapack_trsm(mH(lower), _lapack_trsm(lower, b, False, False), True, False)


_lu = on_arrays(numpy_.lu, columns=(0,))


def lu(A, pivot):
    """LU in one matrix, pivots and infos."""
    return _lapack_getrf(A) if pivot and A.numel() and ready() else _lu(A, pivot)


_geqrf = on_arrays(numpy_.geqrf, columns=(0,))


def geqrf(A):
    """R above reflections, and their factors."""
    return _lapack_geqrf(A) if A.numel() and ready() else _geqrf(A)


def _numpy_lstsq(a, b, rcond):
    import numpy as np

    flat, batch = numpy_.stacked(a)
    right, _ = numpy_.stacked(b)
    m, n = flat.shape[-2:]
    out = np.zeros((len(flat), n, right.shape[-1]), a.dtype)
    rank = np.zeros(len(flat), "int64")
    singular = np.zeros((len(flat), min(m, n)), np.empty(0, a.dtype).real.dtype)
    for k in range(len(flat) if flat.shape[-1] and flat.shape[-2] else 0):
        if np.isfinite(flat[k]).all():
            out[k], _, rank[k], singular[k] = np.linalg.lstsq(flat[k], right[k], rcond)
        else:  # LAPACK's routine may never end
            out[k] = singular[k] = np.nan
    return out.reshape(*batch, *out.shape[1:]), rank.reshape(batch), singular.reshape(*batch, min(m, n))


_lstsq = on_arrays(_numpy_lstsq, columns=(0,))


def lstsq(A, B, rcond, values):
    """Solutions, ranks and, if values are asked for, singular values."""
    if values or not takes(A):
        return _lstsq(A, B, rcond)
    return *_lapack_gelsy(A, B, rcond), A.new_empty(
        (*A.shape[:-2], 0), dtype=A.real.dtype if A.is_complex() else A.dtype
    )
