"""torch's checks of conditions: each raises unless what it is given is true."""

from .._core import Tensor


def _assert_async(tensor, message=None):
    """RuntimeError if the one element is zero."""
    if tensor.numel() != 1:
        counted = "no values" if tensor.numel() == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {counted} is ambiguous")
    if not tensor.item():
        raise RuntimeError(message or "Expected Tensor with single nonzero value, but got zero")


def _assert(condition, message):
    """AssertionError with the message unless the condition holds."""
    if not condition:
        raise AssertionError(message)


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
    _check_tensor_all_with(RuntimeError, cond, message)


def _check_tensor_all_with(error_type, cond, message=None):
    """Raises error_type unless all elements are true; TypeError for what is no tensor."""
    if not isinstance(cond, Tensor):
        raise TypeError(f"cond must be a tensor, but got {type(cond)}")
    if cond.dtype.name != "bool":
        raise TypeError(f"cond tensor must have dtype torch.bool, but got {cond.dtype}")
    _check_with(error_type, bool(cond.all()), message)
