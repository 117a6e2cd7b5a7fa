"""torch.jit: scripted and traced functions are the functions themselves, run by Python as before."""

import builtins
import functools
import types
import typing
import warnings
import weakref
from typing import Final  # noqa: F401 (a name of torch.jit)

import wengert as _wg

from .._facade.refusal import refuse

_REASON = "TorchScript archives are programs in another language; save the state_dict instead"
save = refuse("torch.jit.save", _REASON)
load = refuse("torch.jit.load", _REASON)

scripted = weakref.WeakSet()  # the modules that went through script or trace


def _compiled(obj):
    if builtins.isinstance(obj, _wg.nn.Module):
        scripted.add(obj)
    return obj


def script(obj, optimize=None, _frames_up=0, _rcb=None, example_inputs=None):
    """The function, class or module itself.

    >>> @script
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    return _compiled(obj)


def trace(func=None, example_inputs=None, *args, **kwargs):
    """The function or module itself: unlike in torch, branches stay branches."""
    if func is None:
        return functools.partial(trace, example_inputs=example_inputs)
    return _compiled(func)


def trace_module(mod, inputs, *args, **kwargs):
    """The module itself."""
    return _compiled(mod)


def freeze(mod, preserved_attrs=None, optimize_numerics=True):
    """The module itself; ValueError in training mode, as in torch."""
    if mod.training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() on "
            "your module before freezing."
        )
    return mod


def optimize_for_inference(mod, other_methods=None):
    """The module itself."""
    return mod


def ignore(drop=False, **kwargs):
    """The function itself, or a decorator."""
    return drop if callable(drop) else (lambda function: function)


def unused(fn):
    """The function itself."""
    return fn


export = script_method = script_if_tracing = interface = _overload = _overload_method = unused


def annotate(the_type, the_value):
    """The value."""
    return the_value


def is_scripting():
    """False."""
    return False


def is_tracing():
    """False."""
    return False


def isinstance(obj, target_type):
    """Python's isinstance, which looks into lists, tuples, dicts and optional values.

    >>> isinstance([1, 2], list[int]), isinstance({"a": 1}, dict[str, str])
    (True, False)
    """
    kinds = target_type if type(target_type) is tuple else (target_type,)
    return any(_is_of(obj, kind) for kind in kinds)


def _is_of(obj, kind):
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_is_of(obj, one) for one in inner)
    if origin is None or not inner or not builtins.isinstance(obj, origin):
        return builtins.isinstance(obj, origin or kind)
    if origin is dict:
        return all(_is_of(key, inner[0]) and _is_of(value, inner[1]) for key, value in obj.items())
    if origin is tuple and inner[-1] is not Ellipsis:
        return len(obj) == len(inner) and all(map(_is_of, obj, inner))
    return all(_is_of(one, inner[0]) for one in obj)


class Attribute:
    """A value with its type."""

    def __init__(self, value, type):
        self.value, self.type = value, type


class Future:
    """The result of `fork`, which is there at once."""

    def __init__(self, value):
        self._value = value

    def value(self):
        """The result."""
        return self._value

    wait = value

    def done(self):
        """True."""
        return True


def fork(func, *args, **kwargs):
    """Call the function now and keep its result."""
    return Future(func(*args, **kwargs))


def wait(future):
    """The result of a fork."""
    return future.wait()


_fork, _wait, _script_if_tracing = fork, wait, script_if_tracing


class TracerWarning(Warning):
    """What torch warns of while it records a function; nothing here does."""


class strict_fusion:
    """A block in which torch would check fusion."""

    def __enter__(self):
        warnings.warn("Only works in script mode", stacklevel=2)

    def __exit__(self, *error):
        return False


def set_fusion_strategy(strategy):
    """Nothing to set."""
    return strategy


def enable_onednn_fusion(enabled):
    """Nothing to enable."""


def __getattr__(name):
    if name in ("ScriptModule", "RecursiveScriptModule", "TracedModule", "TopLevelTracedModule"):
        from ._script_module import ScriptModule

        return ScriptModule
    if name == "ScriptFunction":
        return type(script)
    raise AttributeError(f"module 'torch.jit' has no attribute '{name}'")
