"""torch.overrides: which calls can be taken over with `__torch_function__`, and how one asks."""

import functools
import inspect as _inspect
import types as _types

import wengert as _wg

from .. import _core
from ..ops._setup import disabled_torch_function as _disabled_torch_function_impl  # noqa: F401
from . import _modes, _taking
from ._modes import disabled
from ._taking import default_nowrap_functions as get_default_nowrap_functions  # noqa: F401 (torch's name)


def has_torch_function(relevant_args):
    """Whether any argument is of a class that takes calls over.

    >>> has_torch_function((1, 2))
    False
    """
    try:
        values = iter(relevant_args)
    except TypeError:
        raise TypeError("expected a sequence") from None
    return any(map(_core.override_takes, values)) or bool(_modes.modes() and _core.override_enabled())


def has_torch_function_unary(value):
    """has_torch_function for one argument."""
    return has_torch_function((value,))


def has_torch_function_variadic(*values):
    """has_torch_function for any number of arguments."""
    return has_torch_function(values)


def is_tensor_like(inp):
    """Whether a value is a tensor or claims to be one.

    >>> is_tensor_like(3)
    False
    """
    return type(inp) is _wg.Tensor or hasattr(inp, "__torch_function__")


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """Ask the arguments' classes, and the modes, to do the call; TypeError when none does."""
    found = _taking.relevant(relevant_args, {})
    _taking.warn_of_methods(public_api, found)
    result = _taking.dispatch(public_api, args, kwargs, found)
    if result is not NotImplemented:
        return result
    message = (
        f"no implementation found for '{public_api.__module__}.{public_api.__name__}' on types that implement "
        f"__torch_function__: {[type(one) for one in found]}"
    )
    if _modes.modes():
        message += f" nor in mode {_modes.modes()[-1]}"
    raise TypeError(message)


def wrap_torch_function(dispatcher):
    """A decorator that asks the arguments' classes first; `dispatcher` picks the arguments."""

    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate


DisableTorchFunctionSubclass = DisableTorchFunction = disabled


class TorchFunctionMode(_core.Block):
    """A block in which every call of torch's functions and of tensors' operators goes to `__torch_function__`.

    >>> class Count(TorchFunctionMode):
    ...     calls = 0
    ...
    ...     def __torch_function__(self, func, types, args=(), kwargs=None):
    ...         self.calls += 1
    ...         return func(*args, **(kwargs or {}))
    >>> with Count() as mode:
    ...     _ = _wg.ones(2) + 1
    >>> mode.calls
    2
    """

    def __torch_function__(self, func, types, args=(), kwargs=None):
        raise NotImplementedError

    def _begin(self):
        return self, *_taking.entering(self)


class BaseTorchFunctionMode(TorchFunctionMode):
    """A mode that changes nothing."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        return func(*args, **(kwargs or {}))


def _get_current_function_mode():
    """The innermost mode that is on; None outside of any."""
    return _modes.modes()[-1] if _modes.modes() else None


def _get_current_function_mode_stack():
    """All modes that are on, the innermost last."""
    return list(_modes.modes())


def get_ignored_functions():
    """The functions that never are taken over."""
    spaces = (_wg, _wg.Tensor)
    return {getattr(space, name) for space in spaces for name in _taking.IGNORED if hasattr(space, name)}


def get_overridable_functions():
    """{namespace: [functions that can be taken over]}."""
    from wengert.nn import functional

    ignored, found = get_ignored_functions(), {}
    for space in (_wg, functional, _wg.linalg, _wg.fft, _wg.special, _wg.Tensor):
        found[space] = [
            value
            for name in dir(space)
            if (not name.startswith("_") or space is _wg.Tensor)
            and callable(value := getattr(space, name, None))
            and isinstance(value, (_core.OpFunction, _types.FunctionType))
            and value not in ignored
        ]
    return found


def _signature(function):
    """The signature of a function that can be taken over: of one in the table, of its first form."""
    if not isinstance(function, _core.OpFunction):
        return _inspect.signature(function)
    from ..ops._declare import OPS

    forms = (function.__name__, function.__name__[:-1])  # add_ has the signature of add
    declared = next(OPS[op] for form in forms for op in OPS if op.partition(".")[0] == form)
    kinds = _inspect.Parameter.POSITIONAL_OR_KEYWORD, _inspect.Parameter.KEYWORD_ONLY
    return _inspect.Signature([
        _inspect.Parameter(
            {"self": "input", "from": "from_"}.get(name, name), kinds[only], default=default if has_default else _inspect.Parameter.empty
        )
        for name, _, default, has_default, only in declared.signature[0]
    ])  # fmt: skip


def get_testing_overrides():
    """{function: a stand-in with its signature that gives -1}, of all functions that can be taken over.

    >>> import inspect
    >>> inspect.signature(get_testing_overrides()[_wg.matmul])
    <Signature (input, other)>
    """
    made = {}
    for functions in get_overridable_functions().values():
        for function in functions:
            made[function] = stand_in = lambda *args, **kwargs: -1
            stand_in.__name__, stand_in.__signature__ = function.__name__, _signature(function)
    return made


def resolve_name(f):
    """The dotted name of a function that can be taken over, or None.

    >>> resolve_name(_wg.nn.functional.mse_loss)
    'torch.nn.functional.mse_loss'
    """
    for space, functions in get_overridable_functions().items():
        if any(function is f for function in functions):
            home = "wengert.Tensor" if space is _wg.Tensor else space.__name__
            return f"{home}.{f.__name__}".replace("wengert", "torch", 1)
    return None


def is_tensor_method_or_property(func):
    """Whether a function is a method of Tensor or one of its attributes' `__get__`."""
    return func.__name__ == "__get__" or getattr(_wg.Tensor, func.__name__, None) is func
