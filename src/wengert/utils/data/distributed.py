"""A sampler that gives each of several processes its own share of a dataset."""

import math

import wengert as wg

from .sampler import Sampler

__all__ = ["DistributedSampler"]


class DistributedSampler(Sampler):
    """Every ``num_replicas``-th index, beginning at ``rank``.

    Args:
        dataset: anything with a length.
        num_replicas: how many processes share it; must be given, for there is no process group to ask.
        rank: which of them this is; must be given.
        shuffle: visit the indices in random order, the same in every process.
        seed: where the random numbers start; the epoch is added to it.
        drop_last: drop the tail that cannot be shared evenly, instead of repeating some indices.

    Raises:
        RuntimeError: ``num_replicas`` or ``rank`` is missing.
        ValueError: ``rank`` is out of range.

    Example::

        >>> from wengert.utils.data import DistributedSampler
        >>> list(DistributedSampler(range(5), num_replicas=2, rank=1, shuffle=False))
        [1, 3, 0]
    """

    def __init__(self, dataset, num_replicas=None, rank=None, shuffle=True, seed=0, drop_last=False):
        if num_replicas is None or rank is None:
            raise RuntimeError("Requires distributed package to be available")
        if rank >= num_replicas or rank < 0:
            raise ValueError(f"Invalid rank {rank}, rank should be in the interval [0, {num_replicas - 1}]")
        self.dataset = dataset
        self.num_replicas = num_replicas
        self.rank = rank
        self.epoch = 0
        self.drop_last = drop_last
        shared = len(dataset)
        if drop_last and shared % num_replicas != 0:
            shared -= num_replicas
        self.num_samples = math.ceil(shared / num_replicas)
        self.total_size = self.num_samples * num_replicas
        self.shuffle = shuffle
        self.seed = seed

    def __iter__(self):
        if self.shuffle:
            generator = wg.Generator()
            generator.manual_seed(self.seed + self.epoch)
            indices = wg.randperm(len(self.dataset), generator=generator).tolist()
        else:
            indices = list(range(len(self.dataset)))
        if self.drop_last:
            indices = indices[: self.total_size]
        else:
            missing = self.total_size - len(indices)
            if missing > 0:
                indices += (indices * math.ceil(missing / len(indices)))[:missing]
        return iter(indices[self.rank : self.total_size : self.num_replicas])

    def __len__(self):
        return self.num_samples

    def set_epoch(self, epoch):
        """Must be called before each epoch, or every epoch has the same order."""
        self.epoch = epoch
