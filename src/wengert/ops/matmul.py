"""Products of matrices and vectors, with their derivatives."""

from ._declare import composite, primitive
from .arithmetic import mul
from .shape import transpose, unsqueeze


@primitive("_adjoint(Tensor self)", function=False, method=False)
def _adjoint():
    """The conjugate transpose of the last two dims."""


@primitive("_conj(Tensor self)", function=False, method=False)
def _conj():
    """The complex conjugate; a real tensor itself."""


@primitive("_scaled(Tensor self, Scalar alpha)", function=False, method=False)
def _scaled():
    """self times the conjugate of a number; self itself when that is 1."""


@primitive("_mm_by(Tensor self, Tensor mat2, bool columns, Scalar alpha=1)", function=False, method=False)
def _mm_by():
    """mm times the conjugate of a number, with a result that lies column by column where that is asked for: gradients
    lie as what they belong to."""


@primitive("mm(Tensor self, Tensor mat2)")
def mm(g, self, mat2):
    """The product of two matrices, (n, k) @ (k, m) -> (n, m)."""
    return _mm_by(g, _adjoint(mat2), self.by_columns), _mm_by(_adjoint(self), g, mat2.by_columns)


@primitive("bmm(Tensor self, Tensor mat2)")
def bmm(g, self, mat2):
    """The products of two batches of matrices, (b, n, k) @ (b, k, m) -> (b, n, m)."""
    return bmm(g, _adjoint(mat2)), bmm(_adjoint(self), g)


@primitive("mv(Tensor self, Tensor vec)")
def mv(g, self, vec):
    """A matrix times a vector, (n, k) @ (k) -> (n)."""
    return mul(unsqueeze(g, 1), _conj(vec)), mv(_adjoint(self), g)


@primitive("dot(Tensor self, Tensor tensor)")
def dot(g, self, tensor):
    """The sum of products of two vectors of equal length."""
    return g * _conj(tensor), g * _conj(self)


@primitive("vdot(Tensor self, Tensor other)")
def vdot(g, self, other):
    """The dot product with the first vector conjugated."""
    return _conj(g) * other, g * self


@primitive("addmm(Tensor self, Tensor mat1, Tensor mat2, *, Scalar beta=1, Scalar alpha=1)", inplace=True)
def addmm(g, mat1, mat2, beta, alpha):
    """beta * self + alpha * (mat1 @ mat2); self is broadcast to the shape of the product."""
    return (
        _scaled(g, beta),
        _mm_by(g, _adjoint(mat2), mat1.by_columns, alpha),
        _mm_by(_adjoint(mat1), g, mat2.by_columns, alpha),
    )


@primitive("addmv(Tensor self, Tensor mat, Tensor vec, *, Scalar beta=1, Scalar alpha=1)", inplace=True)
def addmv(g, mat, vec, beta, alpha):
    """beta * self + alpha * (mat @ vec)."""
    return _scaled(g, beta), _scaled(mul(unsqueeze(g, 1), _conj(vec)), alpha), _scaled(mv(_adjoint(mat), g), alpha)


@primitive("baddbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)", inplace=True)
def baddbmm(g, batch1, batch2, beta, alpha):
    """beta * self + alpha * (batch1 @ batch2) for batches of matrices; self is broadcast."""
    return (
        _scaled(g, beta),
        _scaled(bmm(g, _adjoint(batch2)), alpha),
        _scaled(bmm(_adjoint(batch1), g), alpha),
    )


@primitive("addr(Tensor self, Tensor vec1, Tensor vec2, *, Scalar beta=1, Scalar alpha=1)", inplace=True)
def addr(g, vec1, vec2, beta, alpha):
    """beta * self + alpha * outer(vec1, vec2)."""
    return _scaled(g, beta), _scaled(mv(g, _conj(vec2)), alpha), _scaled(mv(transpose(g, 0, 1), _conj(vec1)), alpha)


@primitive("matmul(Tensor self, Tensor other)", aliases=("linalg.matmul",))
def matmul():
    """The matrix product: dot for two vectors, mm for matrices, batches are broadcast.

    >>> (wengert.ones(2, 3) @ wengert.ones(3, 4)).shape
    torch.Size([2, 4])
    """


@primitive("linear(Tensor input, Tensor weight, Tensor? bias=None)", method=False)
def linear():
    """input @ weight.T + bias; weight is (out, in)."""


@composite(
    "addbmm(Tensor self, Tensor batch1, Tensor batch2, *, Scalar beta=1, Scalar alpha=1)", inplace=True, out=True
)
def addbmm(self, batch1, batch2, *, beta=1, alpha=1):
    """beta * self + alpha * (the sum over the batch of batch1 @ batch2)."""
    for name, batch in (("batch1", batch1), ("batch2", batch2)):
        if batch.ndim != 3:
            raise RuntimeError(f"{name} must be a 3D tensor")
    if batch1.shape[0] != batch2.shape[0]:
        raise RuntimeError(
            f"batch1 and batch2 must have same number of batches, got {batch1.shape[0]} and {batch2.shape[0]}"
        )
    if batch1.shape[2] != batch2.shape[1]:
        raise RuntimeError(
            f"Incompatible matrix sizes for bmm ({batch1.shape[1]}x{batch1.shape[2]} and "
            f"{batch2.shape[1]}x{batch2.shape[2]})"
        )
    inner_size = batch1.shape[0] * batch1.shape[2]  # one product of matrices that lie side by side
    left = batch1.transpose(0, 1).reshape(batch1.shape[1], inner_size)
    right = batch2.reshape(inner_size, batch2.shape[2])
    return addmm(self, left, right, beta=beta, alpha=alpha)


@composite("outer(Tensor self, Tensor vec2)", aliases=("ger",), out=True)
def outer(self, vec2):
    """All products of an element of self and one of vec2, (n), (m) -> (n, m)."""
    for name, vector in (("self", self), ("vec2", vec2)):
        if vector.ndim != 1:
            raise RuntimeError(f"outer: Expected 1-D argument {name}, but got {vector.ndim}-D")
    return mul(self.unsqueeze(1), vec2)


@composite("inner(Tensor self, Tensor other)", out=True)
def inner(self, other):
    """Sums of products over the last dims: (..., k), (*, k) -> (..., *)."""
    if self.ndim == 0 or other.ndim == 0:
        return mul(self, other)
    if self.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(self.shape)} and {list(other.shape)}"
        )
    if self.ndim == 1 and other.ndim == 1:
        return dot(self, other)
    return tensordot(self, other, dims=([-1], [-1]))


def _dims_of(dims, a, b):
    """The two lists of dims that tensordot sums over."""
    if hasattr(dims, "tolist"):
        dims = dims.tolist()
    if isinstance(dims, int):
        if dims < 0:
            raise RuntimeError(f"tensordot expects dims >= 0, but got dims={dims}")
        if dims > min(a.ndim, b.ndim):
            raise RuntimeError(f"tensordot expects dims < ndim_a or ndim_b, but got dims={dims}")
        return list(range(-dims, 0)), list(range(dims))
    first, second = dims
    return [first] if isinstance(first, int) else list(first), [second] if isinstance(second, int) else list(second)


@composite("tensordot(Tensor self, Tensor other, any dims=2)", method=False, out=True)
def tensordot(a, b, dims=2):
    """Sums of products over pairs of dims: the number of last and first dims, or a pair of lists.

    >>> wengert.tensordot(wengert.ones(2, 3), wengert.ones(3, 4), dims=1).shape
    torch.Size([2, 4])
    """
    if a.dtype != b.dtype:
        raise RuntimeError("both inputs should have same dtype")
    over_a, over_b = _dims_of(dims, a, b)
    if len(over_a) != len(over_b):
        raise RuntimeError("both dimension lists should have same length")
    sizes = []
    for i, j in zip(over_a, over_b):
        n, m = a.shape[i], b.shape[j]
        if n != m and n != 1 and m != 1:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {n} in dim {i} "
                f"and second has size {m} in dim {j}"
            )
        # A dim of size 1 is broadcast: the other side is summed first.
        if n == 1 and m != 1:
            b = b.sum(j, keepdim=True, dtype=b.dtype)
        elif m == 1 and n != 1:
            a = a.sum(i, keepdim=True, dtype=a.dtype)
        sizes.append(min(n, m) if 1 in (n, m) else n)
    over_a, over_b = [i % a.ndim for i in over_a], [j % b.ndim for j in over_b]
    free_a = [i for i in range(a.ndim) if i not in over_a]
    free_b = [j for j in range(b.ndim) if j not in over_b]
    inner_size = 1
    for n in sizes:
        inner_size *= n
    rows = [a.shape[i] for i in free_a]
    columns = [b.shape[j] for j in free_b]
    left = a.permute(free_a + over_a).reshape(_product(rows), inner_size)
    right = b.permute(over_b + free_b).reshape(inner_size, _product(columns))
    return mm(left, right).reshape(rows + columns)


def _product(sizes):
    n = 1
    for s in sizes:
        n *= s
    return n


@composite("kron(Tensor self, Tensor other)", out=True)
def kron(self, other):
    """The Kronecker product: every element of self times the whole of other."""
    ndim = max(self.ndim, other.ndim)
    a = [1] * (ndim - self.ndim) + list(self.shape)
    b = [1] * (ndim - other.ndim) + list(other.shape)
    left = self.reshape([n for size in a for n in (size, 1)])
    right = other.reshape([n for size in b for n in (1, size)])
    return mul(left, right).reshape([n * m for n, m in zip(a, b)])
