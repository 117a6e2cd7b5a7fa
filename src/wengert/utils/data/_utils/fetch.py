"""Getting the samples of one batch from a dataset and joining them."""

import wengert as wg

from ..dataset import Subset, TensorDataset
from .collate import default_collate


class MapFetcher:
    """Fetches by index.

    A TensorDataset, or a Subset of one, with the default collate function is indexed once for the whole batch
    instead of once for each sample; the result is the same.
    """

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.dataset = dataset
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.by_rows = auto_collation and collate_fn is default_collate and _is_rows(dataset)

    def fetch(self, index):
        """The batch, or without batching the sample, at ``index``."""
        if self.by_rows:
            batch = _rows(self.dataset, index)
            if batch is not None:
                return batch
        if not self.auto_collation:
            return self.collate_fn(self.dataset[index])
        if getattr(self.dataset, "__getitems__", None):
            return self.collate_fn(self.dataset.__getitems__(index))
        return self.collate_fn([self.dataset[i] for i in index])


class IterableFetcher:
    """Fetches the next samples of a stream; raises StopIteration at its end."""

    def __init__(self, dataset, auto_collation, collate_fn, drop_last):
        self.auto_collation = auto_collation
        self.collate_fn = collate_fn
        self.drop_last = drop_last
        self.samples = iter(dataset)
        self.ended = False

    def fetch(self, index):
        """The next batch of as many samples as ``index`` has entries, or without batching the next sample."""
        if self.ended:
            raise StopIteration
        if not self.auto_collation:
            return self.collate_fn(next(self.samples))
        data = []
        for _ in index:
            try:
                data.append(next(self.samples))
            except StopIteration:
                self.ended = True
                break
        if not data or (self.drop_last and len(data) < len(index)):
            raise StopIteration
        return self.collate_fn(data)


def _is_rows(dataset):
    while type(dataset) is Subset:
        dataset = dataset.dataset
    # Exactly these types: a subclass may have its own way of indexing.
    return type(dataset) is TensorDataset


def _rows(dataset, indices):
    """The collated rows, or None when something is unusual and the long way should say what."""
    try:
        while type(dataset) is Subset:
            chosen = dataset.indices
            indices = [chosen[i] for i in indices]
            dataset = dataset.dataset
        if not all(type(i) is int for i in indices) or min(indices) < 0:
            return None
        index = wg.tensor(indices, dtype=wg.int64)
        return [tensor.index_select(0, index) for tensor in dataset.tensors]
    except (IndexError, RuntimeError, TypeError, ValueError):
        return None
