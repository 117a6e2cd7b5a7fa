"""Tracer and symbolic_trace: a module's or function's program, run once with proxies, as a graph."""

import copy
import functools
import inspect
import math
import types
import warnings
from collections import OrderedDict

import wengert as wg

from ..utils import _pytree as pytree
from . import _patching
from ._codegen import _PyTreeCodeGen, _PyTreeInfo
from ._patching import (  # noqa: F401  (torch.fx._symbolic_trace has these names)
    _maybe_revert_all_patches,
    _wrapped_fns_to_patch,
    _wrapped_methods_to_patch,
    find_proxy,
)
from ._placeholders import PH, PHBase, PHWithMeta, _transfer_attrs  # noqa: F401
from .graph import Graph
from .graph_module import GraphModule
from .node import base_types
from .proxy import ParameterProxy, Scope, ScopeContextManager, TracerBase

_VARIADIC = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
_proxyable_classes = {}
_tracing = 0


def is_fx_tracing():
    """Whether a program is being traced."""
    return bool(_tracing)


is_fx_symbolic_tracing = is_fx_tracing


class ProxyableClassMeta(type):
    """The metaclass of classes whose construction is noted as a call where an argument is a proxy."""

    def __init__(cls, name, bases, attrs):
        _proxyable_classes.setdefault(cls)
        super().__init__(name, bases, attrs)

    def __call__(cls, *args, **kwargs):
        proxy = find_proxy(args, kwargs) if _tracing else None
        if proxy is not None:
            return proxy.tracer.create_proxy("call_function", cls, args, kwargs)
        return super().__call__(*args, **kwargs)


def _with_plain_args(fn, count):
    """The function with `*args` and `**kwargs` as two ordinary arguments, so that proxies are not unpacked."""
    code = fn.__code__.replace(
        co_argcount=count, co_posonlyargcount=0, co_kwonlyargcount=0, co_flags=fn.__code__.co_flags & ~_VARIADIC
    )
    return types.FunctionType(code, fn.__globals__, fn.__name__, fn.__defaults__, fn.__closure__)


class Tracer(TracerBase):
    """Runs a program once with proxies and notes its calls in a graph; derived classes say what is noted how.

    autowrap_modules: modules whose functions become one node, default (math,); autowrap_functions: more of them;
    param_shapes_constant: whether shapes of parameters are known while tracing, default False.

    >>> class Whole(Tracer):
    ...     def is_leaf_module(self, m, module_qualified_name):
    ...         return True
    >>> print(Whole().trace(wg.nn.Sequential(wg.nn.ReLU())))
    graph():
        %input_1 : [num_users=1] = placeholder[target=input]
        %_0 : [num_users=1] = call_module[target=0](args = (%input_1,), kwargs = {})
        return _0
    """

    def __init__(self, autowrap_modules=(math,), autowrap_functions=(), param_shapes_constant=False):
        wrapped = [
            value
            for module in autowrap_modules
            for name, value in vars(module).items()
            if not name.startswith("_") and callable(value)
        ]
        self._autowrap_function_ids = {id(function) for function in (*wrapped, *autowrap_functions)}
        self._autowrap_search = list(autowrap_modules)
        self.param_shapes_constant, self.submodule_paths, self.root_module_name = param_shapes_constant, None, ""
        self.scope, self.module_stack = Scope("", None), OrderedDict()
        self.num_calls, self.node_name_to_scope = {}, {}

    def get_fresh_qualname(self, prefix):
        """The prefix with the first number that makes it no attribute of the root."""
        k = 0
        while hasattr(self.root, f"{prefix}{k}"):
            k += 1
        return f"{prefix}{k}"

    def create_arg(self, a):
        """An argument as the graph keeps it: parameters, buffers and modules of the root by their path, other tensors
        as constants that the root is given. NameError for a parameter that is not the root's."""
        for kind, members in _OWNED.items():
            if isinstance(a, kind):
                name = next((name for name, value in members(self.root) if value is a), None)
                if name is not None:
                    return self.create_node("get_attr", name, (), {})
                if kind is wg.nn.Parameter:
                    raise NameError("parameter is not a member of this module")
                break
        if isinstance(a, tuple) and hasattr(a, "_fields"):
            return self.create_node("call_function", type(a), tuple(map(self.create_arg, a)), {})
        if isinstance(a, (wg.Tensor, pytree.TreeSpec)):
            name = self.tensor_attrs.get(a)
            if not name:
                name = self._keep("_tensor_constant" if isinstance(a, wg.Tensor) else "_tree_spec_constant", a)
                self.tensor_attrs[a] = name
            return self.create_node("get_attr", name, (), {})
        if type(a) in _proxyable_classes:
            return self.create_node("get_attr", self._keep(f"_{type(a).__name__}_constant_", a), (), {})
        return super().create_arg(a)

    def _keep(self, prefix, value):
        name = self.get_fresh_qualname(prefix)
        setattr(self.root, name, value)
        return name

    def is_leaf_module(self, m, module_qualified_name):
        """Whether a module is one node: default, those of torch.nn except Sequential."""
        home = type(m).__module__ if "__module__" not in vars(m) else m.__module__
        return home.startswith(("torch.nn", "torch.ao.nn", "wengert.nn")) and not isinstance(m, wg.nn.Sequential)

    def path_of_module(self, mod):
        """A submodule's path in the root; NameError when it is none."""
        if self.submodule_paths:
            path = self.submodule_paths.get(mod)
        else:
            path = next((name for name, module in self.root.named_modules() if module is mod), None)
        if path is None:
            raise NameError("module is not installed as a submodule")
        return path

    def call_module(self, m, forward, args, kwargs):
        """What a call of a submodule is: one node for a leaf, else what its forward does."""
        path = self.path_of_module(m)
        with ScopeContextManager(self.scope, Scope(path, type(m))) as scope:
            calls = self.num_calls.get(path, 0)
            key = f"{scope.module_path}@{calls}" if calls else scope.module_path
            self.module_stack[key] = (path, scope.module_type)
            self.num_calls[path] = calls + 1
            if self.is_leaf_module(m, path):
                result = self.create_proxy("call_module", path, args, kwargs)
            else:
                result = forward(*args, **kwargs)
            self.module_stack.popitem(last=True)
        return result

    def getattr(self, attr, attr_val, parameter_proxy_cache):
        """What an attribute of a module is to the traced program: a proxy for a parameter."""
        members = None
        if isinstance(attr_val, wg.nn.Parameter):
            members = self.root.named_parameters()
        elif self.proxy_buffer_attributes and isinstance(attr_val, wg.Tensor):
            members = self.root.named_buffers()
        name = next((name for name, value in members if value is attr_val), None) if members else None
        if name is None:
            return attr_val
        if name not in parameter_proxy_cache:
            more = {}
            if self.param_shapes_constant:
                more["proxy_factory_fn"] = lambda node: ParameterProxy(self, node, name, attr_val)
            parameter_proxy_cache[name] = self.create_proxy("get_attr", name, (), {}, **more)
        return parameter_proxy_cache[name]

    def create_args_for_root(self, root_fn, is_module, concrete_args=None):
        """The function to run and the proxies for its arguments, of which concrete_args fixes some."""
        analysed = inspect.unwrap(root_fn)
        code, signature = analysed.__code__, inspect.signature(analysed)
        count, names = code.co_argcount + code.co_kwonlyargcount, list(code.co_varnames)
        args, skipped = [], 0
        if is_module:
            if count == 0:
                raise RuntimeError("``self`` argument cannot be part of *args expansion!")
            args, skipped = [self.root], 1
        if isinstance(concrete_args, tuple):
            if concrete_args and code.co_flags & _VARIADIC and count == 1:
                return root_fn, [*args, *map(self._numbered_input, range(len(concrete_args)), concrete_args)]
            if count - skipped != len(concrete_args):
                raise RuntimeError(
                    f"Tracing expected {count - skipped} arguments but got {len(concrete_args)} concrete arguments"
                )
            concrete_args = dict(zip(names[skipped:count], concrete_args))
        placeholder = functools.partial(self._proxy_placeholder, concrete_args, signature, analysed)
        args.extend(map(placeholder, names[skipped:count]))
        if code.co_kwonlyargcount > 0 or code.co_flags & _VARIADIC:
            variadic = iter(names[count:])
            for flag, stars in ((inspect.CO_VARARGS, "*"), (inspect.CO_VARKEYWORDS, "**")):
                if code.co_flags & flag:
                    args.append(placeholder(stars + next(variadic)))
            root_fn = _with_plain_args(root_fn, len(args))
        leaves, in_spec = pytree.tree_flatten(tuple(args))
        if all(child.is_leaf() for child in in_spec.children()):
            return root_fn, args
        self.graph._codegen = _PyTreeCodeGen(_PyTreeInfo(names[:count], in_spec, None))
        return functools.partial(self._call_with_leaves, root_fn, in_spec), leaves

    def _call_with_leaves(self, root_fn, in_spec, *leaves):
        results, out_spec = pytree.tree_flatten(root_fn(*pytree.tree_unflatten(list(leaves), in_spec)))
        codegen = self.graph._codegen
        codegen.pytree_info = codegen.pytree_info._replace(out_spec=out_spec)
        return results

    def _numbered_input(self, k, value):
        proxy = self.create_proxy("placeholder", f"input_{k}", (), {})
        if isinstance(value, PHBase) and value is not PH:
            _transfer_attrs(fr=value, to=proxy.node)
        return proxy

    def _proxy_placeholder(self, concrete_args, signature, analysed, name):
        default = () if name[0] == "*" else signature.parameters[name].default
        default = () if default in ((), inspect.Parameter.empty) and isinstance(default, (tuple, type)) else (default,)
        if concrete_args is None or name not in concrete_args:
            kind = analysed.__annotations__.get(name)
            return self.create_proxy("placeholder", name, default, {}, type_expr=kind)
        count = iter(range(1, 1 << 62))

        def fix(value):
            proxy = self.create_proxy("placeholder", f"{name}_{next(count)}", default, {})
            if isinstance(value, PHBase):
                if value is not PH:
                    _transfer_attrs(fr=value, to=proxy.node)
                return proxy
            self._check_fixed(name, proxy, value)
            return value

        return pytree.tree_map(fix, concrete_args[name])

    def _check_fixed(self, name, proxy, value):
        """Note the check that an argument is what the program was traced for."""
        said = f"{name} has been specialized to have value {value} but got another value"
        if type(value) in base_types and not isinstance(value, wg.Tensor):
            wg._assert(proxy == value, said)
        elif value is None:
            self.create_proxy("call_function", _assert_is_none, (proxy, said), {})
        else:
            warnings.warn(
                f"Was not able to add assertion to guarantee correct input {name} to specialized function. It is up to "
                "the user to make sure that your inputs match the inputs you specialized the function with.",
                stacklevel=2,
            )

    def trace(self, root, concrete_args=None):
        """The graph of a module's forward or of a function; concrete_args fixes arguments to values.

        TraceError where the program depends on values.
        """
        global _tracing
        _tracing += 1
        try:
            return self._trace(root, concrete_args)
        finally:
            _tracing -= 1

    def _trace(self, root, concrete_args):
        is_module = isinstance(root, wg.nn.Module)
        if is_module:
            self.root, fn = root, getattr(type(root), self.traced_func_name, None)
            if fn is None:
                raise AssertionError(f"traced_func_name={self.traced_func_name} doesn't exist in {type(root).__name__}")
            self.root_module_name = root._get_name()
            self.submodule_paths = {module: name for name, module in root.named_modules()}
        else:
            self.root, fn = wg.nn.Module(), root
        self.graph = Graph(tracer_cls=getattr(self, "__class__", None))
        code = getattr(fn, "__code__", None)
        if code is not None:
            fields = ("co_name", "co_filename", "co_firstlineno")
            self.graph._co_fields = {field: getattr(code, field) for field in fields}
        self.tensor_attrs = {}
        for path, module in self.root.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, (wg.Tensor, pytree.TreeSpec)):
                    self.tensor_attrs[value] = f"{path}.{name}" if path else name
        if not isinstance(fn, types.FunctionType):
            raise AssertionError(f"Expected FunctionType, got {type(fn)}")
        names = fn.__globals__
        returns = inspect.get_annotations(inspect.unwrap(fn)).get("return")
        fn, args = self.create_args_for_root(fn, is_module, concrete_args)
        with _patching.patching() as patcher:
            self._patch_modules(patcher)
            patcher.wrap_registered()
            for module_names in (names, *map(vars, self._autowrap_search)):
                patcher.wrap_known(module_names, self._autowrap_function_ids)
            self.create_node("output", "output", (self.create_arg(fn(*args)),), {}, type_expr=returns)
        self.submodule_paths = None
        return self.graph

    def _patch_modules(self, patcher):
        """Have modules' calls and parameters come to this tracer."""
        get, call, cache = wg.nn.Module.__getattr__, wg.nn.Module.__call__, {}

        @functools.wraps(get)
        def get_attribute(module, name):
            return self.getattr(name, get(module, name), cache)

        @functools.wraps(call)
        def call_module(module, *args, **kwargs):
            names = getattr(getattr(module, "forward", module), "__globals__", {})
            patcher.wrap_known(names, self._autowrap_function_ids)
            return self.call_module(module, functools.partial(call, module), args, kwargs)

        patcher.patch_method(wg.nn.Module, "__getattr__", get_attribute, deduplicate=False)
        patcher.patch_method(wg.nn.Module, "__call__", call_module, deduplicate=False)

    def __deepcopy__(self, memo):
        made = Tracer.__new__(Tracer)
        for name, value in self.__dict__.items():
            made.__dict__[name] = copy.copy(value) if name == "_autowrap_search" else copy.deepcopy(value, memo)
        return made


def wrap(fn_or_name):
    """Have tracing note calls of a function of this module as one node instead of going into it.

    Called at the top level of a module, with the function or its name, or as a decorator; gives its argument back.
    RuntimeError for anything else, NotImplementedError inside of a function.

    >>> import wengert.fx
    >>> wengert.fx.wrap("len")
    'len'
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError("Unsupported type for global function! Must be either a callable or string name")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    frame = inspect.currentframe().f_back
    if frame.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    _wrapped_fns_to_patch[id(frame.f_globals), name] = frame.f_globals
    return fn_or_name


_OWNED = {
    wg.nn.Parameter: wg.nn.Module.named_parameters,
    wg.Tensor: wg.nn.Module.named_buffers,
    wg.nn.Module: wg.nn.Module.named_modules,
}


def symbolic_trace(root, concrete_args=None):
    """A module whose graph and code do what a module's forward or a function does; root is not changed.

    concrete_args: {argument: value} for arguments that are fixed; PH stands for parts that are not. TraceError where
    the program depends on values.

    >>> print(symbolic_trace(lambda x: wg.relu(x) + 1).code.strip())
    def forward(self, x):
        relu = torch.relu(x);  x = None
        add = relu + 1;  relu = None
        return add
    """
    tracer = Tracer()
    graph = tracer.trace(root, concrete_args)
    name = type(root).__name__ if isinstance(root, wg.nn.Module) else root.__name__
    return GraphModule(tracer.root, graph, name)


def _assert_is_none(value, msg):
    if value is not None:
        raise AssertionError(msg)


wrap("_assert_is_none")
