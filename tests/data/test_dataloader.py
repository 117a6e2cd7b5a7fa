"""The DataLoader in one process and its options."""

import pytest

import wengert as wg
from wengert.utils.data import DataLoader, Dataset, IterableDataset, Subset, TensorDataset, default_collate


class Squares(Dataset):
    def __init__(self, n=10):
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        return i, float(i * i)


class Stream(IterableDataset):
    def __init__(self, n, length=None):
        self.n = n
        self.length = length

    def __iter__(self):
        return iter(range(self.n))

    def __len__(self):
        return self.length if self.length is not None else self.n


def rows(loader):
    return [[part.tolist() for part in batch] for batch in loader]


def test_batches():
    loader = DataLoader(Squares(5), batch_size=2)
    assert rows(loader) == [[[0, 1], [0.0, 1.0]], [[2, 3], [4.0, 9.0]], [[4], [16.0]]]
    assert len(loader) == 3
    assert len(DataLoader(Squares(5), batch_size=2, drop_last=True)) == 2
    assert len(list(DataLoader(Squares(5), batch_size=2, drop_last=True))) == 2


def test_without_batches():
    assert list(DataLoader(Squares(3), batch_size=None)) == [[0, 0.0], [1, 1.0], [2, 4.0]]


def test_custom_collate_and_samplers():
    loader = DataLoader(Squares(4), batch_size=4, collate_fn=lambda samples: [i for i, _ in samples], sampler=[3, 1])
    assert list(loader) == [[3, 1]]
    assert list(DataLoader(range(9), batch_sampler=[[1, 2], [8]], collate_fn=list)) == [[1, 2], [8]]


def test_anything_with_items_is_a_dataset():
    assert [b.tolist() for b in DataLoader(wg.arange(3), batch_size=2)] == [[0, 1], [2]]
    assert [b.tolist() for b in DataLoader([5, 6], batch_size=2)] == [[5, 6]]


def test_stream():
    assert [b.tolist() for b in DataLoader(Stream(5), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(5), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]
    assert len(DataLoader(Stream(5), batch_size=2)) == 3


def test_stream_longer_than_it_said():
    loader = DataLoader(Stream(2, length=1), batch_size=1)
    assert len(loader) == 1
    with pytest.warns(UserWarning, match="was reported to be 1\\(when accessing len\\(dataloader\\)\\), but 2 samples"):
        list(loader)


def test_rows_of_tensors_are_the_same_as_sample_by_sample():
    data = TensorDataset(wg.randn(20, 3), wg.arange(20), wg.rand(20).t())
    for dataset in (data, Subset(Subset(data, list(range(19, -1, -2))), [3, 1, 4, 1, 5])):
        quick = list(DataLoader(dataset, batch_size=4))
        slow = list(DataLoader(dataset, batch_size=4, collate_fn=lambda samples: default_collate(samples)))
        assert len(quick) == len(slow)
        for a, b in zip(quick, slow, strict=True):
            assert type(a) is type(b) is list
            for x, y in zip(a, b, strict=True):
                assert x.dtype == y.dtype and x.is_contiguous() and x.tolist() == y.tolist()


def test_rows_with_unusual_indices_go_the_long_way():
    data = TensorDataset(wg.arange(4))
    assert rows(DataLoader(data, batch_sampler=[[-1, 0]])) == [[[3, 0]]]
    with pytest.raises(IndexError):
        list(DataLoader(data, batch_sampler=[[7]]))


def test_a_dataset_that_indexes_rows_itself_is_asked():
    class Doubled(TensorDataset):
        def __getitem__(self, i):
            return tuple(2 * t for t in super().__getitem__(i))

    assert rows(DataLoader(Doubled(wg.arange(3)), batch_size=3)) == [[[0, 2, 4]]]


def test_same_seed_same_order():
    def order(**options):
        wg.manual_seed(3)
        return [b.tolist() for b in DataLoader(list(range(10)), batch_size=3, shuffle=True, **options)]

    assert order() == order()
    assert order(generator=wg.Generator().manual_seed(1)) == order(generator=wg.Generator().manual_seed(1))
    assert sorted(i for batch in order() for i in batch) == list(range(10))


def test_two_passes_at_once():
    loader = DataLoader(list(range(3)))
    pairs = [(a.item(), b.item()) for a in loader for b in loader]
    assert pairs == [(a, b) for a in range(3) for b in range(3)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"num_workers": -1},
            "num_workers option should be non-negative; use num_workers=0 to disable multiprocessing.",
        ),
        ({"timeout": -1}, "timeout option should be non-negative"),
        (
            {"prefetch_factor": 2},
            "prefetch_factor option could only be specified in multiprocessing.let num_workers > 0",
        ),
        ({"num_workers": 1, "prefetch_factor": -1}, "prefetch_factor option should be non-negative"),
        ({"persistent_workers": True}, "persistent_workers option needs num_workers > 0"),
        ({"sampler": [0], "shuffle": True}, "sampler option is mutually exclusive with shuffle"),
        (
            {"batch_sampler": [[0]], "batch_size": 2},
            "batch_sampler option is mutually exclusive with batch_size, shuff",
        ),
        ({"batch_size": None, "drop_last": True}, "batch_size=None option disables auto-batching and is mutually excl"),
        ({"batch_size": 0}, "batch_size should be a positive integer value, but got batch_size=0"),
        ({"multiprocessing_context": "fork"}, "multiprocessing_context can only be used with multi-process loading"),
        (
            {"num_workers": 1, "multiprocessing_context": "x"},
            "multiprocessing_context option should specify a valid st",
        ),
    ],
)
def test_options_that_contradict(options, message):
    with pytest.raises(ValueError) as error:
        DataLoader(Squares(), **options)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("option", ["shuffle", "sampler", "batch_sampler"])
def test_options_that_a_stream_has_not(option):
    with pytest.raises(ValueError, match=f"DataLoader with IterableDataset: expected unspecified {option} option, but"):
        DataLoader(Stream(3), **{option: [[0]] if option != "shuffle" else True})


def test_wrong_context_type():
    with pytest.raises(TypeError, match="multiprocessing_context option should be a valid context object or a string"):
        DataLoader(Squares(), num_workers=1, multiprocessing_context=3)


def test_attributes_are_frozen():
    loader = DataLoader(Squares())
    with pytest.raises(ValueError, match="batch_size attribute should not be set after DataLoader is initialized"):
        loader.batch_size = 3
    loader.collate_fn = list
    assert list(loader)[1] == [(1, 1.0)]


def test_pin_memory_is_accepted_with_a_warning():
    with pytest.warns(UserWarning, match="'pin_memory' argument is set as true but no accelerator is found"):
        assert len(list(DataLoader(Squares(2), pin_memory=True))) == 2


def test_more_workers_than_processors():
    with pytest.warns(
        UserWarning, match="This DataLoader will create 1000 worker processes in total. Our suggested max"
    ):
        DataLoader(Squares(), num_workers=1000)


def test_an_iterator_cannot_be_pickled():
    import pickle

    with pytest.raises(NotImplementedError):
        pickle.dumps(iter(DataLoader(Squares())))
