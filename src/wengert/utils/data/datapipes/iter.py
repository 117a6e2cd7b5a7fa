"""torch.utils.data.datapipes.iter: streams around an iterable: map, filter, batch, unbatch, concat, zip."""

import copy

from .datapipe import IterDataPipe, functional_datapipe

__all__ = ["Batcher", "Concater", "Filter", "IterableWrapper", "Mapper", "UnBatcher", "Zipper"]


class IterableWrapperIterDataPipe(IterDataPipe):
    """The items of an iterable, of a deep copy of it unless told otherwise.

    >>> list(IterableWrapper(range(5)).map(lambda x: x * x).filter(lambda x: x % 2 == 0).batch(2))
    [[0, 4], [16]]
    """

    def __init__(self, iterable, deepcopy=True):
        self.iterable = iterable
        self.deepcopy = deepcopy

    def __iter__(self):
        yield from copy.deepcopy(self.iterable) if self.deepcopy else self.iterable

    def __len__(self):
        return len(self.iterable)


@functional_datapipe("map")
class MapperIterDataPipe(IterDataPipe):
    """`fn` of every item."""

    def __init__(self, datapipe, fn):
        self.datapipe = datapipe
        self.fn = fn

    def __iter__(self):
        return map(self.fn, self.datapipe)

    def __len__(self):
        return len(self.datapipe)


@functional_datapipe("filter")
class FilterIterDataPipe(IterDataPipe):
    """The items for which `filter_fn` is true."""

    def __init__(self, datapipe, filter_fn):
        self.datapipe = datapipe
        self.filter_fn = filter_fn

    def __iter__(self):
        return filter(self.filter_fn, self.datapipe)


@functional_datapipe("batch")
class BatcherIterDataPipe(IterDataPipe):
    """Lists of `batch_size` items; the last may be shorter, unless `drop_last`; `wrapper_class` makes the lists."""

    def __init__(self, datapipe, batch_size, drop_last=False, wrapper_class=list):
        if batch_size <= 0:
            raise AssertionError("Batch size is required to be larger than 0!")
        self.datapipe = datapipe
        self.batch_size = batch_size
        self.drop_last = drop_last
        self.wrapper_class = wrapper_class

    def __iter__(self):
        batch = []
        for item in self.datapipe:
            batch.append(item)
            if len(batch) == self.batch_size:
                yield self.wrapper_class(batch)
                batch = []
        if batch and not self.drop_last:
            yield self.wrapper_class(batch)

    def __len__(self):
        return (len(self.datapipe) + (0 if self.drop_last else self.batch_size - 1)) // self.batch_size


@functional_datapipe("unbatch")
class UnBatcherIterDataPipe(IterDataPipe):
    """The items of lists of items, one level down."""

    def __init__(self, datapipe):
        self.datapipe = datapipe

    def __iter__(self):
        for batch in self.datapipe:
            yield from batch


@functional_datapipe("concat")
class ConcaterIterDataPipe(IterDataPipe):
    """One stream after the other."""

    def __init__(self, *datapipes):
        self.datapipes = datapipes

    def __iter__(self):
        for pipe in self.datapipes:
            yield from pipe

    def __len__(self):
        return sum(len(pipe) for pipe in self.datapipes)


@functional_datapipe("zip")
class ZipperIterDataPipe(IterDataPipe):
    """Tuples of one item of each stream, as far as the shortest."""

    def __init__(self, *datapipes):
        self.datapipes = datapipes

    def __iter__(self):
        return zip(*self.datapipes)

    def __len__(self):
        return min(len(pipe) for pipe in self.datapipes)


Batcher = BatcherIterDataPipe
Concater = ConcaterIterDataPipe
Filter = FilterIterDataPipe
IterableWrapper = IterableWrapperIterDataPipe
Mapper = MapperIterDataPipe
UnBatcher = UnBatcherIterDataPipe
Zipper = ZipperIterDataPipe
