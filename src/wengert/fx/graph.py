"""torch.fx.graph: a program as a list of nodes."""

import contextlib
import copy
import inspect
import warnings

import wengert as wg

from . import _codegen, _names
from ._codegen import (  # noqa: F401  (torch.fx.graph has these names)
    CodeGen,
    PythonCode,
    _PyTreeCodeGen,
    _PyTreeInfo,
    inplace_methods,
    magic_methods,
    reflectable_magic_methods,
)
from ._names import Namespace as _Namespace
from ._readable import VerboseNotes
from .immutable_collections import immutable_dict
from .node import Node, _legal_ops, map_arg

__all__ = ["CodeGen", "Graph", "PythonCode"]

_custom_builtins, _register_custom_builtin = _names.custom_builtins, _names.register_custom_builtin
_is_from_torch, _snake_case, _format_target = _names.is_from_torch, _names.snake_case, _codegen.format_target


class _InsertPoint:
    def __init__(self, graph, insert):
        self.graph = graph
        self.before, graph._insert = graph._insert, insert

    def __enter__(self):
        pass

    def __exit__(self, *error):
        self.graph._insert = self.before


class _NodeList:
    """A graph's nodes; nodes may come and go while one walks over it."""

    def __init__(self, graph, step="_next"):
        self.graph, self.step = graph, step

    def __len__(self):
        return self.graph._len

    def __iter__(self):
        root = self.graph._root
        node = getattr(root, self.step)
        while node is not root:
            if not node._erased:
                yield node
            node = getattr(node, self.step)

    def __reversed__(self):
        return iter(_NodeList(self.graph, "_next" if self.step == "_prev" else "_prev"))


class Graph:
    """A program as a list of nodes, in the order in which they run.

    >>> graph = Graph()
    >>> x = graph.placeholder("x")
    >>> _ = graph.output(graph.call_function(wg.relu, (x,)))
    >>> print(graph.python_code("self").src.strip())
    def forward(self, x):
        relu = torch.relu(x);  x = None
        return relu
    """

    def __init__(self, owning_module=None, tracer_cls=None, tracer_extras=None):
        self._root = Node(self, "", "root", "", (), {})
        self._insert, self._len = self._root.prepend, 0
        self._graph_namespace = _Namespace()
        self.owning_module, self._tracer_cls, self._tracer_extras = owning_module, tracer_cls, tracer_extras
        self._codegen, self._co_fields = CodeGen(), {}

    @property
    def _owning_module(self):
        return self.owning_module

    @property
    def nodes(self):
        """The nodes, in order; it follows what is changed."""
        return _NodeList(self)

    def output_node(self):
        """The node of op output."""
        return next(iter(reversed(self.nodes)))

    def find_nodes(self, *, op, target=None, sort=True):
        """The nodes of an op, and of a target where one is given (call_function needs one)."""
        if op == "call_function" and target is None:
            raise AssertionError("target must not be None for call_function op")
        return [node for node in self.nodes if node.op == op and (target is None or node.target == target)]

    def graph_copy(self, g, val_map, return_output_node=False):
        """Copy another graph's nodes to where nodes are inserted; gives what its output would be, in this graph.

        val_map: nodes of g to what stands for them here; copied nodes are added to it.
        """
        for node in g.nodes:
            if node in val_map:
                continue
            if node.op == "output":
                value = map_arg(node.args[0], lambda n: val_map[n])
                return (value, node) if return_output_node else value
            val_map[node] = self.node_copy(node, lambda n: val_map[n])
        return None

    def __deepcopy__(self, memo=None):
        copied = Graph(tracer_cls=self._tracer_cls)
        found = copied.graph_copy(self, val_map={}, return_output_node=True)
        copied._codegen = copy.deepcopy(self._codegen)
        if found is not None:
            value, old = found
            copied.output(value, type_expr=old.type).meta = copy.copy(old.meta)
        return copied

    def create_node(self, op, target, args=None, kwargs=None, name=None, type_expr=None):
        """Put a new node where nodes are inserted: at the end, or where inserting_before and _after say."""
        if args and not isinstance(args, tuple):
            raise AssertionError(f"args must be a tuple, got {type(args)}")
        if kwargs and not isinstance(kwargs, dict):
            raise AssertionError(f"kwargs must be a dict, got {type(kwargs)}")
        name = self._graph_namespace.create_name(name if name is not None else self._target_to_str(target), None)
        node = Node(self, name, op, target, args or (), kwargs or immutable_dict(), type_expr)
        for hook in getattr(self.owning_module, "_create_node_hooks", None) or ():
            hook(node)
        self._graph_namespace.associate_name_with_obj(name, node)
        self._insert(node)
        self._len += 1
        return node

    def process_inputs(self, *args):
        """The arguments of the function as the graph takes them."""
        return self._codegen.process_inputs(*args)

    def process_outputs(self, out):
        """What the graph gives as the function returns it."""
        return self._codegen.process_outputs(out)

    def erase_node(self, to_erase):
        """Take a node out; RuntimeError while it has users or when it is another graph's."""
        if to_erase.users:
            raise RuntimeError(
                f"Tried to erase Node {to_erase} but it still had {len(to_erase.users)} "
                f"users in the graph: {to_erase.users}!"
            )
        if to_erase.graph is not self:
            raise RuntimeError(f"Attempting to remove {to_erase} from wrong graph!")
        if to_erase._erased:
            warnings.warn(f"erase_node({to_erase}) on an already erased node", stacklevel=2)
            return
        for hook in getattr(self.owning_module, "_erase_node_hooks", None) or ():
            hook(to_erase)
        to_erase._remove_from_list()
        to_erase._erased = True  # who walks over the nodes may stand on it
        self._len -= 1
        nothing = [map_arg(value, lambda node: None) for value in (to_erase._args, to_erase._kwargs)]
        to_erase._update_args_kwargs(*nothing)

    def inserting_before(self, n=None):
        """A block in which new nodes go before n; at the beginning without one."""
        if n is None:
            return self.inserting_after(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert before is not in graph.")
        return _InsertPoint(self, n.prepend)

    def inserting_after(self, n=None):
        """A block in which new nodes go right after n; at the end without one."""
        if n is None:
            return self.inserting_before(self._root)
        if n.graph is not self:
            raise AssertionError("Node to insert after is not in graph.")
        return _InsertPoint(self, n.append)

    def placeholder(self, name, type_expr=None, default_value=inspect.Signature.empty):
        """A node for an argument of the function."""
        args = () if default_value is inspect.Signature.empty else (default_value,)
        return self.create_node("placeholder", name, args=args, type_expr=type_expr)

    def get_attr(self, qualified_name, type_expr=None):
        """A node for a parameter, buffer or module of the owning module; UserWarning when it has none of the name."""
        if self.owning_module is not None and not _has_state(self.owning_module, qualified_name):
            warnings.warn(
                "Attempted to insert a get_attr Node with no underlying reference in the owning GraphModule! Call "
                "GraphModule.add_submodule to add the necessary submodule, GraphModule.add_parameter to add the "
                "necessary Parameter, or nn.Module.register_buffer to add the necessary buffer",
                stacklevel=2,
            )
        return self.create_node("get_attr", qualified_name, type_expr=type_expr)

    def call_module(self, module_name, args=None, kwargs=None, type_expr=None):
        """A node that calls a submodule by its path."""
        if self.owning_module is not None:
            self.owning_module.get_submodule(module_name)
        return self.create_node("call_module", module_name, args, kwargs, type_expr=type_expr)

    def call_method(self, method_name, args=None, kwargs=None, type_expr=None):
        """A node that calls a method of its first argument."""
        return self.create_node("call_method", method_name, args, kwargs, type_expr=type_expr)

    def call_function(self, the_function, args=None, kwargs=None, type_expr=None, name=None):
        """A node that calls a function."""
        return self.create_node("call_function", the_function, args, kwargs, name=name, type_expr=type_expr)

    def node_copy(self, node, arg_transform=lambda x: x):
        """Put in a copy of a node; arg_transform gives for each node among its arguments the one to use here."""
        args, kwargs = map_arg(node.args, arg_transform), map_arg(node.kwargs, arg_transform)
        made = self.create_node(node.op, node.target, args, kwargs, node.name, node.type)
        made.meta = copy.copy(node.meta)
        return made

    def output(self, result, type_expr=None):
        """The node that returns the result."""
        return self.create_node("output", "output", args=(result,), type_expr=type_expr)

    def _target_to_str(self, target):
        if callable(target):
            name = target.__name__
        else:
            name = target
            if name.startswith("__") and name.endswith("__"):
                name = name[2:-2]
        return _snake_case(name)

    def python_code(
        self,
        root_module,
        *,
        verbose=False,
        include_stride=False,
        include_device=False,
        colored=False,
        expanded_def=False,
        record_func=False,
        additional_meta=None,
    ):
        """The graph as a function's text and the globals that it needs, PythonCode; root_module names the module in it."""
        namespace, shown = _Namespace(), {node: node._repr_fn for node in self.nodes}

        def value_name(node):
            return namespace.create_name(node.name, node)

        notes = None
        if verbose:
            notes = VerboseNotes(include_stride, include_device, colored, expanded_def, additional_meta)
        try:  # names that are free where the code runs: a value may not hide a global that the code uses
            for node in shown:
                node._repr_fn = value_name
            return self._codegen._gen_python_code(self.nodes, root_module, namespace, notes, expanded_def)
        finally:
            for node, before in shown.items():
                node._repr_fn = before

    def __str__(self):
        placeholder_names = []
        lines = [node.format_node(placeholder_names) for node in self.nodes]
        return "\n    ".join([f"graph({', '.join(placeholder_names)}):", *filter(None, lines)])

    def print_tabular(self):
        """Print the nodes as a table; ImportError without the package `tabulate`."""
        try:
            from tabulate import tabulate
        except ImportError:
            print(
                "`print_tabular` relies on the library `tabulate`, which could not be found on this machine. Run `pip "
                "install tabulate` to install the library."
            )
            raise
        rows = [[node.op, node.name, node.target, node.args, node.kwargs] for node in self.nodes]
        print(tabulate(rows, headers=["opcode", "name", "target", "args", "kwargs"]))

    def lint(self):
        """RuntimeError when the graph is not one: unknown ops, values used before they are made, names given twice."""
        names, values = set(), set()
        for node in self.nodes:
            if node.op not in _legal_ops or node.op == "root":
                raise RuntimeError(f"Node {node} had unknown opcode {node.op}!")
            if node.graph is not self:
                raise RuntimeError(f"Node '{node}' does not belong to this Graph!")
            for arg in node._input_nodes:
                if arg.graph is not self:
                    raise RuntimeError(
                        f"Argument '{arg}' of Node '{node}' does not belong to this Graph, but was used as an argument! "
                        "If you are copying nodes from another graph, make sure to use ``arg_transform`` on node_copy() "
                        f"to remap values\n{self}"
                    )
                if arg not in values:
                    raise RuntimeError(
                        f"Argument '{arg}' of Node '{node}' was used before it has been defined! Please check that "
                        f"Nodes in the graph are topologically ordered\n{self}"
                    )
            values.add(node)
            if node.name in names:
                raise RuntimeError(f"Node redefined name {node.name}!")
            names.add(node.name)
        if self.owning_module:
            for node in self.nodes:
                self._check_target(node)

    def _check_target(self, node):
        needed = "Callable" if node.op == "call_function" else "str"
        if not (callable(node.target) if needed == "Callable" else isinstance(node.target, str)):
            raise ValueError(
                f"Node {node} target {node.target} has type {wg.typename(node.target)} but a {needed} is expected"
            )
        if node.op not in ("get_attr", "call_module"):
            return
        parts, value = node.target.split("."), self.owning_module
        for k, part in enumerate(parts):
            value, path = getattr(value, part, None), ".".join(parts[:k])
            if value is None:
                raise RuntimeError(
                    f"Node {node} target {node.target} references nonexistent attribute {part} of {path}"
                )
            if node.op == "call_module" and not isinstance(value, wg.nn.Module):
                raise RuntimeError(f"Node {node} target {node.target} {part} of {path} does not reference an nn.Module")

    def eliminate_dead_code(self, is_impure_node=None):
        """Erase the nodes that nobody uses and that only compute; True when there were any.

        is_impure_node: says which nodes stay, default Node.is_impure.
        """
        self.lint()
        changed = False
        for node in reversed(self.nodes):
            if not node.users and not (is_impure_node(node) if is_impure_node else node.is_impure()):
                self.erase_node(node)
                changed = True
        if self.owning_module is not None:
            used = {node.target for node in self.find_nodes(op="get_attr")}
            for name, child in self.owning_module.named_children():
                if name in used and isinstance(child, wg.fx.GraphModule):
                    changed |= child.graph.eliminate_dead_code()
                    child.recompile()
        return changed

    def set_codegen(self, codegen):
        """Have another CodeGen write the graph's code."""
        self._codegen = codegen

    def on_generate_code(self, make_transformer):
        """Change the lines of generated code: make_transformer(the one in place, or None) gives a function of the lines.

        Used as a block, the one that was in place comes back at its end.
        """
        before = self._codegen._body_transformer
        self._codegen._body_transformer = make_transformer(before)

        @contextlib.contextmanager
        def restored():
            try:
                yield
            finally:
                self._codegen._body_transformer = before

        return restored()


def _has_state(module, qualified_name):
    """Whether a module has a submodule, parameter or buffer of the path."""
    path, _, name = qualified_name.rpartition(".")
    try:
        owner = module.get_submodule(path)
    except AttributeError:
        warnings.warn(f"Failed to fetch module {path}!", stacklevel=3)
        return False
    value = getattr(owner, name, None)
    return isinstance(value, (wg.nn.Module, wg.nn.Parameter)) or name in owner._buffers
