"""Which TorchFunctionModes are on in a thread, and the blocks in which fewer take calls over."""

import threading

from .. import _core


class _Local(threading.local):
    modes = ()  # TorchFunctionMode objects, the innermost last


local = _Local()


def modes():
    """The TorchFunctionModes that are on in this thread, the innermost last."""
    return local.modes


class disabled(_core.Block):
    """A block in which subclasses of Tensor are tensors like any other."""

    __slots__ = ("_undo",)

    def _begin(self):
        return None, ((_core.override_disable, 1),)


class without_mode(_core.Block):
    """A block in which the innermost mode, which it names, is off."""

    __slots__ = ("_undo",)

    def _begin(self):
        *others, mode = local.modes
        return mode, leaving_on(others)


def leaving_on(modes):
    """The changes of a block in which these modes are on."""
    return (local.__dict__, "modes", tuple(modes)), (_core.override_modes, len(modes))
