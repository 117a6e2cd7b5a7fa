"""Names of `torch` itself that live in modules loaded when they are first asked for: name to module."""

HOMES = {
    "save": "serialization", "load": "serialization",
    "compile": "compiler",
    "autocast": "amp", "GradScaler": "amp",
    **dict.fromkeys((
        "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache", "get_autocast_dtype",
        "is_autocast_cache_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_dtype",
        "set_autocast_enabled"), "amp.autocast_mode"),
    **dict.fromkeys((
        "TypedStorage", "FloatStorage", "DoubleStorage", "HalfStorage", "BFloat16Storage", "LongStorage", "IntStorage",
        "ShortStorage", "CharStorage", "ByteStorage", "BoolStorage", "ComplexFloatStorage", "ComplexDoubleStorage",
    ), "storage"),
    **dict.fromkeys(("FloatTensor", "DoubleTensor", "HalfTensor", "BFloat16Tensor", "LongTensor", "IntTensor",
                     "ShortTensor", "CharTensor", "ByteTensor", "BoolTensor"), "_legacy_types"),
    "Stream": "cpu", "Event": "cpu",
}


def __getattr__(name):
    import importlib

    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    return getattr(importlib.import_module(f"wengert.{home}"), name)


def get_device_module(device=None):
    """The module for a kind of device, `torch.cpu` by default; RuntimeError for an unknown one."""
    import importlib

    kind = "cpu" if device is None else getattr(device, "type", str(device)).partition(":")[0]
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(f"Invalid device string: '{device}'")
    return importlib.import_module(f"wengert.{kind}")


def _deprecated(old, new, *arguments):
    import importlib
    import warnings

    shown = ", ".join(repr(argument) if isinstance(argument, str) else "..." for argument in arguments)
    warnings.warn(f"torch.{old}() is deprecated. Please use torch.{new}({shown}) instead.", DeprecationWarning,
                  stacklevel=3)
    return getattr(importlib.import_module("wengert.amp.autocast_mode"), new)(*arguments)


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


def compiled_with_cxx11_abi():
    """True."""
    return True
