"""torch._C._autograd: private names about saved tensors, versions and the running backward pass."""

from .. import _core
from ..autograd import graph as _graph
from ..autograd._saved_tensor import SavedTensor

__all__ = ["SavedTensor"]


def _saved_tensors_hooks_is_enabled():
    """Whether saved_tensors_hooks may be entered."""
    return _graph.disabled_message() is None


def _saved_tensors_hooks_get_disabled_error_message():
    """Why saved_tensors_hooks may not be entered, or None."""
    return _graph.disabled_message()


def _saved_tensors_hooks_disable(error_message, fail_if_non_empty=True):
    """Has saved_tensors_hooks refuse, with a message, from here on."""
    _graph.set_disabled_message(error_message)


def _saved_tensors_hooks_enable():
    """Allows saved_tensors_hooks again."""
    _graph.set_disabled_message(None)


def _get_current_graph_task_keep_graph():
    """Whether the running backward pass keeps the graph."""
    return _core.pass_keeps_graph()


def _unsafe_set_version_counter(tensors, versions):
    """Sets the version counters of tensors. RuntimeError for a negative number."""
    for tensor, version in zip(tensors, versions, strict=True):
        _core.set_version(tensor, version)


def kineto_available():
    """False: there is no Kineto."""
    return False
