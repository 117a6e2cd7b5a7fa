"""Makes `import torch` find wengert: the same module objects under torch's names, for unmodified scripts."""

import importlib
import importlib.machinery
import sys
import types

_LISTED = ("torch.distributions", "torch.optim")  # libraries walk through their __dict__
_OWN_ROOMS = frozenset(("cli", "demo", "io", "ops", "viz", "_alias", "_facade"))  # wengert's, not torch's
_FOR_DEVICES = frozenset(("torch.nn.parallel._functions",))  # copies of DataParallel and SyncBatchNorm import it
_IMPORT_FROM = None  # the number of the IMPORT_FROM instruction, looked up when first needed


class MissingInWengertError(NotImplementedError, AttributeError):
    """A name of torch's that wengert does not have was used."""


def _sentence(name):
    return f"{name} is not in wengert (it is in torch 2.13). `wengert check FILE` lists all that a script would miss."


class _Missing:
    """Stands for a name that was imported from torch but is not in wengert; every use raises."""

    def __init__(self, name):
        object.__setattr__(self, "_name", name)
        object.__setattr__(self, "__name__", name.rpartition(".")[2])

    def _refuse(self, *args, **kwargs):
        raise MissingInWengertError(_sentence(object.__getattribute__(self, "_name")))

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)  # what pickle, inspect and typing probe for
        raise MissingInWengertError(_sentence(f"{self._name}.{name}"))

    __call__ = __mro_entries__ = __getitem__ = __iter__ = __setattr__ = __enter__ = __exit__ = __len__ = _refuse

    def __instancecheck__(self, instance):
        return False  # nothing can be an instance of a class that is not there

    def __subclasscheck__(self, cls):
        return False

    def __or__(self, other):  # annotations such as `Missing | None`
        from typing import Union

        return Union[self, other]  # noqa: UP007 (this is what the operator means here)

    __ror__ = __or__

    def __repr__(self):
        return f"<{self._name}: not in wengert>"


class _MissingModule(types.ModuleType):
    """A module of torch's that wengert does not have: it can be imported; its names raise when used."""

    __path__ = ()

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        found = kept_elsewhere(self.__name__, name) if _in_torch(self.__name__, name) else None
        if found is not None:
            return found
        if _importing_from(sys._getframe(1)):
            return _Missing(f"{self.__name__}.{name}")
        raise MissingInWengertError(_sentence(f"{self.__name__}.{name}"))

    def __call__(self, *args, **kwargs):  # a function of a private module, which nothing here tells from a module
        raise MissingInWengertError(_sentence(self.__name__))


_dict_of = types.ModuleType.__dict__["__dict__"].__get__


class _ListedModule(types.ModuleType):
    """A module that loads its names when they are needed, all of them for who asks for its `__dict__`."""

    @property
    def __dict__(self):
        for name in self.__all__:
            getattr(self, name)
        return _dict_of(self)


def _importing_from(frame):
    """Whether the frame is executing `from module import name` (as against `module.name` or hasattr)."""
    global _IMPORT_FROM
    if _IMPORT_FROM is None:
        import opcode

        _IMPORT_FROM = opcode.opmap["IMPORT_FROM"]
    return frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == _IMPORT_FROM


def _watch_all(module, torch_name):
    """Watch a module and all of wengert's that are loaded: one may have loaded others."""
    _watch(module, torch_name)
    for name, loaded in list(sys.modules.items()):
        below = name.startswith("wengert.") and isinstance(loaded, types.ModuleType)
        if below and name.split(".")[1] not in _OWN_ROOMS and not getattr(loaded.__spec__, "_initializing", False):
            _watch(loaded, "torch" + name[len("wengert") :])
            _keep_rebound(name, loaded)


def _keep_rebound(own_name, module):
    """Let `import torch.a.b` leave `torch.a.b` a function where `torch.a` took that name for one, as in torch."""
    parent, _, last = own_name.rpartition(".")
    value = _dict_of(sys.modules[parent]).get(last)
    if value is not None and not isinstance(value, types.ModuleType):  # the import system rebinds what it finds anew
        sys.modules.setdefault("torch" + own_name[len("wengert") :], module)


def _watch(module, torch_name):
    """Give a wengert module answers for torch's names that it lacks: placeholders, and sentences that say so."""
    names = _dict_of(module)
    if "_wengert_watched" in names or isinstance(module, _MissingModule):
        return
    names["_wengert_watched"] = True
    names.setdefault("__path__", [])  # torch may have modules below one that is a plain file here
    for value in list(names.values()):
        _rename(value)
    own = names.get("__getattr__")

    def __getattr__(name):
        try:
            if own is not None:
                value = own(name)
                if isinstance(value, types.ModuleType) and value.__name__.startswith("wengert."):
                    _watch_all(value, "torch" + value.__name__[len("wengert") :])
                _rename(value)
                return value
        except AttributeError as error:
            problem = error
        else:
            problem = AttributeError(f"module '{torch_name}' has no attribute '{name}'", name=name, obj=module)
        if name == "torch":  # as in every module of torch's
            return sys.modules["wengert"]
        full_name = f"{torch_name}.{name}"
        if not name.startswith("_") and _in_torch(torch_name, name):
            found = kept_elsewhere(torch_name, name)
            if found is not None:
                return found
            if _importing_from(sys._getframe(1)):
                return _Missing(full_name)
            problem = MissingInWengertError(_sentence(full_name))
        elif _importing_from(sys._getframe(1)) and _has_module(full_name):
            return importlib.import_module(full_name)
        raise problem.with_traceback(None) from None

    module.__getattr__ = __getattr__


def _rename(value):
    """Have a class of wengert's say that it is torch's: programs print it, and ask for its module."""
    if isinstance(value, type) and value.__module__.partition(".")[0] == "wengert":
        from .cli import torch_names

        value.__module__ = torch_names.home(value.__module__, value.__qualname__)


def kept_elsewhere(torch_name, name):
    """A class or function of torch's that wengert keeps in another file of the same package, or None.

    >>> import wengert.nn
    >>> kept_elsewhere("torch.nn.modules.activation", "MultiheadAttention") is wengert.nn.MultiheadAttention
    True
    """
    parts = torch_name.split(".")
    for end in range(len(parts) - 1, 1, -1):
        module = sys.modules.get(".".join(["wengert", *parts[1:end]]))
        value = getattr(module, name, None)
        if callable(value):
            return value
    return None


def _in_torch(torch_name, name):
    from .cli import torch_names

    return name in torch_names.names(torch_name)


def _has_module(torch_name):
    from .cli import torch_names

    return torch_names.has_module(torch_name)


class _Loader:
    """Hands out a wengert module under torch's name, unchanged."""

    def __init__(self, module):
        self.module = module
        self.spec = getattr(module, "__spec__", None)

    def create_module(self, spec):
        return self.module

    def exec_module(self, module):
        module.__spec__ = self.spec  # the import system put the torch spec there

    def is_package(self, fullname):
        return hasattr(self.module, "__path__")


class TorchFinder:
    """A meta-path finder that answers for `torch`, everything below it, and `functorch`, which torch brings along."""

    def find_spec(self, fullname, path=None, target=None):
        """The wengert module for a torch module's name; None for any other name."""
        if fullname.partition(".")[0] not in ("torch", "functorch"):
            return None
        module = _find_module(fullname)
        if not isinstance(module, _MissingModule):
            if fullname in _LISTED:
                module.__class__ = _ListedModule
            _watch_all(module, fullname)
        spec = importlib.machinery.ModuleSpec(fullname, _Loader(module), is_package=hasattr(module, "__path__"))
        spec.origin = getattr(module, "__file__", None)
        return spec

    def find_distributions(self, context=None):
        """What importlib.metadata knows of the package `torch`: its name and version."""
        name = getattr(context, "name", None)
        return [_distribution()] if name is not None and name.lower() == "torch" else []


def _distribution():
    from importlib import metadata

    import wengert

    class Torch(metadata.Distribution):
        def read_text(self, filename):
            text = f"Metadata-Version: 2.1\nName: torch\nVersion: {wengert.__version__}\n"
            return text if filename in ("METADATA", "PKG-INFO") else None

        def locate_file(self, path):
            import os

            return os.path.join(os.path.dirname(os.path.dirname(wengert.__file__)), path)

    return Torch()


def _find_module(fullname):
    """Wengert's module for torch's name, a stand-in for a module only torch has, or ModuleNotFoundError."""
    if fullname.startswith("functorch"):
        if fullname == "functorch":
            return importlib.import_module("wengert.func.functorch")
        raise ModuleNotFoundError(
            f"No module named '{fullname}': of functorch only its first level is in wengert", name=fullname
        )
    own_name = "wengert" + fullname[len("torch") :]
    try:
        return importlib.import_module(own_name)
    except ModuleNotFoundError as error:
        if error.name is None or not (own_name + ".").startswith(error.name + "."):
            raise
    value = _attribute(fullname)
    if isinstance(value, types.ModuleType):
        return value
    if fullname.startswith("torch.distributed._") and fullname.rpartition(".")[2].islower():  # not a class in one
        return _MissingModule(fullname, _sentence(fullname))  # as all of that room: for imports, not for use
    if fullname.startswith(("torch.ao", "torch.quantization")) and fullname.rpartition(".")[2].islower():
        return _MissingModule(fullname, _sentence(fullname))  # libraries name it beside what they do without it
    if fullname.split(".")[1].startswith("_"):
        raise ModuleNotFoundError(
            f"No module named '{fullname}': torch's private modules, compiled into it, are not in wengert",
            name=fullname,
        )
    if fullname in _FOR_DEVICES or _has_module(fullname):
        return _MissingModule(fullname, _sentence(fullname))
    raise ModuleNotFoundError(f"No module named '{fullname}'", name=fullname)


def _attribute(fullname):
    """What the dotted name is as an attribute of wengert's modules, for namespaces that are not files."""
    value = sys.modules["wengert"]
    for part in fullname.split(".")[1:]:
        value = getattr(value, part, None)
    return value


def install():
    """Let `import torch` find wengert from here on in this process; a second call does nothing.

    >>> import wengert._alias
    >>> callable(wengert._alias.install)
    True
    """
    if any(isinstance(finder, TorchFinder) for finder in sys.meta_path):
        return
    import wengert

    loaded = sys.modules.get("torch")
    if loaded is not None and loaded is not wengert:
        raise RuntimeError(
            "the real torch is already imported in this process; "
            "start the script with `python -m wengert run FILE` instead"
        )
    sys.meta_path.insert(0, TorchFinder())
    wengert.__name__ = "torch"  # what programs compare the first part of a dotted name with


class InstallInChild:
    """Unpickling this in a new process installs the alias there before the parent's script is imported."""

    def __reduce__(self):
        import os

        root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        # multiprocessing sets the child's path to the parent's right after this.
        return exec, (f"import sys; sys.path.append({root!r}); import wengert._alias; wengert._alias.install()",)


def _patch_spawn(module):
    """Put the alias first among what a spawned process is told."""
    original = module.get_preparation_data

    def get_preparation_data(name):
        return {"wengert_alias": InstallInChild(), **original(name)}

    module.get_preparation_data = get_preparation_data


def _patch_forkserver(module):
    """Keep the fork server from importing the script by itself, before any child could know the alias."""
    module.set_forkserver_preload([])


class _ChildrenFinder:
    """A meta-path finder that prepares multiprocessing's modules when, and only if, they are imported."""

    patches = {"multiprocessing.spawn": _patch_spawn, "multiprocessing.forkserver": _patch_forkserver}  # noqa: RUF012

    def find_spec(self, fullname, path=None, target=None):
        """The module's ordinary spec, with a loader that adds the patch; None for any other name."""
        patch = self.patches.get(fullname)
        if patch is None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        load = spec.loader.exec_module

        def exec_module(module):
            load(module)
            patch(module)

        spec.loader.exec_module = exec_module
        return spec


def install_in_children():
    """Make processes that multiprocessing spawns know the alias too (forked ones inherit it)."""
    if any(isinstance(finder, _ChildrenFinder) for finder in sys.meta_path):
        return
    for name, patch in _ChildrenFinder.patches.items():
        if name in sys.modules:
            patch(sys.modules[name])
    sys.meta_path.insert(0, _ChildrenFinder())
