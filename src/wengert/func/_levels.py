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


_local = threading.local()
alive = {}  # the transforms that are running in any thread, by number


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


def enter(kind, size=None, randomness=None):
    """Begins a transform."""
    stack = levels()
    number = Number(_core.next_transform())
    number.kind, number.depth = kind, 1 + sum(level.kind != "dual" for level in stack)
    stack.append(Level(kind, number, size, randomness))
    alive[number] = stack[-1]
    _show(stack)
    return stack[-1]


def leave():
    """Ends the innermost transform."""
    stack = levels()
    del alive[stack.pop().number]
    _show(stack)
    if watched.views and all(level.kind in ("vmap", "grad") for level in tuple(alive.values())):
        watch_views(False)


def _show(stack):
    """Tells the machine which transforms are running."""
    _core.set_batching(len(batches()))
    _core.set_transform(stack[-1].number if stack else 0)
    _core.set_taped(next((level.number for level in reversed(stack) if level.kind in ("grad", "jvp")), 0))


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


class no_transform(transform):
    """A block inside a transform that is only a means: in it as many seem to run as `count`, and everything may be written."""

    __slots__ = ("count", "taped")

    def __init__(self, count):
        self.count = count

    def __enter__(self):
        self.before, self.taped = _core.set_transforms(self.count), _core.set_taped(0)

    def __exit__(self, *exc):
        super().__exit__(*exc)
        _core.set_taped(self.taped)


class taped_transform(transform):
    """One that differentiates in reverse mode by (trees of) `inputs`: there, saved tensors can't be handed to hooks."""

    __slots__ = ("inputs", "message")

    def __init__(self, *inputs):
        self.inputs = inputs

    def __enter__(self):
        if graph.hooks_are_set():
            raise RuntimeError(_NO_HOOKS)
        self.message = graph.disabled_message()
        graph.set_disabled_message(_NO_HOOKS)
        super().__enter__()
        enter("grad")
        adopt(*self.inputs)

    def __exit__(self, *exc):
        leave()
        super().__exit__(*exc)
        graph.set_disabled_message(self.message)
