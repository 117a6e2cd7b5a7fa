"""Averaged stochastic gradient descent."""

import wengert as wg

from ._lists import ListOptimizer, check_lr, check_positive, number, scalar, scalar_tensor

__all__ = ["ASGD"]


class ASGD(ListOptimizer):
    """Averaged SGD (Polyak and Juditsky, 1992); the average is ``state[p]["ax"]``.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        lambd: how fast parameters and learning rate decay.
        alpha: power of the decay of the learning rate.
        t0: the step at which averaging starts.
        weight_decay: factor of the parameter added to its gradient.
        foreach, maximize, differentiable, capturable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.ASGD([x], lr=0.25)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.5000], requires_grad=True)
    """

    _keys = ("ax", "mu", "eta", "step")
    _counters = ("step", "eta", "mu")
    _sparse_error = "ASGD does not support sparse gradients"
    _capturable = "params, mus, etas, and state_steps"

    def __init__(
        self,
        params,
        lr=1e-2,
        lambd=1e-4,
        alpha=0.75,
        t0=1e6,
        weight_decay=0,
        foreach=None,
        maximize=False,
        differentiable=False,
        capturable=False,
    ):
        check_lr(lr)
        check_positive(weight_decay=weight_decay)
        defaults = {
            "lr": lr,
            "lambd": lambd,
            "alpha": alpha,
            "t0": t0,
            "weight_decay": weight_decay,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "capturable": capturable,
        }
        super().__init__(params, defaults)

    def _new_state(self, group, p, grad):
        return {
            "step": scalar_tensor(0),
            "eta": scalar_tensor(number(scalar(group["lr"]))),
            "mu": scalar_tensor(1),
            "ax": wg.zeros_like(p),
        }

    def _apply(self, group, params, grads, states):
        _update(
            params,
            grads,
            *states,
            lambd=group["lambd"],
            lr=number(scalar(group["lr"])),
            t0=group["t0"],
            alpha=group["alpha"],
            weight_decay=group["weight_decay"],
            maximize=group["maximize"],
        )


def _update(params, grads, axs, mus, etas, steps, *, lambd, lr, t0, alpha, weight_decay, maximize):
    """One step for each parameter, then its average."""
    for i, (param, grad, ax) in enumerate(zip(params, grads, axs)):
        if maximize:
            grad = -grad
        steps[i].add_(1)
        step = steps[i].item()
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        eta = etas[i].item()
        param.mul_(1 - lambd * eta)
        param.add_(grad, alpha=-eta)
        mu = mus[i].item()
        if mu != 1:
            ax.add_(param.sub(ax).mul_(mu))
        else:
            ax.copy_(param)
        etas[i].fill_(lr / (1 + lambd * lr * step) ** alpha)
        mus[i].fill_(1 / max(1, step - t0))
