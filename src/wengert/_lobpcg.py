"""torch._lobpcg: some eigenvalues of symmetric matrices, largest or smallest first."""

__all__ = ["lobpcg"]


def _check(A, B, X, k):
    m = A.shape[-1]
    if A.shape[-2] != m:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    if B is not None and A.shape != B.shape:
        raise AssertionError(f"A and B must have same shape, got {A.shape} vs {B.shape}")
    if X is not None and X.shape[-2] != m:
        raise AssertionError(f"X shape mismatch: got {X.shape}, expected {(*A.shape[:-2], m, X.shape[-1])}")
    if m < 3 * k:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than 3 x the number of requested eigenpairs "
            f"(={k})"
        )


def lobpcg(
    A,
    k=None,
    B=None,
    X=None,
    n=None,
    iK=None,
    niter=None,
    tol=None,
    largest=None,
    method=None,
    tracker=None,
    ortho_iparams=None,
    ortho_fparams=None,
    ortho_bparams=None,
):
    """(E, V): k eigenvalues of symmetric matrices A (*, m, m), the largest first (largest=False: the smallest), and their vectors.

    With B, symmetric and positive definite, those of A v = e B v, and V.mT B V = 1. k: as many as X has columns, or 1 if None; m must
    be at least 3 k (ValueError). They are computed directly: the rest of the parameters, which say how torch iterates, change nothing.

    >>> import wengert
    >>> lobpcg(wengert.diag(wengert.tensor([1.0, 5.0, 3.0])))[0]
    tensor([5.])
    """
    from . import linalg

    if A.is_sparse:
        A = A.to_dense()
    k = (1 if X is None else X.shape[-1]) if k is None else k
    _check(A, B, X, k)
    A = (A + A.mT) / 2
    if B is None:
        values, vectors = linalg.eigh(A)
    else:
        root = linalg.cholesky(B.to_dense() if B.is_sparse else B)
        half = linalg.solve_triangular(root, A, upper=False)
        values, vectors = linalg.eigh(linalg.solve_triangular(root, half.mT, upper=False))
        vectors = linalg.solve_triangular(root.mT, vectors, upper=True)
    if largest is None or largest:
        values, vectors = values.flip(-1), vectors.flip(-1)
    return values.narrow(-1, 0, k), vectors.narrow(-1, 0, k)
