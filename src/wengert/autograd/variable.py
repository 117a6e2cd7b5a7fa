"""Variable: a name from the time before tensors carried their own history."""

import warnings

from .. import _core


class _VariableMeta(type):
    def __instancecheck__(cls, other):
        return isinstance(other, _core.Tensor)


class _Engine:
    """The backward sweep under the name that Variable has for it."""

    def run_backward(
        self, tensors, grad_tensors, keep_graph, create_graph, inputs=(), allow_unreachable=False, accumulate_grad=False
    ):
        """Runs a pass: the gradients of `inputs`, or into the leaves' .grad with accumulate_grad."""
        if not inputs:
            if not accumulate_grad:
                raise RuntimeError("grad requires non-empty inputs.")
            _core.run_backward(tuple(tensors), tuple(grad_tensors), keep_graph, create_graph, None, True)
            return None
        from . import backward, grad

        if accumulate_grad:
            return backward(tensors, grad_tensors, keep_graph, create_graph, inputs=inputs)
        return grad(tensors, inputs, grad_tensors, keep_graph, create_graph, allow_unused=allow_unreachable)

    def queue_callback(self, callback):
        """Has the running backward pass call a function at its end. RuntimeError when there is none.

        >>> import wengert
        >>> x = wengert.ones(1, requires_grad=True)
        >>> _ = x.register_hook(lambda g: Variable._execution_engine.queue_callback(lambda: print("the end")))
        >>> x.sum().backward()
        the end
        """
        _core.at_end_of_pass(callback)


class Variable(metaclass=_VariableMeta):
    """Variable(data, requires_grad) is data, detached and marked.

    >>> import wengert
    >>> Variable(wengert.ones(1), requires_grad=True).requires_grad
    True
    """

    _execution_engine = _Engine()

    def __new__(cls, data=None, requires_grad=False, volatile=False):
        if volatile:
            warnings.warn(
                "volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2
            )
        if data is None:
            from .. import empty

            data = empty(0)
        if not isinstance(data, _core.Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        if requires_grad and not (data.dtype.is_floating_point or data.dtype.is_complex):
            raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
        made = data.detach()
        return made.requires_grad_(True) if requires_grad else made
