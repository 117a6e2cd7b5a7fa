"""torch.utils.dlpack: tensors shared with other libraries without copying."""

import wengert as wg


def from_dlpack(ext_tensor, **kwargs):
    """A tensor over the memory of another library's array."""
    return wg.from_dlpack(ext_tensor, **kwargs)


def to_dlpack(tensor):
    """A capsule that another library can take a tensor from."""
    return tensor.__dlpack__()
