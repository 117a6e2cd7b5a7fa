"""RAdam: Adam that waits for its second moment to become reliable."""

from ._functional import radam
from ._rule import (
    RuleOptimizer,
    check_betas,
    check_lr,
    check_positive,
    counter,
    learning_rate,
    next_step,
    pick,
    with_decay,
    zeros,
)

__all__ = ["RAdam", "radam"]


class RAdam(RuleOptimizer):
    """RAdam (Liu et al., 2019).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: factor of the parameter added to its gradient.
        decoupled_weight_decay: take the decay off the parameter instead, as AdamW does.
        maximize, foreach, capturable, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.RAdam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.8000], requires_grad=True)
    """

    _rule = "radam"
    _added = (*RuleOptimizer._added, ("decoupled_weight_decay", False))

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        decoupled_weight_decay=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
    ):
        check_lr(lr)
        check_positive(eps=eps)
        check_betas(betas)
        check_positive(weight_decay=weight_decay)
        super().__init__(
            params,
            pick(
                locals(), "lr betas eps weight_decay maximize foreach capturable decoupled_weight_decay differentiable"
            ),
        )

    def _new_state(self, group, p, grad):
        return {"step": counter(), **zeros(p, "exp_avg exp_avg_sq")}

    @staticmethod
    def _update(group, p, grad, state):
        """Plain momentum first, Adam once the estimate of the variance can be trusted."""
        step, (beta1, beta2) = next_step(state), group["betas"]
        grad = with_decay(group, p, grad)
        mean = state["exp_avg"].lerp_(grad, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        update = mean / (1 - beta1**step) * learning_rate(group)
        bias_correction2 = 1 - beta2**step
        end = 2 / (1 - beta2) - 1
        rho = end - 2 * step * beta2**step / bias_correction2
        if rho > 5.0:
            rectified = ((rho - 4) * (rho - 2) * end / ((end - 4) * (end - 2) * rho)) ** 0.5
            update = update * (bias_correction2**0.5 / square.sqrt().add(group["eps"])) * rectified
        p.add_(update, alpha=-1.0)
