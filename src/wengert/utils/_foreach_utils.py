"""torch.utils._foreach_utils: which tensors an optimizer may update together."""

import wengert as wg

_foreach_supported_types = [wg.Tensor]


def _get_foreach_kernels_supported_devices():
    return ["cuda", "xpu", "mtia", "privateuseone"]


def _get_fused_kernels_supported_devices():
    return ["mps", "cuda", "xpu", "hpu", "cpu", "mtia", "privateuseone"]


def _device_has_foreach_support(device):
    return device.type in [*_get_foreach_kernels_supported_devices(), "cpu"]


def _has_foreach_support(tensors, device):
    return _device_has_foreach_support(device) and all(
        t is None or type(t) in _foreach_supported_types for t in tensors
    )


def _group_tensors_by_device_and_dtype(tensorlistlist, with_indices=False):
    """The lists cut into groups of one device and dtype, by their first: {(device, dtype): (lists, positions)}.

    >>> import wengert as torch
    >>> lists, positions = _group_tensors_by_device_and_dtype([[torch.ones(2)]], True)[torch.device("cpu"), torch.float32]
    >>> lists, positions
    ([[tensor([1., 1.])]], [0])
    """
    groups = {}
    for i, tensor in enumerate(tensorlistlist[0]):
        lists, positions = groups.setdefault((tensor.device, tensor.dtype), ([[] for _ in tensorlistlist], []))
        for part, whole in zip(lists, tensorlistlist):
            if whole:
                part.append(whole[i])
        if with_indices:
            positions.append(i)
    return groups
