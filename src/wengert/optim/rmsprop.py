"""RMSprop: steps scaled by a running root mean square of the gradient."""

import wengert as wg

from ._lists import ListOptimizer, check_lr, check_positive, native, number, scalar, scalar_tensor

__all__ = ["RMSprop"]


class RMSprop(ListOptimizer):
    """RMSprop (Hinton, 2012), also centered (Graves, 2013) and with momentum.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        alpha: decay rate of the running mean of squares.
        eps: added to the denominator.
        weight_decay: factor of the parameter added to its gradient.
        momentum: factor of the running sum of scaled gradients.
        centered: divide by the standard deviation instead of the root mean square.
        capturable, foreach, maximize, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.RMSprop([x], lr=0.01)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _native = native("_rmsprop_step")
    _compat = (*ListOptimizer._compat, ("momentum", 0), ("centered", False))
    _sparse_error = "RMSprop does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-2,
        alpha=0.99,
        eps=1e-8,
        weight_decay=0,
        momentum=0,
        centered=False,
        capturable=False,
        foreach=None,
        maximize=False,
        differentiable=False,
    ):
        check_lr(lr)
        check_positive(eps=eps, momentum=momentum, weight_decay=weight_decay, alpha=alpha)
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "alpha": alpha,
            "eps": eps,
            "centered": centered,
            "weight_decay": weight_decay,
            "capturable": capturable,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
        }
        super().__init__(params, defaults)

    def _group_keys(self, group):
        keys = ["square_avg", "step"]
        if group["centered"]:
            keys.append("grad_avg")
        if group["momentum"] > 0:
            keys.append("momentum_buffer")
        return tuple(keys)

    def _new_state(self, group, p, grad):
        state = {"step": scalar_tensor(0), "square_avg": wg.zeros_like(p)}
        if group["momentum"] > 0:
            state["momentum_buffer"] = wg.zeros_like(p)
        if group["centered"]:
            state["grad_avg"] = wg.zeros_like(p)
        return state

    def _apply(self, group, params, grads, states):
        square_avgs, steps, *rest = states
        grad_avgs = rest.pop(0) if group["centered"] else []
        buffers = rest.pop(0) if group["momentum"] > 0 else []
        _update(
            params,
            grads,
            square_avgs,
            grad_avgs,
            buffers,
            steps,
            lr=scalar(group["lr"]),
            alpha=group["alpha"],
            eps=group["eps"],
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            centered=group["centered"],
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(
    params,
    grads,
    square_avgs,
    grad_avgs,
    buffers,
    steps,
    *,
    lr,
    alpha,
    eps,
    weight_decay,
    momentum,
    centered,
    maximize,
    differentiable,
):
    """One step for each parameter: the gradient over its running spread."""
    for i, (param, grad, square_avg) in enumerate(zip(params, grads, square_avgs)):
        steps[i].add_(1)
        if maximize:
            grad = -grad
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        square_avg.mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
        if centered:
            grad_avg = grad_avgs[i]
            grad_avg.lerp_(grad, 1 - alpha)
            spread = square_avg.addcmul(grad_avg, grad_avg, value=-1).sqrt_()
        else:
            spread = square_avg.sqrt()
        spread = spread.add(eps) if differentiable else spread.add_(eps)
        if momentum > 0:
            buffers[i].mul_(momentum).addcdiv_(grad, spread)
            param.add_(buffers[i], alpha=-number(lr))
        else:
            param.addcdiv_(grad, spread, value=-number(lr))
