"""torch.utils.dlpack: tensors shared with other libraries without copying."""

import enum

import wengert as wg


class DLDeviceType(enum.IntEnum):
    """Kinds of devices in DLPack's numbering."""

    kDLCPU = 1
    kDLCUDA = 2
    kDLCUDAHost = 3
    kDLROCM = 10
    kDLROCMHost = 11
    kDLCUDAManaged = 13
    kDLOneAPI = 14


def from_dlpack(ext_tensor, **kwargs):
    """A tensor over the memory of another library's array."""
    return wg.from_dlpack(ext_tensor, **kwargs)


def to_dlpack(tensor):
    """A capsule that another library can take a tensor from."""
    return tensor.detach().__dlpack__()
