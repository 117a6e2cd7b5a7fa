"""What the functions of linear algebra ask of their arguments, and how they write results to out=."""

from ._out import with_out, write  # noqa: F401 (part of what linear algebra takes from here)
from .linalg_host import LinAlgError, array, bare

KINDS = {
    "float32": "Float",
    "float64": "Double",
    "float16": "Half",
    "bfloat16": "BFloat16",
    "int64": "Long",
    "int32": "Int",
    "int16": "Short",
    "int8": "Char",
    "uint8": "Byte",
    "bool": "Bool",
    "complex64": "ComplexFloat",
    "complex128": "ComplexDouble",
}


def kind(t):
    """The name of a tensor's dtype in messages: Float, Long …"""
    return KINDS.get(str(t.dtype).rpartition(".")[2], "Undefined")


def refuse(message):
    """RuntimeError."""
    raise RuntimeError(message)


def is_float(t):
    """Whether a dtype is one that LAPACK takes."""
    return kind(t) in ("Float", "Double", "ComplexFloat", "ComplexDouble")


def check_kernel(t, kernel):
    """NotImplementedError, with the name of torch's kernel, unless of a dtype that LAPACK takes."""
    if not is_float(t):
        raise NotImplementedError(f"\"{kernel}\" not implemented for '{kind(t)}'")


def check_float(t, name, kernel=None):
    """RuntimeError unless floating point or complex, and not of half precision (in the name of a kernel, if given)."""
    if not (t.is_floating_point() or t.is_complex()):
        refuse(f"{name}: Expected a floating point or complex tensor as input. Got {kind(t)}")
    if kernel:
        check_kernel(t, kernel)
    if not is_float(t):
        refuse(f"{name}: Low precision dtypes not supported. Got {kind(t)}")


def check_matrix(t, name, letter="A"):
    """RuntimeError for fewer than two dims."""
    if t.ndim < 2:
        refuse(f"{name}: The input tensor {letter} must have at least 2 dimensions.")


def check_square(t, name, letter="A"):
    """RuntimeError unless batches of square matrices."""
    check_matrix(t, name, letter)
    if t.size(-1) != t.size(-2):
        refuse(
            f"{name}: {letter} must be batches of square matrices, but they are {t.shape[-2]} by {t.shape[-1]} matrices"
        )


def check_same_dtype(a, b, name, letters="AB"):
    """RuntimeError when dtypes differ."""
    if a.dtype != b.dtype:
        first, second = letters
        refuse(
            f"{name}: Expected {first} and {second} to have the same dtype, but found {first} of type {kind(a)} and "
            f"{second} of type {kind(b)} instead"
        )


def check_equation(a, b, name, left=True):
    """RuntimeError when A X = B (or X A = B) does not fit."""
    side = -2 if left else -1
    if a.size(side) != b.size(side):
        shown = "AX = B" if left else "XA = B"
        refuse(
            f"{name}: Incompatible shapes of A and B for the equation {shown} ({a.shape[-2]}x{a.shape[-1]} and "
            f"{b.shape[-2]}x{b.shape[-1]})"
        )


def check_info(info, name, message, error=LinAlgError):
    """Raises for the first info that is not 0; message has {} for its value."""
    if not bare(info).any():
        return
    flat = array(bare(info)).reshape(-1)
    for k, code in enumerate(flat):
        if code:
            where = f"(Batch element {k}): " if info.ndim else ""
            raise error(f"{name}: {where}{message.format(code)}")


def check_factor(L):
    """LinAlgError for a Cholesky factor with a zero on its diagonal, in the words of cholesky_inverse."""
    zeros = array(bare(L)).diagonal(0, -2, -1) == 0
    if zeros.any():
        *batch, at = (int(i[0]) for i in zeros.nonzero())
        where = f"(Batch element {batch[0]}): " if batch else ""
        raise LinAlgError(
            f"cholesky_inverse: {where}The diagonal element {at + 1} is zero, the inversion could not be completed "
            "because the input matrix is singular."
        )


def expand_batch(a, b, dims=2):
    """Two stacks with their batch dims broadcast."""
    from .. import broadcast_shapes

    if a.ndim == b.ndim == dims or a.shape[:-dims] == b.shape[:-dims]:
        return a, b
    batch = broadcast_shapes(a.shape[:-dims], b.shape[:-dims])
    return a.expand(*batch, *a.shape[-dims:]), b.expand(*batch, *b.shape[-dims:])


def mH(a):
    """The adjoint, conj(transpose)."""
    a = a.transpose(-2, -1)
    return a.conj() if a.is_complex() else a


def diagonal(a):
    """The diagonals of the last two dims."""
    return a.diagonal(0, -2, -1)


def real(a):
    """The real part; real tensors as they are."""
    return a.real if a.is_complex() else a
