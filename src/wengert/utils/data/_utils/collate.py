"""Turning a list of samples into one batch."""

import copy
import re
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence

import wengert as wg

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)
np_str_obj_array_pattern = re.compile(r"[SaUO]")


def _is_numpy(cls):
    # Asked by name, so that a program without NumPy arrays does not load NumPy.
    return any(base.__module__ == "numpy" for base in cls.__mro__)


def _is_array(cls):
    return any(base.__module__ == "numpy" and base.__name__ == "ndarray" for base in cls.__mro__)


def _holds_no_numbers(dtype):
    return np_str_obj_array_pattern.search(dtype.str) is not None


def _like(original, build_mutable, build):
    """A container of the type of ``original``; a plain one where that type cannot be built this way."""
    try:
        if isinstance(original, (MutableMapping, MutableSequence)):
            # A copy keeps whatever else an instance of a subclass carries.
            clone = copy.copy(original)
            build_mutable(clone)
            return clone
        return type(original)(build())
    except TypeError:
        return build()


def _map_values(original, values):
    return _like(original, lambda clone: clone.update(values), lambda: values)


def _map_items(original, items):
    def fill(clone):
        for i, item in enumerate(items):
            clone[i] = item

    return _like(original, fill, lambda: items)


def default_convert(data):
    """Turns NumPy arrays and scalars anywhere inside ``data`` into tensors; the rest stays as it is.

    Example::

        >>> from wengert.utils.data import default_convert
        >>> default_convert({"a": 1})
        {'a': 1}
    """
    kind = type(data)
    if isinstance(data, wg.Tensor):
        return data
    if _is_numpy(kind) and kind.__name__ not in ("str_", "string_"):
        if _is_array(kind) and _holds_no_numbers(data.dtype):
            return data
        return wg.as_tensor(data)
    if isinstance(data, Mapping):
        return _map_values(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(item) for item in data]
        return kind(*items) if hasattr(data, "_fields") else items
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _map_items(data, [default_convert(item) for item in data])
    return data


def collate(batch, *, collate_fn_map=None):
    """Joins samples by the function that ``collate_fn_map`` has for their type, or container by container.

    Args:
        batch: a list of samples of one type.
        collate_fn_map: a dict of type, or tuple of types, to a function ``(batch, *, collate_fn_map)``.

    Raises:
        RuntimeError: sequences of unequal length.
        TypeError: no function and no container.

    Example::

        >>> from wengert.utils.data._utils.collate import collate
        >>> collate([1, 2], collate_fn_map={int: lambda batch, *, collate_fn_map: sum(batch)})
        3
    """
    elem = batch[0]
    kind = type(elem)
    if collate_fn_map is not None:
        fn = collate_fn_map.get(kind) or next((f for t, f in collate_fn_map.items() if isinstance(elem, t)), None)
        if _is_numpy(kind) and collate_fn_map.get(wg.Tensor) is collate_tensor_fn:
            fn = collate_numpy_array_fn if _is_array(kind) else _numpy_scalar_fn(elem) or fn
        if fn is not None:
            return fn(batch, collate_fn_map=collate_fn_map)
    if isinstance(elem, Mapping):
        return _map_values(elem, {key: collate([d[key] for d in batch], collate_fn_map=collate_fn_map) for key in elem})
    if isinstance(elem, tuple) and hasattr(elem, "_fields"):
        return kind(*(collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)))
    if isinstance(elem, Sequence):
        if any(len(sample) != len(elem) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        columns = [collate(samples, collate_fn_map=collate_fn_map) for samples in zip(*batch)]
        return columns if isinstance(elem, tuple) else _map_items(elem, columns)
    raise TypeError(default_collate_err_msg_format.format(kind))


def collate_tensor_fn(batch, *, collate_fn_map=None):
    """Stacks tensors along a new first dimension."""
    return wg.stack(batch, 0)


def collate_numpy_array_fn(batch, *, collate_fn_map=None):
    """Stacks arrays as tensors."""
    if _holds_no_numbers(batch[0].dtype):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([wg.as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch, *, collate_fn_map=None):
    """A tensor of NumPy numbers, in their dtype."""
    import numpy

    return wg.as_tensor(numpy.stack(batch))


def _numpy_scalar_fn(elem):
    import numpy

    return collate_numpy_scalar_fn if isinstance(elem, (numpy.bool_, numpy.number, numpy.object_)) else None


def collate_float_fn(batch, *, collate_fn_map=None):
    """A float64 tensor of Python floats."""
    return wg.tensor(batch, dtype=wg.float64)


def collate_int_fn(batch, *, collate_fn_map=None):
    """A tensor of Python integers or bools."""
    return wg.tensor(batch)


def collate_str_fn(batch, *, collate_fn_map=None):
    """Strings stay a list."""
    return batch


default_collate_fn_map = {
    wg.Tensor: collate_tensor_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch):
    """Joins samples to a batch: tensors are stacked, numbers become tensors, containers are joined inside.

    Args:
        batch: a list of samples of the same structure.

    Returns:
        Tensors with a new first dimension, in the samples' structure (a tuple becomes a list); strings as a list.

    Raises:
        RuntimeError: sequences of unequal length.
        TypeError: a sample holds something else.

    Example::

        >>> from wengert.utils.data import default_collate
        >>> default_collate([(1, "a"), (2, "b")])
        [tensor([1, 2]), ('a', 'b')]
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
