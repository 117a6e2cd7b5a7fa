"""Nested lists, tuples and dicts of tensors as the transforms see them, over torch.utils._pytree."""

from collections import OrderedDict, defaultdict

from ..utils._pytree import SUPPORTED_NODES, _get_node_type, tree_flatten, tree_map, tree_unflatten

flatten, unflatten = tree_flatten, tree_unflatten
__all__ = ["broadcast", "drawn", "flatten", "tree_map", "unflatten"]


_DICTS = (dict, OrderedDict, defaultdict)


def _spread(prefix, spec, out):
    kind = _get_node_type(prefix)
    if kind not in SUPPORTED_NODES:
        out.extend([prefix] * spec.num_leaves)
        return True
    dicts = kind in _DICTS and spec.type in _DICTS
    if spec.is_leaf() or not (kind is spec.type or dicts):
        return False
    children, context = SUPPORTED_NODES[kind].flatten_fn(prefix)
    if dicts:
        keys = spec.context[1] if spec.type is defaultdict else spec.context
        if prefix.keys() != set(keys):
            return False
        children = prefix.values()  # in their own order, as torch pairs them
    elif context != spec.context or len(children) != spec.num_children:
        return False
    return all(_spread(child, below, out) for child, below in zip(children, spec.children()))


def broadcast(prefix, spec):
    """The leaves of a tree of ints (or None) that may stop short of the leaves of spec, repeated to fit it; None if it can't."""
    out = []
    return out if _spread(prefix, spec, out) else None


class _Leaf:
    def __repr__(self):
        return "*"


def drawn(spec):
    """A structure as text, with stars for its leaves.

    >>> drawn(flatten({"a": (1, 2)})[1])
    "{'a': (*, *)}"
    """
    return repr(unflatten([_Leaf()] * spec.num_leaves, spec))
