"""Products of matrices in groups of rows or columns, as mixtures of experts need them."""

import wengert as wg

_KINDS = {"float32": "Float", "float64": "Double", "int64": "Long", "int32": "Int"}


def _check(a, b, offs, bias, out_dtype):
    for name, matrix in (("mat_a", a), ("mat_b", b)):
        if matrix.dtype not in (wg.float32, wg.bfloat16, wg.float16):
            kind = _KINDS.get(matrix.dtype.name, matrix.dtype._torch_name)
            raise RuntimeError(f"Expected {name} to be Float32, BFloat16 or Float16 matrix, got {kind}")
    for name, matrix in (("mat_a", a), ("mat_b", b)):
        if matrix.dim() not in (2, 3):
            raise RuntimeError(f"{name} has to be 2 or 3d")
    if a.shape[-1] != b.shape[-2]:
        raise RuntimeError("contraction dimension of mat_a and mat_b must match")
    if (a.dim() == b.dim() == 3) != (offs is None):
        raise RuntimeError("Have to provide offsets if there is a 2d matrix, or no offset if both matrices are 3d")
    if a.dim() == b.dim() == 3 and a.shape[0] != b.shape[0]:
        raise RuntimeError("batched dimension has to match")
    if offs is not None and offs.dtype is not wg.int32:
        raise RuntimeError("Offsets have to be int32")
    for matrix in (a, b):
        if offs is not None and matrix.dim() == 3 and matrix.shape[0] != offs.numel():
            raise RuntimeError("matrix batch sizes have to match")
    if bias is not None:
        raise RuntimeError("Bias not supported yet")
    if out_dtype is not None and out_dtype is not a.dtype:
        raise RuntimeError("Grouped gemm output dtype must match `mat_a` dtype")


def grouped_mm(mat_a, mat_b, *, offs=None, bias=None, out_dtype=None):
    """One matrix product a group; group i ends at offs[i].

    (m, k) and (g, k, n): rows of mat_a in groups, result (m, n), zero after the last group. (g, m, k) and (k, n):
    columns of mat_b in groups, result (m, n). (m, k) and (k, n): the inner dim in groups, result (g, m, n).
    (g, m, k) and (g, k, n): a product each, without offs.

    >>> grouped_mm(wg.ones(3, 2), wg.tensor([[[1.0], [1.0]], [[5.0], [5.0]]]), offs=wg.tensor([1, 3]).int())
    tensor([[ 2.],
            [10.],
            [10.]])
    """
    _check(mat_a, mat_b, offs, bias, out_dtype)
    if offs is None:
        return wg.bmm(mat_a, mat_b)
    ends = offs.tolist()
    spans = list(zip([0, *ends[:-1]], ends))
    if mat_a.dim() == 2 and mat_b.dim() == 2:
        return wg.stack([mat_a[:, start:end] @ mat_b[start:end] for start, end in spans])
    if mat_b.dim() == 3:
        parts = [mat_a[start:end] @ expert for (start, end), expert in zip(spans, mat_b)]
        rest = mat_a.new_zeros(mat_a.shape[0] - ends[-1], mat_b.shape[2])
        return wg.cat([*parts, rest])
    parts = [expert @ mat_b[:, start:end] for (start, end), expert in zip(spans, mat_a)]
    rest = mat_a.new_zeros(mat_a.shape[1], mat_b.shape[1] - ends[-1])
    return wg.cat([*parts, rest], 1)


_grouped_mm = grouped_mm  # torch's private name
