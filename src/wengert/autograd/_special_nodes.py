"""Nodes whose backward is an error, or passes nothing on, and the functions that make them."""

from .. import _core
from .function import BackwardCFunction


class ErrorNode(BackwardCFunction):
    """A node whose backward is an error."""

    kind = RuntimeError

    def _backward(self, grads):
        raise self.kind(self.message)


class _UndefinedGradBackward(BackwardCFunction):
    """A node that passes no gradient on."""

    def _backward(self, grads):
        return (None,) * self.count


ErrorNode.__name__, _UndefinedGradBackward.__name__ = "Error", "UndefinedGradBackward"


def alike(node, tensors):
    """The tensors, detached, as outputs of a node that is a function of them."""
    outputs = tuple(t if t is None else t.detach() for t in tensors)
    if _core.is_grad_enabled() and any(t is not None and t.requires_grad for t in tensors):
        _core.record_function(node, tuple(tensors), tuple((o, True, False, False) for o in outputs))
    return outputs


def without_derivative(values, source, name, op):
    """values, made of source by an op that has no derivative: the backward pass of the node called name is an error."""
    if _core.is_grad_enabled() and source.requires_grad:
        node = type(name, (ErrorNode,), {"kind": NotImplementedError})()
        node.message = f"the derivative for '{op}' is not implemented."
        _core.record_function(node, (source,), ((values, True, False, False),))
    return values


class DelayedError:
    """A function of tensors that hands them through; its backward is a RuntimeError.

    >>> import wengert
    >>> DelayedError("no way back", 1)(wengert.ones(1, requires_grad=True)).grad_fn.name()
    'Error'
    """

    def __init__(self, message, num_inputs):
        self.message, self.num_inputs = message, num_inputs

    def __call__(self, *tensors):
        node = ErrorNode()
        node.message = self.message
        outputs = alike(node, tensors)
        return outputs[0] if len(outputs) == 1 else outputs


class UndefinedGrad:
    """A function of tensors that hands them through and passes no gradient back.

    >>> import wengert
    >>> x = wengert.ones(1, requires_grad=True)
    >>> UndefinedGrad()(x).backward()
    >>> x.grad is None
    True
    """

    def __call__(self, *tensors):
        node = _UndefinedGradBackward()
        node.count = len(tensors)
        outputs = alike(node, tensors)
        return outputs[0] if len(outputs) == 1 else outputs
