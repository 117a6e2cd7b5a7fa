"""Global settings of torch: kept, and obeyed where they mean something on a CPU."""

import warnings

import wengert as wg

from .. import _core

_kept = {
    "matmul": "highest",
    "deterministic": False,
    "warn_only": False,
    "fill": True,
    "interop": None,
    "warn_always": False,
    "device": None,
}
has_lapack = has_openmp = has_spectral = True
has_mkl = has_cuda = has_mps = False


def set_default_dtype(d):
    """Set the dtype of tensors made from Python floats; TypeError unless it is a floating one.

    >>> set_default_dtype(wg.float32)
    """
    if not isinstance(d, wg.dtype):
        raise TypeError("invalid dtype object: only floating-point types are supported as the default type")
    _core.set_default_dtype(d)


def set_default_tensor_type(t):
    """Set the default dtype by the name of a type, such as torch.DoubleTensor. Deprecated."""
    warn_once(
        "torch.set_default_tensor_type() is deprecated as of PyTorch 2.1, please use torch.set_default_dtype() and "
        "torch.set_default_device() as alternatives."
    )
    if isinstance(t, str):
        name = t.rpartition(".")[2]
        if t.startswith("torch.cuda."):
            raise TypeError(f"type {t} not available. Torch not compiled with CUDA enabled.")
        t = getattr(wg, name, None)
    if not hasattr(t, "dtype"):
        raise TypeError("invalid type object: only floating-point types are supported as the default type")
    set_default_dtype(t.dtype)


def get_float32_matmul_precision():
    """What was set, "highest" at first; products of float32 matrices are always computed in float32."""
    return _kept["matmul"]


def set_float32_matmul_precision(precision):
    """Keep "highest", "high" or "medium"; the results are those of "highest"."""
    _kept["matmul"] = precision


def use_deterministic_algorithms(mode, *, warn_only=False):
    """Fills memory that nothing was written to (see utils.deterministic). Results need no help: the same program gives
    the same bits here, whatever the number of threads.

    >>> wg.use_deterministic_algorithms(True)
    >>> wg.empty(2)
    tensor([nan, nan])
    >>> wg.use_deterministic_algorithms(False)
    """
    for name, value in (("mode' (position 1)", mode), ("warn_only'", warn_only)):
        if not isinstance(value, bool):
            raise TypeError(
                f"_set_deterministic_algorithms(): argument '{name} must be bool, not {type(value).__name__}"
            )
    _kept["deterministic"], _kept["warn_only"] = mode, warn_only
    set_fill_uninitialized_memory(_kept["fill"])


def set_fill_uninitialized_memory(fill):
    """Whether deterministic algorithms go with memory that is filled before it is handed out."""
    _kept["fill"] = fill
    _core.fill_unwritten(bool(fill and _kept["deterministic"]))


def get_fill_uninitialized_memory():
    """What was set, at first True."""
    return _kept["fill"]


def are_deterministic_algorithms_enabled():
    """What was set."""
    return _kept["deterministic"]


def is_deterministic_algorithms_warn_only_enabled():
    """What was set."""
    return _kept["warn_only"]


def get_deterministic_debug_mode():
    """0, 1 (warn) or 2 (error)."""
    return (1 if _kept["warn_only"] else 2) if _kept["deterministic"] else 0


def set_deterministic_debug_mode(debug_mode):
    """Set by number or by name: default, warn, error."""
    names = ("default", "warn", "error")
    if isinstance(debug_mode, str):
        if debug_mode not in names:
            raise RuntimeError(
                f"invalid value of debug_mode, expected one of `default`, `warn`, `error`, but got {debug_mode}"
            )
        debug_mode = names.index(debug_mode)
    if debug_mode not in (0, 1, 2):
        raise RuntimeError(f"invalid value of debug_mode, expected 0, 1, or 2, but got {debug_mode}")
    use_deterministic_algorithms(debug_mode != 0, warn_only=debug_mode == 1)


def get_default_device():
    """Where new tensors are: the CPU, unless set_default_device or `with device("meta")` say otherwise."""
    from .._tensor import from_data

    return wg.device("cpu") if from_data.default_device is None else from_data.default_device


def set_default_device(device):
    """Make new tensors on this device: None or "cpu", or "meta"; the error for one that is not there comes at once."""
    device = None if device is None else wg.device(device)
    if device is not None and device.type != "meta":
        device._check_available()
    before, _kept["device"] = _kept["device"], None
    if before is not None:
        before.__exit__()
    if device is not None and device.type == "meta":
        device.__enter__()
        _kept["device"] = device


def get_num_interop_threads():
    """What was set, else the number of threads; operations never run side by side."""
    return _kept["interop"] or wg.get_num_threads()


def set_num_interop_threads(count):
    """Keep a number, once; RuntimeError unless it is positive."""
    if not isinstance(count, int) or isinstance(count, bool):
        raise RuntimeError(f"set_num_interop_threads expects an int, but got {type(count).__name__}")
    if abs(count) >= 1 << 63:
        raise ValueError("Overflow when unpacking long long")
    if count < 1:
        raise RuntimeError("set_num_interop_threads expects a positive integer")
    if _kept["interop"] is not None:
        raise RuntimeError(
            "Error: cannot set number of interop threads after parallel work has started or "
            "set_num_interop_threads called"
        )
    _kept["interop"] = count


def set_flush_denormal(mode):
    """False: the processor's mode is left alone."""
    return False


def is_warn_always_enabled():
    """What was set."""
    return _kept["warn_always"]


_said = set()


def warn_once(message, stacklevel=3):
    """A UserWarning that a process gives only once, unless set_warn_always is on."""
    if message not in _said or _kept["warn_always"]:
        _said.add(message)
        warnings.warn(message, UserWarning, stacklevel=stacklevel)


def set_warn_always(b):
    """Keep the setting."""
    _kept["warn_always"] = bool(b)
