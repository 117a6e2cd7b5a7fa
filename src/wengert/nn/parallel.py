"""DataParallel: on a machine without GPUs it calls the module itself, as torch does there."""

from .modules.module import Module

__all__ = ["DataParallel"]


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
