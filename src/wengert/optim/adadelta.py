"""Adadelta: steps whose size follows the size of past steps, without a learning rate to choose."""

from ._functional import adadelta
from ._rule import (
    _DEVICES,
    RuleOptimizer,
    check_lr,
    check_positive,
    counter,
    next_step,
    number,
    pick,
    with_decay,
    zeros,
)

__all__ = ["Adadelta", "adadelta"]


class Adadelta(RuleOptimizer):
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

    _rule = "adadelta"
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
        super().__init__(params, pick(locals(), "lr rho eps weight_decay maximize capturable foreach differentiable"))

    def _new_state(self, group, p, grad):
        return {"step": counter(), **zeros(p, "square_avg acc_delta")}

    @staticmethod
    def _update(group, p, grad, state):
        """The gradient times the ratio of two running root mean squares."""
        rho, eps = group["rho"], group["eps"]
        next_step(state)
        grad = with_decay(group, p, grad)
        square = state["square_avg"].mul_(rho).addcmul_(grad, grad, value=1 - rho)
        delta = state["acc_delta"].add(eps).sqrt().div(square.add(eps).sqrt()).mul(grad)
        state["acc_delta"].mul_(rho).addcmul_(delta, delta, value=1 - rho)
        p.add_(delta, alpha=-number(group["lr"]))
