"""Rprop: each element has a step size of its own that grows and shrinks with the sign of its gradient."""

import wengert as wg

from ._lists import ListOptimizer, check_lr, number, scalar, scalar_tensor

__all__ = ["Rprop"]


class Rprop(ListOptimizer):
    """Resilient backpropagation (Riedmiller and Braun, 1993), for full batches.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: the first step size of every element.
        etas: factors of the step size when the gradient changed its sign and when it kept it.
        step_sizes: smallest and largest step size.
        capturable, foreach, maximize, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.Rprop([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _keys = ("prev", "step_size", "step")
    _sparse_error = "Rprop does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        etas=(0.5, 1.2),
        step_sizes=(1e-6, 50),
        *,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 < etas[0] < 1.0 < etas[1]:
            raise ValueError(f"Invalid eta values: {etas[0]}, {etas[1]}")
        defaults = {
            "lr": lr,
            "etas": etas,
            "step_sizes": step_sizes,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        lr = number(scalar(group["lr"]))
        if p.is_complex():
            lr = complex(lr, lr)
        return {"step": scalar_tensor(0), "prev": wg.zeros_like(p), "step_size": wg.full_like(grad, lr)}

    def _apply(self, group, params, grads, states):
        smallest, largest = group["step_sizes"]
        shrink, grow = group["etas"]
        _update(
            params,
            grads,
            *states,
            smallest=smallest,
            largest=largest,
            shrink=shrink,
            grow=grow,
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(params, grads, prevs, step_sizes, steps, *, smallest, largest, shrink, grow, maximize, differentiable):
    """One step for each parameter; an element whose gradient changed its sign rests for one step."""
    for i, (param, grad, prev, step_size) in enumerate(zip(params, grads, prevs, step_sizes)):
        steps[i].add_(1)
        if maximize:
            grad = -grad
        agreement = grad * (prev.clone() if differentiable else prev)
        turned = agreement < 0
        factor = wg.ones_like(grad).masked_fill_(agreement > 0, grow).masked_fill_(turned, shrink)
        step_size.mul_(factor).clamp_(smallest, largest)
        grad = grad.masked_fill(turned, 0)
        param.addcmul_(grad.sign(), step_size, value=-1)
        prev.copy_(grad)
