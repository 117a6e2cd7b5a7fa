"""Settings of LinearCrossEntropyLoss; kept for the code that passes them, all choices give the same numbers."""

__all__ = ["LinearCrossEntropyOptions"]

_FIELDS = {
    "allow_retain_graph": False,
    "batch_chunk_size": None,
    "chunking_method": "auto",
    "acc_policy": "auto",
    "acc_dtype": None,
}


class LinearCrossEntropyOptions:
    """How torch would cut linear_cross_entropy into chunks.

    >>> LinearCrossEntropyOptions().acc_policy
    'auto'
    """

    def __init__(self, **settings):
        for name, default in _FIELDS.items():
            setattr(self, name, settings.pop(name, default))
        if settings:
            raise TypeError(
                f"LinearCrossEntropyOptions.__init__() got an unexpected keyword argument '{next(iter(settings))}'"
            )
        if self.acc_policy not in ("accurate", "balanced", "compact", "auto"):
            raise ValueError(f"invalid acc_policy: {self.acc_policy!r}")
        size = self.batch_chunk_size
        if size is not None and (not isinstance(size, int) or size <= 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")

    def __eq__(self, other):
        return isinstance(other, LinearCrossEntropyOptions) and self.__dict__ == other.__dict__

    def __repr__(self):
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in _FIELDS)
        return f"LinearCrossEntropyOptions({fields})"
