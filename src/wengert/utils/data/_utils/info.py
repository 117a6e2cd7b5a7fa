"""What code that runs in a worker process can ask about it."""

_worker_info = None


class WorkerInfo:
    """What ``get_worker_info()`` tells inside a worker.

    Attributes:
        id: the number of this worker, from 0.
        num_workers: how many there are.
        seed: the seed of this worker, ``base_seed + id``.
        dataset: this worker's copy of the dataset.
        rng, worker_method: None and "multiprocessing": workers here are processes.
    """

    __slots__ = ("dataset", "id", "num_workers", "rng", "seed", "worker_method")

    def __init__(self, id, num_workers, seed, dataset, rng=None, worker_method="multiprocessing"):
        values = {"id": id, "num_workers": num_workers, "seed": seed, "dataset": dataset}
        for name, value in {**values, "rng": rng, "worker_method": worker_method}.items():
            object.__setattr__(self, name, value)

    def __setattr__(self, name, value):
        raise AttributeError(f"cannot assign to field {name!r}")

    def __repr__(self):
        order = ("id", "num_workers", "seed", "dataset", "rng", "worker_method")
        return f"WorkerInfo({', '.join(f'{name}={getattr(self, name)!r}' for name in order)})"


def get_worker_info():
    """Returns the ``WorkerInfo`` of this worker process, or None in the main process.

    Example::

        >>> from wengert.utils.data import get_worker_info
        >>> get_worker_info() is None
        True
    """
    return _worker_info
