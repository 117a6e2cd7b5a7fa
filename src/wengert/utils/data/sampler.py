"""Samplers: the order in which a DataLoader visits the samples of a dataset."""

from itertools import islice

import wengert as wg

__all__ = [
    "BatchSampler",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "SubsetRandomSampler",
    "WeightedRandomSampler",
]


class Sampler:
    """Base class; a subclass defines ``__iter__``, which yields indices or lists of them, and mostly ``__len__``.

    Example::

        >>> from wengert.utils.data import Sampler
        >>> class Backwards(Sampler):
        ...     def __init__(self, n):
        ...         self.n = n
        ...     def __iter__(self):
        ...         return iter(range(self.n - 1, -1, -1))
        >>> list(Backwards(3))
        [2, 1, 0]
    """

    def __class_getitem__(cls, item):
        # Only for annotations, as in `class Mine(Sampler[int])`.
        return cls

    def __iter__(self):
        raise NotImplementedError


class SequentialSampler(Sampler):
    """All indices in order.

    Args:
        data_source: anything with a length.

    Example::

        >>> from wengert.utils.data import SequentialSampler
        >>> list(SequentialSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source):
        self.data_source = data_source

    def __iter__(self):
        return iter(range(len(self.data_source)))

    def __len__(self):
        return len(self.data_source)


class RandomSampler(Sampler):
    """Indices in random order, or drawn with replacement.

    Args:
        data_source: anything with a length.
        replacement: draw with replacement.
        num_samples: how many indices; the length of ``data_source`` when None.
        generator: the random numbers; one seeded from the global generator when None.

    Raises:
        TypeError: ``replacement`` is not a bool.
        ValueError: there is nothing to sample.

    Example::

        >>> from wengert.utils.data import RandomSampler
        >>> sorted(RandomSampler("abc"))
        [0, 1, 2]
    """

    def __init__(self, data_source, replacement=False, num_samples=None, generator=None):
        self.data_source = data_source
        self.replacement = replacement
        self._num_samples = num_samples
        self.generator = generator
        if not isinstance(replacement, bool):
            raise TypeError(f"replacement should be a boolean value, but got replacement={replacement}")
        if not isinstance(self.num_samples, int) or self.num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={self.num_samples}")

    @property
    def num_samples(self):
        """How many indices one pass yields."""
        # The length of the source may change between passes.
        return len(self.data_source) if self._num_samples is None else self._num_samples

    def __iter__(self):
        n = len(self.data_source)
        generator = self.generator
        if generator is None:
            # One draw from the global generator, so that a pass does not depend on how much of it is consumed.
            seed = int(wg.empty((), dtype=wg.int64).random_().item())
            generator = wg.Generator()
            generator.manual_seed(seed)
        left = self.num_samples
        if self.replacement:
            while left > 0:
                size = min(left, 32)
                yield from wg.randint(high=n, size=(size,), dtype=wg.int64, generator=generator).tolist()
                left -= size
            return
        while left >= n:
            yield from wg.randperm(n, generator=generator).tolist()
            left -= n
        # Also when nothing is left: torch draws this permutation, and the generator's state must agree.
        yield from wg.randperm(n, generator=generator).tolist()[:left]

    def __len__(self):
        return self.num_samples


class SubsetRandomSampler(Sampler):
    """The given indices in random order.

    Args:
        indices: a sequence.
        generator: the random numbers; the global generator when None.

    Example::

        >>> from wengert.utils.data import SubsetRandomSampler
        >>> sorted(SubsetRandomSampler([5, 7]))
        [5, 7]
    """

    def __init__(self, indices, generator=None):
        self.indices = indices
        self.generator = generator

    def __iter__(self):
        for i in wg.randperm(len(self.indices), generator=self.generator).tolist():
            yield self.indices[i]

    def __len__(self):
        return len(self.indices)


class WeightedRandomSampler(Sampler):
    """Indices drawn with the given probabilities.

    Args:
        weights: one number for each index; they need not add up to 1.
        num_samples: how many to draw.
        replacement: draw with replacement.
        generator: the random numbers; the global generator when None.

    Raises:
        ValueError: an argument is out of range.

    Example::

        >>> from wengert.utils.data import WeightedRandomSampler
        >>> list(WeightedRandomSampler([0.0, 1.0], 3))
        [1, 1, 1]
    """

    def __init__(self, weights, num_samples, replacement=True, generator=None):
        if not isinstance(num_samples, int) or isinstance(num_samples, bool) or num_samples <= 0:
            raise ValueError(f"num_samples should be a positive integer value, but got num_samples={num_samples}")
        if not isinstance(replacement, bool):
            message = f"replacement should be a boolean value, but got replacement={replacement}"
            raise ValueError(message)
        self.weights = wg.as_tensor(weights, dtype=wg.double)
        if self.weights.dim() != 1:
            raise ValueError(
                f"weights should be a 1d sequence but given weights have shape {tuple(self.weights.shape)}"
            )
        self.num_samples = num_samples
        self.replacement = replacement
        self.generator = generator

    def __iter__(self):
        drawn = wg.multinomial(self.weights, self.num_samples, self.replacement, generator=self.generator)
        yield from drawn.tolist()

    def __len__(self):
        return self.num_samples


class BatchSampler(Sampler):
    """Lists of ``batch_size`` indices from another sampler.

    Args:
        sampler: any iterable of indices.
        batch_size: a positive integer.
        drop_last: leave out a last batch that is not full.

    Raises:
        ValueError: an argument is out of range.

    Example::

        >>> from wengert.utils.data import BatchSampler
        >>> list(BatchSampler(range(5), 2, drop_last=False))
        [[0, 1], [2, 3], [4]]
    """

    def __init__(self, sampler, batch_size, drop_last):
        if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size <= 0:
            raise ValueError(f"batch_size should be a positive integer value, but got batch_size={batch_size}")
        if not isinstance(drop_last, bool):
            message = f"drop_last should be a boolean value, but got drop_last={drop_last}"
            raise ValueError(message)
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def __iter__(self):
        indices = iter(self.sampler)
        while batch := list(islice(indices, self.batch_size)):
            if self.drop_last and len(batch) < self.batch_size:
                return
            yield batch

    def __len__(self):
        if self.drop_last:
            return len(self.sampler) // self.batch_size
        return (len(self.sampler) + self.batch_size - 1) // self.batch_size
