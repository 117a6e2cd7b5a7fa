"""torch.utils._pytree: trees are taken apart and put together as torch does it, with the same errors."""

import collections
import importlib

import pytest

TREES = """
Point = collections.namedtuple("Point", "x y")
trees = [
    3, None, [1, (2, 3)], {"b": [1], "a": (2,)}, Point(1, [2]), collections.OrderedDict(x=4, y=[5]),
    collections.defaultdict(list, {"k": [1, 2]}), collections.deque([1, (2,)], maxlen=4), [], {}, ((),),
    {"n": Point({"m": 1}, None)},
]
answers = []
for tree in trees:
    leaves, spec = p.tree_flatten(tree)
    answers += [leaves, repr(spec), spec.num_leaves, spec.num_nodes, spec.is_leaf()]
    answers += [p.tree_unflatten(leaves, spec), p.tree_map(lambda x: [x], tree), p.tree_leaves(tree)]
    answers += [p.tree_structure(tree) == spec, p.tree_all(lambda x: x is not None, tree)]
    answers += [p.tree_map_only(int, lambda x: -x, tree), p.tree_any(lambda x: x == 2, tree)]
    answers += [[(p.keystr(path), leaf) for path, leaf in p.tree_flatten_with_path(tree)[0]]]
    answers += [p._broadcast_to_and_flatten(7, spec), p._broadcast_to_and_flatten([1, 2], spec)]
answers += [
    p.tree_map(lambda a, b: (a, b), [1, [2]], [3, [4, 5][:1]]),
    p.tree_flatten([1, [2, 3]], is_leaf=lambda x: isinstance(x, list) and len(x) == 2 and x[0] == 2)[0],
]
for call in (
    lambda: p.tree_map(lambda a, b: 0, [1, 2], [1]),
    lambda: p.tree_map(lambda a, b: 0, [1, 2], (1, 2)),
    lambda: p.tree_map(lambda a, b: 0, {"a": 1}, {"b": 1}),
    lambda: p.tree_unflatten([1], p.tree_structure([1, 2])),
    lambda: p.tree_unflatten([1], [1]),
):
    try:
        answers.append(call())
    except (ValueError, TypeError) as problem:
        answers.append((type(problem).__name__, str(problem)))
"""


def run(library):
    space = {"p": importlib.import_module(f"{library}.utils._pytree"), "collections": collections}
    exec(TREES, space)  # noqa: S102 (the same text in both libraries)
    return space["answers"]


def test_trees_as_in_torch():
    pytest.importorskip("torch")
    ours, theirs = run("wengert"), run("torch")
    assert len(ours) == len(theirs) > 150
    for position, (one, other) in enumerate(zip(ours, theirs)):
        assert repr(one) == repr(other), position


def test_registered_classes_reach_the_transforms():
    import wengert
    from wengert.utils import _pytree

    class Pair:
        def __init__(self, a, b):
            self.a, self.b = a, b

    _pytree.register_pytree_node(Pair, lambda p: ([p.a, p.b], None), lambda values, _: Pair(*values))
    try:
        out = wengert.vmap(lambda p: Pair(p.a * 2, p.b + 1))(Pair(wengert.arange(2), wengert.ones(2)))
        assert (out.a.tolist(), out.b.tolist()) == ([0, 2], [2, 2])
        with pytest.raises(ValueError, match="already registered"):
            _pytree.register_pytree_node(Pair, None, None)
    finally:
        _pytree._deregister_pytree_node(Pair)
