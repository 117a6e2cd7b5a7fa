"""A graph as the text of a Python function: CodeGen, and its form for arguments that are trees."""

import enum
import inspect
import re
import types
import typing
from dataclasses import dataclass
from typing import Any, NamedTuple

import wengert as wg

from . import _names
from ._readable import Notes
from .node import Node

_SYMBOLS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "floordiv": "//",
    "truediv": "/",
    "div": "/",
    "mod": "%",
    "pow": "**",
    "lshift": "<<",
    "rshift": ">>",
    "and_": "&",
    "or_": "|",
    "xor": "^",
    "matmul": "@",
}
_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "gt": ">", "le": "<=", "ge": ">="}
reflectable_magic_methods = {name: f"{{}} {symbol} {{}}" for name, symbol in _SYMBOLS.items()} | {"getitem": "{}[{}]"}
magic_methods = {
    **{name: f"{{}} {symbol} {{}}" for name, symbol in _COMPARISONS.items()},
    "pos": "+{}",
    "neg": "-{}",
    "invert": "~{}",
    **reflectable_magic_methods,
}
inplace_methods = {
    "i" + name.rstrip("_"): f"{{}} {symbol}= {{}}" for name, symbol in _SYMBOLS.items() if name != "div"
} | {"setitem": "{}[{}] = {}"}
_ORIGINS = {kind: getattr(typing, kind.__name__.capitalize()) for kind in (list, dict, set, tuple)}
_ORIGINS[frozenset] = typing.FrozenSet  # noqa: UP006  (what annotations of that kind are printed as)


@dataclass
class PythonCode:
    """A graph's code: the source of its function, the globals that it needs, and the node of each line."""

    src: str
    globals: dict[str, Any]
    _lineno_map: dict[int, int | None] | None
    _prologue_start: int = 0


class _PyTreeInfo(NamedTuple):
    orig_args: list
    in_spec: Any
    out_spec: Any


def format_target(base, target):
    """An attribute's path as an expression, with getattr for what is no identifier."""
    for part in target.split("."):
        base = f"{base}.{part}" if part.isidentifier() else f'getattr({base}, "{part}")'
    return base


class _Writer:
    """Writes one graph's code: the lines, the arguments of the function, the globals."""

    def __init__(self, codegen, root_module, namespace, notes):
        self.codegen, self.root, self.namespace, self.notes = codegen, root_module, namespace, notes
        self.body, self.free_vars, self.globals, self.wrapped = [], [], {}, {}
        self.returns = ""
        for name, (_, obj) in _names.custom_builtins.items():
            self.add_global(name, obj)

    def add_global(self, hint, obj):
        """The name under which the code reaches an object."""
        if _names.is_from_torch(obj) and obj is not wg.device:
            return _names.qualified_name(obj)
        name = self.namespace.create_name(hint, obj)
        if self.globals.setdefault(name, obj) is not obj and self.globals[name] != obj:
            raise AssertionError(f"Global name {name} already assigned to different object")
        return name

    def type_repr(self, kind):
        """A type in an annotation."""
        if kind == ():
            return "()"
        name = _names.type_repr(kind)
        if isinstance(kind, types.UnionType) and "|" in name:
            return "|".join(self.type_repr(part) for part in typing.get_args(kind))
        origin = getattr(kind, "__origin__", None)
        if origin is None:
            return self.add_global(name, kind)
        if isinstance(kind, typing._GenericAlias):
            origin = _ORIGINS.get(origin, origin)
        name, parts = self.add_global(_names.type_repr(origin), origin), typing.get_args(kind)
        return f"{name}[{','.join(self.type_repr(part) for part in parts)}]" if parts else name

    def value(self, arg):
        """An argument as an expression."""
        if isinstance(arg, Node):
            return repr(arg)
        if isinstance(arg, tuple) and hasattr(arg, "_fields"):
            return f"{self.add_global(_names.qualified_name(type(arg)), type(arg))}{tuple(arg)!r}"
        if isinstance(arg, enum.Enum):
            return f"{self.add_global(type(arg).__name__, type(arg))}.{arg.name}"
        if isinstance(arg, wg.Tensor):
            return f"torch.Tensor(size={list(arg.size())}, dtype={str(arg.dtype).split('.')[-1]})"
        if isinstance(arg, tuple):
            return f"({self.value(arg[0])},)" if len(arg) == 1 else f"({', '.join(map(self.value, arg))})"
        if isinstance(arg, list):
            return f"[{', '.join(map(self.value, arg))}]"
        if isinstance(arg, slice):
            return f"slice({self.value(arg.start)}, {self.value(arg.stop)}, {self.value(arg.step)})"
        if callable(arg) and hasattr(arg, "__qualname__") and "torch.ops" in str(getattr(arg, "__module__", "")):
            return self.add_global(_names.qualified_name(arg), arg)
        return self.notes.paint("blue", repr(arg))

    def arguments(self, args, kwargs):
        """The arguments of a call."""
        return ", ".join([*map(self.value, args), *(f"{name} = {self.value(arg)}" for name, arg in kwargs.items())])

    def placeholder(self, node, kind):
        """An argument of the function; a line only where the value has another name."""
        default = f" = {self.value(node.args[0])}" if node.args else ""
        self.free_vars.append(f"{node.target}{kind}{default}{self.notes.comment(node)}")
        name = node.target.replace("*", "")
        if name != repr(node):
            self.body.append(f"{node!r} = {name}\n")

    def call_function(self, node, kind):
        """A call, or the operator that it stands for."""
        args, target = node.args, node.target
        name = target.__name__ if getattr(target, "__module__", "") == "_operator" else None
        if name in magic_methods:
            return f"{node!r}{kind} = {magic_methods[name].format(*map(self.value, args))}"
        if name in inplace_methods:
            written = inplace_methods[name].format(*map(self.value, args))
            return f"{written};  {node!r}{kind} = {self.value(args[0])}"
        called = self.add_global(_names.qualified_name(target), target)
        if called == "getattr" and len(args) == 2 and isinstance(args[1], str) and args[1].isidentifier():
            return f"{node!r}{kind} = {format_target(self.value(args[0]), args[1])}"
        if node.meta.get("is_wrapped", False):
            self.wrapped[called] = None
        return f"{node!r}{kind} = {called}({self.arguments(args, node.kwargs)})"

    def node(self, node):
        """The line of one node, without its end."""
        kind = self.notes.annotation(node) or ("" if node.type is None else f" : {self.type_repr(node.type)}")
        if node.op == "placeholder":
            self.placeholder(node, kind)
        elif node.op == "call_function":
            self.body.append(self.call_function(node, kind))
        elif node.op == "call_method":
            method = format_target(self.value(node.args[0]), node.target)
            self.body.append(f"{node!r}{kind} = {method}({self.arguments(node.args[1:], node.kwargs)})")
        elif node.op == "call_module":
            module = format_target(self.root, node.target)
            self.body.append(f"{node!r}{kind} = {module}({self.arguments(node.args, node.kwargs)})")
        elif node.op == "get_attr":
            self.body.append(f"{node!r}{kind} = {format_target(self.root, node.target)}")
        elif node.op == "output":
            if node.type is not None:
                self.returns = f" -> {self.type_repr(node.type)}"
            self.body.append(self.codegen._output(node.args[0], self.value))
        else:
            raise NotImplementedError(f"node: {node.op} {node.target}")

    def end_of_line(self, node, last_uses):
        """Let go of the values that are not used after this line."""
        if node.op == "placeholder":
            return
        done = last_uses.get(node, []) + ([node] if not node.users else [])
        if node.op == "output" or not done:
            self.body.append("\n")
        else:
            self.body.append(f";  {self.notes.paint('dim', ' = '.join([*map(repr, done), 'None']))}\n")


def last_uses(nodes):
    """{node: the values whose last use it is}."""
    seen, found = set(), {}
    for user in reversed(nodes):
        for node in user._input_nodes:
            if node not in seen:
                seen.add(node)
                found.setdefault(user, []).append(node)
    return found


class CodeGen:
    """How a graph becomes the text of a function; derived classes change its head, its return and its globals.

    >>> CodeGen().gen_fn_def(["a", "b"], "")
    'def forward(self, a, b):'
    """

    def __init__(self):
        self._body_transformer, self._func_name = None, "forward"

    def gen_fn_def(self, free_vars, maybe_return_annotation, *, expanded_def=False):
        """The line that begins the function, `self` put in front where it is missing."""
        if not free_vars or free_vars[0] != "self":
            free_vars.insert(0, "self")
        if not expanded_def:
            return f"def {self._func_name}({', '.join(free_vars)}){maybe_return_annotation}:"
        lines = [re.sub(r"\s*(#.*)?$", lambda end: f",  {end[1]}" if end[1] else ",", v, count=1) for v in free_vars]
        return (
            f"def {self._func_name}(\n{''.join(f'    {line}' + chr(10) for line in lines)}){maybe_return_annotation}:"
        )

    def generate_output(self, output_args, *, descs=None, repr_fn=None):
        """The return statement."""
        return f"return {(repr_fn or repr)(output_args)}"

    def _output(self, output_args, repr_fn):
        known = inspect.signature(self.generate_output).parameters
        takes = "repr_fn" in known or any(p.kind is p.VAR_KEYWORD for p in known.values())
        return self.generate_output(output_args, **({"repr_fn": repr_fn} if takes else {}))

    def process_inputs(self, *args):
        """The arguments of the function as the graph takes them."""
        return args

    def process_outputs(self, outputs):
        """What the graph gives as the function returns it."""
        return outputs

    def additional_globals(self):
        """(name, object) of what the code needs besides what its nodes name."""
        return []

    def _gen_python_code(self, nodes, root_module, namespace, notes=None, expanded_def=False):
        notes = notes or Notes()
        writer, uses = _Writer(self, root_module, namespace, notes), last_uses(nodes)
        for count, node in enumerate(nodes):
            writer.body.extend(notes.before(node))
            writer.body.append(f"# COUNTER: {count}\n")  # transformers see it; it is taken out below
            writer.node(node)
            writer.end_of_line(node, uses)
        body = writer.body or ["pass\n"]
        wraps = ""
        if writer.wrapped:
            wrap = writer.add_global("wrap", wg.fx.wrap)
            wraps = "\n".join(f'{wrap}("{name}")' for name in writer.wrapped)
        if self._body_transformer:
            body = self._body_transformer(body)
        for name, value in self.additional_globals():
            writer.add_global(name, value)
        more = {"expanded_def": expanded_def} if "expanded_def" in inspect.signature(self.gen_fn_def).parameters else {}
        prologue = self.gen_fn_def(writer.free_vars, writer.returns, **more)
        lines, numbers, current = [], {}, None
        for line in "".join(body).split("\n"):
            counter = re.search(r"# COUNTER: (\d+)", line)
            if counter:
                current = int(counter[1])
            else:
                numbers[len(lines) + prologue.count("\n") + 1] = current
                lines.append(line)
        code = "\n".join("    " + line for line in "\n".join(lines).lstrip("\n").split("\n"))
        return PythonCode(f"\n{wraps}\n\n{prologue}\n{code}", writer.globals, numbers, wraps.count("\n") + 4)


class _PyTreeCodeGen(CodeGen):
    """For a function whose arguments are trees: it takes them apart first, and puts its results together."""

    def __init__(self, pytree_info):
        super().__init__()
        self.pytree_info = pytree_info

    def process_inputs(self, *inputs):
        from ..utils import _pytree as pytree

        return pytree.arg_tree_leaves(*inputs)

    def process_outputs(self, out):
        from ..utils import _pytree as pytree

        if self.pytree_info is None or self.pytree_info.out_spec is None:
            return out
        return pytree.tree_unflatten(out if isinstance(out, (list, tuple)) else [out], self.pytree_info.out_spec)

    def _bindings(self, fn_args, free_vars):
        spec = self.pytree_info.in_spec
        given = f"[{', '.join(fn_args)}], self._in_spec"
        if spec.type is tuple and spec.num_children == 2 and [c.type for c in spec.children()] == [tuple, dict]:
            args, kwargs = spec.children()
            names = self.pytree_info.orig_args
            named = ", ".join(f"'{key}':{name}" for key, name in zip(kwargs.context, names[args.num_children :]))
            given = f"([{', '.join(names[: args.num_children])}], {{{named}}}), self._in_spec"
        annotated = [name for name in free_vars if ":" in name]
        head = "\n    " + "".join(f"{name}; " for name in annotated) + "\n" if annotated else ""
        names = ", ".join(name.split(":")[0].split("#")[0] for name in free_vars)
        return f"{head}\n    {names}, = fx_pytree.tree_flatten_spec({given})"

    def gen_fn_def(self, free_vars, maybe_return_annotation, *, expanded_def=False):
        if self.pytree_info is None:
            return super().gen_fn_def(free_vars, maybe_return_annotation, expanded_def=expanded_def)
        fn_args = self.pytree_info.orig_args
        if fn_args and fn_args[0] == "self":
            free_vars.insert(0, "self")
        head = super().gen_fn_def(fn_args[:], maybe_return_annotation, expanded_def=expanded_def)
        return head + (self._bindings(fn_args, free_vars) if free_vars else "")

    def generate_output(self, output_args, *, descs=None, repr_fn=None):
        if self.pytree_info and self.pytree_info.out_spec:
            return f"return pytree.tree_unflatten({(repr_fn or repr)(output_args)}, self._out_spec)"
        return super().generate_output(output_args, descs=descs, repr_fn=repr_fn)
