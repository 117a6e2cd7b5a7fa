"""RAdam: Adam that waits for its second moment to become reliable."""

import wengert as wg

from ._lists import ListOptimizer, check_betas, check_lr, check_positive, number, scalar, scalar_tensor

__all__ = ["RAdam"]


class RAdam(ListOptimizer):
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

    _keys = ("exp_avg", "exp_avg_sq", "step")
    _compat = (*ListOptimizer._compat, ("decoupled_weight_decay", False))
    _sparse_error = "RAdam does not support sparse gradients"

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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "decoupled_weight_decay": decoupled_weight_decay,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        return {"step": scalar_tensor(0), "exp_avg": wg.zeros_like(p), "exp_avg_sq": wg.zeros_like(p)}

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
            eps=group["eps"],
            decoupled=group["decoupled_weight_decay"],
            maximize=group["maximize"],
        )


def _update(params, grads, exp_avgs, exp_avg_sqs, steps, *, beta1, beta2, lr, weight_decay, eps, decoupled, maximize):
    """One step for each parameter: plain momentum first, Adam once the variance estimate can be trusted."""
    rho_inf = 2 / (1 - beta2) - 1
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
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        bias_correction2 = 1 - beta2**step
        update = exp_avg / (1 - beta1**step) * lr
        rho = rho_inf - 2 * step * beta2**step / bias_correction2
        if rho > 5.0:
            adaptive = bias_correction2**0.5 / exp_avg_sq.sqrt().add(eps)
            rectified = ((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)) ** 0.5
            update = update * adaptive * rectified
        param.add_(update, alpha=-1.0)
