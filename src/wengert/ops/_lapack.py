"""LAPACK's routines that the machine calls itself: for float32, float64 and complex matrices, whose results lie column by column."""

from functools import cache

from .. import _core
from ._declare import constant

_HIDDEN = {"function": False, "method": False}
_LARGEST = 256  # NumPy's library works on larger ones with many threads


@cache
def ready():
    """Whether the machine has found the library."""
    return bool(_core.blas_symbol("sgesdd_") and _core.blas_symbol("zgeev_"))


def takes(A):
    """Whether LAPACK is to be called for these matrices: small ones, for which a call of NumPy costs more than they do."""
    return ready() and A.numel() > 0 and A.size(-1) <= _LARGEST and A.size(-2) <= _LARGEST


@constant("_lapack_potrf(Index A, bool upper) -> (Index L, Index info)", **_HIDDEN)
def _lapack_potrf():
    """Cholesky factors of what one triangle says."""


@constant("_lapack_getrf(Index A) -> (Index LU, Index pivots, Index info)", **_HIDDEN)
def _lapack_getrf():
    """LU factors in one matrix, and the rows exchanged (from 1)."""


@constant("_lapack_gesv(Index A, Index? B=None, bool left=True, bool vector=False) -> (Index X, Index info)", **_HIDDEN)
def _lapack_gesv():
    """A^-1 B (left=False: B A^-1) by LU factors; the inverse without B."""


@constant("_lapack_trsm(Index A, Index B, bool upper, bool unitriangular, bool left=True) -> Index", **_HIDDEN)
def _lapack_trsm():
    """A^-1 B (left=False: B A^-1) of triangles; zeros on their diagonals give inf and nan."""


@constant("_lapack_geqrf(Index A) -> (Index a, Index tau)", **_HIDDEN)
def _lapack_geqrf():
    """R above reflections, and their factors."""


@constant("_lapack_qr(Index A, int columns) -> (Index Q, Index R)", **_HIDDEN)
def _lapack_qr():
    """Q of that many columns (0: without it) and R."""


@constant(
    "_lapack_gesdd(Index A, bool full_matrices, bool compute_uv) -> (Index U, Index S, Index Vh, Index info)", **_HIDDEN
)
def _lapack_gesdd():
    """Singular values and vectors."""


@constant("_lapack_syevd(Index A, bool upper, bool compute_v) -> (Index values, Index vectors, Index info)", **_HIDDEN)
def _lapack_syevd():
    """Eigenvalues and vectors of Hermitian matrices."""


@constant("_lapack_geev(Index A, bool compute_v) -> (Index values, Index vectors, Index info)", **_HIDDEN)
def _lapack_geev():
    """Complex eigenvalues and vectors of general matrices."""


@constant("_lapack_gelsy(Index A, Index B, float rcond) -> (Index X, Index rank)", **_HIDDEN)
def _lapack_gelsy():
    """Least-squares solutions of smallest norm, by QR with exchanged columns."""


@constant("_lu_permutation(Index pivots, int m) -> Index", **_HIDDEN)
def _lu_permutation():
    """The rows that pivots put where, for each matrix of a stack."""
