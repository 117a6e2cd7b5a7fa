"""The transforms that are running: vmaps and levels of forward mode, each with a number; further in is higher."""

import itertools
import threading

from .. import _core
from ..autograd import graph

_NO_HOOKS = "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. Please open an issue with your use case."


class Level:
    """A transform that is running: a vmap of `size` samples, or (size None) forward mode."""

    __slots__ = ("number", "randomness", "size")

    def __init__(self, number, size=None, randomness=None):
        self.number, self.size, self.randomness = number, size, randomness


_local = threading.local()
alive = {}  # the transforms that are running in any thread, by number
_numbers = itertools.count(1)  # never used twice: what outlives its transform is not taken for another's


def levels():
    """The transforms that are running in this thread, outermost first."""
    try:
        return _local.stack
    except AttributeError:
        _local.stack = []
        return _local.stack


def batches():
    """The vmaps among them."""
    return [level for level in levels() if level.size is not None]


def enter(size=None, randomness=None):
    """Begins a transform."""
    stack = levels()
    stack.append(Level(next(_numbers), size, randomness))
    alive[stack[-1].number] = stack[-1]
    _core.set_batching(len(batches()))
    return stack[-1]


def leave():
    """Ends the innermost transform."""
    del alive[levels().pop().number]
    _core.set_batching(len(batches()))
    if watched.views and all(level.size is not None for level in tuple(alive.values())):
        watch_views(False)


class watched:
    """Whether views may have to learn that their base has become a dual number."""

    views = False


def watch_views(on):
    """Has every op look, or no longer look, whether a tensor is a view of what a write has made a dual number."""
    watched.views = on
    _core.watch_views(on)


def forward_is_on():
    """Whether this thread pushes tangents forward."""
    return getattr(_local, "forward", True)


def switch_forward(on):
    """Lets ops of this thread push tangents forward, or not."""
    _local.forward = bool(on)


class transform:
    """A block that a function passed to torch.func runs in."""

    __slots__ = ("before",)

    def __enter__(self):
        self.before = _core.set_transforms(_core.transforms() + 1)

    def __exit__(self, *exc):
        _core.set_transforms(self.before)


class transforms_as_in(transform):
    """A block inside a transform that is only a means: in it as many seem to run as `count`."""

    __slots__ = ("count",)

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.before = _core.set_transforms(self.count)


class taped_transform(transform):
    """One that differentiates in reverse mode: there, saved tensors can't be handed to hooks."""

    __slots__ = ("message",)

    def __enter__(self):
        if graph.hooks_are_set():
            raise RuntimeError(_NO_HOOKS)
        self.message = graph.disabled_message()
        graph.set_disabled_message(_NO_HOOKS)
        super().__enter__()

    def __exit__(self, *exc):
        super().__exit__(*exc)
        graph.set_disabled_message(self.message)
