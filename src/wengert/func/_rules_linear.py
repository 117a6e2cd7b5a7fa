"""Batching rules of products of matrices: all of them are batched products."""

import wengert as wg

from .. import _core
from ._rules import aligned, rule


def _matrices(call, a, b, extra=0):
    """Operands of a product with the batch in front; a shared one broadcasts."""
    rank = max(a.dim(), b.dim(), 2) + extra
    return call.at_rank(a, rank) if call.has(a) else a, call.at_rank(b, rank) if call.has(b) else b


def _check(condition, message):
    if not condition:
        raise RuntimeError(message)


def _check_dims(name, a, b, first, second):
    _check(
        a.dim() == first and b.dim() == second,
        f"Shape mismatch: Got incorrect dims for {name}(a, b). a has dim {a.dim()}and b has dim {b.dim()}but expected them to have dim "
        f"{first} and dim {second}",
    )


@rule("mm", "bmm")
def _mm(call, name, args):
    a, b = args
    want = 2 if name == "mm" else 3
    _check_dims(name, a, b, want, want)
    _check(
        a.shape[-1] == b.shape[-2],
        f"mat1 and mat2 shapes cannot be multiplied ({a.shape[-2]}x{a.shape[-1]} and {b.shape[-2]}x{b.shape[-1]})",
    )
    return wg.matmul(*_matrices(call, a, b))


@rule("mv")
def _mv(call, name, args):
    return _product(call, args[0], args[1])


def _product(call, matrix, vec):
    _check_dims("mv", matrix, vec, 2, 1)
    _check(
        matrix.shape[1] == vec.shape[0],
        f"size mismatch, got input ({matrix.shape[0]}), mat ({matrix.shape[0]}x{matrix.shape[1]}), vec ({vec.shape[0]})",
    )
    if not call.has(vec):
        return wg.matmul(call.value(matrix), vec)
    if not call.has(matrix):
        return wg.matmul(call.value(vec), matrix.t())
    return wg.matmul(call.value(matrix), call.value(vec).unsqueeze(-1)).squeeze(-1)


@rule("dot", "vdot")
def _dot(call, name, args):
    a, b = args
    _check(a.dim() == 1 and b.dim() == 1, "Got wrong shapes for dot")
    _check(
        a.shape == b.shape,
        f"inconsistent tensor size, expected tensor [{a.shape[0]}] and src [{b.shape[0]}] to have the same number of "
        f"elements, but got {a.shape[0]} and {b.shape[0]} elements respectively",
    )
    left = call.full(a).conj() if name == "vdot" else call.full(a)
    return wg.matmul(left.unsqueeze(-2), call.full(b).unsqueeze(-1)).squeeze(-1).squeeze(-1)


def _affine(call, base, product, rank, beta, alpha):
    if alpha != 1:
        product = product * alpha
    if beta == 0:
        return product
    base = call.at_rank(base, rank)
    return product + (base * beta if beta != 1 else base)


@rule("addmm", "baddbmm")
def _addmm(call, name, args):
    rank = 2 if name == "addmm" else 3
    return _affine(call, args[0], _mm(call, "mm" if rank == 2 else "bmm", args[1:3]), rank, args[3], args[4])


@rule("addmv")
def _addmv(call, name, args):
    return _affine(call, args[0], _product(call, args[1], args[2]), 1, args[3], args[4])


@rule("addr")
def _addr(call, name, args):
    a, b = aligned(call, (args[1], args[2]))
    return _affine(call, args[0], a.unsqueeze(-1) * b.unsqueeze(-2), 2, args[3], args[4])


def by_leading_dims(*names):
    """Ops of linear algebra whose kernels take any dims in front of the matrix."""

    @rule(*names)
    def leading(call, name, args):
        return _core.run(name, tuple(call.full(a) if isinstance(a, _core.Tensor) else a for a in args))


by_leading_dims(
    "_cholesky_ex",
    "_cholesky_solve",
    "_lu_permutation",
    "linalg_qr",
    "_linalg_svd",
    "_linalg_eigh",
    "_linalg_eig",
    "_linalg_lu",
    "_geqrf",
    "_cholesky_inverse",
    "_householder_product",
    "_linalg_plu",
    "_lu_solve",
    "_lu_unpack",
    "_ormqr",
    "_triangular_solve",
    "_lstsq",
    "_ldl",
    "_ldl_solve",
    "_linalg_inv_ex",
    "_linalg_det",
    "_linalg_slogdet",
    "_linalg_solve",
    "_triangular",
    "_pinv",
    "linalg_matrix_exp",
    "_euclidean_dist",
)


@rule("_fft_c2c", "_fft_r2c", "_fft_c2r")
def _fft(call, name, args):
    self, dims, *rest = args
    return _core.run(name, (call.full(self), tuple(d % self.dim() + 1 for d in dims), *rest))
