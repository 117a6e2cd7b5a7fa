"""torch.fx.node: one step of a graph, its arguments and its users."""

import enum
import operator
from collections.abc import Callable
from typing import Any

import wengert as wg

from . import _names
from .immutable_collections import immutable_dict, immutable_list

__all__ = ["Node", "has_side_effect", "map_aggregate", "map_arg"]

base_types = (str, int, float, bool, complex, wg.dtype, wg.Tensor, wg.device, wg.memory_format, wg.layout)
Target = Callable[..., Any] | str
Argument = Any  # a tuple, list, dict or slice of arguments, a node, or one of base_types
_legal_ops = ("placeholder", "call_method", "call_module", "call_function", "get_attr", "output", "root")
_side_effectful_functions = {wg._assert, wg._assert_async, operator.setitem}
_RANDOM = {wg.rand, wg.randn, wg.randint, wg.randperm, wg.rand_like, wg.randn_like, wg.randint_like}
_RANDOM |= {wg.normal, wg.poisson, wg.bernoulli, wg.multinomial}
_get_qualified_name, _type_repr = _names.qualified_name, _names.type_repr


def has_side_effect(fn):
    """Keep calls of a function in the graph though nobody uses their result; gives the function back.

    >>> import wengert.fx
    >>> wengert.fx.has_side_effect(print)
    <built-in function print>
    """
    _side_effectful_functions.add(fn)
    return fn


def map_aggregate(a, fn):
    """The argument with `fn` of each thing in its tuples, lists, dicts and slices, which become immutable.

    >>> map_aggregate({"a": [1, 2]}, lambda x: x + 1)
    {'a': [2, 3]}
    """
    if isinstance(a, tuple):
        parts = [map_aggregate(part, fn) for part in a]
        return type(a)(*parts) if hasattr(a, "_fields") else tuple(parts)
    if isinstance(a, list):
        return immutable_list([map_aggregate(part, fn) for part in a])
    if isinstance(a, dict):
        return immutable_dict((key, map_aggregate(value, fn)) for key, value in a.items())
    if isinstance(a, slice):
        return slice(*(map_aggregate(part, fn) for part in (a.start, a.stop, a.step)))
    return fn(a)


def map_arg(a, fn):
    """The argument with `fn(node)` in place of each node in it.

    >>> map_arg([1, (2,)], str)
    [1, (2,)]
    """
    if not callable(fn):
        raise AssertionError("torch.fx.map_arg(a, fn): fn must be a callable")
    return map_aggregate(a, lambda part: fn(part) if isinstance(part, Node) else part)


def _format_arg(arg, max_list_len=float("inf")):
    if hasattr(arg, "_custom_fx_repr_fn"):
        return arg._custom_fx_repr_fn()
    if isinstance(arg, (list, tuple)):
        items = ", ".join(_format_arg(a) for k, a in enumerate(arg) if k < max_list_len)
        rest = "" if len(arg) < max_list_len + 1 else f", ...[total_len={len(arg)}]"
        if isinstance(arg, list):
            return f"[{items}{rest}]"
        return f"({items}{',' if len(arg) == 1 else ''}{rest})"
    if isinstance(arg, dict):
        return "{" + ", ".join(f"{key}: {_format_arg(value)}" for key, value in arg.items()) + "}"
    return f"%{arg}" if isinstance(arg, Node) else str(arg)


class Node:
    """One step of a graph: an op, its target, its arguments; `users` are the nodes that use its value.

    op is one of placeholder, get_attr, call_function, call_module, call_method and output. ValueError when the target
    is not what the op needs: a callable for call_function, else a string.

    >>> import wengert as torch, wengert.fx
    >>> graph = torch.fx.symbolic_trace(lambda x: torch.relu(x) + 1).graph
    >>> [(node.op, node.name) for node in graph.nodes]
    [('placeholder', 'x'), ('call_function', 'relu'), ('call_function', 'add'), ('output', 'output')]
    """

    def __init__(self, graph, name, op, target, args, kwargs, return_type=None):
        if op != "call_function" and op not in _legal_ops:
            raise AssertionError(f"op '{op}' is not in _legal_ops")
        if not (callable(target) if op == "call_function" else isinstance(target, str)):
            raise ValueError(
                f"Node [graph = {graph}, name = '{name}'] target {target} has type {wg.typename(target)} "
                f"but a {'Callable' if op == 'call_function' else 'str'} is expected"
            )
        self.graph, self.name, self.op, self.target, self.type = graph, name, op, target, return_type
        self._prev = self._next = self
        self._erased, self._repr_fn, self._sort_key = False, None, ()
        self.users, self._input_nodes, self.meta = {}, {}, {}
        self._args, self._kwargs = (), immutable_dict()
        self._update_args_kwargs(args, kwargs)

    def _update_args_kwargs(self, args, kwargs):
        for node in self._input_nodes:
            node.users.pop(self, None)
        self._input_nodes = {}

        def note(part):
            if isinstance(part, Node):
                self._input_nodes[part] = None
                part.users[self] = None
            return part

        self._args, self._kwargs = map_aggregate(args, note), map_aggregate(kwargs, note)

    args = property(lambda self: self._args, lambda self, args: self._update_args_kwargs(args, self._kwargs))
    kwargs = property(lambda self: self._kwargs, lambda self, kwargs: self._update_args_kwargs(self._args, kwargs))
    next = property(lambda self: self._next, doc="The node after this one.")
    prev = property(lambda self: self._prev, doc="The node before this one.")

    @property
    def all_input_nodes(self):
        """The nodes among the arguments, each once, in the order of their first use."""
        return list(self._input_nodes)

    @property
    def stack_trace(self):
        """Where the call was recorded, if the tracer kept that."""
        return self.meta.get("stack_trace")

    @stack_trace.setter
    def stack_trace(self, trace):
        self.meta["stack_trace"] = trace

    def prepend(self, x):
        """Put the node x before this one; AssertionError when they are of two graphs."""
        if self.graph is not x.graph:
            raise AssertionError("Attempting to move a Node into a different Graph")
        if self is x:
            return
        x._remove_from_list()
        before = self._prev
        before._next, x._prev, x._next, self._prev = x, before, self, x
        left, right = before._sort_key, self._sort_key  # tuples in order; the root's, (), stands for both ends
        if self.op == "root":
            x._sort_key = (left[0] + 1,) if left else (0,)
        elif not left:
            x._sort_key = (right[0] - 1,)
        elif len(left) > len(right):
            x._sort_key = (*left[: len(right)], left[len(right)] + 1)
        elif len(left) < len(right):
            x._sort_key = (*right[: len(left)], right[len(left)] - 1)
        else:
            x._sort_key = (*left, 0)

    def append(self, x):
        """Put the node x after this one."""
        self._next.prepend(x)

    def _remove_from_list(self):
        self._prev._next, self._next._prev = self._next, self._prev

    def __lt__(self, other):
        return self._sort_key < other._sort_key

    def __gt__(self, other):
        return self._sort_key > other._sort_key

    def __le__(self, other):
        return self is other or self < other

    def __ge__(self, other):
        return self is other or self > other

    def update_arg(self, idx, arg):
        """Replace the positional argument at an index."""
        self.args = (*self.args[:idx], arg, *self.args[idx + 1 :]) if idx >= 0 else (*self.args[:idx], arg)

    def insert_arg(self, idx, arg):
        """Put a positional argument before the one at an index; AssertionError for an index out of range."""
        if not 0 <= idx <= len(self.args):
            raise AssertionError(f"insert_args index must be between 0 and len(self.args), got {idx}")
        self.args = (*self.args[:idx], arg, *self.args[idx:])

    def update_kwarg(self, key, arg):
        """Replace or add a named argument."""
        self.kwargs = {**self.kwargs, key: arg}

    def __repr__(self):
        return self._repr_fn(self) if self._repr_fn else self.name

    @staticmethod
    def _pretty_print_target(target):
        if isinstance(target, str):
            return target
        module, name = getattr(target, "__module__", None), getattr(target, "__name__", None)
        prefix = {"builtins": "builtins", "_operator": "operator"}.get(module)
        return f"{prefix}.{name}" if prefix and name else _get_qualified_name(target)

    def format_node(self, placeholder_names=None, maybe_return_typename=None, *, include_tensor_metadata=False):
        """The node as a line of the graph's text; None for a placeholder once names are being collected."""
        if self.op == "output":
            if self.type and maybe_return_typename:
                maybe_return_typename[0] = f" -> {_type_repr(self.type)}"
            return f"return {self.args[0]}"
        kind = f"{_type_repr(self.type)} " if self.type is not None else ""
        start = f"%{self.name} : {kind}[num_users={len(self.users)}] = {self.op}["
        if self.op == "placeholder":
            if placeholder_names:
                placeholder_names.append(self.target)
                return None
            default = f"(default={self.args[0]})" if self.args else ""
            return f"{start}target={self.target}]{default}"
        start += f"target={self._pretty_print_target(self.target)}]"
        if self.op == "get_attr":
            return start
        return f"{start}(args = {_format_arg(self.args)}, kwargs = {_format_arg(self.kwargs)})"

    def _tell_of_replacement(self, new, user):
        for hook in getattr(self.graph.owning_module, "_replace_hooks", None) or ():
            hook(old=self, new=new.name, user=user)

    def replace_all_uses_with(self, replace_with, delete_user_cb=None, *, propagate_meta=False):
        """Have all users use another node instead; gives the list of those that were changed.

        delete_user_cb: asked for each user, default all. AssertionError when meta shall be copied over meta.
        """
        if propagate_meta:
            if replace_with.meta:
                raise AssertionError(
                    "Called node.replace_all_uses_with(replace_with, propagate_meta=True), "
                    "but replace_with already has .meta keys"
                )
            replace_with.meta.update(self.meta)
        changed = [user for user in list(self.users) if delete_user_cb is None or delete_user_cb(user)]
        for user in changed:
            user.replace_input_with(self, replace_with)
        return changed

    def replace_input_with(self, old_input, new_input):
        """Use one node where another one was used among the arguments."""
        old_input._tell_of_replacement(new_input, self)

        def swap(node):
            return new_input if node is old_input else node

        self._update_args_kwargs(map_arg(self._args, swap), map_arg(self._kwargs, swap))

    def is_impure(self, impure_random=True):
        """Whether the node must stay though nobody uses it: inputs, outputs, and calls that do more than compute."""
        if self.op in ("placeholder", "output"):
            return True
        if self.op == "call_module":
            if self.graph.owning_module is None:
                raise AssertionError("self.graph.owning_module not set for purity check")
            return getattr(self.graph.owning_module.get_submodule(self.target), "_is_impure", False)
        if self.op != "call_function":
            return False
        return self.target in _side_effectful_functions or self.target in _RANDOM

    def normalized_arguments(self, root, arg_types=None, kwarg_types=None, normalize_to_only_use_kwargs=False):
        """The arguments by the target's signature, defaults filled in; None where that cannot be told."""
        from .operator_schemas import normalize_function, normalize_module

        if self.op == "call_function":
            return normalize_function(
                self.target, self.args, self.kwargs, arg_types, kwarg_types, normalize_to_only_use_kwargs
            )
        if self.op == "call_module":
            return normalize_module(root, self.target, self.args, self.kwargs, normalize_to_only_use_kwargs)
        return None

    def _rename(self, candidate):
        if candidate != self.name:
            self.name = self.graph._graph_namespace.create_name(candidate, None)
            self.graph._graph_namespace.rename(self, self.name)


def is_plain(value):
    """Whether a value stands in code as what it is: a number, a string, a dtype, an enum's member."""
    return value is None or value is ... or isinstance(value, (*base_types, enum.Enum))
