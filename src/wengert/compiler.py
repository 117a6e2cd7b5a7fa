"""torch.compile and torch.compiler: functions and modules come back as they are, already as fast as they get here."""

import contextlib
import functools


def compile(
    model=None, *, fullgraph=False, dynamic=None, backend="inductor", mode=None, options=None, disable=False, **kwargs
):
    """The function or module itself; without one, a decorator. Options are accepted and change nothing.

    >>> @compile
    ... def double(x):
    ...     return 2 * x
    >>> double(4)
    8
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is None:
        return functools.partial(
            compile, fullgraph=fullgraph, dynamic=dynamic, backend=backend, mode=mode, options=options, disable=disable
        )
    if not callable(model):
        raise RuntimeError("Expected a callable or an nn.Module")
    return model


def disable(fn=None, recursive=True, *, reason=None):
    """The function itself: nothing is compiled."""
    return fn if fn is not None else disable


def allow_in_graph(fn):
    """The function itself."""
    return fn


def assume_constant_result(fn):
    """The function itself."""
    return fn


def is_compiling():
    """False."""
    return False


is_dynamo_compiling = is_exporting = is_compiling


def reset():
    """Nothing to forget."""


def cudagraph_mark_step_begin():
    """Nothing to mark."""


def list_backends(exclude_tags=None):
    """No backends."""
    return []


@contextlib.contextmanager
def set_stance(stance="default", **kwargs):
    """A block with another policy for compiling, of which there is none."""
    yield
