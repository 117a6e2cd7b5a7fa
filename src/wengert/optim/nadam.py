"""NAdam: Adam with Nesterov momentum."""

import wengert as wg

from ._lists import ListOptimizer, check_betas, check_lr, check_positive, number, scalar, scalar_tensor

__all__ = ["NAdam"]


class NAdam(ListOptimizer):
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

    _keys = ("exp_avg", "exp_avg_sq", "mu_product", "step")
    _compat = (*ListOptimizer._compat, ("decoupled_weight_decay", False))
    _counters = ("step", "mu_product")
    _sparse_error = "NAdam does not support sparse gradients"
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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "momentum_decay": momentum_decay,
            "decoupled_weight_decay": decoupled_weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        return {
            "step": scalar_tensor(0),
            "mu_product": scalar_tensor(1),
            "exp_avg": wg.zeros_like(p),
            "exp_avg_sq": wg.zeros_like(p),
        }

    def _apply(self, group, params, grads, states):
        beta1, beta2 = group["betas"]
        lr = scalar(group["lr"])
        _update(
            params,
            grads,
            *states,
            beta1=beta1,
            beta2=beta2,
            lr=lr if group["differentiable"] else number(lr),
            weight_decay=group["weight_decay"],
            momentum_decay=group["momentum_decay"],
            eps=group["eps"],
            decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    mu_products,
    steps,
    *,
    beta1,
    beta2,
    lr,
    weight_decay,
    momentum_decay,
    eps,
    decoupled,
    maximize,
    differentiable,
):
    """One step for each parameter: the gradient and the coming momentum are weighed separately."""
    for i, (param, grad, exp_avg, exp_avg_sq) in enumerate(zip(params, grads, exp_avgs, exp_avg_sqs)):
        steps[i].add_(1)
        step = steps[i].item()
        if maximize:
            grad = -grad
        if weight_decay != 0:
            if decoupled:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(param, alpha=weight_decay)
        mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * momentum_decay))
        mu_next = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
        mu_products[i].mul_(mu)
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        denom = exp_avg_sq.div(1 - beta2**step).sqrt()
        if differentiable:
            product = mu_products[i].clone()
            param.addcdiv_(grad * (-lr * (1.0 - mu) / (1.0 - product)), denom.add(eps))
            param.addcdiv_(exp_avg * (-lr * mu_next / (1.0 - product * mu_next)), denom.add(eps))
        else:
            product = mu_products[i].item()
            denom.add_(eps)
            param.addcdiv_(grad, denom, value=-lr * (1.0 - mu) / (1.0 - product))
            param.addcdiv_(exp_avg, denom, value=-lr * mu_next / (1.0 - product * mu_next))
