"""RMSprop: steps scaled by a running root mean square of the gradient."""

from ._functional import rmsprop
from ._rule import RuleOptimizer, check_lr, check_positive, counter, next_step, number, pick, with_decay, zeros

__all__ = ["RMSprop", "rmsprop"]


class RMSprop(RuleOptimizer):
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

    _rule = "rmsprop"
    _added = (*RuleOptimizer._added, ("momentum", 0), ("centered", False))

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
        super().__init__(
            params,
            pick(locals(), "lr momentum alpha eps centered weight_decay capturable foreach maximize differentiable"),
        )

    def _new_state(self, group, p, grad):
        buffer, mean = "momentum_buffer " * (group["momentum"] > 0), "grad_avg" * group["centered"]
        return {"step": counter(), **zeros(p, f"square_avg {buffer}{mean}")}

    @staticmethod
    def _update(group, p, grad, state):
        """The gradient over its running spread."""
        alpha, lr, momentum = group["alpha"], number(group["lr"]), group["momentum"]
        next_step(state)
        grad = with_decay(group, p, grad)
        square = state["square_avg"].mul_(alpha).addcmul_(grad, grad, value=1 - alpha)
        if group["centered"]:
            mean = state["grad_avg"].lerp_(grad, 1 - alpha)
            square = square.addcmul(mean, mean, value=-1)
        spread = square.sqrt().add(group["eps"])
        if momentum > 0:
            p.add_(state["momentum_buffer"].mul_(momentum).addcdiv_(grad, spread), alpha=-lr)
        else:
            p.addcdiv_(grad, spread, value=-lr)
