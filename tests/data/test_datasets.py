"""Datasets, samplers and collating, without a DataLoader."""

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import wengert as wg
from wengert.utils.data import (
    BatchSampler,
    ChainDataset,
    ConcatDataset,
    Dataset,
    DistributedSampler,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    random_split,
)


class Stream(IterableDataset):
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)


class Counting(Dataset):
    """Notes how it was asked."""

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 5

    def __getitem__(self, i):
        self.asked.append(i)
        return i * 10


class Batched(Counting):
    def __getitems__(self, indices):
        self.asked.append(tuple(indices))
        return [i * 10 for i in indices]


def test_tensor_dataset():
    data = TensorDataset(wg.arange(4), wg.arange(8).reshape(4, 2))
    assert len(data) == 4
    a, b = data[2]
    assert (a.item(), b.tolist()) == (2, [4, 5])
    with pytest.raises(AssertionError, match="Size mismatch between tensors"):
        TensorDataset(wg.zeros(2), wg.zeros(3))


def test_concat_and_chain():
    data = Counting() + Counting()
    assert isinstance(data, ConcatDataset) and len(data) == 10
    assert (data[4], data[5], data[-1]) == (40, 0, 40)
    with pytest.raises(ValueError, match="absolute value of index should not exceed dataset length"):
        data[-11]
    with pytest.raises(AssertionError, match="datasets should not be an empty iterable"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="ConcatDataset does not support IterableDataset"):
        ConcatDataset([Stream([1])])
    chain = Stream([1, 2]) + Stream([3])
    assert isinstance(chain, ChainDataset) and list(chain) == [1, 2, 3] and len(chain) == 3
    with pytest.raises(AssertionError, match="ChainDataset only supports IterableDataset"):
        list(ChainDataset([Counting()]))


def test_stack():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    assert StackDataset(x=[1, 2], y="ab")[0] == {"x": 1, "y": "a"}
    inner = Batched()
    assert StackDataset(inner, range(5)).__getitems__([1, 3]) == [(10, 1), (30, 3)]
    assert inner.asked == [(1, 3)]
    assert StackDataset(a=Batched(), b=range(5)).__getitems__([2]) == [{"a": 20, "b": 2}]
    for make, message in [
        (lambda: StackDataset(), "At least one dataset should be passed"),
        (lambda: StackDataset([1], [1, 2]), "Size mismatch between datasets"),
        (lambda: StackDataset([1], a=[1]), "Supported either ``tuple``- \\(via ``args``\\) or"),
    ]:
        with pytest.raises(ValueError, match=message):
            make()


def test_subset():
    inner = Batched()
    part = Subset(inner, [4, 2, 0])
    assert part[1] == 20 and part.__getitems__([0, 2]) == [40, 0] and inner.asked == [2, (4, 0)]
    assert len(part) == 3

    class Half(Subset):
        def __getitem__(self, i):
            return super().__getitem__(i) / 2

    with pytest.raises(NotImplementedError, match="Half overrides __getitem__ but not __getitems__"):
        Half(inner, [0])


def test_random_split():
    generator = wg.Generator().manual_seed(1)
    parts = random_split(range(10), [3, 7], generator)
    assert [len(p) for p in parts] == [3, 7]
    assert sorted(i for p in parts for i in p.indices) == list(range(10))
    assert [len(p) for p in random_split(range(10), [0.25, 0.25, 0.5])] == [3, 2, 5]
    with pytest.raises(ValueError, match="Sum of input lengths does not equal the length of the input dataset!"):
        random_split(range(10), [1, 2])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(1), [0.5, 0.5])


def test_base_classes_must_be_completed():
    with pytest.raises(NotImplementedError, match="Subclasses of Dataset should implement __getitem__."):
        Dataset()[0]
    with pytest.raises(NotImplementedError):
        iter(Sampler())

    class Typed(Dataset[int]):
        pass

    assert issubclass(Typed, Dataset)


def test_samplers():
    assert list(SequentialSampler("abc")) == [0, 1, 2]
    assert sorted(RandomSampler(range(5))) == list(range(5))
    assert len(list(RandomSampler(range(5), num_samples=12))) == 12
    assert set(RandomSampler(range(3), replacement=True, num_samples=100)) <= {0, 1, 2}
    assert sorted(SubsetRandomSampler([7, 9])) == [7, 9]
    assert set(WeightedRandomSampler([0, 1, 0, 1], 50)) == {1, 3}
    assert sorted(WeightedRandomSampler([1.0, 1.0, 1.0], 3, replacement=False)) == [0, 1, 2]
    assert list(BatchSampler(range(5), 2, True)) == [[0, 1], [2, 3]]
    assert [len(BatchSampler(range(5), 2, drop)) for drop in (True, False)] == [2, 3]


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (
            lambda: RandomSampler([]),
            ValueError,
            "num_samples should be a positive integer value, but got num_samples=0",
        ),
        (lambda: RandomSampler([1], replacement=1), TypeError, "replacement should be a boolean value, but got replac"),
        (lambda: WeightedRandomSampler([1], 0), ValueError, "num_samples should be a positive integer value, but got"),
        (lambda: WeightedRandomSampler([1], 1, 1), ValueError, "replacement should be a boolean value, but got"),
        (lambda: WeightedRandomSampler([[1]], 1), ValueError, "weights should be a 1d sequence but given weights have"),
        (lambda: BatchSampler([], 0, True), ValueError, "batch_size should be a positive integer value, but got"),
        (lambda: BatchSampler([], True, True), ValueError, "batch_size should be a positive integer value, but got"),
        (lambda: BatchSampler([], 1, 1), ValueError, "drop_last should be a boolean value, but got drop_last=1"),
        (lambda: DistributedSampler([1]), RuntimeError, "Requires distributed package to be available"),
        (
            lambda: DistributedSampler([1], 2, 2),
            ValueError,
            "Invalid rank 2, rank should be in the interval \\[0, 1\\]",
        ),
    ],
)
def test_sampler_refusals(make, kind, message):
    with pytest.raises(kind, match=message):
        make()


def test_distributed_sampler_shares_everything():
    for drop_last, total in ((False, 12), (True, 9)):
        parts = [DistributedSampler(range(11), 3, rank, seed=1, drop_last=drop_last) for rank in range(3)]
        seen = [i for part in parts for i in part]
        assert len(seen) == total == sum(len(part) for part in parts)
        assert set(seen) == set(range(11)) or drop_last
    first = list(parts[0])
    parts[0].set_epoch(1)
    assert list(parts[0]) != first
    assert list(DistributedSampler(range(2), 5, 4, shuffle=False)) == [0]


def test_collate_kinds():
    Point = namedtuple("Point", "x y")
    assert default_collate([1.0, 2.0]).dtype == wg.float64
    assert default_collate([1, 2]).dtype == wg.int64
    assert default_collate([True, False]).dtype == wg.bool
    assert default_collate(["a", "b"]) == ["a", "b"]
    assert default_collate([np.float32(1), np.float32(2)]).dtype == wg.float32
    assert default_collate([np.zeros(2, np.int32), np.ones(2, np.int32)]).dtype == wg.int32
    assert default_collate([wg.zeros(2), wg.ones(2)]).tolist() == [[0, 0], [1, 1]]
    batch = default_collate([{"a": (1, [2])}, {"a": (3, [4])}])
    assert batch["a"][0].tolist() == [1, 3] and batch["a"][1][0].tolist() == [2, 4]
    assert isinstance(batch["a"], list)
    ordered = default_collate([OrderedDict(b=1), OrderedDict(b=2)])
    assert isinstance(ordered, OrderedDict)
    point = default_collate([Point(1, "a"), Point(2, "b")])
    assert isinstance(point, Point) and point.x.tolist() == [1, 2] and point.y == ("a", "b")


def test_collate_refusals():
    with pytest.raises(RuntimeError, match="each element in list of batch should be of equal size"):
        default_collate([[1], [1, 2]])
    with pytest.raises(TypeError, match="default_collate: batch must contain tensors, numpy arrays, numbers, dicts"):
        default_collate([object()])
    with pytest.raises(TypeError, match="found <U1"):
        default_collate([np.array(["a"])])


def test_collate_with_a_function_for_a_type():
    from wengert.utils.data._utils.collate import collate, default_collate_fn_map

    class Image:
        pass

    functions = {**default_collate_fn_map, Image: lambda batch, *, collate_fn_map: f"{len(batch)} images"}
    assert collate([{"i": Image(), "n": 1}] * 2, collate_fn_map=functions)["i"] == "2 images"


def test_convert():
    Point = namedtuple("Point", "x y")
    assert default_convert(3) == 3 and default_convert("a") == "a"
    out = default_convert({"a": [np.zeros(2), "x"], "p": Point(np.ones(1), 0)})
    assert isinstance(out["a"][0], wg.Tensor) and out["a"][1] == "x"
    assert isinstance(out["p"], Point) and isinstance(out["p"].x, wg.Tensor)
    words = np.array(["a"])
    assert default_convert(words) is words


def test_subclasses_of_arrays_are_collated_as_arrays(tmp_path):
    mapped = np.memmap(tmp_path / "numbers", dtype=np.float32, mode="w+", shape=(2, 3))
    mapped[:] = [[1, 2, 3], [4, 5, 6]]
    assert default_collate(list(mapped)).tolist() == [[1, 2, 3], [4, 5, 6]]
    assert isinstance(default_convert(mapped), wg.Tensor)
