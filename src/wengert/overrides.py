"""torch.overrides: questions about tensor subclasses; none of them takes over calls here."""

import wengert as _wg


def has_torch_function(relevant_args):
    """Whether any argument is of a class with its own `__torch_function__`.

    >>> has_torch_function((1, 2))
    False
    """
    return any(_overrides(type(value)) for value in relevant_args)


def _overrides(cls):
    own = getattr(cls, "__torch_function__", None)
    return own is not None and own is not getattr(_wg.Tensor, "__torch_function__", None) and cls is not _wg.Tensor


def has_torch_function_unary(value):
    """has_torch_function for one argument."""
    return _overrides(type(value))


def has_torch_function_variadic(*values):
    """has_torch_function for any number of arguments."""
    return has_torch_function(values)


def is_tensor_like(inp):
    """Whether a value is a tensor or claims to be one.

    >>> is_tensor_like(3)
    False
    """
    return type(inp) is _wg.Tensor or isinstance(inp, _wg.Tensor) or _overrides(type(inp))


def handle_torch_function(public_api, relevant_args, *args, **kwargs):
    """Ask the arguments' classes to do the call; TypeError when none does."""
    types = tuple({type(value): None for value in relevant_args if _overrides(type(value))})
    for cls in types:
        result = cls.__torch_function__(public_api, types, args, kwargs)
        if result is not NotImplemented:
            return result
    raise TypeError(
        f"no implementation found for '{public_api.__module__}.{public_api.__name__}' on types that "
        f"implement __torch_function__: {list(types)}"
    )


def wrap_torch_function(dispatcher):
    """A decorator that asks the arguments' classes first; `dispatcher` picks the arguments."""
    import functools

    def decorate(function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            relevant = dispatcher(*args, **kwargs)
            if has_torch_function(relevant):
                return handle_torch_function(wrapped, relevant, *args, **kwargs)
            return function(*args, **kwargs)

        return wrapped

    return decorate
