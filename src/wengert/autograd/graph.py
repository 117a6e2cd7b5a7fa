"""The graph itself: nodes, gradient edges, hooks on what is saved."""

import contextlib
import heapq
import itertools
import threading
import weakref
from collections import namedtuple
from collections.abc import Iterable

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
    "set_warn_on_accumulate_grad_stream_mismatch",
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


def _get_grad_fn_or_grad_acc(tensor):
    node = _core.gradient_node(tensor)
    if node is None:
        raise AssertionError("Expected gradient function to be set")
    return node


def set_warn_on_accumulate_grad_stream_mismatch(enabled):
    """Accepted: there are no streams."""


def increment_version(tensors):
    """Says that tensors were written behind autograd's back."""
    if isinstance(tensors, _core.Tensor):
        tensors = (tensors,)
    tensors = tuple(tensors) if isinstance(tensors, Iterable) else (None,)
    if not all(isinstance(t, _core.Tensor) for t in tensors):
        raise RuntimeError("increment_version expect a Iterable[Tensor] as input")
    for t in tensors:
        t._bump_version()


class saved_tensors_hooks(_core.Block):
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

    def _begin(self):
        message = disabled_message()
        if message is not None:
            raise RuntimeError(message)
        return None, ((_core.hook_saves, (self.pack_hook, self.unpack_hook)),)


class save_on_cpu(saved_tensors_hooks):
    """Saved tensors are on the CPU already: they are kept as they are, and with pin_memory as copies, as in torch."""

    def __init__(self, pin_memory=False, device_type="cuda"):
        super().__init__(lambda t: t.clone() if pin_memory else t, lambda t: t)


class disable_saved_tensors_hooks(_core.Block, contextlib.ContextDecorator):
    """A block, or a decorated function, in which saved_tensors_hooks is refused with error_message."""

    def __init__(self, error_message, is_tracing=False):
        self.message = error_message

    def _begin(self):
        if hooks_are_set():
            raise RuntimeError(self.message)
        return None, (disabling(self.message),)


def hooks_are_set():
    """Whether saved_tensors_hooks is in force on this thread."""
    return _core.has_saved_hooks()


def disabled_message():
    """Why saved_tensors_hooks is refused on this thread; None where it is allowed."""
    return getattr(_state, "disabled", None)


def set_disabled_message(message):
    """Has saved_tensors_hooks refused with a message on this thread, or (None) allowed."""
    _state.disabled = message


def disabling(message):
    """The change of a block in which saved_tensors_hooks is refused."""
    return _state.__dict__, "disabled", message


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
                if key in passes:
                    return
                passes[key] = True
                _core.at_end_of_pass(lambda: passes.pop(key))
            fn(grad)

        return _MultiHandle([t.register_hook(first) for t in tensors if t.requires_grad])
    nodes = [_get_grad_fn_or_grad_acc(t) for t in tensors]

    def inner(index):
        def hook(grad):
            key = _core.current_pass()
            with lock:
                if key not in passes:  # several passes may run at a time, on several threads
                    passes[key] = [0, [None] * len(tensors), sum(_core.will_execute(n) for n in nodes)]
                    _core.at_end_of_pass(lambda: passes.pop(key))
                entry = passes[key]
                entry[0] += 1
                entry[1][index] = grad
                done = entry[0] == entry[2]
            if done:
                fn(entry[1])

        return hook

    return _MultiHandle([t.register_hook(inner(i)) for i, t in enumerate(tensors)])


class _Handle:
    """What the tape keeps in place of a saved tensor."""


class _AllowMutationOnSavedContext:
    """Which tensors are saved while a block of allow_mutation_on_saved_tensors lasts, and copies of those since written."""

    def __init__(self):
        self.clear()

    def clear(self):
        """Forgets everything."""
        self.original, self.cloned = weakref.WeakKeyDictionary(), weakref.WeakKeyDictionary()  # by handle
        self.tid_to_weakhandle = weakref.WeakValueDictionary()  # by tensor, as it is now
        self.sid_to_tid = {}  # by storage, as it is now

    def pack(self, tensor):
        """The handle of a tensor; the same one as long as neither it nor its value changes."""
        sid = self._storage(tensor)
        tid = (tensor.data_ptr(), tensor.shape, tensor.stride(), tensor.dtype, *sid)
        handle = self.tid_to_weakhandle.get(tid)
        if handle is None:
            handle = self.tid_to_weakhandle[tid] = _Handle()
            self.original[handle] = tensor.detach()
            self.sid_to_tid.setdefault(sid, set()).add(tid)
        return handle

    def unpack(self, handle):
        """The value that was saved. AssertionError when the block is over."""
        kept = self.cloned if handle in self.cloned else self.original
        if handle not in kept:
            raise AssertionError(
                "Trying to backward outside of the 'allow_mutation_on_saved_tensors' contextin which the graph was "
                "originally recorded."
            )
        return kept[handle]

    def before_write(self, tensor):
        """Copies what is saved of the storage that is about to be written."""
        if tensor.is_inference():
            return
        for tid in self.sid_to_tid.pop(self._storage(tensor), ()):
            handle = self.tid_to_weakhandle.pop(tid, None)
            if handle is not None:
                self.cloned[handle] = self.original.pop(handle).clone()

    @staticmethod
    def _storage(tensor):
        return tensor.untyped_storage().data_ptr(), tensor._version


class allow_mutation_on_saved_tensors(_core.Block, contextlib.ContextDecorator):
    """A block in which saved tensors may be written: the first write makes a copy of what is saved for backward.

    Backward has to run inside the block (AssertionError); blocks cannot be nested (RuntimeError).

    >>> import wengert
    >>> x = wengert.ones(2, requires_grad=True)
    >>> with allow_mutation_on_saved_tensors():
    ...     y = x * 2
    ...     z = y.exp()
    ...     _ = y.sin_()
    ...     z.sum().backward()
    """

    def _begin(self):
        if getattr(_state, "mutable", False):
            raise RuntimeError("allow_mutation_on_saved_tensors contexts cannot be nested")
        context = _AllowMutationOnSavedContext()
        _, hooks = saved_tensors_hooks(context.pack, context.unpack)._begin()
        writes = (_core.set_before_write, context.before_write)
        return context, (*hooks, (_state.__dict__, "mutable", True), writes), context.clear


def _runs(node):
    try:
        return _core.will_execute(node)
    except RuntimeError:  # a leaf whose gradient the pass was asked for
        return True


def execution_order(roots):
    """The nodes that the running pass, which began with `roots`, runs, in its order: newest first among those that are ready."""
    roots, waiting = list(dict.fromkeys(roots)), dict.fromkeys(roots, 0)
    reached = list(roots)
    for node in reached:
        for following, _ in node.next_functions:
            if following is not None:
                if following not in waiting:
                    reached.append(following)
                waiting[following] = waiting.get(following, 0) + 1
    number = itertools.count()  # nodes themselves can't be compared
    ready = [(-node._sequence_nr(), next(number), node) for node in roots if waiting[node] == 0]
    heapq.heapify(ready)
    order = []
    while ready:
        node = heapq.heappop(ready)[2]
        if _runs(node):
            order.append(node)
        for following, _ in node.next_functions:
            if following is not None:
                waiting[following] -= 1
                if waiting[following] == 0:
                    heapq.heappush(ready, (-following._sequence_nr(), next(number), following))
    return order
