"""Data pipes: iterable and indexed datasets whose classes add methods to each other by name."""

import functools

from ..dataset import Dataset, IterableDataset


class _Chained:
    """Finds the pipes that were registered under a name, and shows itself by the name of its class."""

    functions = {}  # noqa: RUF012 (one table for all classes below, on purpose)

    def __getattr__(self, name):
        functions = type(self).functions
        if isinstance(self, IterDataPipe) and not name.startswith("_"):
            from . import iter as _  # noqa: F401 (registers what is ready to use)
        if name in functions:
            return functools.partial(functions[name], self)
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}")

    @classmethod
    def register_function(cls, function_name, function):
        """Let every pipe have a method of this name, which calls `function` with the pipe in front."""
        cls.functions[function_name] = function

    @classmethod
    def register_datapipe_as_function(cls, function_name, cls_to_register, enable_df_api_tracing=False):
        """register_function for a class of pipes; the name has to be free."""
        if function_name in cls.functions:
            raise Exception(  # noqa: TRY002 (torch's)
                f"Unable to add DataPipe function name {function_name} as it is already taken"
            )
        cls.functions[function_name] = cls_to_register

    def __repr__(self):
        return type(self).__qualname__

    __str__ = __repr__


class IterDataPipe(_Chained, IterableDataset):
    """A stream of samples; subclasses define `__iter__` and may be named as methods by `functional_datapipe`.

    >>> @functional_datapipe("doubled")
    ... class Doubler(IterDataPipe):
    ...     def __init__(self, source):
    ...         self.source = source
    ...     def __iter__(self):
    ...         return (2 * x for x in self.source)
    >>> list(Doubler([1, 2]).doubled())
    [4, 8]
    """

    functions = {}  # noqa: RUF012 (one table for all classes below, on purpose)

    def reset(self):
        """Nothing to set back; for subclasses."""


class MapDataPipe(_Chained, Dataset):
    """Samples by index; as IterDataPipe, with `__getitem__` and `__len__`."""

    functions = {}  # noqa: RUF012 (one table for all classes below, on purpose)


class DFIterDataPipe(IterDataPipe):
    """A stream of data frames."""


class functional_datapipe:
    """A decorator: the class becomes a method of this name of all pipes of its kind.

    Raises Exception for a name that is taken; a class that is no pipe is left as it is.
    """

    def __init__(self, name, enable_df_api_tracing=False):
        self.name = name
        self.enable_df_api_tracing = enable_df_api_tracing

    def __call__(self, cls):
        for kind in (IterDataPipe, MapDataPipe):
            if issubclass(cls, kind):
                kind.register_datapipe_as_function(self.name, cls, self.enable_df_api_tracing)
        return cls
