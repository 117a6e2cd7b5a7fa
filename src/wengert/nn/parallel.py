"""DataParallel, which without GPUs calls the module itself, and the refusal of training in several processes."""

from .modules.module import Module

__all__ = ["DataParallel", "DistributedDataParallel", "data_parallel"]


class DataParallel(Module):
    """Wraps `module`; its parameters are under the prefix "module.".

    >>> from wengert.nn import Linear
    >>> [name for name, _ in DataParallel(Linear(1, 1)).named_parameters()]
    ['module.weight', 'module.bias']
    """

    def __init__(self, module, device_ids=None, output_device=None, dim=0):
        super().__init__()
        self.dim = dim
        self.module = module
        self.device_ids = []

    def forward(self, *inputs, **kwargs):
        return self.module(*inputs, **kwargs)


def data_parallel(module, inputs, device_ids=None, output_device=None, dim=0, module_kwargs=None):
    """RuntimeError, in torch's words for a machine without GPUs."""
    raise RuntimeError("device type could not be determined")


class DistributedDataParallel(Module):
    """ValueError, in torch's words for a process that has joined no group: wengert trains in one process.

    >>> import wengert
    >>> wengert.distributed.is_available()
    False
    """

    def __init__(self, module, *args, **kwargs):
        from ..distributed import get_rank

        super().__init__()
        get_rank()
