"""The older forms of autocast's settings, one for each kind of device."""

import warnings

from ..amp import autocast_mode


def _deprecated(old, new, *arguments):
    shown = ", ".join(repr(argument) if isinstance(argument, str) else "..." for argument in arguments)
    warnings.warn(
        f"torch.{old}() is deprecated. Please use torch.{new}({shown}) instead.", DeprecationWarning, stacklevel=3
    )
    return getattr(autocast_mode, new)(*arguments)


def is_autocast_cpu_enabled():
    """Old form of is_autocast_enabled("cpu")."""
    return _deprecated("is_autocast_cpu_enabled", "is_autocast_enabled", "cpu")


def set_autocast_cpu_enabled(enabled):
    """Old form of set_autocast_enabled("cpu", enabled)."""
    _deprecated("set_autocast_cpu_enabled", "set_autocast_enabled", "cpu", enabled)


def get_autocast_cpu_dtype():
    """Old form of get_autocast_dtype("cpu")."""
    return _deprecated("get_autocast_cpu_dtype", "get_autocast_dtype", "cpu")


def get_autocast_gpu_dtype():
    """Old form of get_autocast_dtype("cuda")."""
    return _deprecated("get_autocast_gpu_dtype", "get_autocast_dtype", "cuda")


def set_autocast_cpu_dtype(dtype):
    """Old form of set_autocast_dtype("cpu", dtype)."""
    _deprecated("set_autocast_cpu_dtype", "set_autocast_dtype", "cpu", dtype)


def set_autocast_gpu_dtype(dtype):
    """Old form of set_autocast_dtype("cuda", dtype)."""
    _deprecated("set_autocast_gpu_dtype", "set_autocast_dtype", "cuda", dtype)
