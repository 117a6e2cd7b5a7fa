"""Rprop: each element has a step size of its own that grows and shrinks with the sign of its gradient."""

import wengert as wg

from ._functional import rprop
from ._rule import RuleOptimizer, check_lr, counter, next_step, number, pick, zeros

__all__ = ["Rprop", "rprop"]


class Rprop(RuleOptimizer):
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

    _rule = "rprop"

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
        super().__init__(params, pick(locals(), "lr etas step_sizes foreach maximize differentiable capturable"))

    def _new_state(self, group, p, grad):
        lr = number(group["lr"])
        size = wg.full_like(grad, complex(lr, lr) if p.is_complex() else lr)
        return {"step": counter(), **zeros(p, "prev"), "step_size": size}

    @staticmethod
    def _update(group, p, grad, state):
        """An element whose gradient changed its sign rests for one step."""
        shrink, grow = group["etas"]
        next_step(state)
        if group["maximize"]:
            grad = -grad
        agreement = grad * (state["prev"].clone() if group["differentiable"] else state["prev"])
        turned = agreement < 0
        factor = wg.ones_like(grad).masked_fill_(agreement > 0, grow).masked_fill_(turned, shrink)
        size = state["step_size"].mul_(factor).clamp_(*group["step_sizes"])
        grad = grad.masked_fill(turned, 0)
        p.addcmul_(grad.sign(), size, value=-1)
        state["prev"].copy_(grad)
