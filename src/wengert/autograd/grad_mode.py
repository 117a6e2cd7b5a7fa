"""Whether the tape is written: no_grad, enable_grad, set_grad_enabled, inference_mode."""

import functools
import sys
import threading
import warnings

from .. import _core


def _is_generator(function):
    code = getattr(function, "__code__", None)
    return code is not None and bool(code.co_flags & 0x20)


def _wrap_generator(make_context, function):
    """A generator runs under the mode between its yields, its caller under the caller's."""

    @functools.wraps(function)
    def generator(*args, **kwargs):
        inner = function(*args, **kwargs)
        try:
            with make_context():
                value = inner.send(None)
            while True:
                try:
                    request = yield value
                except GeneratorExit:
                    with make_context():
                        inner.close()
                    raise
                except BaseException:
                    with make_context():
                        value = inner.throw(*sys.exc_info())
                else:
                    with make_context():
                        value = inner.send(request)
        except StopIteration as stop:
            return stop.value

    return generator


class _Mode:
    """A mode that is a context manager and a decorator."""

    __slots__ = ()

    def clone(self):
        """A fresh one: the decorated function may be called while it already runs."""
        return type(self)()

    def __call__(self, function):
        if isinstance(function, type):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate "
                "functions or methods. To preserve the current behavior of class decoration, you can directly decorate "
                "the `__init__` method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
            function.__init__ = self(function.__init__)
            return function
        if _is_generator(function):
            return _wrap_generator(self.clone, function)

        @functools.wraps(function)
        def wrapper(*args, **kwargs):
            with self.clone():
                return function(*args, **kwargs)

        return wrapper


class no_grad(_core.NoGradScope, _Mode):
    """Nothing is recorded inside; a context manager and a decorator (of generators too).

    >>> import wengert
    >>> x = wengert.ones(1, requires_grad=True)
    >>> with wengert.no_grad():
    ...     (x * 2).requires_grad
    False
    """

    __slots__ = ()


class enable_grad(_core.EnableGradScope, _Mode):
    """Recording is on inside, also within no_grad.

    >>> import wengert
    >>> x = wengert.ones(1, requires_grad=True)
    >>> with wengert.no_grad(), wengert.enable_grad():
    ...     (x * 2).requires_grad
    True
    """

    __slots__ = ()


class set_grad_enabled(_core.GradSwitch, _Mode):
    """Sets the mode at once; as a context manager it is put back at the end.

    >>> import wengert
    >>> _ = wengert.set_grad_enabled(True)
    >>> wengert.is_grad_enabled()
    True
    """

    def __init__(self, mode):
        super().__init__(mode)

    def __call__(self, function):
        _core.set_grad_enabled(self.prev)  # used as a decorator: only the function is meant
        return super().__call__(function)

    def clone(self):
        return set_grad_enabled(self.mode)

    def __repr__(self):
        return f"torch.autograd.grad_mode.set_grad_enabled(mode={self.mode})"


class inference_mode(_core.Block, _Mode):
    """Nothing is recorded, and results can never take part in autograd.

    >>> import wengert
    >>> with wengert.inference_mode():
    ...     wengert.ones(1).is_inference()
    True
    """

    def __new__(cls, mode=True):
        self = object.__new__(cls)
        if isinstance(mode, bool):
            return self
        self.__init__()
        return self(mode)

    def __init__(self, mode=True):
        self.mode = mode if isinstance(mode, bool) else True

    def clone(self):
        return inference_mode(self.mode)

    def _begin(self):
        return None, ((_core.set_grad_enabled, not self.mode), (_core.set_inference_mode, self.mode))


_multithreading = threading.local()


def is_multithreading_enabled():
    """What set_multithreading_enabled said last on this thread; True at first."""
    return getattr(_multithreading, "on", True)


class set_multithreading_enabled(_Mode):
    """Remembered, no more: a backward pass runs on the thread that asked for it."""

    def __init__(self, mode):
        self.mode = bool(mode)
        self.prev = is_multithreading_enabled()
        _multithreading.on = self.mode

    def __call__(self, function):
        _multithreading.on = self.prev
        return super().__call__(function)

    def clone(self):
        return set_multithreading_enabled(self.mode)

    def __enter__(self):
        _multithreading.on = self.mode

    def __exit__(self, *exc):
        _multithreading.on = self.prev


class _unsafe_preserve_version_counter:
    """A block after which the version counters of tensors are what they were before it."""

    def __init__(self, tensors):
        self.tensors = (tensors,) if isinstance(tensors, _core.Tensor) else tuple(tensors)
        self.versions = tuple(t._version for t in self.tensors)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        for tensor, version in zip(self.tensors, self.versions):
            _core.set_version(tensor, version)


def is_view_replay_enabled():
    """Whether views are made again from their base by the ops that made them: never, they are made by as_strided."""
    return False


class enforce_grad_layout_policy(_Mode):
    """Accepted: a gradient always gets the strides of its parameter."""

    def __init__(self, enable):
        self.enable = bool(enable)

    def clone(self):
        return enforce_grad_layout_policy(self.enable)

    def __enter__(self):
        return None

    def __exit__(self, *exc):
        return None
