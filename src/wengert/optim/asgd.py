"""Averaged stochastic gradient descent."""

from ._functional import asgd
from ._rule import RuleOptimizer, check_lr, check_positive, counter, next_step, number, pick, with_decay, zeros

__all__ = ["ASGD", "asgd"]


class ASGD(RuleOptimizer):
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

    _rule = "asgd"
    _counters = ("step", "eta", "mu")
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
        super().__init__(
            params, pick(locals(), "lr lambd alpha t0 weight_decay foreach maximize differentiable capturable")
        )

    def _new_state(self, group, p, grad):
        return {"step": counter(), "eta": counter(number(group["lr"])), "mu": counter(1), **zeros(p, "ax")}

    @staticmethod
    def _update(group, p, grad, state):
        """A step of shrinking size, then the average of the parameters."""
        step, lr, lambd = next_step(state), number(group["lr"]), group["lambd"]
        eta, mu, average = state["eta"].item(), state["mu"].item(), state["ax"]
        grad = with_decay(group, p, grad)
        p.mul_(1 - lambd * eta).add_(grad, alpha=-eta)
        if mu == 1:
            average.copy_(p)
        else:
            average.add_(p.sub(average).mul_(mu))
        state["eta"].fill_(lr / (1 + lambd * lr * step) ** group["alpha"])
        state["mu"].fill_(1 / max(1, step - group["t0"]))
