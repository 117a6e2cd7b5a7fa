"""torch._C: those of torch's private names about autograd that programs use."""

import types
from importlib import import_module as _import

from .. import _core
from .._core import is_grad_enabled
from .._core import set_grad_enabled as _set_grad_enabled  # noqa: F401 (torch's private name)

has_lapack = True
TensorBase = _core.Tensor

_LAZY = {
    **dict.fromkeys(
        ("Generator", "Size", "device", "dtype", "layout", "memory_format", "default_generator"), "wengert"
    ),
    **dict.fromkeys(("DisableTorchFunction", "DisableTorchFunctionSubclass"), "wengert.overrides"),
    **dict.fromkeys(("_disabled_torch_function_impl",), "wengert.overrides"),
    **dict.fromkeys(("DispatchKey", "DispatchKeySet", "_ExcludeDispatchKeyGuard"), "wengert._C._dispatch_keys"),
    "_LinAlgError": "wengert.ops.linalg_host",
    "StorageBase": "wengert.storage",
}
_SPACES = ("_linalg", "_special", "_fft")


class _Space(types.ModuleType):
    """Functions under the names of torch's ops: `_linalg.linalg_norm` is `linalg.norm`."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        kind = self.__name__.rpartition("_")[2]
        return getattr(_import(f"wengert.{kind}"), name.removeprefix(f"{kind}_"))


class Value:
    """A value in a TorchScript graph; there are none."""


_TensorBase = TensorBase
_TensorMeta = type(TensorBase)
__all__ = ["TensorBase", "has_lapack", "is_grad_enabled"]


def __getattr__(name):
    if name in ("_autograd", "_functions", "_nn"):
        return _import(f"{__name__}.{name}")
    if name in _LAZY:
        return getattr(_import(_LAZY[name]), name)
    if name == "_VariableFunctions":
        return _import("wengert._VF")
    if name in _SPACES:
        space = globals()[name] = _Space(f"{__name__}.{name}")
        return space
    if name.startswith("_has_torch_function"):
        return getattr(_import("wengert.overrides"), name[1:])
    raise AttributeError(f"module 'torch._C' has no attribute '{name}'")


def _get_deterministic_fill_uninitialized_memory():
    """Whether deterministic algorithms fill memory that nothing was written to."""
    return _import("wengert._facade.settings").get_fill_uninitialized_memory()


def _get_default_device():
    """The kind of device of new tensors."""
    return _import("wengert").get_default_device().type


def _is_fwd_grad_enabled():
    """Whether forward mode computes tangents."""
    return _import("wengert.autograd.forward_ad")._is_fwd_grad_enabled()


def _set_fwd_grad_enabled(mode):
    """Sets whether forward mode computes tangents."""
    _import("wengert.autograd.forward_ad")._set_fwd_grad_enabled(mode)


def _current_graph_task_id():
    """A number for the backward pass that is running on this thread; -1 when there is none."""
    return _core.current_pass()


def _current_autograd_node():
    """The node that the running backward pass is at, or None."""
    return _core.current_node()


def _will_engine_execute_node(node):
    """Whether the running backward pass runs a node. RuntimeError outside a pass."""
    if not isinstance(node, _core.Node):
        raise RuntimeError(f"_will_engine_execute_node expects an grad_fn, but got {type(node).__name__}")
    if _core.current_pass() < 0:
        raise RuntimeError("_get_should_execute_nodes should only be called during the backward pass")
    return _core.will_execute(node)


def _current_graph_task_execution_order():
    """The nodes of the running backward pass in the order in which they run. RuntimeError outside a pass, and where passes may use
    several threads."""
    if _core.current_pass() < 0:
        raise RuntimeError("_current_graph_task_execution_order should only be called during the backward pass")
    if _import("wengert.autograd.grad_mode").is_multithreading_enabled():
        raise RuntimeError(
            "get_current_graph_task_execution_order expects the current backward to be executed with multithreading disabled, e.g. by "
            "running:\n\n>>> with torch.autograd.set_multithreading_enabled(False):\n...     torch.autograd.grad(...)\n"
        )
    return _import("wengert.autograd.graph").execution_order(_core.running_pass()[0])


class _WeakTensorRef:
    """A weak reference to a tensor that can be asked whether the tensor is gone."""

    def __init__(self, tensor):
        import weakref

        self._reference = weakref.ref(tensor)

    def expired(self):
        """Whether the tensor is gone."""
        return self._reference() is None


def _are_functorch_transforms_active():
    """Whether a function transform such as vmap or grad is running."""
    return bool(_core.transforms())


def _get_tracing_state():
    """None: no program is being traced."""


def _log_api_usage_once(name):
    """Nothing is logged."""


def _is_tracing():
    """False."""
    return False


def _get_cudnn_enabled():
    """torch.backends.cudnn.enabled; there is no cuDNN to enable."""
    return _import("wengert.backends.cudnn").enabled
