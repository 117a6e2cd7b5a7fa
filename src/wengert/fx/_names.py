"""Names in a graph's code: of values, unique and legal; of functions and types, by the path that finds them in torch."""

import builtins
import inspect
import keyword
import math
import re
import types
from typing import NamedTuple

import wengert as wg

from ..cli import torch_names
from ..overrides import is_tensor_method_or_property
from ..overrides._taking import IN_PYTHON, NATIVE


class CustomBuiltin(NamedTuple):
    """A name that every graph's code may use: the line that imports it, and what it is."""

    import_str: str
    obj: object


custom_builtins = {}
_illegal_names = {name: object() for name in keyword.kwlist} | vars(builtins)


def register_custom_builtin(name, import_str, obj):
    """Make a name known to the code of all graphs."""
    custom_builtins[name] = CustomBuiltin(import_str, obj)
    _illegal_names[name] = obj


def register_all():
    """The names that torch registers; called when all of them can be imported."""
    from ..utils import _pytree as pytree
    from . import _pytree as fx_pytree

    register_custom_builtin("inf", "from math import inf", math.inf)
    register_custom_builtin("nan", "from math import nan", math.nan)
    register_custom_builtin("NoneType", "NoneType = type(None)", type(None))
    register_custom_builtin("torch", "import torch", wg)
    register_custom_builtin("device", "from torch import device", wg.device)
    register_custom_builtin("fx_pytree", "import torch.fx._pytree as fx_pytree", fx_pytree)
    register_custom_builtin("pytree", "import torch.utils._pytree as pytree", pytree)


def snake_case(name):
    """The name in lower case, words parted by underscores."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", name).lower()


class Namespace:
    """Gives each object one name, each name to one object, and leaves Python's own names alone."""

    def __init__(self):
        self._names, self._used, self._counts = {}, set(), {}

    def create_name(self, candidate, obj):
        """A name like the candidate that is free, tied to the object unless that is None."""
        if obj is not None and obj in self._names:
            return self._names[obj]
        candidate = re.sub("[^0-9a-zA-Z_]+", "_", candidate) or "_unnamed"
        if candidate[0].isdigit():
            candidate = f"_{candidate}"
        base, number = re.match(r"([a-zA-Z_][0-9a-zA-Z_]*?)(?:_(\d+))?$", candidate).groups()
        if number is None or candidate in self._used:
            number = self._counts.get(base, 0)
            if _illegal_names.get(candidate, obj) is not obj:
                number += 1
                candidate = f"{base}_{number}"
        else:
            number = int(number)
        while candidate in self._used:
            number += 1
            candidate = f"{base}_{number}"
        self._used.add(candidate)
        self._counts[base] = number
        if obj is not None:
            self._names[obj] = candidate
        return candidate

    def associate_name_with_obj(self, name, obj):
        """Tie a name that was created for nobody to its object."""
        self._names.setdefault(obj, name)

    def rename(self, obj, name):
        """Tie an object to another name."""
        self._names[obj] = name
        self._used.add(name)


def torch_path(module, name):
    """The dotted path that torch has for what is defined in a module of wengert's or torch's."""
    if module.startswith("wengert.fx."):
        module = module.replace("wengert", "torch", 1)
    elif module.partition(".")[0] == "wengert":
        module = torch_names.home(module, name)
    return f"{module}.{name}"


def is_from_torch(obj):
    """Whether an object is the library's, so that code reaches it through the name `torch`."""
    module = getattr(obj, "__module__", None)
    if module is not None:
        return module.partition(".")[0] in ("wengert", "torch")
    name = getattr(obj, "__name__", None)
    if not isinstance(name, str) or not name.isidentifier() or name in ("torch", "wengert"):
        return False
    return any(getattr(space, name, None) is obj for space in (wg, wg.nn.functional))


def _in_torch(func, name):
    """The path of one of the library's own functions, by the module that torch has it in; None for a method."""
    functional = wg.nn.functional
    if not name.isidentifier():  # an overload
        return None
    if getattr(wg, name, None) is func and (name.startswith("_") or name in torch_names.names("torch")):
        return f"torch.functional.{name}" if name in IN_PYTHON else f"torch.{name}"
    if getattr(functional, name, None) is func:
        return f"torch._C._nn.{name}" if name in NATIVE else f"torch.nn.functional.{name}"
    for kind in ("linalg", "fft", "special"):
        short = name.removeprefix(f"{kind}_")
        if getattr(getattr(wg, kind), short, None) is func:
            return f"torch._C._{kind}.{kind}_{short}"
    return None


def qualified_name(func):
    """The dotted path of a function, as torch writes it in a graph's code; RuntimeError where it has none."""
    name = func.__name__
    if getattr(builtins, name, None) is func:
        return name
    module = getattr(func, "__module__", None)
    if is_tensor_method_or_property(func) or (module or "").partition(".")[0] in ("wengert", "torch"):
        found = _in_torch(func, name)
        if found is not None:
            return found
        if getattr(wg.Tensor, name, None) is func:
            return f"torch.Tensor.{name}"
    if name == "<lambda>":
        try:
            name = inspect.getsource(func).split("=")[0].strip()
        except Exception as error:
            raise RuntimeError("Unable to represent lambda") from error
    if module is None:
        raise RuntimeError(f"cannot find module for {func}")
    return torch_path(module.replace("torch._ops", "torch.ops"), name)


def type_repr(obj):
    """A type as annotations show it."""
    if isinstance(obj, type) and not isinstance(obj, types.GenericAlias):
        if obj.__module__ == "builtins":
            return obj.__qualname__
        return torch_path(obj.__module__, obj.__qualname__)
    if obj is ...:
        return "..."
    if isinstance(obj, types.FunctionType):
        return obj.__name__
    return repr(obj)


def is_method(func):
    """Whether a function is a method or property of tensors and nothing else of the library's."""
    return is_tensor_method_or_property(func) and _in_torch(func, func.__name__) is None
