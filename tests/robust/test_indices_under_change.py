"""Indices, masks and targets that somebody else overwrites while an operation reads them: errors, never wild memory."""

import mmap
import os
import signal

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="another process writes into shared memory"),
    pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning"),
]

N = 1 << 14


def _overwrite(array, good, bad, parent):
    while os.getppid() == parent:  # should an operation crash, this ends as well
        array[:] = bad
        array[:] = good


@pytest.fixture
def changing():
    """changing(good, bad): an array that another process fills with the one, then the other, without end."""
    children = []

    def start(good, bad):
        array = np.frombuffer(mmap.mmap(-1, good.nbytes), good.dtype)
        array[:] = good
        parent, child = os.getpid(), os.fork()
        if child == 0:
            try:
                _overwrite(array, good, bad, parent)
            finally:
                os._exit(0)
        children.append(child)
        return wg.from_numpy(array)

    yield start
    for child in children:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def _indices(changing, shape=(N,)):
    good = np.arange(N) % 8
    return changing(good, np.full(N, 1 << 44)).reshape(shape)


COLUMNS = (4, N // 4)
BY_INDEX = {
    "gather": lambda i: wg.ones(4, 8).gather(1, i.view(COLUMNS)),
    "gather of columns": lambda i: wg.ones(8, N // 4).gather(0, i.view(COLUMNS)),
    "scatter": lambda i: wg.ones(4, 8).scatter(1, i.view(COLUMNS), wg.ones(COLUMNS)),
    "scatter_": lambda i: wg.ones(8, N // 4).scatter_(0, i.view(COLUMNS), 2.0),
    "scatter_add": lambda i: wg.ones(4, 8).scatter_add(1, i.view(COLUMNS), wg.ones(COLUMNS)),
    "scatter_reduce": lambda i: wg.ones(4, 8).scatter_reduce(1, i.view(COLUMNS), wg.ones(COLUMNS), "mean"),
    "index_select": lambda i: wg.ones(8, 3).index_select(0, i),
    "index_add": lambda i: wg.ones(8).index_add(0, i, wg.ones(N)),
    "index_copy": lambda i: wg.ones(8).index_copy(0, i, wg.ones(N)),
    "index_fill": lambda i: wg.ones(8).index_fill(0, i, 2.0),
    "index_reduce": lambda i: wg.ones(8).index_reduce(0, i, wg.ones(N), "prod"),
    "subscript": lambda i: wg.ones(8)[i],
    "subscript assigned": lambda i: wg.ones(8).index_put_((i,), wg.ones(())),
    "take": lambda i: wg.ones(8).take(i),
    "take_along_dim": lambda i: wg.ones(8).take_along_dim(i),
    "put": lambda i: wg.ones(8).put(i, wg.ones(N)),
    "embedding": lambda i: F.embedding(i, wg.ones(8, 3, requires_grad=True), scale_grad_by_freq=True).sum().backward(),
    "embedding_bag": lambda i: F.embedding_bag(i.view(64, -1), wg.ones(8, 3)),
    "one_hot": lambda i: F.one_hot(i[:1024], 8),
    "nll_loss": lambda i: F.nll_loss(wg.ones(N, 8, requires_grad=True), i).backward(),
    "cross_entropy": lambda i: F.cross_entropy(wg.ones(N, 8, requires_grad=True), i).backward(),
    "multi_margin_loss": lambda i: F.multi_margin_loss(wg.ones(N, 8), i),
    "max_unpool1d": lambda i: F.max_unpool1d(wg.ones(1, N // 4, 4), i.view(1, N // 4, 4), 2),
    "searchsorted": lambda i: wg.searchsorted(wg.ones(N // 8, 8), wg.ones(N // 8, 3), sorter=i.view(N // 8, 8)),
    "bincount": lambda i: wg.bincount(i, minlength=8),
    "bincount with weights": lambda i: wg.bincount(i, wg.ones(N)),
    "repeat_interleave": lambda i: wg.repeat_interleave(i),
    "unique of rows": lambda i: wg.unique(i.view(-1, 2), dim=0),
    "sort": lambda i: (i.sort(), i.topk(9), i.kthvalue(7), i.mode(), i.median(), i.unique()),
}


@pytest.mark.parametrize("name", BY_INDEX)
def test_indices(changing, name):
    index = _indices(changing)
    for _ in range(150):
        try:
            BY_INDEX[name](index)
        except (IndexError, RuntimeError):
            pass


BY_MASK = {
    "subscript": lambda m: wg.ones(N)[m],
    "subscript of rows": lambda m: wg.ones(N, 2)[m],
    "gradient": lambda m: wg.ones(N, requires_grad=True)[m].sum().backward(),
    "masked_select": lambda m: wg.ones(N).masked_select(m),
    "masked_scatter": lambda m: wg.ones(N).masked_scatter(m, wg.ones(N)),
    "masked_fill": lambda m: wg.ones(N).masked_fill(m, 2.0),
    "nonzero": lambda m: m.nonzero(),
    "argwhere": lambda m: wg.argwhere(m.view(-1, 8)),
    "where": lambda m: wg.where(m),
}


@pytest.mark.parametrize("name", BY_MASK)
def test_masks(changing, name):
    mask = changing(np.arange(N) % 7 == 0, np.arange(N) % 2 == 0)
    for _ in range(150):
        try:
            BY_MASK[name](mask)
        except RuntimeError:
            pass


def test_masks_whose_bytes_are_not_0_and_1():
    mask = wg.tensor([0, 2, 255, 1], dtype=wg.uint8).view(wg.bool)
    x = wg.arange(4.0)
    assert x[mask].tolist() == x.masked_select(mask).tolist() == [1, 2, 3]
    assert mask.nonzero().tolist() == [[1], [2], [3]]
    assert x.masked_scatter(mask, wg.tensor([7.0, 8.0, 9.0])).tolist() == [0, 7, 8, 9]
    assert x.masked_fill(mask, 5).tolist() == [0, 5, 5, 5]
    assert [value.item() for value in mask] == mask.tolist() == [False, True, True, True]
    assert [int(value) for value in mask] == [float(value) for value in mask] == [0, 1, 1, 1]


def test_the_first_index_outside_is_named():
    index = wg.tensor([[0, 1], [5, 1], [2, 9]])
    with pytest.raises(RuntimeError, match="^index 5 is out of bounds for dimension 1 with size 3$"):
        wg.ones(3, 3).gather(1, index)
    kept = wg.zeros(3, 3)
    with pytest.raises(RuntimeError, match="^index 5 is out of bounds for dimension 1 with size 3$"):
        kept.scatter_(1, index, 1.0)
    assert kept.sum() == 0
    with pytest.raises(RuntimeError, match="^Found an invalid max index: 99 "):
        F.max_unpool1d(wg.ones(1, 1, 2), wg.tensor([[[0, 99]]]), 2)
