"""`autocast`: the switch for computing in a shorter floating type, its state kept per thread."""

import functools
import threading
import warnings

import wengert as wg

from .. import _core

_SUPPORTED = ("cpu", "cuda", "xpu", "mps", "hpu", "mtia", "maia", "ipu", "xla", "privateuseone")


class _State(threading.local):
    def __init__(self):
        self.enabled, self.dtypes, self.cache, self.nesting = {}, {}, True, 0


_state = _State()
_threads = {}  # the threads, by number, in which autocast may be on for the CPU


def is_autocast_available(device_type):
    """Whether torch knows autocast for a kind of device.

    >>> is_autocast_available("cpu")
    True
    """
    return wg.device(device_type).type in _SUPPORTED


def is_autocast_enabled(device_type="cuda"):
    """Whether autocast is on in this thread for a kind of device."""
    if device_type in _state.enabled:
        return _state.enabled[device_type]
    wg.device(device_type)  # refuses what is none
    return False


def set_autocast_enabled(device_type, enabled=None):
    """Switch autocast for a kind of device; with one argument, for CUDA."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    is_autocast_enabled(device_type)  # refuses what is none
    _state.enabled[device_type] = bool(enabled)
    if device_type == "cpu":
        if enabled:
            _threads[threading.get_ident()] = True
        else:
            _threads.pop(threading.get_ident(), None)
        _redirect()


def _redirect():
    """Has the ops ask for autocast on the CPU while it is on in some thread; what is left undone the next call does."""
    from . import _policy

    _policy.fit(_threads, lambda: is_autocast_enabled("cpu"), lambda: get_autocast_dtype("cpu"))


def get_autocast_dtype(device_type):
    """The type that autocast computes in: bfloat16 on the CPU, float16 elsewhere, unless set."""
    return _state.dtypes.get(device_type, wg.bfloat16 if device_type in ("cpu", "xla", "hpu") else wg.float16)


def set_autocast_dtype(device_type, dtype):
    """Set the type that autocast computes in."""
    _state.dtypes[device_type] = dtype


def is_autocast_cache_enabled():
    """Whether casts of weights are kept within a block."""
    return _state.cache


def set_autocast_cache_enabled(enabled):
    """Set whether casts of weights are kept within a block."""
    _state.cache = bool(enabled)


def autocast_increment_nesting():
    """Enter one more block; the new depth."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting():
    """Leave a block; the new depth."""
    _state.nesting -= 1
    return _state.nesting


def clear_autocast_cache():
    """Forget the casts that were kept; wengert keeps none."""


class autocast(_core.Block):
    """A block, or a decorated function, in which suitable operations run in a shorter floating type.

    `device_type` is "cpu", "cuda" …; `dtype` defaults to bfloat16 on the CPU, where products, linear layers,
    convolutions, attention and LSTM run in it and losses in float32; float64 is left alone.
    RuntimeError for an unknown device.

    >>> import wengert
    >>> with autocast("cpu"):
    ...     (wengert.ones(2, 2) @ wengert.ones(2, 2)).dtype
    torch.bfloat16
    """

    def __init__(self, device_type, dtype=None, enabled=True, cache_enabled=None):
        if not isinstance(device_type, str):
            problem = f"Expected `device_type` of type `str`, got: `{type(device_type)}`"
            raise ValueError(problem)  # as in torch
        self._kind = wg.device(device_type).type  # refuses what is none
        if not is_autocast_available(device_type):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{device_type}'")
        self.device = device_type
        self.fast_dtype = get_autocast_dtype(self._kind) if dtype is None else dtype
        self._cache_enabled = is_autocast_cache_enabled() if cache_enabled is None else cache_enabled
        self._enabled = self._possible() if enabled else False

    def _possible(self):
        """Whether autocast can be on; a warning in torch's words if not."""
        if self._kind == "cuda":
            warnings.warn("CUDA is not available or torch_xla is imported. Disabling autocast.", stacklevel=4)
            return False
        if self._kind == "cpu" and self.fast_dtype not in (wg.bfloat16, wg.float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\nCPU Autocast "
                "only supports dtypes of torch.bfloat16, torch.float16 currently.",
                stacklevel=4,
            )
            return False
        return True

    def _begin(self):
        changes = (
            (_state.enabled, self._kind, self._enabled),
            (_state.dtypes, self._kind, self.fast_dtype),
            (_state.__dict__, "cache", bool(self._cache_enabled)),
            (_state.__dict__, "nesting", _state.nesting + 1),
        )
        if self._kind != "cpu" or not self._enabled:
            return self, changes
        return self, (*changes, (_threads, threading.get_ident(), True)), _redirect

    def __call__(self, function):
        @functools.wraps(function)
        def decorated(*args, **kwargs):
            with self:
                return function(*args, **kwargs)

        return decorated


def _cast(value, dtype):
    """Floating tensors anywhere in a value, in another type."""
    if isinstance(value, wg.Tensor):
        return value.to(dtype) if value.is_floating_point() and value.dtype is not wg.float64 else value
    if isinstance(value, dict):
        return {key: _cast(item, dtype) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_cast(item, dtype) for item in value)
    return value


def custom_fwd(fwd=None, *, device_type, cast_inputs=None):
    """Decorates the forward of an autograd.Function: `cast_inputs` is the type its inputs get under autocast."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(ctx, *args, **kwargs):
        ctx._dtype = get_autocast_dtype(device_type)
        if cast_inputs is None or not is_autocast_enabled(device_type):
            ctx._fwd_used_autocast = is_autocast_enabled(device_type)
            return fwd(ctx, *args, **kwargs)
        ctx._fwd_used_autocast = False
        with autocast(device_type, enabled=False):
            return fwd(ctx, *_cast(args, cast_inputs), **_cast(kwargs, cast_inputs))

    return decorated


def custom_bwd(bwd=None, *, device_type):
    """Decorates the backward of an autograd.Function: it runs with the autocast state of its forward."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(ctx, *args, **kwargs):
        with autocast(device_type, enabled=ctx._fwd_used_autocast, dtype=ctx._dtype):
            return bwd(ctx, *args, **kwargs)

    return decorated
