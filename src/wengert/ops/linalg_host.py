"""Matrix algorithms on NumPy arrays: NumPy's LAPACK where it has the routine, small loops of our own elsewhere."""


class _LinAlgError(RuntimeError):
    """A matrix is singular, not positive definite, or an iteration did not converge."""

    __module__ = "wengert._C"


LinAlgError = _LinAlgError  # torch's public name of the class


def array(t):
    """The values of a tensor, without its history."""
    return t.detach().numpy()


def bare(t):
    """What the transforms (vmap, forward mode) have wrapped."""
    from .._core import payload

    while (inner := payload(t)) is not None:
        t = inner.primal if inner.kind == "dual" else inner.value
    return t


def tensor(a):
    """An array as a tensor, in row-major memory."""
    import numpy as np

    from .._core import from_buffer

    return from_buffer(np.ascontiguousarray(a) if a.ndim else np.array(a))


def columns(a):
    """An array of matrices as a tensor in column-major memory, as LAPACK leaves its results."""
    import numpy as np

    from .._core import from_buffer

    if a.ndim < 2:
        return tensor(a)
    return from_buffer(np.ascontiguousarray(a.swapaxes(-1, -2)).swapaxes(-1, -2))


def stacked(a, dims=2):
    """A view with one batch dim in front, and the batch's shape."""
    batch = a.shape[: a.ndim - dims]
    count = 1
    for n in batch:
        count *= n
    return a.reshape(count, *a.shape[a.ndim - dims :]), batch


def _lu_panel(a, pivots, first, last):
    """Factors the columns first … last of a stack in place by halves; pivots are row numbers."""
    import numpy as np

    if last - first == 1:
        rows = np.arange(len(a))
        column = a[:, first:, first]  # LAPACK's size of a complex number is |re| + |im|
        pivots[:, first] = first + (np.abs(column.real) + np.abs(column.imag)).argmax(1)
        _swap(a, rows, first, pivots[:, first])
        with np.errstate(all="ignore"):
            top = a[:, first, first][:, None]
            a[:, first + 1 :, first] /= np.where(top == 0, 1, top)
        return
    middle = (first + last) // 2
    _lu_panel(a, pivots, first, middle)
    right = a[:, first:, middle:last]
    k = middle - first
    right[:, :k] = triangular(a[:, first:middle, first:middle], right[:, :k], upper=False, unit=True)
    right[:, k:] -= a[:, middle:, first:middle] @ right[:, :k]
    _lu_panel(a, pivots, middle, last)


def _swap(a, rows, i, j):
    kept = a[rows, j].copy()
    a[rows, j] = a[rows, i]
    a[rows, i] = kept


def lu(a, pivot=True):
    """LU in one matrix, the pivots (from 1) and infos: the first zero on U's diagonal (from 1), or 0."""
    import numpy as np

    flat, batch = stacked(a)
    flat = flat.copy()
    m, n = flat.shape[-2:]
    k = min(m, n)
    pivots = np.tile(np.arange(k), (len(flat), 1))
    if not pivot:
        with np.errstate(all="ignore"):
            for i in range(k):
                flat[:, i + 1 :, i] /= flat[:, i, i][:, None]
                flat[:, i + 1 :, i + 1 :] -= flat[:, i + 1 :, i, None] * flat[:, i, None, i + 1 :]
    elif k and len(flat):
        _lu_panel(flat, pivots, 0, k)
        if n > k:
            flat[:, :, k:] = triangular(flat[:, :, :k], flat[:, :, k:], upper=False, unit=True)
    diagonal = flat[:, range(k), range(k)] == 0
    info = np.where(diagonal.any(1), diagonal.argmax(1) + 1, 0) if k else np.zeros(len(flat))
    return flat.reshape(a.shape), (pivots + 1).astype("int32").reshape(*batch, k), info.astype("int32").reshape(batch)


def solved_by_lu(a, b):
    """a^-1 b of one matrix by its LU factors: inf and nan where a is singular, as LAPACK leaves them."""
    import numpy as np

    factors, pivots, _ = lu(a)
    order = list(range(len(a)))
    for i, j in enumerate(pivots.tolist()):
        order[i], order[j - 1] = order[j - 1], order[i]
    with np.errstate(all="ignore"):
        lower = triangular(factors, b[order], upper=False, unit=True)
        return triangular(factors, lower, upper=True)


def triangular(a, b, upper, unit=False):
    """x with a x = b; only one triangle of a is read, and zeros on its diagonal give inf."""
    import numpy as np

    n = a.shape[-1]
    if n == 0 or b.shape[-1] == 0:
        return b.copy()
    if n == 1:
        with np.errstate(all="ignore"):
            return b.copy() if unit else b / a
    h = n // 2
    first, second = (slice(h, n), slice(0, h)) if upper else (slice(0, h), slice(h, n))
    x = np.empty_like(b)
    x[..., first, :] = triangular(a[..., first, first], b[..., first, :], upper, unit)
    rest = b[..., second, :] - a[..., second, first] @ x[..., first, :]
    x[..., second, :] = triangular(a[..., second, second], rest, upper, unit)
    return x


def cholesky(a):
    """Lower factors of a's lower triangles, and infos: the first leading minor that is not positive definite, or 0."""
    import numpy as np

    flat, batch = stacked(a)
    info = np.zeros(len(flat), "int32")
    try:
        return np.linalg.cholesky(a), info.reshape(batch)
    except np.linalg.LinAlgError:
        pass
    out = np.tril(flat)
    for k, one in enumerate(flat):
        try:
            out[k] = np.linalg.cholesky(one)
        except np.linalg.LinAlgError:
            info[k] = _failing_minor(one)
    return out.reshape(a.shape), info.reshape(batch)


def _failing_minor(a):
    import numpy as np

    low, high = 0, len(a)  # the minor of order high fails, that of order low does not
    while high - low > 1:
        middle = (low + high) // 2
        try:
            np.linalg.cholesky(a[:middle, :middle])
            low = middle
        except np.linalg.LinAlgError:
            high = middle
    return high


def geqrf(a):
    """Householder vectors below the diagonal of R, and their factors tau, as LAPACK stores them."""
    import numpy as np

    flat, batch = stacked(a)
    flat = flat.copy()
    m, n = flat.shape[-2:]
    k = min(m, n)
    tau = np.zeros((len(flat), k), a.dtype)
    for i in range(k):
        x = flat[:, i:, i]
        alpha, rest = x[:, 0].copy(), np.linalg.norm(x[:, 1:], axis=1)
        still = (rest == 0) & (alpha.imag == 0)
        beta = np.where(still, alpha.real, -np.copysign(np.hypot(np.abs(alpha), rest), alpha.real))
        safe = np.where(still, 1, beta)
        tau[:, i] = np.where(still, 0, (safe - alpha) / safe)
        v = x / np.where(still, 1, alpha - safe)[:, None]
        v[:, 0] = 1
        w = tau[:, i].conj()[:, None] * np.einsum("bi,bij->bj", v.conj(), flat[:, i:, i + 1 :])
        flat[:, i:, i + 1 :] -= v[:, :, None] * w[:, None, :]
        flat[:, i, i] = beta
        flat[:, i + 1 :, i] = np.where(still[:, None], 0, v[:, 1:])
    return flat.reshape(a.shape), tau.reshape(*batch, k)


def eig(a):
    """Eigenvalues and normalised eigenvectors of general matrices, always complex."""
    import numpy as np

    values, vectors = np.linalg.eig(a)
    kind = np.result_type(a.dtype, "complex64")
    return values.astype(kind), vectors.astype(kind)


_THETA = 5.371920351148152  # below this norm the Padé approximant of degree 13 has double accuracy
_PADE = (
    64764752532480000,
    32382376266240000,
    7771770303897600,
    1187353796428800,
    129060195264000,
    10559470521600,
    670442572800,
    33522128640,
    1323241920,
    40840800,
    960960,
    16380,
    182,
    1,
)


def matrix_exp(a):
    """exp of square matrices: a Padé approximant of the matrix scaled down, squared as often."""
    import numpy as np

    flat, _ = stacked(a)
    if flat.size == 0:
        return a.copy()
    x = flat.astype(np.result_type(a.dtype, "float64"))
    norm = np.abs(x).sum(-2).max(-1)
    bad = ~np.isfinite(norm)
    squarings = np.ceil(np.log2(np.maximum(np.where(bad, 1, norm) / _THETA, 1))).astype(int)
    x = x / (2.0**squarings)[:, None, None]
    one = np.eye(x.shape[-1], dtype=x.dtype)
    x2 = x @ x
    x4 = x2 @ x2
    x6 = x4 @ x2
    b = _PADE
    odd = x @ (x6 @ (b[13] * x6 + b[11] * x4 + b[9] * x2) + b[7] * x6 + b[5] * x4 + b[3] * x2 + b[1] * one)
    even = x6 @ (b[12] * x6 + b[10] * x4 + b[8] * x2) + b[6] * x6 + b[4] * x4 + b[2] * x2 + b[0] * one
    even[bad], odd[bad] = one, np.nan
    y = np.linalg.solve(even - odd, even + odd)
    for i in range(squarings.max()):
        more = squarings > i
        y[more] = y[more] @ y[more]
    return y.astype(a.dtype).reshape(a.shape)
