"""Lists as indices: some stand for a tuple, as in torch, which warns about it."""

import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")

INDICES = [
    lambda t: [[0, 1], [2, 3]],
    lambda t: [(0, 1), (2, 3)],
    lambda t: [slice(0, 2), [1, 2]],
    lambda t: [[0], [1, 2]],
    lambda t: [None, 0],
    lambda t: [Ellipsis, 0],
    lambda t: [t.tensor([0, 1]), t.tensor([1, 2])],
    lambda t: [t.tensor(1), t.tensor(2)],
    lambda t: [[True, False, True, True]],
    lambda t: [[[0, 1], [2, 3]]],
    lambda t: [[]],
    lambda t: [[1, 2], 3],
    lambda t: [1, 2],
    lambda t: [True, False, True, True],
    lambda t: [],
    lambda t: [[0]] * 33,
]


@pytest.mark.parametrize("number", range(len(INDICES)))
def test_lists_index_as_in_torch(number):
    found = []
    for t in (wengert, torch):
        x = t.arange(24.0).view(4, 6)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            taken = x[INDICES[number](t)]
            x[INDICES[number](t)] = -1
        warned = any("Using a non-tuple sequence for multidimensional indexing" in str(w.message) for w in caught)
        found.append((tuple(taken.shape), taken.tolist(), x.tolist(), warned))
    assert found[0] == found[1]
