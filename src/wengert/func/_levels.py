"""The transforms that are running: vmaps and levels of forward mode, each with a number; further in is higher."""

import threading

from .. import _core
from ..autograd import graph
from ._tree import flatten

_NO_HOOKS = "torch.func.{grad, vjp, jacrev, hessian} don't yet support saved tensor hooks. Please open an issue with your use case."


class Number(int):
    """The number of a transform, which is never used twice; its kind, and its depth among those that ran around it: torch's number."""


class Level:
    """A transform that is running: "vmap" of `size` samples, "grad" (reverse mode), "jvp", or forward_ad's "dual" level."""

    __slots__ = ("kind", "number", "randomness", "size")

    def __init__(self, kind, number, size=None, randomness=None):
        self.kind, self.number, self.size, self.randomness = kind, number, size, randomness


class _Local(threading.local):
    stack = ()
    forward = True


_local = _Local()
alive = {}  # the transforms that are running in any thread, by number


def levels():
    """The transforms that are running in this thread, outermost first."""
    return _local.stack


def batches():
    """The vmaps among them."""
    return [level for level in _local.stack if level.size is not None]


class running(_core.Block):
    """A block in which a transform runs, which it names."""

    __slots__ = ("_undo", "of")

    def __init__(self, kind, size=None, randomness=None):
        self.of = kind, size, randomness

    def _begin(self):
        kind, size, randomness = self.of
        stack = _local.stack
        number = Number(_core.next_transform())
        number.kind, number.depth = kind, 1 + sum(level.kind != "dual" for level in stack)
        level = Level(kind, number, size, randomness)
        changes = [(_local.__dict__, "stack", (*stack, level)), (alive, number, level), (_core.set_transform, number)]
        if size is not None:
            changes.append((_core.set_batching, len(batches()) + 1))
        if kind in ("grad", "jvp"):
            changes.append((_core.set_taped, number))
        return level, tuple(changes), _look_less


def _look_less():
    if watched.views and all(level.kind in ("vmap", "grad") for level in tuple(alive.values())):
        watch_views(False)


def adopt(*trees):
    """What the running transform's function is given may be written there: it is no captured tensor."""
    for tree in trees:
        for t in flatten(tree)[0]:
            if isinstance(t, _core.Tensor):
                _core.adopt(t)


class watched:
    """Whether views may have to learn that their base has become a dual number."""

    views = False


def watch_views(on):
    """Has every op look, or no longer look, whether a tensor is a view of what a write has made a dual number."""
    watched.views = on
    _core.watch_views(on)


def forward_is_on():
    """Whether this thread pushes tangents forward."""
    return _local.forward


def switching_forward(on):
    """The change of a block in which ops of this thread push tangents forward, or not."""
    return _local.__dict__, "forward", bool(on)


class transform(_core.Block):
    """A block that a function passed to torch.func runs in."""

    __slots__ = ("_undo",)

    def _begin(self):
        return None, ((_core.set_transforms, _core.transforms() + 1),)


class no_transform(_core.Block):
    """A block inside a transform that is only a means: in it as many seem to run as `count`, and everything may be written."""

    __slots__ = ("_undo", "count")

    def __init__(self, count):
        self.count = count

    def _begin(self):
        return None, ((_core.set_transforms, self.count), (_core.set_taped, 0))


class taped_transform(running):
    """One that differentiates in reverse mode by (trees of) inputs: there, saved tensors can't be handed to hooks."""

    __slots__ = ()

    def __init__(self):
        super().__init__("grad")

    def _begin(self):
        if graph.hooks_are_set():
            raise RuntimeError(_NO_HOOKS)
        level, changes, follows = super()._begin()
        count = (_core.set_transforms, _core.transforms() + 1)
        return level, (graph.disabling(_NO_HOOKS), count, *changes), follows


class forward_transform(running):
    """One that pushes tangents forward."""

    __slots__ = ()

    def __init__(self):
        super().__init__("jvp")

    def _begin(self):
        level, changes, follows = super()._begin()
        return level, (*changes, switching_forward(True)), follows
