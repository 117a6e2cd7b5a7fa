"""torch.utils.data.datapipes: the classes of data pipes, and in `iter` the streams that are ready to use."""

from .datapipe import DFIterDataPipe, IterDataPipe, MapDataPipe, functional_datapipe

__all__ = ["DFIterDataPipe", "IterDataPipe", "MapDataPipe", "functional_datapipe"]
