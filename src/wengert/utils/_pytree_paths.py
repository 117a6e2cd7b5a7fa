"""The leaves of trees with the paths that lead to them."""

from ._pytree import SUPPORTED_NODES, _get_node_type, is_structseq_class, tree_is_leaf, tree_structure
from ._pytree_keys import SequenceKey


def _leaves_with_path(tree, path, is_leaf):
    if tree_is_leaf(tree, is_leaf):
        yield path, tree
        return
    kind = _get_node_type(tree)
    with_keys = SUPPORTED_NODES[kind].flatten_with_keys_fn
    if with_keys is None:
        if not is_structseq_class(kind):
            raise ValueError(
                f"Did not find a flatten_with_keys_fn for type: {kind}. Please pass a flatten_with_keys_fn argument "
                "to register_pytree_node."
            )
        children = [(SequenceKey(i), value) for i, value in enumerate(tree)]
    else:
        children, _ = with_keys(tree)
    for key, child in children:
        yield from _leaves_with_path(child, (*path, key), is_leaf)


def tree_leaves_with_path(tree, is_leaf=None):
    """[(path, leaf)]; a path is a tuple of keys.

    >>> tree_leaves_with_path({"a": 1})
    [((MappingKey(key='a'),), 1)]
    """
    return list(_leaves_with_path(tree, (), is_leaf))


def tree_flatten_with_path(tree, is_leaf=None):
    """([(path, leaf)], structure)."""
    return tree_leaves_with_path(tree, is_leaf), tree_structure(tree, is_leaf)


def tree_map_with_path(func, tree, *rests, is_leaf=None):
    """tree_map with the path as the function's first argument."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    paths, leaves = [path for path, _ in found], [leaf for _, leaf in found]
    return spec.unflatten(map(func, paths, leaves, *(spec.flatten_up_to(other) for other in rests)))


def key_get(obj, kp):
    """The part of a tree at a path."""
    for key in kp:
        obj = key.get(obj)
    return obj
