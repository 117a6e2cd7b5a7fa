"""torch.fx.graph_module: a module whose forward is a graph's code."""

import contextlib
import copy
import itertools
import linecache
import sys
import traceback

import wengert as wg

from ..nn.modules._members import _addindent
from . import _names
from ._codegen import _PyTreeCodeGen
from .graph import Graph

_USER_PRESERVED_ATTRIBUTES_KEY = "_user_preserved_attributes"  # in a module's meta
_KEPT = ["_state_dict_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks"]
_KEPT += ["_replace_hooks", "_create_node_hooks", "_erase_node_hooks", "_deepcopy_hooks"]


class _Sources:
    """The texts of generated functions, for tracebacks and inspect."""

    def __init__(self):
        self.texts = {}

    def add(self, text, place):
        """Keep a text; gives the file name under which it is found."""
        key = f"<eval_with_key>.{len(self.texts)}"
        if place:
            key += f" from {place['co_filename']}:{place['co_firstlineno']} in {place['co_name']}"
        self.texts[key] = text
        linecache.lazycache(key, {"__name__": key, "__file__": key, "__loader__": self})
        return key

    def get_source(self, name):
        """The text of a name, as linecache asks loaders for it."""
        return self.texts.get(name)


_loader = _Sources()


def _forward_from_src(src, globals, co_fields=None):
    names = dict(globals)
    exec(compile(src, _loader.add(src, co_fields), "exec", dont_inherit=True), names)  # noqa: S102
    return names.pop("forward")


def _import_line(name, obj):
    if name in _names.custom_builtins:
        return _names.custom_builtins[name].import_str
    path = _names.torch_path(obj.__module__, obj.__qualname__)
    return "from {} import {} as {}".format(*path.rpartition(".")[::2], name)


def _import_block(globals):
    """The lines that import what the code names."""
    return "\n".join(sorted({_import_line(name, obj) for name, obj in globals.items()}))


def reduce_graph_module(body, import_block):
    """The module that was pickled: its attributes and its code, from which the graph is traced again."""
    source, known = body.get("_code") or body["code"], _names.custom_builtins
    ours = {line for line, _ in known.values()}  # `torch` in it is this library, whatever is installed
    lines = [line for line in import_block.split("\n") if line not in ours]
    forward = _forward_from_src("\n".join(lines) + source, {name: obj for name, (_, obj) in known.items()})
    return _rebuild(forward, body)


class _CodeOnlyModule(wg.nn.Module):
    """A module made of another one's attributes, and of a forward."""

    def __init__(self, body):
        super().__init__()
        self.__dict__ = body


def _rebuild(forward, body):
    from ._symbolic_trace import Tracer

    tracer_cls = body.get("_tracer_cls") or Tracer

    class KeepModules(tracer_cls):
        def is_leaf_module(self, m, module_qualified_name):
            return True

    holder = type("_CodeOnlyModule", (_CodeOnlyModule,), {"forward": forward})(body)
    graph = KeepModules().trace(holder, **body.get("_tracer_extras", {}))
    graph._tracer_cls = tracer_cls
    made = GraphModule(holder, graph, class_name=body.get("_graphmodule_cls_name", "GraphModule"))
    for name, value in body.items():
        if not hasattr(made, name):
            setattr(made, name, value)
    return made


def _put(module, name, value):
    """Give a module a member; a tensor that is no parameter becomes a buffer."""
    if isinstance(value, wg.Tensor) and not isinstance(value, wg.nn.Parameter):
        module.register_buffer(name, value)
    else:
        setattr(module, name, value)


def _copy_attr(source, made, target):
    """Give a module what another one has under a path, with empty modules along the way."""
    *path, name = target.split(".")
    for part in path:
        value, there = getattr(source, part), getattr(made, part, None)
        if value is there:
            return  # the whole branch is there already
        if there is None:
            there = wg.nn.Module()
            setattr(made, part, there)
        source, made = value, there
    _put(made, name, getattr(source, name))


def _assign_attr(value, made, target):
    """Give a module a value under a path, with empty modules along the way."""
    *path, name = target.split(".")
    for part in path:
        if getattr(made, part, None) is None:
            setattr(made, part, wg.nn.Module())
        made = getattr(made, part)
    _put(made, name, value)


def _get_attr(model, attr_name):
    """What a module has under a path."""
    for part in attr_name.split("."):
        model = getattr(model, part)
    return model


def _explain(error, frame):
    """Print where in the generated code a call failed."""
    lines, at = linecache.getlines(frame.filename), frame.lineno
    print(
        traceback.format_exc(),
        f"Call using an FX-traced Module, line {at} of the traced Module's generated forward function:",
        "".join(lines[at - 2 : at]),
        "~" * len(frame.line) + "~~~ <--- HERE",
        "\n".join(lines[at : at + 2]),
        sep="\n",
        file=sys.stderr,
    )
    raise error.with_traceback(None)


class _WrappedCall:
    def __init__(self, cls, call):
        self.cls, self.call = cls, call

    def __call__(self, obj, *args, **kwargs):
        try:
            if self.call is not None:
                return self.call(obj, *args, **kwargs)
            return super(self.cls, obj).__call__(*args, **kwargs)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            if "eval_with_key" in last.filename:
                _explain(error, last)
            raise


class GraphModule(wg.nn.Module):
    """A module that runs a graph's code: `graph`, its `code`, and from root what the graph names.

    root: a module, or {path: value}; RuntimeError for a path that the dict lacks. After a change of the graph call
    recompile().

    >>> module = wg.fx.symbolic_trace(wg.nn.Sequential(wg.nn.ReLU()))
    >>> module(wg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def __new__(cls, *args, **kwargs):
        base = next(kind for kind in cls.__mro__ if kind.__qualname__.split(".")[-1] != "GraphModuleImpl")
        # each module has a class of its own, as its forward is a method
        names = {"__module__": base.__module__, "__qualname__": "GraphModule.__new__.<locals>.GraphModuleImpl"}
        return super().__new__(type("GraphModuleImpl", (base,), names))

    def __init__(self, root, graph, class_name="GraphModule"):
        super().__init__()
        self.__class__.__name__ = class_name
        wanted = [node for node in graph.nodes if node.op in ("get_attr", "call_module")]
        if isinstance(root, wg.nn.Module):
            self.training = getattr(root, "training", True)
            if isinstance(root, _CodeOnlyModule):
                for members in (root.named_children(), root.named_buffers(), root.named_parameters()):
                    for name, _ in list(members):
                        _copy_attr(root, self, name)
            for node in wanted:
                _copy_attr(root, self, node.target)
        elif isinstance(root, dict):
            for node in wanted:
                if node.target not in root:
                    raise RuntimeError(
                        f"Node {node} referenced target {node.target} but that target was not provided in ``root``!"
                    )
            for target in sorted((node.target for node in wanted), key=lambda target: target.count(".")):
                _assign_attr(root[target], self, target)
        else:
            raise RuntimeError(f"Unsupported type {root} passed for root!")
        self.graph = graph
        tracer = graph._tracer_cls
        self._tracer_cls = tracer if tracer and "<locals>" not in tracer.__qualname__ else None
        self._tracer_extras = graph._tracer_extras or {}
        self.meta, self.shape_env = {}, None
        self._replace_hooks, self._create_node_hooks, self._erase_node_hooks, self._deepcopy_hooks = [], [], [], []

    @property
    def graph(self):
        """The graph; setting it compiles it."""
        return self._graph

    @graph.setter
    def graph(self, graph):
        if not isinstance(graph, Graph):
            raise AssertionError(f"Expected a Graph instance, but got {type(graph)}")
        self._graph = graph
        graph.owning_module = self
        self.recompile()

    @property
    def code(self):
        """The text of the function that runs."""
        return self._code

    def recompile(self):
        """Write and compile the code anew, after the graph was changed; gives the PythonCode."""
        if isinstance(self._graph._codegen, _PyTreeCodeGen):
            info = self._graph._codegen.pytree_info
            self._in_spec, self._out_spec = info.in_spec, info.out_spec
        code = self._graph.python_code(root_module="self")
        self._code, self._lineno_map, self._prologue_start = code.src, code._lineno_map, code._prologue_start
        cls = type(self)
        cls.forward = _forward_from_src(code.src, code.globals, self._graph._co_fields)
        if "_wrapped_call" not in vars(cls):
            cls._wrapped_call = _WrappedCall(cls, vars(cls).get("__call__"))
        for child in self.children():
            if isinstance(child, GraphModule):
                child.recompile()

        def call_wrapped(self, *args, **kwargs):
            return self._wrapped_call(self, *args, **kwargs)

        cls.__call__ = call_wrapped
        return code

    def add_submodule(self, target, m):
        """Put a module under a path, with empty modules along the way; False where something else is in the way."""
        *path, name = target.split(".")
        module = self
        for part in path:
            child = getattr(module, part, None)
            if child is None:
                child = wg.nn.Module()
                setattr(module, part, child)
            if not isinstance(child, wg.nn.Module):
                return False
            module = child
        module.add_module(name, m)
        return True

    def delete_submodule(self, target):
        """Take out the module under a path; False when there is none."""
        path, _, name = target.rpartition(".")
        module = self
        for part in path.split(".") if path else ():
            module = getattr(module, part, None)
            if not isinstance(module, wg.nn.Module):
                return False
        if not isinstance(getattr(module, name, None), wg.nn.Module):
            return False
        delattr(module, name)
        return True

    def delete_all_unused_submodules(self):
        """Take out the modules that the graph does not name."""
        used = {""}
        for node in self.graph.nodes:
            if node.op in ("call_module", "get_attr"):
                used.update(itertools.accumulate(node.target.split("."), lambda a, b: f"{a}.{b}"))
            if node.op == "call_module":
                with contextlib.suppress(AttributeError):
                    names = [name for name, _ in self.get_submodule(node.target).named_modules() if name]
                    used.update(f"{node.target}.{name}" for name in names)
        for name in [name for name, _ in self.named_modules() if name not in used]:
            self.delete_submodule(name)

    def to_folder(self, folder, module_name="FxModule"):
        """Write the module as a Python package: module.py, its state, and children that are no simple layers."""
        from ._to_folder import write

        write(self, folder, module_name)

    def __reduce__(self):
        body = self.__dict__.copy()
        code = self.recompile()
        del body["_graph"]
        return reduce_graph_module, (body, _import_block(code.globals))

    def _deepcopy_init(self):
        return GraphModule.__init__

    def __deepcopy__(self, memo):
        made = type(self).__new__(type(self))
        memo[id(self)] = made
        holder = _CodeOnlyModule(copy.deepcopy(self.__dict__, memo))
        self._deepcopy_init()(made, holder, holder.__dict__["_graph"])
        for name in _KEPT:
            if name in self.__dict__:
                setattr(made, name, copy.deepcopy(self.__dict__[name], memo))
        made.meta = copy.deepcopy(getattr(self, "meta", {}), memo)
        for name, value in made.meta.get(_USER_PRESERVED_ATTRIBUTES_KEY, {}).items():
            setattr(made, name, value)
        for hook in self._deepcopy_hooks:
            hook(made)
        return made

    def __copy__(self):
        made = GraphModule(self, self.graph)
        made.meta = getattr(self, "meta", {})
        return made

    def print_readable(
        self, print_output=True, include_stride=False, include_device=False, colored=False, *, expanded_def=False,
        additional_meta=None, **_
    ):  # fmt: skip
        """The code of this module and of the graph modules in it, with notes for readers; printed, and given back."""
        text = _readable(self, self._get_name(), include_stride, include_device, colored, expanded_def, additional_meta)
        if print_output:
            print(text)
        return text

    def __str__(self):
        reminder = "# To see more debug info, please use `graph_module.print_readable()`"
        return "\n".join([super().__str__(), self._code, reminder])

    @contextlib.contextmanager
    def _set_replace_hook(self, f):
        self._register_replace_node_hook(f)
        try:
            yield
        finally:
            self._unregister_replace_node_hook(f)


def _readable(module, name, stride, device, colored, expanded, keys):
    code = module.graph.python_code(
        "self",
        verbose=True,
        include_stride=stride,
        include_device=device,
        colored=colored,
        expanded_def=expanded,
        additional_meta=keys,
    )
    text = _addindent(f"class {name}(torch.nn.Module):\n" + code.src.lstrip("\n"), 4)
    inner = [""]
    for child_name, child in module.named_children():
        if isinstance(child, GraphModule):
            inner.append(_readable(child, child_name, stride, device, colored, False, keys))
    return text + _addindent("\n".join(inner), 4)


def _hook_methods(kind, attribute, said):
    def register(self, f):
        if not callable(f):
            raise AssertionError(f"{said} hook must be a callable.")
        getattr(self, attribute).append(f)

    def unregister(self, f):
        if not callable(f):
            raise AssertionError(f"{said} hook must be a callable.")
        getattr(self, attribute).remove(f)

    setattr(GraphModule, f"_register_{kind}_hook", register)
    setattr(GraphModule, f"_unregister_{kind}_hook", unregister)


_hook_methods("replace_node", "_replace_hooks", "create_node")
_hook_methods("create_node", "_create_node_hooks", "create_node")
_hook_methods("erase_node", "_erase_node_hooks", "erase_node")
_hook_methods("deepcopy", "_deepcopy_hooks", "deepcopy")
