"""Reading the arguments of `to`, under torch's private name for it."""

import wengert as wg


def _parse_to(*args, **kwargs):
    """The arguments of Module.to as (device, dtype, non_blocking, memory_format).

    >>> _parse_to("cpu", wg.float64)
    (device(type='cpu'), torch.float64, False, None)
    """
    from ..modules._members import _parse_to as parse

    device, *others = parse(args, kwargs)
    return (None if device is None else wg.device(device), *others)
