"""Adamax: Adam with the largest gradient seen in place of the root mean square."""

import wengert as wg

from ._lists import ListOptimizer, check_betas, check_lr, check_positive, number, scalar, scalar_tensor

__all__ = ["Adamax"]


class Adamax(ListOptimizer):
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

    _keys = ("exp_avg", "exp_inf", "step")
    _sparse_error = "Adamax does not support sparse gradients"

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
        defaults = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        return {"step": scalar_tensor(0), "exp_avg": wg.zeros_like(p), "exp_inf": wg.zeros_like(p)}

    def _apply(self, group, params, grads, states):
        beta1, beta2 = group["betas"]
        _update(
            params,
            grads,
            *states,
            eps=group["eps"],
            beta1=beta1,
            beta2=beta2,
            lr=scalar(group["lr"]),
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(params, grads, exp_avgs, exp_infs, steps, *, eps, beta1, beta2, lr, weight_decay, maximize, differentiable):
    """One step for each parameter: the denominator is a decaying maximum."""
    for i, (param, grad, exp_avg, exp_inf) in enumerate(zip(params, grads, exp_avgs, exp_infs)):
        steps[i].add_(1)
        if maximize:
            grad = -grad
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        exp_avg.lerp_(grad, 1 - beta1)
        size = grad.abs().add_(eps)
        exp_inf.mul_(beta2)
        if differentiable:
            exp_inf.copy_(wg.maximum(exp_inf.clone(), size))
        else:
            wg.maximum(exp_inf, size, out=exp_inf)
        size = lr / (1 - beta1 ** steps[i].item())
        param.addcdiv_(exp_avg, exp_inf, value=-number(size))
