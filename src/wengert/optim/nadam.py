"""NAdam: Adam with Nesterov momentum."""

from ._functional import nadam
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

__all__ = ["NAdam", "nadam"]


class NAdam(RuleOptimizer):
    """NAdam (Dozat, 2016).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: factor of the parameter added to its gradient.
        momentum_decay: how fast the momentum warms up.
        decoupled_weight_decay: take the decay off the parameter instead, as AdamW does.
        maximize, foreach, capturable, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.NAdam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> bool(x < 1)
        True
    """

    _rule = "nadam"
    _added = (*RuleOptimizer._added, ("decoupled_weight_decay", False))
    _counters = ("step", "mu_product")
    _capturable = "params, mu_products and state_steps"

    def __init__(
        self,
        params,
        lr=2e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        momentum_decay=4e-3,
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
        check_positive(weight_decay=weight_decay, momentum_decay=momentum_decay)
        super().__init__(
            params,
            pick(
                locals(),
                "lr betas eps weight_decay momentum_decay decoupled_weight_decay maximize foreach capturable differentiable",
            ),
        )

    def _new_state(self, group, p, grad):
        return {"step": counter(), "mu_product": counter(1), **zeros(p, "exp_avg exp_avg_sq")}

    @staticmethod
    def _update(group, p, grad, state):
        """The gradient and the coming momentum are weighed separately."""
        step, lr, (beta1, beta2) = next_step(state), learning_rate(group), group["betas"]
        grad = with_decay(group, p, grad)
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * group["momentum_decay"]))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * group["momentum_decay"]))
        product = state["mu_product"].mul_(mu)
        mean = state["exp_avg"].lerp_(grad, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        spread = square.div(1 - beta2**step).sqrt()
        if group["differentiable"]:
            product = product.clone()
            p.addcdiv_(grad * (-lr * (1.0 - mu) / (1.0 - product)), spread.add(group["eps"]))
            p.addcdiv_(mean * (-lr * mu_next / (1.0 - product * mu_next)), spread.add(group["eps"]))
        else:
            product = product.item()
            spread.add_(group["eps"])
            p.addcdiv_(grad, spread, value=-lr * (1.0 - mu) / (1.0 - product))
            p.addcdiv_(mean, spread, value=-lr * mu_next / (1.0 - product * mu_next))
