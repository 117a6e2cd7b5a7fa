"""Cycles through the tape: Python's collector is shown the nodes when it is about to look at everything."""

import gc

from . import _core


def _show_graphs(phase, info):
    if phase == "start" and info["generation"] == 2 and _core.live()["nodes"]:
        _core.track_graphs(gc.get_objects())


def attach():
    """Has every full collection find cycles that lead through graphs."""
    gc.callbacks.append(_show_graphs)
