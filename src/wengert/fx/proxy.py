"""torch.fx.proxy: stands for a value while a program is traced, and notes each call in a graph."""

import copy
import dis
import functools
import inspect
import operator
from collections import OrderedDict
from dataclasses import fields, is_dataclass

import wengert as wg

from ..overrides import _taking
from ..utils._pytree import tree_iter
from . import _names
from .graph import Graph, magic_methods, reflectable_magic_methods  # noqa: F401  (torch.fx.proxy has Graph)
from .node import Node, is_plain, map_arg

__all__ = ["Attribute", "GraphAppendingTracer", "ParameterProxy", "Proxy", "Scope", "TraceError", "TracerBase"]
__all__ += ["ScopeContextManager"]


class TraceError(ValueError):
    """A traced program asked a value for what is known only when it runs."""


class Scope:
    """The path and the class of the module that is being traced."""

    def __init__(self, module_path, module_type):
        self.module_path, self.module_type = module_path, module_type


class ScopeContextManager:
    """A block in which a scope is another one."""

    def __init__(self, scope, current_scope):
        self._scope, self._before = scope, copy.copy(scope)
        vars(scope).update(vars(current_scope))

    def __enter__(self):
        return self._scope

    def __exit__(self, *error):
        vars(self._scope).update(vars(self._before))


def _no_node_in_key(node):
    raise RuntimeError(f"Keys for dictionaries used as an argument cannot contain a Node. Got key: {node}")


class TracerBase:
    """What notes calls in a graph; Tracer derives from it."""

    record_stack_traces = check_mutable_operations = trace_asserts = proxy_buffer_attributes = False
    traced_func_name = "forward"

    def create_node(self, kind, target, args, kwargs, name=None, type_expr=None):
        """Put a node into the graph; derived classes check or change it here."""
        node = self.graph.create_node(kind, target, args, kwargs, name, type_expr)
        self.node_name_to_scope[node.name] = (self.scope.module_path, self.scope.module_type)
        if self.module_stack:
            node.meta["nn_module_stack"] = copy.copy(self.module_stack)
        if self.record_stack_traces and not node.stack_trace:
            node.stack_trace = _stack()
        return node

    def proxy(self, node):
        """The stand-in for a node's value; derived classes give their own."""
        return Proxy(node, self)

    def create_proxy(self, kind, target, args, kwargs, name=None, type_expr=None, proxy_factory_fn=None):
        """Note a call with proxies among its arguments; gives the proxy of its value."""
        node = self.create_node(kind, target, self.create_arg(args), self.create_arg(kwargs), name, type_expr)
        return (proxy_factory_fn or self.proxy)(node)

    def create_arg(self, a):
        """An argument as a graph keeps it: nodes for proxies, in tuples, lists, dicts, slices, ranges and dataclasses.

        NotImplementedError for objects that code could not spell.
        """
        if isinstance(a, Proxy):
            return a.node
        if hasattr(a, "__fx_create_arg__"):
            return a.__fx_create_arg__(self)
        if isinstance(a, tuple):
            parts = [self.create_arg(part) for part in a]
            return type(a)(*parts) if hasattr(a, "_fields") else type(a)(parts)
        if isinstance(a, list):
            return [self.create_arg(part) for part in a]
        if isinstance(a, dict):
            return {self._key(key): self.create_arg(value) for key, value in a.items()}
        if isinstance(a, (slice, range)):
            return type(a)(*(self.create_arg(part) for part in (a.start, a.stop, a.step)))
        if is_dataclass(a) and not isinstance(a, type):
            named = {field.name: self.create_arg(getattr(a, field.name)) for field in fields(a)}
            return self.create_node("call_function", type(a), (), named)
        if is_plain(a) or isinstance(a, Node) or type(a).__module__ == "torch._ops":
            return a
        raise NotImplementedError(f"argument of type: {type(a)}")

    def _key(self, key):
        if not isinstance(key, str):
            key = self.create_arg(key)
            map_arg(key, _no_node_in_key)
        return key

    def to_bool(self, obj):
        """What a proxy is in a condition: TraceError."""
        raise TraceError("symbolically traced variables cannot be used as inputs to control flow")

    def iter(self, obj):
        """What a proxy is in a loop: TraceError."""
        raise TraceError(
            "Proxy object cannot be iterated. This can be attempted when the Proxy is used in a loop or as a *args or "
            "**kwargs function argument. See the torch.fx docs on pytorch.org for a more detailed explanation of what "
            "types of control flow can be traced, and check out the Proxy docstring for help troubleshooting Proxy "
            "iteration errors"
        )

    def keys(self, obj):
        """What `proxy.keys()` notes, for `**proxy`."""
        return Attribute(obj, "keys")()


def _stack():
    """The program's stack from the first `forward` on, without the frames of this folder."""
    import os
    import traceback

    frames = [f for f in traceback.extract_stack() if os.path.dirname(f.filename) != os.path.dirname(__file__)]
    start = next((k for k, frame in enumerate(frames) if frame.name == "forward"), None)
    return "" if start is None else "".join(traceback.StackSummary.from_list(frames[start:]).format()).strip()


class GraphAppendingTracer(TracerBase):
    """Notes what is done with a proxy that was put around a node by hand."""

    def __init__(self, graph):
        self.graph, self.scope = graph, Scope("", None)
        self.module_stack, self.node_name_to_scope = OrderedDict(), {}


def assert_fn(x):
    """AssertionError unless x holds: what traced asserts call."""
    if not x:
        raise AssertionError("Assertion failed")


def _instructions(frame):
    """A frame's instructions, and which of them is running."""
    found = list(dis.get_instructions(frame.f_code))
    return found, next(k for k, one in enumerate(found) if one.offset >= frame.f_lasti)


class Proxy:
    """Stands for a value while a program is traced: operators, methods and functions of it become nodes.

    >>> graph = Graph()
    >>> y = Proxy(graph.placeholder("x")) + 1
    >>> y, y.node.op
    (Proxy(add), 'call_function')
    """

    def __init__(self, node, tracer=None):
        self.tracer = GraphAppendingTracer(node.graph) if tracer is None else tracer
        self.node = node
        watch()

    def __repr__(self):
        return f"Proxy({self.node.name})"

    def __getattr__(self, k):
        return Attribute(self, k)  # a node only when it is not called as a method

    def __getstate__(self):
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__ = state

    def __deepcopy__(self, memo):
        made = Proxy.__new__(Proxy)
        made.__dict__.update({name: copy.deepcopy(value, memo) for name, value in self.__dict__.items()})
        return made

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", "__call__", (self, *args), kwargs)

    def __iter__(self):
        found, at = _instructions(inspect.currentframe().f_back)
        if found[at].opname == "UNPACK_SEQUENCE":  # a, b = proxy
            return (self[k] for k in range(found[at].argval))
        return self.tracer.iter(self)

    def __abs__(self):
        return self.tracer.create_proxy("call_function", operator.abs, (self,), {})

    def __bool__(self):
        if self.tracer.trace_asserts and _is_assert(inspect.currentframe().f_back):
            self.tracer.create_proxy("call_function", assert_fn, (self,), {})
            return True
        return self.tracer.to_bool(self)

    def keys(self):
        """The keys of a dict that is the value."""
        return self.tracer.keys(self)

    def __len__(self):
        raise RuntimeError(
            "'len' is not supported in symbolic tracing by default. If you want this call to be recorded, please call "
            "torch.fx.wrap('len') at module scope"
        )

    @classmethod
    def __torch_function__(cls, orig_method, types, args=None, kwargs=None):
        args, kwargs = args or (), kwargs or {}
        tracers = {part.tracer: None for part in tree_iter((args, kwargs)) if isinstance(part, cls)}
        if len(tracers) > 1:
            raise RuntimeError(
                f"Found multiple different tracers {list(tracers)} while trying to trace operations {orig_method}"
            )
        tracer, name = next(iter(tracers)), orig_method.__name__
        if _names.is_method(orig_method):
            return tracer.create_proxy("call_method", name, args, kwargs)
        name = tracer.graph._target_to_str(name)
        return tracer.create_proxy("call_function", orig_method, args, kwargs, name=name)


def _is_assert(frame):
    """Whether the condition that a frame asks for is an assert's."""
    found, at = _instructions(frame)
    jump = found[at]
    if "JUMP" not in jump.opname or "TRUE" not in jump.opname:
        return False
    return found[at + 1].opname == "LOAD_ASSERTION_ERROR" or (
        found[at + 1].opname == "LOAD_COMMON_CONSTANT" and found[at + 1].argrepr == "AssertionError"
    )


class Attribute(Proxy):
    """An attribute of a proxy; a call of it is a call of a method."""

    def __init__(self, root, attr):
        self.root, self.attr, self.tracer, self._node = root, attr, root.tracer, None

    @property
    def node(self):
        """The node of `getattr`, made when it is first asked for."""
        if self._node is None:
            self._node = self.tracer.create_proxy("call_function", getattr, (self.root, self.attr), {}).node
        return self._node

    def __call__(self, *args, **kwargs):
        return self.tracer.create_proxy("call_method", self.attr, (self.root, *args), kwargs)


class ParameterProxy(Proxy):
    """Stands for a parameter whose shape the traced program may ask for."""

    def __init__(self, tracer, node, name, param):
        super().__init__(node, tracer)
        if not isinstance(param, wg.nn.Parameter):
            raise AssertionError(f"Expected Parameter, got {type(param)}")
        self.param, self.name = param, name

    def __repr__(self):
        return f"ParameterProxy({self.name})"

    shape = property(lambda self: self.param.shape)
    ndim = property(lambda self: self.param.ndim)

    def size(self):
        """The parameter's size."""
        return self.param.size()

    def dim(self):
        """The number of the parameter's dimensions."""
        return self.param.dim()

    def numel(self):
        """The number of the parameter's elements."""
        return self.param.numel()

    nelement = numel


def _operator(name, reflected=False):
    target = getattr(operator, name) if name != "div" else operator.truediv

    def impl(self, *args):
        args = (args[0], self) if reflected else (self, *args)
        return self.tracer.create_proxy("call_function", target, args, {})

    impl.__name__ = f"__r{name.strip('_')}__" if reflected else f"__{name.strip('_')}__"
    return impl


for _name in set(magic_methods) - {"div"}:
    _method = _operator(_name)
    setattr(Proxy, _method.__name__, _method)
for _name in set(reflectable_magic_methods) - {"div"}:
    _method = _operator(_name, reflected=True)
    setattr(Proxy, _method.__name__, _method)
Proxy.__hash__ = object.__hash__


@functools.cache
def watch():
    """Have the library's functions that are written in Python ask whether an argument is a proxy."""
    _taking.watch(Proxy)
