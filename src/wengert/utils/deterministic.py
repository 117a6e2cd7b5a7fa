"""torch.utils.deterministic: whether memory that nothing was written to is filled, with deterministic algorithms."""

import sys
import types


class _Module(types.ModuleType):
    @property
    def fill_uninitialized_memory(self):
        """Whether deterministic algorithms fill new memory with NaN, or with the largest integer. Default: True."""
        from .._facade.settings import get_fill_uninitialized_memory

        return get_fill_uninitialized_memory()

    @fill_uninitialized_memory.setter
    def fill_uninitialized_memory(self, mode):
        from .._facade.settings import set_fill_uninitialized_memory

        set_fill_uninitialized_memory(mode)


sys.modules[__name__].__class__ = _Module
