"""Functions that torch has removed, which say what to call instead, and torch's checks of conditions."""

from ._core import Tensor
from ._refusal import refuse

_ARCHIVES = "torch.load and torch.save read and write archives"
PyTorchFileReader = refuse("torch.PyTorchFileReader", _ARCHIVES)
PyTorchFileWriter = refuse("torch.PyTorchFileWriter", _ARCHIVES)

_GONE = "This function was deprecated since version 1.9 and is now removed."


def symeig(input, eigenvectors=False, upper=True, *, out=None):
    """RuntimeError: use torch.linalg.eigh."""
    raise RuntimeError(
        f"{_GONE} The default behavior has changed from using the upper triangular portion of the matrix by default to "
        "using the lower triangular portion.\n\nL, _ = torch.symeig(A, upper=upper) should be replaced with:\n"
        "L = torch.linalg.eigvalsh(A, UPLO='U' if upper else 'L')\n\nand\n\n"
        "L, V = torch.symeig(A, eigenvectors=True) should be replaced with:\n"
        "L, V = torch.linalg.eigh(A, UPLO='U' if upper else 'L')"
    )


def eig(self, eigenvectors=False, *, e=None, v=None):
    """RuntimeError: use torch.linalg.eig."""
    raise RuntimeError(
        f"{_GONE} `torch.linalg.eig` returns complex tensors of dtype `cfloat` or `cdouble` rather than real tensors "
        "mimicking complex tensors.\n\nL, _ = torch.eig(A) should be replaced with:\n"
        "L_complex = torch.linalg.eigvals(A)\n\nand\n\nL, V = torch.eig(A, eigenvectors=True) should be "
        "replaced with:\n"
        "L_complex, V_complex = torch.linalg.eig(A)"
    )


def lstsq(input, A, *, out=None):
    """RuntimeError: use torch.linalg.lstsq."""
    raise RuntimeError(
        f"{_GONE} `torch.lstsq` is deprecated in favor of `torch.linalg.lstsq`.\n`torch.linalg.lstsq` has reversed "
        "arguments and does not return the QR decomposition in the returned tuple (although it returns "
        "other information "
        "about the problem).\n\nTo get the QR decomposition consider using `torch.linalg.qr`.\n\n"
        "The returned solution in `torch.lstsq` stored the residuals of the solution in the last m - n columns of the "
        "returned value whenever m > n. In torch.linalg.lstsq, the residuals are in the field 'residuals' "
        "of the returned "
        "named tuple.\n\nThe unpacking of the solution, as in\nX, _ = torch.lstsq(B, A).solution[:A.size(1)]\n"
        "should be replaced with:\nX = torch.linalg.lstsq(A, B).solution"
    )


def matrix_rank(input, tol=None, symmetric=False, *, out=None):
    """RuntimeError: use torch.linalg.matrix_rank."""
    raise RuntimeError(
        f"{_GONE}\nPlease use the `torch.linalg.matrix_rank` function instead. The parameter 'symmetric' "
        "was renamed in "
        "`torch.linalg.matrix_rank()` to 'hermitian'."
    )


def solve(input, A, *, out=None):
    """RuntimeError: use torch.linalg.solve."""
    raise RuntimeError(
        f"{_GONE} `torch.solve` is deprecated in favor of `torch.linalg.solve`. `torch.linalg.solve` has its arguments "
        "reversed and does not return the LU factorization.\n\nTo get the LU factorization see "
        "`torch.lu`, which can be "
        "used with `torch.lu_solve` or `torch.lu_unpack`.\nX = torch.solve(B, A).solution should be replaced with:\n"
        "X = torch.linalg.solve(A, B)"
    )


def _check_with(error_type, cond, message=None):
    """Raises error_type unless cond is true; message is a function that returns the text."""
    if not isinstance(cond, bool):
        shown = "a Tensor" if isinstance(cond, Tensor) else type(cond)
        hint = " For tensor conditions, use torch._check_tensor_all() to assert that all elements are true."
        raise TypeError(f"cond must be a bool, but got {shown}.{hint if isinstance(cond, Tensor) else ''}")
    if cond:
        return
    if message is None:
        raise error_type(
            "Expected cond to be True, but got False. (Could this error message be improved? If so, please report an "
            "enhancement request to PyTorch.)"
        )
    if not callable(message):
        raise TypeError("message must be a callable")
    raise error_type(str(message()))


def _check(cond, message=None):
    """RuntimeError unless cond is true.

    >>> _check(1 < 2, lambda: "never shown")
    """
    _check_with(RuntimeError, cond, message)


def _check_index(cond, message=None):
    """IndexError unless cond is true."""
    _check_with(IndexError, cond, message)


def _check_value(cond, message=None):
    """ValueError unless cond is true."""
    _check_with(ValueError, cond, message)


def _check_type(cond, message=None):
    """TypeError unless cond is true."""
    _check_with(TypeError, cond, message)


def _check_not_implemented(cond, message=None):
    """NotImplementedError unless cond is true."""
    _check_with(NotImplementedError, cond, message)


def _check_is_size(i, message=None, *, max=None):
    """RuntimeError unless i is a size: not negative, and at most max."""
    _check_with(RuntimeError, i >= 0 and (max is None or i <= max), message)


def _check_tensor_all(cond, message=None):
    """RuntimeError unless all elements are true; TypeError for what is no tensor."""
    if not hasattr(cond, "all"):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype.name != "bool":
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(RuntimeError, bool(cond.all()), message)
