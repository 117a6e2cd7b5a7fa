"""What a checkpoint may name: torch's globals and wengert's answers to them, both ways."""

import sys
from collections import Counter, OrderedDict
from pickle import UnpicklingError

import wengert as wg

from .. import storage
from . import tensors

_BLOCKED = ("sys", "os", "posix", "nt")
_DTYPES = (
    "float32 float64 float16 bfloat16 complex64 complex128 complex32 int8 int16 int32 int64 uint8 uint16 uint32 "
    "uint64 bool float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"
)
_REBUILD = (
    "_rebuild_tensor _rebuild_tensor_v2 _rebuild_tensor_v3 _rebuild_parameter _rebuild_parameter_with_state "
    "_rebuild_meta_tensor_no_storage _rebuild_sparse_tensor"
)
# Classes of the standard library that hold data and do nothing else, for weights_only=False.
_PLAIN = {
    "builtins": "frozenset range slice object list dict tuple str int float bool bytes",
    "collections": "defaultdict deque",
    "datetime": "date datetime time timedelta timezone",
    "decimal": "Decimal",
    "fractions": "Fraction",
    "argparse": "Namespace",
    "types": "SimpleNamespace",
    "pathlib": "Path PurePath PosixPath PurePosixPath WindowsPath PureWindowsPath",
    "uuid": "UUID",
    "numpy": "ndarray dtype",
    "numpy.core.multiarray": "_reconstruct scalar",
    "numpy._core.multiarray": "_reconstruct scalar",
    "numpy._core.numeric": "_frombuffer",
    "numpy.core.numeric": "_frombuffer",
    "copyreg": "_reconstructor __newobj__",
}


def _encode(text, encoding):
    if encoding not in ("latin1", "latin-1"):
        raise UnpicklingError(f"Unsupported encoding {encoding!r} for _codecs.encode")
    return text.encode("latin1")


def _bytearray(*arguments):
    if arguments and isinstance(arguments[0], int):
        raise UnpicklingError("bytearray may only be made from bytes")  # bytearray(10**12) takes a terabyte
    return bytearray(*arguments)


_tables = {}


def default_globals():
    """The names that may always appear, `{"torch._utils._rebuild_tensor_v2": function, ...}`."""
    if "default" in _tables:
        return _tables["default"]
    table = {
        "collections.OrderedDict": OrderedDict,
        "collections.Counter": Counter,
        "torch.nn.parameter.Parameter": wg.nn.Parameter,
        "torch.Tensor": wg.Tensor,
        "torch.Size": wg.Size,
        "torch.device": wg.device,
        "torch.serialization._get_layout": lambda name: getattr(wg, name[6:]),
        "torch._utils._rebuild_tensor": tensors._rebuild_tensor,
        "torch._tensor._rebuild_from_type_v2": tensors._rebuild_from_type_v2,
        "torch.storage.UntypedStorage": wg.UntypedStorage,
        "torch.storage.TypedStorage": storage.TypedStorage,
        "torch.UntypedStorage": wg.UntypedStorage,
        "_codecs.encode": _encode,
        "builtins.complex": complex,
        "builtins.set": set,
        "builtins.bytearray": _bytearray,
    }
    table.update({f"torch._utils.{name}": getattr(tensors, name) for name in _REBUILD.split()})
    table.update({f"torch.{name}": getattr(wg, name) for name in _DTYPES.split() if hasattr(wg, name)})
    table.update({f"torch.{name}": getattr(storage, name) for name in storage._storage_type_to_dtype_map()})
    _tables["default"] = table
    return table


class Policy:
    """Decides what a global is. `safe` maps the names a user allowed to objects; `trusted` is weights_only=False."""

    def __init__(self, safe, trusted):
        self.safe, self.trusted = safe, trusted

    def find(self, module, name):
        """The object for a global, or UnpicklingError; never an import of anything but wengert's own modules."""
        full_name = f"{module}.{name}"
        known = default_globals().get(full_name)
        if known is not None:
            return known
        short = name if module == "builtins" else full_name
        if short in self.safe or full_name in self.safe:
            return self.safe.get(short, self.safe.get(full_name))
        if self.trusted:
            return _trusted(module, name)
        if module.split(".")[0] in _BLOCKED:
            raise UnpicklingError(f"Trying to load unsupported GLOBAL {full_name} whose module {module} is blocked.")
        raise UnpicklingError(
            f"Unsupported global: GLOBAL {short} was not an allowed global by default. Please use "
            f"`torch.serialization.add_safe_globals([{short}])` or the `torch.serialization.safe_globals([{short}])` "
            "context manager to allowlist this global if you trust this class/function."
        )

    def may_build(self, cls):
        """Whether objects of the class may be given state."""
        return self.trusted or cls in (wg.Tensor, wg.nn.Parameter) or any(cls is value for value in self.safe.values())


def _trusted(module, name):
    """A global for weights_only=False: torch's, plain data, or a class that the running program defined."""
    module = "pathlib" if module == "pathlib._local" else module  # what Python 3.13 calls it in its pickles
    if module.split(".")[0] == "torch":
        value = _own(module, name)
        if value is not None:
            return value
    elif name in _PLAIN.get(module, "").split() or _is_numpy_dtype(module):
        return _plain(module, name)
    elif module == "__main__" or module.split(".")[0] not in {*sys.stdlib_module_names, "numpy"}:
        value = sys.modules.get(module)
        for part in name.split("."):
            value = getattr(value, part, None)
        # A module also holds what it has imported: only what it defines counts, and subprocess.Popen does not.
        if isinstance(value, type) and (value.__module__, value.__qualname__) == (module, name):
            return value
    raise UnpicklingError(
        f"Unsupported global: GLOBAL {module}.{name} is neither in wengert, nor plain data, nor a class that this "
        "program has defined or imported. The loader imports and calls nothing by itself: import the class first, or "
        f"use `torch.serialization.add_safe_globals([{module}.{name}])` if you trust it."
    )


def _is_numpy_dtype(module):
    return module == "numpy.dtypes"


def _plain(module, name):
    import importlib

    return getattr(importlib.import_module(module), name)


_OWN_ROOTS = ("wengert", "torch")  # under `wengert run` the classes go by torch's names


def _own(module, name):
    """Wengert's class or function for a name of torch's, wherever wengert keeps it; None when it has none."""
    import importlib

    if module in ("torch._C._nn", "torch._C", "torch._VariableFunctions"):
        candidates = ("wengert.nn.functional", "wengert")
    else:
        parts = module.split(".")
        candidates = [".".join(["wengert", *parts[1:end]]) for end in range(len(parts), 0, -1)]
    for candidate in candidates:
        try:
            value = getattr(importlib.import_module(candidate), name, None)
        except ImportError:
            continue
        if isinstance(value, type) and value.__module__.split(".")[0] in _OWN_ROOTS:
            return value
        if _is_mathematics(value) and not name.startswith("_"):
            return value
    return None


def _is_mathematics(value):
    """Whether a function is one of the ops or of torch.nn.functional: functions of tensors, unlike torch.save."""
    module = getattr(value, "__module__", None) or ""
    return type(value) is type(wg.relu) or (callable(value) and module.startswith("wengert.nn.functional"))


def torch_name(value, name=None):
    """The global that torch knows a wengert object by, `("torch.nn.modules.linear", "Linear")`, or None."""
    for full_name, known in default_globals().items():
        if known is value:
            return full_name.rpartition(".")[::2]
    module = getattr(value, "__module__", None) or ""
    if module.split(".")[0] not in _OWN_ROOTS:
        return None
    from ..cli import torch_names

    name = name or value.__qualname__
    return torch_names.home(module, name), name
