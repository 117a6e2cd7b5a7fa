"""Composites called as torch calls its functions: by the names and with the kinds of arguments that schemas state."""

import numbers
import re

from .. import _core
from ._notices import NOTICES, notice
from ._out import write

# NumPy's names of arguments, which torch takes as well.
_NUMPY = {
    "axis": "dim",
    "keepdims": "keepdim",
    "axes": "dims",
    "axis0": "dim0",
    "axis1": "dim1",
    "x": "self",
    "x1": "self",
    "a": "self",
    "x2": "other",
}


_KINDS = {  # what the types of a schema take, and what they are called in messages
    "Tensor": ("Tensor", lambda value: isinstance(value, _core.Tensor)),
    "Tensor[]": ("tuple of Tensors", lambda value: isinstance(value, (tuple, list))),
    "Scalar": ("Number", lambda value: isinstance(value, (numbers.Number, _core.Tensor)) or hasattr(value, "dtype")),
    "float": ("float", lambda value: isinstance(value, numbers.Real) or hasattr(value, "dtype") and not value.shape),
    "int": ("int", lambda value: hasattr(value, "__index__") and not isinstance(value, bool)),
    "bool": ("bool", lambda value: hasattr(value, "__index__")),
    "str": ("str", lambda value: isinstance(value, str)),
}


def _parsed(schema):
    """[(name, type, has a default, keyword only)] of a schema, and its op's name."""
    op, _, rest = schema.partition("(")
    listed, keyword_only = [], False
    for part in re.split(r", (?![^(\[]*[)\]])", rest[: rest.rindex(")")]):  # not within a default
        if part == "*":
            keyword_only = True
        elif part:
            kind, _, named = part.partition(" ")
            name, default, _ = named.partition("=")
            listed.append((name, kind, bool(default), keyword_only))
    return op.partition(".")[0], listed


def _shown(name):
    return "input" if name == "self" else name


def _check(op, parameter, value, position):
    name, kind, *_ = parameter
    if (value is None and kind.endswith("?")) or kind.rstrip("?") not in _KINDS:
        return
    wanted, takes = _KINDS[kind.rstrip("?")]
    if kind == "Tensor[]" and isinstance(value, (tuple, list)):
        for k, one in enumerate(value):
            if not isinstance(one, _core.Tensor):
                raise TypeError(
                    f"expected Tensor as element {k} in argument {position or 0}, but got {type(one).__name__}"
                ) from None
    if not takes(value):
        where = "" if position is None else f" (position {position + 1})"
        raise TypeError(
            f"{op}(): argument '{_shown(name)}'{where} must be {wanted}, not {type(value).__name__}"
        ) from None


def _find(listed, key):
    names = [p[0] for p in listed]
    for name in (key, "self" if key == "input" else None, _NUMPY.get(key)):
        if name in names:
            return names.index(name)
    return "input" in names and _NUMPY.get(key) == "self" and names.index("input") or None


def bind(schema, names, args, kwargs):
    """The arguments of a call by the names of the function's own parameters; TypeError, as torch says it."""
    op, listed = _parsed(schema)
    positional = sum(not p[3] for p in listed)
    if len(args) > positional:
        raise TypeError(
            f"{op}() takes {positional} positional argument{'s' * (positional != 1)} but {len(args)} "
            f"{'was' if len(args) == 1 else 'were'} given"
        ) from None
    own = [p[0] if p[0] in names else names[k] for k, p in enumerate(listed)]
    given = {}
    for k, value in enumerate(args):
        _check(op, listed[k], value, k)
        given[own[k]] = value
    unknown = None
    for key, value in kwargs.items():
        k = _find(listed, key)
        if k is None:
            unknown = key
            continue
        if own[k] in given:
            raise TypeError(f"{op}() got multiple values for argument '{key}'") from None
        _check(op, listed[k], value, None)
        given[own[k]] = value
    missing = [f'"{_shown(p[0])}"' for p, name in zip(listed, own) if not p[2] and name not in given]
    if missing:
        raise TypeError(f"{op}() missing {len(missing)} required positional arguments: {', '.join(missing)}") from None
    if unknown is not None:
        raise TypeError(f"{op}() got an unexpected keyword argument '{unknown}'") from None
    return given


def called(body, schema, names, public, out=False):
    """The function that is published for body: a call that does not fit it is looked at by torch's rules.

    names: its parameters; out: it takes out=, a tensor or several that results are written to.
    """

    goes = public in NOTICES and public != "cross"  # which does so for one form alone

    def function(*args, **kwargs):
        if goes:
            notice(public)
        target = kwargs.pop("out", None) if out else None
        try:
            result = body(*args, **kwargs)
        except (TypeError, AttributeError) as error:
            from ..overrides._rescue import rescue

            unfit = error.__traceback__.tb_next is None  # it is the interpreter's: the arguments do not fit
            result = rescue(function, args, kwargs) if unfit else NotImplemented
            if result is NotImplemented:
                given = bind(schema, names, args, kwargs)
                if not unfit:
                    raise
                result = body(**given)
        return result if target is None else write(result, target, public)

    function.__name__, function.__doc__, function.__wrapped__ = public, body.__doc__, body
    return function
