"""What torch's functions do to sparse tensors: arithmetic, products, sums, shapes."""

import wengert as wg

from ._tensor import RULES, SparseTensor, flat, rule, unflat

_ZERO_STAYS = """
abs sqrt sin sinh tan tanh asin arcsin asinh arcsinh atan arctan atanh arctanh erf erfinv expm1 log1p relu sign sgn
square floor ceil round trunc deg2rad rad2deg pow
"""


def _on_values(name):
    def unary(self, *args, **kwargs):
        self = self.coalesce()  # f(a) + f(b) is not f(a + b)
        return self._like(getattr(self._entries[1], name)(*args, **kwargs))

    unary.__name__ = name
    unary.__doc__ = f"{name} of the values: it maps zero to zero."
    return rule(name)(unary)


for _name in _ZERO_STAYS.split():
    _on_values(_name)
RULES["__pow__"] = RULES["pow"]


def _of_entries(name):
    def each(self, *args, **kwargs):
        return self._like(getattr(self._entries[1], name)(*args, **kwargs))

    each.__name__ = name
    each.__doc__ = f"{name} of the values."
    return rule(name)(each)


_LINEAR = "neg clone detach to float double half bfloat16 int long short bool cpu contiguous type"
for _name in _LINEAR.split():
    _of_entries(_name)
rule("negative", "__neg__")(RULES["neg"])


@rule("requires_grad_")
def requires_grad_(self, requires_grad=True):
    """Sets whether gradients are wanted."""
    self.requires_grad = requires_grad
    return self


@rule("backward")
def backward(self, gradient=None, *args, **kwargs):
    """Gradients of a sparse tensor at its indices, or of a dense one with a sparse gradient."""
    if isinstance(self, SparseTensor):
        return self._entries[1].backward(sparse_mask(gradient, self)._entries[1], *args, **kwargs)
    return self.backward(gradient.to_dense(), *args, **kwargs)


@rule("zero_")
def zero_(self):
    """Drops all entries, in place."""
    indices, values = self._entries
    self._set(indices[:, :0], values.detach()[:0], True)
    return self


@rule("norm")
def norm(self, p="fro", dim=None, keepdim=False, dtype=None):
    """The norm of the values."""
    return self.coalesce()._entries[1].norm(2 if p in ("fro", None) else p)


def _is_number(value):
    return not isinstance(value, wg.Tensor) or value.dim() == 0 and not isinstance(value, SparseTensor)


@rule("mul", "multiply", "__mul__", "__rmul__")
def mul(self, other):
    """The product with a number or, at the indices of the sparse one, with a tensor of the same size."""
    if not isinstance(self, SparseTensor):
        self, other = other, self
    if _is_number(other):
        return self._like(self._entries[1] * other)
    if isinstance(other, SparseTensor):
        self, other = self.coalesce(), other.to_dense()
    dense = other.expand(self.shape)
    return self._like(self._entries[1] * dense[tuple(self._entries[0])])


@rule("div", "divide", "true_divide", "__truediv__")
def div(self, other, *, rounding_mode=None):
    """The quotient by a number."""
    if not isinstance(self, SparseTensor) or not _is_number(other):
        raise RuntimeError("Sparse division requires the divisor to be a scalar or zero-dim dense tensor")
    return self._like(wg.div(self._entries[1], other, rounding_mode=rounding_mode))


@rule("add", "__add__", "__radd__")
def add(self, other, *, alpha=1):
    """The sum of two sparse tensors, which is sparse, or of a dense and a sparse one, which is dense."""
    if not isinstance(self, SparseTensor):
        indices, values = other._entries
        wide = self.expand(other.shape) if isinstance(self, wg.Tensor) else self
        if not isinstance(wide, wg.Tensor):
            raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
        return wide.index_put(tuple(indices), (values * alpha).to(wide.dtype), accumulate=True)
    if not isinstance(other, SparseTensor):
        raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")
    if self.shape != other.shape:
        raise RuntimeError(
            f"add: expected sizes of 'self' and 'other' to match, but {list(self.shape)} != {list(other.shape)}"
        )
    both = [wg.cat(parts, -1 if at == 0 else 0) for at, parts in enumerate(zip(self._entries, (
        other._entries[0], other._entries[1] * alpha)))]  # fmt: skip
    return SparseTensor(*both, self.shape).coalesce()._coalesced_(self._coalesced and other._coalesced)


@rule("sub", "subtract", "__sub__")
def sub(self, other, *, alpha=1):
    """The difference; see add."""
    return add(self, other, alpha=-alpha)


@rule("add_", "__iadd__")
def add_(self, other, *, alpha=1):
    """Adds in place, to a dense tensor or to a sparse one."""
    if isinstance(self, SparseTensor):
        summed = add(self, other, alpha=alpha)
        self._set(*summed._entries, summed._coalesced)
        return self
    indices, values = other._entries
    return self.index_put_(tuple(indices), (values * alpha).to(self.dtype), accumulate=True)


@rule("sub_", "__isub__")
def sub_(self, other, *, alpha=1):
    """Subtracts in place."""
    return add_(self, other, alpha=-alpha)


def _in_place(name, of):
    def change(self, *args, **kwargs):
        changed = of(self, *args, **kwargs)
        self._set(*changed._entries, changed._coalesced)
        return self

    change.__name__, change.__doc__ = name, f"{of.__name__} in place."
    return rule(name, f"__i{name[:-1]}__")(change)


mul_, div_ = _in_place("mul_", mul), _in_place("div_", div)
RULES["__itruediv__"] = div_


def _batched(self, dense):
    """(b, n, m) sparse times (b, m, k) dense."""
    (batch, row, col), values = self._entries
    b, n, m = self.shape
    picked = dense.reshape(b * m, -1)[batch * m + col] * values[:, None]
    out = wg.zeros(b * n, picked.shape[1], dtype=picked.dtype).index_add(0, batch * n + row, picked)
    return out.reshape(b, n, -1)


def _with_sparse(self, other):
    """(n, m) sparse times (m, k) sparse: each entry of one with the row of the other that it meets."""
    self, other = self.coalesce(), other.coalesce()
    (row, col), values = self._entries
    (other_row, other_col), other_values = other._entries
    counts = wg.bincount(other_row, minlength=other.shape[0])
    starts = counts.cumsum(0) - counts
    met = counts[col]
    left = wg.arange(col.numel()).repeat_interleave(met)
    right = starts[col][left] + wg.arange(left.numel()) - (met.cumsum(0) - met)[left]
    size = (self.shape[0], other.shape[1])
    entries = wg.stack((row[left], other_col[right]))
    return SparseTensor(entries, values[left] * other_values[right], size).coalesce()


@rule("matmul", "mm", "spmm", "smm", "dsmm", "hspmm", "mv", "bmm", "__matmul__", "__rmatmul__")
def matmul(self, other):
    """The matrix product: dense if one factor is, sparse if both are sparse."""
    if not isinstance(self, SparseTensor):
        if not isinstance(other, SparseTensor):
            return wg.mm(self, other)
        if self.dim() == 1:
            return matmul(other.t(), self)
        return matmul(other.t(), self.t()).t()
    if self.dim() == 3:
        return _batched(self, other)
    if self.dim() != 2 or self.shape[1] != other.shape[0]:
        sizes = "x".join(map(str, self.shape)), "x".join(map(str, other.shape))
        raise RuntimeError(f"mat1 and mat2 shapes cannot be multiplied ({sizes[0]} and {sizes[1]})")
    if isinstance(other, SparseTensor):
        return _with_sparse(self, other)
    (row, col), values = self._entries
    columns = other[:, None] if other.dim() == 1 else other
    picked = columns[col] * values[:, None]
    out = wg.zeros(self.shape[0], columns.shape[1], dtype=picked.dtype).index_add(0, row, picked)
    return out.reshape(self.shape[:1]) if other.dim() == 1 else out


@rule("addmm", "sspaddmm")
def addmm(self, mat1, mat2, *, beta=1, alpha=1):
    """beta times a matrix plus alpha times the product of two."""
    return self * beta + matmul(mat1, mat2) * alpha


@rule("t")
def t(self):
    """The transpose of a matrix."""
    return transpose(self, 0, 1)


@rule("transpose")
def transpose(self, dim0, dim1):
    """The tensor with two sparse dims exchanged."""
    order = list(range(self.dim()))
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return permute(self, order)


@rule("permute")
def permute(self, *dims):
    """The tensor with its sparse dims in another order."""
    dims = dims[0] if len(dims) == 1 and not isinstance(dims[0], int) else dims
    indices, values = self._entries
    order = [dim % self.dim() for dim in dims]
    if order[indices.shape[0] :] != list(range(indices.shape[0], self.dim())):
        raise RuntimeError("permute: wengert permutes the sparse dims of a sparse tensor only")
    return SparseTensor(indices[order[: indices.shape[0]]], values, [self.shape[dim] for dim in order])


@rule("unsqueeze")
def unsqueeze(self, dim):
    """The tensor with a new sparse dim of size 1."""
    indices, values = self._entries
    dim = dim % (self.dim() + 1)
    row = wg.zeros(1, indices.shape[1], dtype=wg.int64)
    size = (*self.shape[:dim], 1, *self.shape[dim:])
    return SparseTensor(wg.cat((indices[:dim], row, indices[dim:])), values, size, self._coalesced)


@rule("sum")
def sum(self, dim=None, keepdim=False, *, dtype=None):
    """The sum of all entries, or over dims: dense if no sparse dim is left."""
    indices, values = self._entries
    values = values if dtype is None else values.to(dtype)
    if dim is None:
        return values.sum()
    dims = {d % self.dim() for d in ((dim,) if isinstance(dim, int) else dim)}
    inner = [d - indices.shape[0] + 1 for d in dims if d >= indices.shape[0]]
    values = values.sum(inner, keepdim) if inner else values
    size = [(1 if d in dims else n) for d, n in enumerate(self.shape) if keepdim or d not in dims]
    if keepdim:
        rows = wg.stack([row * 0 if d in dims else row for d, row in enumerate(indices)])
    else:
        kept = [row for d, row in enumerate(indices) if d not in dims]
        if not kept:
            return values.sum(0)
        rows = wg.stack(kept)
    return SparseTensor(rows, values, size).coalesce()


@rule("cat", "concat", "concatenate")
def cat(tensors, dim=0):
    """Sparse tensors after one another along a sparse dim."""
    dim = dim % tensors[0].dim()
    moved, offset = [], 0
    for tensor in tensors:
        shift = wg.zeros(tensor._entries[0].shape[0], 1, dtype=wg.int64)
        shift[dim] = offset
        moved.append(tensor._entries[0] + shift)
        offset += tensor.shape[dim]
    size = list(tensors[0].shape)
    size[dim] = offset
    return SparseTensor(wg.cat(moved, 1), wg.cat([tensor._entries[1] for tensor in tensors]), size)


@rule("stack")
def stack(tensors, dim=0):
    """Sparse tensors of one size along a new sparse dim."""
    return cat([unsqueeze(tensor, dim) for tensor in tensors], dim)


@rule("index_select")
def index_select(self, dim, index):
    """The entries whose index along a sparse dim is asked for, as often as it is."""
    indices, values = self._entries
    dim = dim % self.dim()
    place, entry = (index[:, None] == indices[dim]).nonzero().t()
    rows = wg.cat((indices[:dim, entry], place[None], indices[dim + 1 :, entry]))
    size = (*self.shape[:dim], index.numel(), *self.shape[dim + 1 :])
    return SparseTensor(rows, values[entry], size)


@rule("select")
def select(self, dim, index):
    """The part at an index of a sparse dim."""
    found = index_select(self, dim, wg.tensor([index % self.shape[dim]]))
    indices, values = found._entries
    dim = dim % self.dim()
    size = (*self.shape[:dim], *self.shape[dim + 1 :])
    if not size or indices.shape[0] == 1:
        return values.sum(0)
    return SparseTensor(wg.cat((indices[:dim], indices[dim + 1 :])), values, size, self._coalesced and dim == 0)


@rule("__getitem__")
def getitem(self, index):
    """One element or row, by integers."""
    for position in index if isinstance(index, tuple) else (index,):
        if not isinstance(position, int):
            raise NotImplementedError("wengert indexes sparse tensors with integers only; use index_select")
        self = select(self, 0, position) if isinstance(self, SparseTensor) else self[position]
    return self


@rule("sparse_mask")
def sparse_mask(self, mask):
    """The entries of a tensor at the indices of a sparse one."""
    dense = self.to_dense() if isinstance(self, SparseTensor) else self
    return mask._like(dense[tuple(mask._entries[0])])


def softmax(input, dim, *, dtype=None, log=False):
    """Softmax along a sparse dim, over the entries that there are."""
    input = input.coalesce()
    indices, values = input._entries
    values = values if dtype is None else values.to(dtype)
    dim = dim % input.dim()
    if dim >= indices.shape[0]:
        inner = dim - indices.shape[0] + 1
        return input._like(values.log_softmax(inner) if log else values.softmax(inner))
    others = [d for d in range(indices.shape[0]) if d != dim]
    number, place = wg.unique(flat(indices[others], [input.shape[d] for d in others]), return_inverse=True)
    shape = (number.numel(), *values.shape[1:])
    spread = place.reshape(-1, *(1,) * (values.dim() - 1)).expand_as(values)
    top = wg.full(shape, -float("inf"), dtype=values.dtype).scatter_reduce(0, spread, values.detach(), "amax")
    shifted = values - top[place]
    total = wg.zeros(shape, dtype=values.dtype).index_add(0, place, shifted.exp())
    return input._like(shifted - total.log()[place] if log else shifted.exp() / total[place])


@rule("numpy", "__array__")
def numpy(self, *args, **kwargs):
    """TypeError: a sparse tensor is not an array."""
    raise TypeError("can't convert Sparse layout tensor to numpy. Use Tensor.to_dense() first.")


def from_dense(tensor, sparse_dim=None):
    """The entries of a dense tensor that are not zero; with sparse_dim, of its rows in those first dims."""
    dims = tensor.dim() if sparse_dim is None else sparse_dim
    there = tensor != 0
    if dims < tensor.dim():
        there = there.flatten(dims).any(-1)
    indices = unflat(there.reshape(-1).nonzero().reshape(-1), tensor.shape[:dims])
    return SparseTensor(indices, tensor[tuple(indices)], tensor.shape, True)
