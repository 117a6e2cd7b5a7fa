"""The same seed gives torch's order, torch's workers' random numbers, and leaves the generator where torch does."""

import warnings

import pytest

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")


class Samples:
    """A dataset for both libraries; the random numbers come from the library that loads."""

    def __init__(self, lib, n):
        self.lib = lib
        self.n = n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        import random

        return {"i": i, "x": self.lib.tensor([i, i * i]), "r": self.lib.rand(2), "p": random.random()}


def plain(value):
    if isinstance(value, (wg.Tensor, torch.Tensor)):
        return str(value.dtype).split(".")[-1], value.tolist()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [type(value).__name__, *map(plain, value)]
    return value


def load(lib, epochs=2, seed=5, n=23, own_generator=False, **options):
    if own_generator:
        options["generator"] = lib.Generator().manual_seed(9)
    lib.manual_seed(seed)
    if options.get("num_workers", 0) == 0:
        import random

        random.seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loader = lib.utils.data.DataLoader(Samples(lib, n), **options)
        batches = [plain(batch) for _ in range(epochs) for batch in loader]
    return batches, lib.rand(3).tolist()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"batch_size": 4},
        {"batch_size": 4, "shuffle": True},
        {"batch_size": 5, "shuffle": True, "drop_last": True},
        {"batch_size": 4, "shuffle": True, "own_generator": True},
        {"batch_size": None},
        {"batch_size": None, "shuffle": True},
        {"batch_size": 4, "shuffle": True, "num_workers": 2},
        {"batch_size": 3, "shuffle": True, "num_workers": 2, "prefetch_factor": 1, "own_generator": True},
        {"batch_size": 3, "shuffle": True, "num_workers": 2, "persistent_workers": True},
    ],
    ids=str,
)
def test_same_batches_as_torch(options):
    assert load(wg, **options) == load(torch, **options)


def sample(lib, make):
    lib.manual_seed(11)
    indices = [list(make(lib.utils.data)) for _ in range(2)]
    return indices, lib.rand(2).tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda d: d.RandomSampler(range(10)),
        lambda d: d.RandomSampler(range(10), num_samples=25),
        lambda d: d.RandomSampler(range(10), num_samples=20),
        lambda d: d.RandomSampler(range(10), replacement=True),
        lambda d: d.RandomSampler(range(10), replacement=True, num_samples=70),
        lambda d: d.SubsetRandomSampler([3, 1, 4, 1, 5]),
        lambda d: d.WeightedRandomSampler([0.1, 0.2, 0.7, 2.0], 12),
        lambda d: d.WeightedRandomSampler([0.1, 0.2, 0.7, 2.0], 3, replacement=False),
        lambda d: d.DistributedSampler(range(11), 3, 1, seed=4),
        lambda d: [i for part in d.random_split(range(12), [0.5, 0.25, 0.25]) for i in part.indices],
    ],
)
def test_same_indices_as_torch(make):
    assert sample(wg, make) == sample(torch, make)


@pytest.mark.parametrize("option", ["generator", None])
def test_a_generator_given_to_a_sampler_advances_alike(option):
    def states(lib):
        generator = lib.Generator().manual_seed(2)
        for n in (10, 30):
            list(lib.utils.data.RandomSampler(range(10), num_samples=n, generator=generator))
        return lib.rand(3, generator=generator).tolist()

    assert states(wg) == states(torch)
