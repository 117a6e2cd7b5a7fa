"""torch.library: operations of a program's own, called through torch.ops, with derivatives of their own."""

import contextlib
import inspect

import wengert as _wg

from ._facade.refusal import refuse
from .ops.namespaces import Overload

_defined = {}  # "namespace::name" -> CustomOpDef
loaded_libraries = set()  # paths
_CPU_KEYS = ("cpu", "default", "compositeimplicitautograd", "compositeexplicitautograd")
opcheck = refuse("torch.library.opcheck", "it checks how an operation behaves under torch's tracers")
wrap_triton = refuse("torch.library.wrap_triton", "there is no GPU to run kernels on")


class _OnlyOverload(Overload):
    """The one form of an operation: torch.ops.namespace.name.default, as modes see it."""

    def __init__(self, definition):
        self._definition, self._overloadname, self.inplace, self.op = definition, "default", False, None
        self.overloadpacket, self.__name__ = definition, f"{definition.__name__}.default"

    def __call__(self, *args, **kwargs):
        return self._definition(*args, **kwargs)

    def name(self):
        """The qualified name."""
        return self._definition._qualname

    def __repr__(self):
        return f"<OpOverload(op='{self._definition._qualname.replace('::', '.')}', overload='default')>"

    def __str__(self):
        return f"{self._definition._qualname.replace('::', '.')}.default"


class CustomOpDef:
    """An operation defined by a program: called like the function that it was made from."""

    def __init__(self, qualname, function=None):
        self._qualname, self._kernel = qualname, function
        self._backward = self._setup = self._fake = self._recorded = None
        self.__name__ = qualname.partition("::")[2]
        self.__doc__ = getattr(function, "__doc__", None)
        self.default = _OnlyOverload(self)
        _defined[qualname] = self

    def __repr__(self):
        return f"<CustomOpDef({self._qualname})>"

    def __call__(self, *args, **kwargs):
        if self._kernel is None:
            raise NotImplementedError(
                f"There were no tensor arguments to this function, or {self._qualname} has no kernel"
            )
        wanted = any(isinstance(a, _wg.Tensor) and a.requires_grad for a in (*args, *kwargs.values()))
        if not (wanted and _wg.is_grad_enabled()):
            with _wg.no_grad():
                return self._run(args, kwargs)
        positional, named = self._by_position(args, kwargs)
        return self._function().apply(named, *positional)

    def _run(self, args, kwargs):
        """Below autograd: the innermost mode that is on, or else the function."""
        from .overrides._dispatch import current_mode, hand_to_mode

        return self._kernel(*args, **kwargs) if current_mode() is None else hand_to_mode(self.default, args, kwargs)

    def _by_position(self, args, kwargs):
        """The arguments of the signature in its order, and those that are keyword-only."""
        bound = inspect.signature(self._kernel).bind(*args, **kwargs)
        bound.apply_defaults()
        return bound.args, bound.kwargs

    def _function(self):
        if self._recorded is None:
            name = f"GeneratedBackwardFor_{self._qualname.replace('::', '_')}_default"
            body = {"forward": staticmethod(self._forward), "backward": staticmethod(self._run_backward)}
            self._recorded = type(name, (_wg.autograd.Function,), body)
        return self._recorded

    def _forward(self, ctx, named, *args):
        result = self._run(args, named)
        if self._setup is not None:
            given = {"ctx": ctx, "inputs": args, "output": result}
            if named:
                given["keyword_only_inputs"] = named
            self._setup(*given.values()) if not named else self._setup(**given)
        return result

    def _run_backward(self, ctx, *grads):
        if self._backward is None:
            name = f"{self._qualname.replace('::', '.')}.default"
            raise RuntimeError(
                f"Trying to backward through {name} but no autograd formula was registered. Please use "
                "register_autograd to add one."
            )
        found = self._backward(ctx, *grads)
        return None, *(found if isinstance(found, (tuple, list)) else (found,))

    def register_autograd(self, backward, /, *, setup_context=None):
        """Give the operation a derivative: backward(ctx, *grads), and what it saves, setup_context(ctx, inputs, output)."""
        self._backward, self._setup = backward, setup_context

    def register_kernel(self, device_types, fn=None, /):
        """Use another function for a device, of which there is one; without `fn`, a decorator."""

        def register(function):
            kinds = (device_types,) if isinstance(device_types, (str, type(None))) else device_types
            if None in kinds or any(kind.lower() in _CPU_KEYS for kind in kinds):
                self._kernel = function
            return function

        return register if fn is None else register(fn)

    def register_fake(self, fn, /):
        """Keeps a function that tells shapes; nothing here asks for it."""
        self._fake = fn
        return fn

    def register_vmap(self, func=None):
        """Refuses: wengert batches operations of the table only."""
        return refuse("torch.library.register_vmap", "operations of a program's own run sample by sample")()


def custom_op(name, fn=None, /, *, mutates_args, device_types=None, schema=None, tags=None):
    """Make an operation `namespace::name` of a function on tensors, which may not be differentiated through otherwise.

    >>> @custom_op("examples::twice", mutates_args=())
    ... def twice(x: _wg.Tensor) -> _wg.Tensor:
    ...     return x + x
    >>> _wg.ops.examples.twice(_wg.ones(1))
    tensor([2.])
    """

    def make(function):
        return CustomOpDef(name, function)

    return make if fn is None else make(fn)


def triton_op(name, fn=None, /, *, mutates_args, schema=None):
    """`custom_op` whose function may launch Triton's kernels (there are none here): the function tells shapes as well.

    >>> @triton_op("examples::thrice", mutates_args=())
    ... def thrice(x: _wg.Tensor) -> _wg.Tensor:
    ...     return x * 3
    >>> thrice(_wg.ones(1))
    tensor([3.])
    """

    def make(function):
        made = CustomOpDef(name, function)
        made.register_fake(function)
        return made

    return make if fn is None else make(fn)


def define(qualname, schema, *, lib=None, tags=()):
    """Name an operation whose function `impl` gives later."""
    CustomOpDef(qualname)


def _find(op):
    op = getattr(op, "_definition", op)
    found = op if isinstance(op, CustomOpDef) else _defined.get(op)
    if found is None:
        raise RuntimeError(
            f"Could not find the operator {op}. Please make sure you have already registered the operator"
        )
    return found


def impl(qualname, types, func=None, *, lib=None):
    """Give a defined operation its function for the CPU; without `func`, a decorator."""
    return register_kernel(qualname, types, func, lib=lib)


def register_kernel(op, device_types, func=None, /, *, lib=None):
    """Give an operation its function for the CPU; without `func`, a decorator."""
    return _find(op).register_kernel(device_types, func)


def register_autograd(op, backward, /, *, setup_context=None, lib=None):
    """Give an operation its derivative."""
    _find(op).register_autograd(backward, setup_context=setup_context)


def register_fake(op, func=None, /, *, lib=None, _stacklevel=1, allow_override=False):
    """Keep a function that tells shapes; without `func`, a decorator.

    The operation may be unknown: packages name the shapes of what their compiled library holds, which is not here.
    """
    op = getattr(op, "_definition", op)
    register = _find(op).register_fake if op in _defined or isinstance(op, CustomOpDef) else lambda function: function
    return register if func is None else register(func)


impl_abstract = register_fake


def get_ctx():
    """What a function that tells shapes is asked for at the moment: None, for nothing here asks."""


class Library:
    """Operations of one namespace, defined by schemas.

    >>> lib = Library("examples2", "DEF")
    >>> lib.define("half(Tensor x) -> Tensor")
    'half'
    >>> lib.impl("half", lambda x: x / 2, "CPU")
    >>> _wg.ops.examples2.half(_wg.ones(1))
    tensor([0.5000])
    """

    def __init__(self, ns, kind, dispatch_key=""):
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        self.ns, self.kind, self.dispatch_key = ns, kind, dispatch_key

    def define(self, schema, alias_analysis="", *, tags=()):
        """Name an operation; its name."""
        name = schema.partition("(")[0]
        CustomOpDef(f"{self.ns}::{name}")
        return name

    def impl(self, op_name, fn, dispatch_key="", *, with_keyset=False, allow_override=False):
        """Give an operation its function, if the key is one of the CPU's; other keys have no use here."""
        _find(f"{self.ns}::{op_name}").register_kernel(dispatch_key or self.dispatch_key or None, fn)


@contextlib.contextmanager
def _scoped_library(*args, **kwargs):
    """A Library for a block; what was defined in its namespace is forgotten at the end."""
    library, before = Library(*args, **kwargs), dict(_defined)
    try:
        yield library
    finally:
        for name in set(_defined) - set(before):
            if name.startswith(f"{library.ns}::"):
                del _defined[name]


def load_library(path):
    """torch.ops.load_library: loads a shared library; OSError for one that needs libraries of torch's own."""
    import ctypes

    try:
        ctypes.CDLL(path)
    except Exception as problem:
        raise OSError(f"Could not load this library: {path}") from problem
    loaded_libraries.add(path)


class Namespace:
    """torch.ops.namespace: the operations that a program defined under it."""

    def __init__(self, name):
        self._name = name

    def __getattr__(self, name):
        found = _defined.get(f"{self._name}::{name}")
        if found is None:
            raise AttributeError(f"'_OpNamespace' '{self._name}' object has no attribute '{name}'")
        return found


def namespace(name):
    """The namespace, or None if nothing was defined in it."""
    return Namespace(name) if any(qualname.startswith(name + "::") for qualname in _defined) else None
