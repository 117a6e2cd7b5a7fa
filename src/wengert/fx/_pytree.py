"""torch.fx._pytree: the leaves of a tree by a spec that was taken from another one."""

from collections import namedtuple

from ..utils._pytree import tree_flatten

SUPPORTED_NODES, SUPPORTED_NODES_EXACT_MATCH = {}, {}


def register_pytree_flatten_spec(cls, flatten_fn_spec, flatten_fn_exact_match_spec=None):
    """Say how the children of a container are found by a spec."""
    SUPPORTED_NODES[cls] = flatten_fn_spec
    SUPPORTED_NODES_EXACT_MATCH[cls] = flatten_fn_exact_match_spec


def tree_flatten_spec(pytree, spec):
    """The leaves of a tree in the order of the spec, which it must have the shape of; RuntimeError else.

    >>> from wengert.utils._pytree import tree_structure
    >>> tree_flatten_spec({"b": 1, "a": 2}, tree_structure({"a": 0, "b": 0}))
    [2, 1]
    """
    if spec.is_leaf():
        return [pytree]
    if spec.type in SUPPORTED_NODES:
        children = zip(SUPPORTED_NODES[spec.type](pytree, spec), spec.children())
        return [leaf for child, child_spec in children for leaf in tree_flatten_spec(child, child_spec)]
    leaves, real_spec = tree_flatten(pytree)
    if spec != real_spec:
        raise RuntimeError(
            f"Real spec {real_spec} of object {pytree} is different from expected spec {spec}. "
            "Please file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml"
        )
    return leaves


def _first(values, spec):
    return [values[k] for k in range(spec.num_children)]


def _as_long(values, spec):
    return len(values) == spec.num_children


register_pytree_flatten_spec(dict, lambda values, spec: [values[key] for key in spec.context], _as_long)
for _cls in (list, tuple, namedtuple):
    register_pytree_flatten_spec(_cls, _first, _as_long)
