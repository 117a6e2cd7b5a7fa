"""The graph itself: nodes, gradient edges, hooks on what is saved."""

import contextlib
import threading
from collections import namedtuple

from .. import _core
from .._core import Node

__all__ = [
    "GradientEdge",
    "Node",
    "allow_mutation_on_saved_tensors",
    "disable_saved_tensors_hooks",
    "get_gradient_edge",
    "increment_version",
    "register_multi_grad_hook",
    "save_on_cpu",
    "saved_tensors_hooks",
]

_state = threading.local()


class GradientEdge(namedtuple("GradientEdge", "node output_nr ownership_token", defaults=(None,))):
    """An output of a node: what a gradient can be taken of, without holding the tensor."""

    __slots__ = ()


def get_gradient_edge(tensor):
    """The edge on which the gradient of tensor travels. RuntimeError when it does not require grad.

    >>> import wengert
    >>> get_gradient_edge(wengert.ones(1, requires_grad=True) * 2).node.name()
    'MulBackward0'
    """
    if not tensor.requires_grad:
        raise RuntimeError("It is not possible to get the gradient edge for a Tensor that does not require gradients")
    node = _core.gradient_node(tensor)
    return GradientEdge(node, tensor.output_nr)


def increment_version(tensors):
    """Says that tensors were written behind autograd's back."""
    for t in (tensors,) if isinstance(tensors, _core.Tensor) else tensors:
        t._bump_version()


class saved_tensors_hooks:
    """A block in which pack(tensor) decides what is kept of each saved tensor and unpack gives it back.

    >>> import wengert
    >>> x = wengert.ones(2, requires_grad=True)
    >>> with saved_tensors_hooks(lambda t: t.numpy(force=True).copy(), wengert.from_numpy):
    ...     y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 2.])
    """

    def __init__(self, pack_hook, unpack_hook):
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook

    def __enter__(self):
        message = disabled_message()
        if message is not None:
            raise RuntimeError(message)
        self._before = _core.set_saved_hooks(self.pack_hook, self.unpack_hook)

    def __exit__(self, *exc):
        _core.set_saved_hooks(*self._before)


class save_on_cpu(saved_tensors_hooks):
    """Accepted: saved tensors are on the CPU already; a copy is kept, as torch does."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda t: t.clone(), lambda t: t)


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message, is_tracing=False):
    """A block in which saved_tensors_hooks is refused with error_message."""
    before = disabled_message()
    hooks = _core.set_saved_hooks(None, None)
    _core.set_saved_hooks(*hooks)
    if hooks[0] is not None:
        raise RuntimeError(error_message)
    set_disabled_message(error_message)
    try:
        yield
    finally:
        set_disabled_message(before)


def disabled_message():
    """Why saved_tensors_hooks is refused on this thread; None where it is allowed."""
    return getattr(_state, "disabled", None)


def set_disabled_message(message):
    """Has saved_tensors_hooks refused with a message on this thread, or (None) allowed."""
    _state.disabled = message


class _MultiHandle:
    def __init__(self, handles):
        self._handles = handles

    def remove(self):
        """Takes all of its hooks away."""
        for h in self._handles:
            h.remove()
        self._handles = ()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.remove()


def register_multi_grad_hook(tensors, fn, *, mode="all"):
    """Calls fn once in a backward pass: with mode "all" when every gradient is known (a list, None where there is none),
    with "any" at the first."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    lock, passes = threading.Lock(), {}
    tensors = tuple(tensors)
    if mode == "any":

        def first(grad):
            key = _core.current_pass()
            with lock:
                if passes.get("any") == key:
                    return
                passes["any"] = key
            fn(grad)

        return _MultiHandle([t.register_hook(first) for t in tensors])
    nodes = [_core.gradient_node(t) for t in tensors]

    def inner(index):
        def hook(grad):
            key = _core.current_pass()
            with lock:
                if key not in passes:
                    passes.clear()
                    passes[key] = [0, [None] * len(tensors), sum(_core.will_execute(n) for n in nodes)]
                entry = passes[key]
                entry[0] += 1
                entry[1][index] = grad
                done = entry[0] == entry[2]
                if done:
                    del passes[key]
            if done:
                fn(entry[1])

        return hook

    return _MultiHandle([t.register_hook(inner(i)) for i, t in enumerate(tensors)])


class _MutationContext:
    def __init__(self):
        self.originals = {}

    def clear(self):
        """Lets go of the copies."""
        self.originals.clear()


@contextlib.contextmanager
def allow_mutation_on_saved_tensors():
    """A block in which saved tensors may be written: the tape keeps a copy of each as it was.

    >>> import wengert
    >>> x = wengert.ones(2, requires_grad=True)
    >>> with allow_mutation_on_saved_tensors():
    ...     y = x * 2
    ...     z = y.exp()
    ...     _ = y.sin_()
    ...     z.sum().backward()
    """
    context = _MutationContext()

    def pack(tensor):
        return tensor.detach().clone()

    with saved_tensors_hooks(pack, lambda kept: kept):
        yield context
