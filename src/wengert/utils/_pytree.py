"""torch.utils._pytree: trees of lists, tuples, dicts and registered classes, taken apart and put together again."""

import functools
from collections import OrderedDict, defaultdict, deque
from typing import Any, NamedTuple

from ._pytree_keys import GetAttrKey, KeyEntry, MappingKey, SequenceKey, keystr  # noqa: F401 (names of the module)

PyTree = Any


class NodeDef(NamedTuple):
    """How a class of nodes is taken apart: into children and what else is needed to put them together."""

    type: type
    flatten_fn: Any
    unflatten_fn: Any
    flatten_with_keys_fn: Any = None


def _items(values):
    return [(SequenceKey(i), value) for i, value in enumerate(values)]


def _named_fields(tree):
    return [(GetAttrKey(name), value) for name, value in zip(tree._fields, tree)], type(tree)


def _dict_items(tree):
    return [(MappingKey(key), value) for key, value in tree.items()], list(tree)


def _defaultdict_node():
    def take(tree):
        return list(tree.values()), [tree.default_factory, list(tree)]

    def make(values, context):
        return defaultdict(context[0], zip(context[1], values))

    return NodeDef(defaultdict, take, make, lambda tree: (_dict_items(tree)[0], [tree.default_factory, list(tree)]))


def namedtuple():
    """Stands for the kind of all named tuples, whose class is the context."""


SUPPORTED_NODES = {
    list: NodeDef(list, lambda t: (list(t), None), lambda v, _: list(v), lambda t: (_items(t), None)),
    tuple: NodeDef(tuple, lambda t: (list(t), None), lambda v, _: tuple(v), lambda t: (_items(t), None)),
    dict: NodeDef(dict, lambda t: (list(t.values()), list(t)), lambda v, keys: dict(zip(keys, v)), _dict_items),
    OrderedDict: NodeDef(
        OrderedDict, lambda t: (list(t.values()), list(t)), lambda v, keys: OrderedDict(zip(keys, v)), _dict_items
    ),
    defaultdict: _defaultdict_node(),
    deque: NodeDef(
        deque, lambda t: (list(t), t.maxlen), lambda v, size: deque(v, size), lambda t: (_items(t), t.maxlen)
    ),
    namedtuple: NodeDef(namedtuple, lambda t: (list(t), type(t)), lambda v, cls: cls(*v), _named_fields),
}
_, _dict_flatten, _dict_unflatten, _dict_flatten_with_keys = SUPPORTED_NODES[dict][:4]  # torch's private names
BUILTIN_TYPES = frozenset(SUPPORTED_NODES)
STANDARD_DICT_TYPES = frozenset((dict, OrderedDict, defaultdict))


def register_pytree_node(cls, flatten_fn, unflatten_fn, *, flatten_with_keys_fn=None, **names_for_files):
    """Make instances of a class nodes: flatten_fn(x) -> (children, context), unflatten_fn(children, context) -> x.

    >>> class Pair:
    ...     def __init__(self, a, b):
    ...         self.a, self.b = a, b
    >>> register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda values, _: Pair(*values))
    >>> tree_leaves([Pair(1, 2), 3])
    [1, 2, 3]
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)


def _register_pytree_node(cls, flatten_fn, unflatten_fn, to_str_fn=None, maybe_from_str_fn=None, **options):
    register_pytree_node(cls, flatten_fn, unflatten_fn, **options)


def _deregister_pytree_node(cls):
    del SUPPORTED_NODES[cls]


def is_namedtuple_class(cls):
    """Whether a class was made by collections.namedtuple or typing.NamedTuple."""
    fields = getattr(cls, "_fields", None) if isinstance(cls, type) and issubclass(cls, tuple) else None
    return isinstance(fields, tuple) and not hasattr(cls, "n_fields")


def is_namedtuple_instance(obj):
    """Whether a value is a named tuple."""
    return is_namedtuple_class(type(obj))


is_namedtuple = _is_namedtuple_instance = is_namedtuple_instance


def is_structseq_class(cls):
    """Whether a class is one of the results with names, such as that of torch.max."""
    return issubclass(cls, tuple) and hasattr(cls, "n_fields")


def is_structseq_instance(obj):
    """Whether a value is a result with names."""
    return is_structseq_class(type(obj))


is_structseq = is_structseq_instance


def _get_node_type(tree):
    kind = type(tree)
    if kind not in SUPPORTED_NODES:
        if is_namedtuple_class(kind):
            return namedtuple
        if is_structseq_class(kind):  # torch registers each of these classes
            SUPPORTED_NODES[kind] = NodeDef(kind, lambda t: (list(t), None), lambda values, _: kind(values))
    return kind


def tree_is_leaf(tree, is_leaf=None):
    """Whether a value is a leaf: of no registered class, or called one by is_leaf."""
    return (is_leaf is not None and is_leaf(tree)) or _get_node_type(tree) not in SUPPORTED_NODES


_is_leaf = tree_is_leaf


class TreeSpec:
    """The structure of a tree: its class, its context, and the structures of its children."""

    __slots__ = ("_children", "context", "num_children", "num_leaves", "num_nodes", "type")

    def __init__(self, type, context, children_specs):
        self.type, self.context, self._children = type, context, list(children_specs)
        self.num_children = len(self._children)
        self.num_nodes = 1 + sum(child.num_nodes for child in self._children)
        self.num_leaves = 1 if type is None else sum(child.num_leaves for child in self._children)

    def is_leaf(self):
        """Whether it is the structure of one leaf."""
        return self.type is None

    def children(self):
        """The structures of the children."""
        return list(self._children)

    def child(self, index):
        """The structure of one child."""
        return self._children[index]

    @property
    def children_specs(self):
        """The structures of the children."""
        return self._children

    def __eq__(self, other):
        if not isinstance(other, TreeSpec):
            return NotImplemented
        return (self.type, self.context, self._children) == (other.type, other.context, other._children)

    def __hash__(self):
        context = tuple(self.context) if isinstance(self.context, list) else self.context
        return hash((self.type, repr(context), tuple(self._children)))

    def __repr__(self, indent=0):
        if self.type is None:
            return "*"
        head = f"TreeSpec({self.type.__name__}, {self.context}, ["
        if not self._children:
            return head + "])"
        children = [child.__repr__(indent + 2) for child in self._children]
        return head + f",\n{' ' * (indent + 2)}".join(children) + "])"

    def flatten_up_to(self, tree):
        """The parts of a tree at the places of this structure's leaves; ValueError when the tree is of another form."""
        parts = []
        _flatten_up_to(self, tree, parts)
        return parts

    def unflatten(self, leaves):
        """The tree of this structure with these leaves."""
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that "
                f"holds {self.num_leaves} items ({self})."
            )
        return _build(self, iter(leaves))


def LeafSpec():
    """The structure of one leaf."""
    return TreeSpec(None, None, [])


_LEAF = LeafSpec()
treespec_leaf = LeafSpec


def treespec_tuple(iterable=()):
    """The structure of a tuple of structures."""
    return TreeSpec(tuple, None, iterable)


def treespec_pprint(treespec):
    """The text of a structure."""
    return repr(treespec)


def _build(spec, leaves):
    if spec.type is None:
        return next(leaves)
    children = [_build(child, leaves) for child in spec._children]
    return SUPPORTED_NODES[spec.type].unflatten_fn(children, spec.context)


def _flatten_up_to(spec, tree, parts):
    if spec.type is None:
        parts.append(tree)
        return
    kind = _get_node_type(tree)
    both_dicts = spec.type in STANDARD_DICT_TYPES and kind in STANDARD_DICT_TYPES
    if kind is not spec.type and not both_dicts:
        raise ValueError(f"Node type mismatch; expected {spec.type!r}, but got {type(tree)!r}.")
    if len(tree) != spec.num_children if both_dicts else False:
        raise ValueError(f"Node arity mismatch; expected {spec.num_children}, but got {len(tree)}.")
    if both_dicts:
        keys = spec.context[1] if spec.type is defaultdict else spec.context
        if set(keys) != set(tree):
            missing, extra = set(keys) - set(tree), set(tree) - set(keys)
            text = f"; missing key(s): {missing}" * bool(missing) + f"; extra key(s): {extra}" * bool(extra)
            raise ValueError(f"Node keys mismatch{text}.")
        children = [tree[key] for key in keys]
    else:
        children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
        children = list(children)
        if len(children) != spec.num_children:
            raise ValueError(f"Node arity mismatch; expected {spec.num_children}, but got {len(children)}.")
        if kind is not deque and context != spec.context:
            raise ValueError(f"Node context mismatch for custom node type {kind!r}.")
    for child, below in zip(spec._children, children):
        _flatten_up_to(child, below, parts)


def _flatten(tree, leaves, is_leaf):
    if tree_is_leaf(tree, is_leaf):
        leaves.append(tree)
        return _LEAF
    kind = _get_node_type(tree)
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    return TreeSpec(kind, context, [_flatten(child, leaves, is_leaf) for child in children])


def tree_flatten(tree, is_leaf=None):
    """(leaves, structure) of a tree.

    >>> leaves, spec = tree_flatten({"a": [1, 2], "b": 3})
    >>> leaves, tree_unflatten([x * 10 for x in leaves], spec)
    ([1, 2, 3], {'a': [10, 20], 'b': 30})
    """
    leaves = []
    spec = _flatten(tree, leaves, is_leaf)
    return leaves, spec


def tree_unflatten(leaves, treespec):
    """The tree of a structure with these leaves."""
    if not isinstance(treespec, TreeSpec):
        raise TypeError(f"Expected `treespec` to be an instance of PyTreeSpec but got item of type {type(treespec)}.")
    return treespec.unflatten(leaves)


def tree_iter(tree, is_leaf=None):
    """The leaves, one after another."""
    yield from tree_leaves(tree, is_leaf)


def tree_leaves(tree, is_leaf=None):
    """The leaves."""
    return tree_flatten(tree, is_leaf)[0]


def tree_structure(tree, is_leaf=None):
    """The structure."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(func, tree, *rests, is_leaf=None):
    """The tree with func of its leaves, and of those of the other trees at the same places.

    >>> tree_map(lambda a, b: a + b, [1, (2,)], [10, (20,)])
    [11, (22,)]
    """
    leaves, spec = tree_flatten(tree, is_leaf)
    columns = [leaves, *(spec.flatten_up_to(other) for other in rests)]
    return spec.unflatten(map(func, *columns))


def tree_map_(func, tree, *rests, is_leaf=None):
    """Call func with every leaf and give back the tree."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def map_only(wanted, /):
    """A decorator: the function only where the leaf is of a type, or meets a condition."""
    meets = wanted if callable(wanted) and not isinstance(wanted, type) else lambda x: isinstance(x, wanted)

    def decorate(func):
        @functools.wraps(func)
        def wrapped(leaf):
            return func(leaf) if meets(leaf) else leaf

        return wrapped

    return decorate


def tree_map_only(wanted, /, func, tree, is_leaf=None):
    """tree_map where the leaf is of a type, or meets a condition; other leaves stay."""
    return tree_map(map_only(wanted)(func), tree, is_leaf=is_leaf)


def tree_map_only_(wanted, /, func, tree, is_leaf=None):
    """Call func with the leaves of a type and give back the tree."""
    return tree_map_(map_only(wanted)(func), tree, is_leaf=is_leaf)


def tree_all(pred, tree, is_leaf=None):
    """Whether pred holds for every leaf."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred, tree, is_leaf=None):
    """Whether pred holds for a leaf."""
    return any(map(pred, tree_leaves(tree, is_leaf)))


def tree_all_only(wanted, /, pred, tree, is_leaf=None):
    """Whether pred holds for every leaf of a type."""
    return all(pred(leaf) for leaf in tree_leaves(tree, is_leaf) if isinstance(leaf, wanted))


def tree_any_only(wanted, /, pred, tree, is_leaf=None):
    """Whether pred holds for a leaf of a type."""
    return any(pred(leaf) for leaf in tree_leaves(tree, is_leaf) if isinstance(leaf, wanted))


def arg_tree_leaves(*args, **kwargs):
    """The leaves of the arguments of a call."""
    return [*tree_leaves(args), *tree_leaves(kwargs)]


def _broadcast_to_and_flatten(tree, treespec, is_leaf=None):
    """The leaves of a tree that may stop short of a structure's leaves, repeated to fit it; None when it does not."""
    if tree_is_leaf(tree, is_leaf):
        return [tree] * treespec.num_leaves
    kind = _get_node_type(tree)
    if kind is not treespec.type:
        return None
    children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
    if len(children) != treespec.num_children or context != treespec.context:
        return None
    spread = [_broadcast_to_and_flatten(child, spec, is_leaf) for child, spec in zip(children, treespec.children_specs)]
    return None if None in spread else [leaf for part in spread for leaf in part]


from ._pytree_paths import (  # noqa: F401 (they need what is above; names of the module)
    key_get,
    tree_flatten_with_path,
    tree_leaves_with_path,
    tree_map_with_path,
)
