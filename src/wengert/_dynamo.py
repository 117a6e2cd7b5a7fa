"""torch._dynamo: the decorators and switches that programs name; nothing is compiled."""

from . import compiler
from .compiler import (  # noqa: F401 (names of the module)
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


def mark_dynamic(t, index, **kwargs):
    """Nothing to mark."""


mark_static = maybe_mark_dynamic = mark_static_address = mark_dynamic
