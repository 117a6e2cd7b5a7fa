"""torch.fx.operator_schemas: the arguments of a call by the callee's signature."""

import inspect
from typing import Any, NamedTuple

import wengert as wg

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class ArgsKwargsPair(NamedTuple):
    """The arguments of a call, positional and named."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _by_signature(callee, args, kwargs, only_kwargs):
    signature = inspect.signature(inspect.unwrap(callee))
    if any(parameter.kind not in _NAMED for parameter in signature.parameters.values()):
        return None
    bound = signature.bind(*args, **(kwargs or {}))
    bound.apply_defaults()
    names = list(signature.parameters)
    positional = [] if only_kwargs else names[: len(args)]
    return ArgsKwargsPair(
        tuple(bound.arguments[name] for name in positional),
        {name: bound.arguments[name] for name in names[len(positional) :]},
    )


def normalize_function(target, args, kwargs=None, arg_types=None, kwarg_types=None, normalize_to_only_use_kwargs=False):
    """The arguments of a call of a Python function, with defaults; None for a function without a signature.

    >>> normalize_function(lambda a, b=2: None, (1,), normalize_to_only_use_kwargs=True)
    ArgsKwargsPair(args=(), kwargs={'a': 1, 'b': 2})
    """
    try:
        return _by_signature(target, args, kwargs, normalize_to_only_use_kwargs)
    except (TypeError, ValueError):
        return None


def normalize_module(root, target, args, kwargs=None, normalize_to_only_use_kwargs=False):
    """The arguments of a call of one of torch's modules in root, with defaults; None for other modules.

    RuntimeError when root has no such module.
    """
    try:
        module = root.get_submodule(target)
    except AttributeError as error:
        raise RuntimeError(
            f"Tried to normalize node with target {target} but root did not have that target!"
        ) from error
    if getattr(wg.nn, type(module).__name__, None) is not type(module):
        return None
    return _by_signature(module.forward, args, kwargs, normalize_to_only_use_kwargs)
