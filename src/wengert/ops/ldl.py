"""LDL factors of Hermitian or symmetric indefinite matrices by Bunch and Kaufman's pivots, as LAPACK stores them."""

_ALPHA = (1 + 17**0.5) / 8


def ldl(a, hermitian):
    """LD in one matrix, pivots (negative pairs for 2 by 2 blocks) and infos, for each lower triangle of a stack."""
    import numpy as np

    from .linalg_host import stacked

    flat, batch = stacked(a)
    out = np.tril(flat)
    pivots = np.zeros(flat.shape[:2], "int32")
    info = np.zeros(len(flat), "int32")
    for k in range(len(flat)):
        info[k] = _factor(out[k], pivots[k], hermitian and a.dtype.kind == "c")
    return out.reshape(a.shape), pivots.reshape(*batch, a.shape[-1]), info.reshape(batch)


def _size(z):
    return abs(z.real) + abs(z.imag)


def _choose(a, k, hermitian):
    """The pivot row and the width of the block at column k; None for a column of zeros."""
    n = len(a)
    diagonal = abs(a[k, k].real) if hermitian else _size(a[k, k])
    below = _size(a[k + 1 :, k])
    row, largest = (k + 1 + int(below.argmax()), below.max()) if k + 1 < n else (k, 0.0)
    if max(diagonal, largest) == 0 or diagonal != diagonal:
        return None
    if diagonal >= _ALPHA * largest:
        return k, 1
    across = _size(a[row, k:row]).max()
    if row + 1 < n:
        across = max(across, _size(a[row + 1 :, row]).max())
    if diagonal >= _ALPHA * largest * (largest / across):
        return k, 1
    own = abs(a[row, row].real) if hermitian else _size(a[row, row])
    return (row, 1) if own >= _ALPHA * across else (row, 2)


def _exchange(a, i, j, hermitian):
    """Swaps rows and columns i < j of the trailing lower triangle from i on."""
    a[j + 1 :, [i, j]] = a[j + 1 :, [j, i]]
    column = a[i + 1 : j, i].copy()
    a[i + 1 : j, i] = a[j, i + 1 : j].conj() if hermitian else a[j, i + 1 : j]
    a[j, i + 1 : j] = column.conj() if hermitian else column
    if hermitian:
        a[j, i] = a[j, i].conj()
    a[i, i], a[j, j] = a[j, j], a[i, i]


def _factor(a, pivots, hermitian):
    import numpy as np

    n, k, info = len(a), 0, 0
    while k < n:
        chosen = _choose(a, k, hermitian)
        if chosen is None:
            info = info or k + 1
            pivots[k] = k + 1
            if hermitian:
                a[k, k] = a[k, k].real
            k += 1
            continue
        row, width = chosen
        at = k + width - 1
        if row != at:
            _exchange(a, at, row, hermitian)
            if width == 2:
                a[[at, row], k] = a[[row, at], k]
        if hermitian:
            for i in range(k, k + width):
                a[i, i] = a[i, i].real
        block = a[k : k + width, k : k + width].copy()
        if width == 2:
            block[0, 1] = block[1, 0].conj() if hermitian else block[1, 0]
        w = a[k + width :, k : k + width].copy()
        if w.size:
            lower = w @ np.linalg.inv(block) if width == 2 else w / block
            a[k + width :, k + width :] -= np.tril(lower @ (w.conj() if hermitian else w).T)
            a[k + width :, k : k + width] = lower
        pivots[k : k + width] = row + 1 if width == 1 else -(row + 1)
        k += width
    return info


def ldl_solve(LD, pivots, b, hermitian):
    """x with A x = b from the factors of A, for stacks with equal batch dims."""
    import numpy as np

    from .linalg_host import stacked

    hermitian = hermitian and LD.dtype.kind == "c"
    flat, _ = stacked(LD)
    right, _ = stacked(b)
    rows, _ = stacked(pivots, 1)
    out = right.copy()
    for one, pivot, x in zip(flat, rows, out):
        blocks, k = [], 0
        while k < len(pivot):
            blocks.append((k, 1 if pivot[k] > 0 else 2))
            k += blocks[-1][1]
        for k, width in blocks:
            at, row = k + width - 1, abs(pivot[k]) - 1
            x[[at, row]] = x[[row, at]]
            x[k + width :] -= one[k + width :, k : k + width] @ x[k : k + width]
        for k, width in blocks:
            block = one[k : k + width, k : k + width].copy()
            if width == 2:
                block[0, 1] = block[1, 0].conj() if hermitian else block[1, 0]
            x[k : k + width] = np.linalg.solve(block, x[k : k + width])
        for k, width in reversed(blocks):
            below = one[k + width :, k : k + width]
            x[k : k + width] -= (below.conj() if hermitian else below).T @ x[k + width :]
            at, row = k + width - 1, abs(pivot[k]) - 1
            x[[at, row]] = x[[row, at]]
    return out.reshape(b.shape)
