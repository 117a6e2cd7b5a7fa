"""Adadelta: steps whose size follows the size of past steps, without a learning rate to choose."""

import wengert as wg

from ._lists import _DEVICES, ListOptimizer, check_lr, check_positive, number, scalar, scalar_tensor

__all__ = ["Adadelta"]


class Adadelta(ListOptimizer):
    """Adadelta (Zeiler, 2012).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: factor of each step, a number or a one-element tensor.
        rho: decay rate of the running means of squares.
        eps: added inside both square roots.
        weight_decay: factor of the parameter added to its gradient.
        maximize, foreach, capturable, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.Adadelta([x])
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> bool(x < 1)
        True
    """

    _keys = ("square_avg", "acc_delta", "step")
    _sparse_error = "Adadelta does not support sparse gradients"
    _devices = _DEVICES

    def __init__(
        self,
        params,
        lr=1.0,
        rho=0.9,
        eps=1e-6,
        weight_decay=0,
        foreach=None,
        *,
        capturable=False,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        if not 0.0 <= rho <= 1.0:
            raise ValueError(f"Invalid rho value: {rho}")
        check_positive(eps=eps, weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "rho": rho,
            "eps": eps,
            "weight_decay": weight_decay,
            "maximize": maximize,
            "capturable": capturable,
            "foreach": foreach,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        return {"step": scalar_tensor(0), "square_avg": wg.zeros_like(p), "acc_delta": wg.zeros_like(p)}

    def _apply(self, group, params, grads, states):
        _update(
            params,
            grads,
            *states,
            lr=scalar(group["lr"]),
            rho=group["rho"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(params, grads, square_avgs, acc_deltas, steps, *, lr, rho, eps, weight_decay, maximize, differentiable):
    """One step for each parameter: the ratio of two running root mean squares times the gradient."""
    for i, (param, grad, square_avg, acc_delta) in enumerate(zip(params, grads, square_avgs, acc_deltas)):
        steps[i].add_(1)
        if maximize:
            grad = -grad
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        square_avg.mul_(rho).addcmul_(grad, grad, value=1 - rho)
        std = square_avg.add(eps).sqrt_()
        delta = acc_delta.add(eps).sqrt_()
        if differentiable:
            delta = delta.clone()
        delta.div_(std).mul_(grad)
        acc_delta.mul_(rho).addcmul_(delta, delta, value=1 - rho)
        param.add_(delta, alpha=-number(lr))
