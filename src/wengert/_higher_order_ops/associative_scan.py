"""A scan with any associative function, run step by step."""

import wengert as _wg


def associative_scan(combine_fn, xs, dim=0, reverse=False, combine_mode="pointwise"):
    """The running combination of the slices along a dim, for a tensor or a tree of tensors.

    >>> associative_scan(lambda a, b: a + b, _wg.arange(4.0), 0)
    tensor([0., 1., 3., 6.])
    """
    from ..utils._pytree import tree_flatten, tree_unflatten

    leaves, spec = tree_flatten(xs)
    columns = [list(leaf.unbind(dim)) for leaf in leaves]
    steps = [tree_unflatten(list(row), spec) for row in zip(*columns)]
    steps = steps[::-1] if reverse else steps
    found = steps[:1]
    for step in steps[1:]:
        found.append(combine_fn(found[-1], step))
    found = found[::-1] if reverse else found
    rows = zip(*(tree_flatten(step)[0] for step in found))
    return tree_unflatten([_wg.stack(row, dim) for row in rows], spec)
