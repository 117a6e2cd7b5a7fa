"""Adamax: Adam with the largest gradient seen in place of the root mean square."""

import wengert as wg

from ._functional import adamax
from ._rule import (
    RuleOptimizer,
    check_betas,
    check_lr,
    check_positive,
    counter,
    next_step,
    number,
    pick,
    scalar,
    with_decay,
    zeros,
)

__all__ = ["Adamax", "adamax"]


class Adamax(RuleOptimizer):
    """Adamax (Kingma and Ba, 2014).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running mean of the gradient and of the largest gradient.
        eps: added to the size of each gradient.
        weight_decay: factor of the parameter added to its gradient.
        maximize, foreach, capturable, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.Adamax([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _rule = "adamax"

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check_positive(eps=eps)
        check_betas(betas)
        check_positive(weight_decay=weight_decay)
        super().__init__(params, pick(locals(), "lr betas eps weight_decay foreach maximize differentiable capturable"))

    def _new_state(self, group, p, grad):
        return {"step": counter(), **zeros(p, "exp_avg exp_inf")}

    @staticmethod
    def _update(group, p, grad, state):
        """The denominator is a decaying maximum."""
        step, (beta1, beta2) = next_step(state), group["betas"]
        grad = with_decay(group, p, grad)
        mean = state["exp_avg"].lerp_(grad, 1 - beta1)
        size, largest = grad.abs().add_(group["eps"]), state["exp_inf"].mul_(beta2)
        largest.copy_(wg.maximum(largest.clone(), size))
        p.addcdiv_(mean, largest, value=-number(scalar(group["lr"]) / (1 - beta1**step)))
