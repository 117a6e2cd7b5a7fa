"""Datasets: indexable or iterable collections of samples, and collections made of other collections."""

import math
import warnings
from bisect import bisect_right
from itertools import accumulate

import wengert as wg

__all__ = [
    "ChainDataset",
    "ConcatDataset",
    "Dataset",
    "IterableDataset",
    "StackDataset",
    "Subset",
    "TensorDataset",
    "random_split",
]


class Dataset:
    """A collection of samples that can be indexed; a subclass defines ``__getitem__`` and mostly ``__len__``.

    ``__getitems__(indices)`` may be defined too, to fetch a whole batch at once.

    Example::

        >>> from wengert.utils.data import Dataset
        >>> class Squares(Dataset):
        ...     def __len__(self):
        ...         return 10
        ...     def __getitem__(self, i):
        ...         return i * i
        >>> (Squares() + Squares())[13]
        9
    """

    def __class_getitem__(cls, item):
        # Only for annotations, as in `class Images(Dataset[Tensor])`.
        return cls

    def __getitem__(self, index):
        raise NotImplementedError("Subclasses of Dataset should implement __getitem__.")

    def __add__(self, other):
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """A stream of samples; a subclass defines ``__iter__``.

    With several workers each gets a copy of the dataset and must choose its share by ``get_worker_info()``.

    Example::

        >>> from wengert.utils.data import IterableDataset
        >>> class Count(IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(3))
        >>> list(Count())
        [0, 1, 2]
    """

    def __iter__(self):
        raise NotImplementedError("Subclasses of IterableDataset should implement __iter__.")

    def __add__(self, other):
        return ChainDataset([self, other])


class TensorDataset(Dataset):
    """Sample ``i`` is the tuple of row ``i`` of every tensor.

    Args:
        tensors: tensors with the same first dimension.

    Raises:
        AssertionError: first dimensions differ.

    Example::

        >>> import wengert as wg
        >>> from wengert.utils.data import TensorDataset
        >>> TensorDataset(wg.arange(3), wg.arange(3) * 10)[2]
        (tensor(2), tensor(20))
    """

    def __init__(self, *tensors):
        if any(tensors[0].size(0) != tensor.size(0) for tensor in tensors):
            raise AssertionError("Size mismatch between tensors")
        self.tensors = tensors

    def __getitem__(self, index):
        return tuple(tensor[index] for tensor in self.tensors)

    def __len__(self):
        return self.tensors[0].size(0)


def _check_lengths(datasets):
    length = len(datasets[0])
    if any(len(dataset) != length for dataset in datasets):
        raise ValueError("Size mismatch between datasets")
    return length


def _fetch(dataset, indices):
    """The samples at ``indices``, all at once where the dataset can do that."""
    if not callable(getattr(dataset, "__getitems__", None)):
        return [dataset[i] for i in indices]
    items = dataset.__getitems__(indices)
    if len(items) != len(indices):
        raise ValueError(f"Nested dataset's output size mismatch. Expected {len(indices)}, got {len(items)}")
    return items


class StackDataset(Dataset):
    """Sample ``i`` is the tuple, or with keywords the dict, of sample ``i`` of every dataset.

    Args:
        args, kwargs: datasets of the same length, either by position or by name.

    Example::

        >>> from wengert.utils.data import StackDataset
        >>> StackDataset(x=[1, 2], y=["a", "b"])[1]
        {'x': 2, 'y': 'b'}
    """

    def __init__(self, *args, **kwargs):
        if args and kwargs:
            raise ValueError(
                "Supported either ``tuple``- (via ``args``) or``dict``- (via ``kwargs``) like input/output, "
                "but both types are given."
            )
        if not args and not kwargs:
            raise ValueError("At least one dataset should be passed")
        self.datasets = args or kwargs
        self._length = _check_lengths(args or list(kwargs.values()))

    def __getitem__(self, index):
        if isinstance(self.datasets, dict):
            return {key: dataset[index] for key, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __getitems__(self, indices):
        if not isinstance(self.datasets, dict):
            return list(zip(*(_fetch(dataset, indices) for dataset in self.datasets)))
        columns = {key: _fetch(dataset, indices) for key, dataset in self.datasets.items()}
        return [{key: column[i] for key, column in columns.items()} for i in range(len(indices))]

    def __len__(self):
        return self._length


class ConcatDataset(Dataset):
    """Several datasets, one after another.

    Args:
        datasets: indexable datasets.

    Example::

        >>> from wengert.utils.data import ConcatDataset
        >>> ConcatDataset([[1, 2], [3]])[2]
        3
    """

    @staticmethod
    def cumsum(sequence):
        """Running sums of the lengths."""
        return list(accumulate(len(dataset) for dataset in sequence))

    def __init__(self, datasets):
        self.datasets = list(datasets)
        if not self.datasets:
            raise AssertionError("datasets should not be an empty iterable")
        for dataset in self.datasets:
            if isinstance(dataset, IterableDataset):
                raise AssertionError("ConcatDataset does not support IterableDataset")
        self.cumulative_sizes = self.cumsum(self.datasets)

    def __len__(self):
        return self.cumulative_sizes[-1]

    def __getitem__(self, idx):
        if idx < 0:
            if -idx > len(self):
                raise ValueError("absolute value of index should not exceed dataset length")
            idx += len(self)
        which = bisect_right(self.cumulative_sizes, idx)
        return self.datasets[which][idx - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """Several streams, one after another.

    Args:
        datasets: iterable datasets.

    Example::

        >>> from wengert.utils.data import ChainDataset, IterableDataset
        >>> class Count(IterableDataset):
        ...     def __iter__(self):
        ...         return iter(range(2))
        >>> list(ChainDataset([Count(), Count()]))
        [0, 1, 0, 1]
    """

    def __init__(self, datasets):
        self.datasets = datasets

    def _checked(self):
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise AssertionError("ChainDataset only supports IterableDataset")
            yield dataset

    def __iter__(self):
        for dataset in self._checked():
            yield from dataset

    def __len__(self):
        return sum(len(dataset) for dataset in self._checked())


class Subset(Dataset):
    """The samples of a dataset at the given indices.

    Args:
        dataset: an indexable dataset.
        indices: a sequence of integers.

    Example::

        >>> from wengert.utils.data import Subset
        >>> list(Subset("abc", [2, 0]))
        ['c', 'a']
    """

    def __init__(self, dataset, indices):
        self.dataset = dataset
        self.indices = indices
        cls = type(self)
        if cls.__getitem__ is not Subset.__getitem__ and cls.__getitems__ is Subset.__getitems__:
            raise NotImplementedError(
                f"{cls.__name__} overrides __getitem__ but not __getitems__. "
                "When subclassing Subset and overriding __getitem__, you must also override "
                "__getitems__ to ensure DataLoader works correctly with your custom logic. "
                "A simple implementation:\n\n"
                "def __getitems__(self, indices):\n"
                "    return [self.__getitem__(idx) for idx in indices]"
            )

    def __getitem__(self, idx):
        if isinstance(idx, list):
            return self.dataset[[self.indices[i] for i in idx]]
        return self.dataset[self.indices[idx]]

    def __getitems__(self, indices):
        indices = [self.indices[i] for i in indices]
        if callable(getattr(self.dataset, "__getitems__", None)):
            return self.dataset.__getitems__(indices)
        return [self.dataset[i] for i in indices]

    def __len__(self):
        return len(self.indices)


def random_split(dataset, lengths, generator=None):
    """Splits a dataset at random into subsets that do not overlap.

    Args:
        dataset: an indexable dataset.
        lengths: the lengths of the parts, or fractions that add up to 1 (what is left over goes to the first ones).
        generator: the random numbers; the global generator when None.

    Returns:
        A list of ``Subset``.

    Raises:
        ValueError: the lengths do not add up.

    Example::

        >>> from wengert.utils.data import random_split
        >>> [len(part) for part in random_split(range(10), [0.5, 0.3, 0.2])]
        [5, 3, 2]
    """
    if math.isclose(sum(lengths), 1) and sum(lengths) <= 1:
        lengths = _from_fractions(len(dataset), lengths)
    total = sum(lengths)
    if total != len(dataset):
        raise ValueError("Sum of input lengths does not equal the length of the input dataset!")
    indices = wg.randperm(total, generator=generator).tolist()
    return [Subset(dataset, indices[end - length : end]) for end, length in zip(accumulate(lengths), lengths)]


def _from_fractions(total, fractions):
    lengths = []
    for i, fraction in enumerate(fractions):
        if fraction < 0 or fraction > 1:
            raise ValueError(f"Fraction at index {i} is not between 0 and 1")
        lengths.append(math.floor(total * fraction))
    for i in range(total - sum(lengths)):
        lengths[i % len(lengths)] += 1
    for i, length in enumerate(lengths):
        if length == 0:
            warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=3)
    return lengths
