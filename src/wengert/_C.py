"""torch._C: the few names of torch's compiled module that Python programs reach for."""

import wengert as _wg

from ._core import Generator, Tensor, default_generator, dtype  # noqa: F401 (names of the module)
from ._types import Size, device, layout, memory_format  # noqa: F401
from .ops._setup import disabled_torch_function as _disabled_torch_function_impl  # noqa: F401

TensorBase = _TensorBase = Tensor


def _get_tracing_state():
    """None: no program is being traced."""


def _log_api_usage_once(name):
    """Nothing is logged."""


def _is_tracing():
    """False."""
    return False


def _get_cudnn_enabled():
    """True, torch's default; there is no cuDNN to enable."""
    return _wg.backends.cudnn.enabled


def __getattr__(name):
    if name in ("DisableTorchFunctionSubclass", "DisableTorchFunction"):
        return _wg.overrides.DisableTorchFunctionSubclass
    if name in ("_has_torch_function", "_has_torch_function_unary", "_has_torch_function_variadic"):
        return getattr(_wg.overrides, name[1:])
    if name == "_LinAlgError":
        return _wg.linalg.LinAlgError
    if name in ("_nn", "_VariableFunctions", "_linalg", "_special", "_fft"):
        return {"_nn": _wg.nn.functional, "_linalg": _wg.linalg, "_special": _wg.special, "_fft": _wg.fft}.get(
            name, _wg
        )
    if name in ("_set_grad_enabled", "is_grad_enabled", "_get_default_device", "get_num_threads", "set_num_threads"):
        return getattr(_wg, name.removeprefix("_"))
    raise AttributeError(f"module 'torch._C' has no attribute '{name}'")
