"""Cycles through the tape: Python's collector is shown the nodes when it is about to look at everything."""

import functools
import gc

from .. import _core


def attach():
    """Has every full collection find cycles that lead through graphs."""
    gc.callbacks.append(functools.partial(_core.before_collection, gc.get_objects))
