"""torch._dynamo: the decorators and switches that programs name; nothing is compiled."""

import sys

from .. import compiler
from ..compiler import (  # noqa: F401 (names of the module)
    allow_in_graph,
    assume_constant_result,
    disable,
    is_compiling,
    list_backends,
    reset,
    set_stance,
)


class _Settings:
    """Accepts any setting: none of them has an effect."""

    suppress_errors = False
    verbose = False
    cache_size_limit = recompile_limit = 8


config = _Settings()


def disallow_in_graph(fn):
    """The function itself."""
    return fn


forbid_in_graph = graph_break = disallow_in_graph


def optimize(*args, **kwargs):
    """A decorator that gives functions and modules back as they are."""
    return compiler.compile()


def mark_dynamic(t, index=None, **kwargs):
    """Nothing to mark."""


mark_static = maybe_mark_dynamic = mark_static_address = mark_dynamic


class OptimizedModule:
    """What torch wraps a compiled module in; here compiling gives the module itself, so nothing is one."""


def is_dynamo_supported():
    """False.

    >>> is_dynamo_supported()
    False
    """
    return False


class TransformGetItemToIndex:
    """A block in which indexing by an element of a batch is allowed, as it always is here."""

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


eval_frame = _trace_wrapped_higher_order_op = sys.modules[__name__]
