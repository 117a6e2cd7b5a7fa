"""torch.nn: layers, losses, and what trains them."""

from . import modules
from ._lazy_names import lazy_names

_SUBMODULES = ("attention", "common_types", "functional", "grad", "init", "parallel", "parameter", "utils")
_HOMES = {
    "modules": tuple(modules.__all__),
    "parallel": ("DataParallel",),
    "parameter": ("Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter"),
}

__getattr__, __dir__, __all__ = lazy_names(__name__, _HOMES, ("factory_kwargs", "modules", *_SUBMODULES))


def factory_kwargs(kwargs):
    """The device, dtype and memory_format among `kwargs` and its entry "factory_kwargs".

    >>> factory_kwargs({"factory_kwargs": {"dtype": 1}})
    {'dtype': 1}
    """
    if kwargs is None:
        return {}
    simple = {"device", "dtype", "memory_format"}
    expected = simple | {"factory_kwargs"}
    if not kwargs.keys() <= expected:
        raise TypeError(f"unexpected kwargs {kwargs.keys() - expected}")
    found = dict(kwargs.get("factory_kwargs", {}))
    for key in simple & kwargs.keys():
        if key in found:
            raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
        found[key] = kwargs[key]
    return found
