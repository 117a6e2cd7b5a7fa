"""Stochastic gradient descent with momentum, Nesterov momentum and weight decay."""

import wengert as wg

from ._functional import sgd
from ._rule import RuleOptimizer, check_fused, number, pick, scalar

__all__ = ["SGD", "sgd"]


class SGD(RuleOptimizer):
    """Stochastic gradient descent.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        momentum: factor of the running sum of gradients.
        dampening: the running sum takes in ``1 - dampening`` of each new gradient.
        weight_decay: factor of the parameter that is added to its gradient.
        nesterov: look ahead along the running sum; needs momentum and no dampening.
        maximize: climb instead of descending.
        foreach, fused: accepted as in torch; the fastest way is always taken.
        differentiable: record the step, so that gradients flow through it.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.SGD([x], lr=0.25)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.5000], requires_grad=True)
    """

    _rule = "sgd"
    _added = (("nesterov", False), ("maximize", False), ("foreach", None), ("differentiable", False), ("fused", False))
    _counters = ()
    _by_parts = False

    def __init__(
        self,
        params,
        lr=1e-3,
        momentum=0,
        dampening=0,
        weight_decay=0,
        nesterov=False,
        *,
        maximize=False,
        foreach=None,
        differentiable=False,
        fused=None,
    ):
        if isinstance(lr, wg.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if lr < 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if momentum < 0.0:
            raise ValueError(f"Invalid momentum value: {momentum}")
        if weight_decay < 0.0:
            raise ValueError(f"Invalid weight_decay value: {weight_decay}")
        if nesterov and (momentum <= 0 or dampening != 0):
            raise ValueError("Nesterov momentum requires a momentum and zero dampening")
        super().__init__(
            params, pick(locals(), "lr momentum dampening weight_decay nesterov maximize foreach differentiable fused")
        )
        check_fused(fused, foreach, differentiable)

    def _check_sparse(self, group):
        if group["fused"]:
            raise RuntimeError("`_fused_sgd` does not support sparse gradients")
        if group["weight_decay"] != 0:
            raise RuntimeError("add(sparse, dense) is not supported. Use add(dense, sparse) instead.")

    def _new_state(self, group, p, grad):
        # The first buffer is a gradient, so the first update makes it.
        return {"momentum_buffer": None} if group["momentum"] != 0 else {}

    @staticmethod
    def _update(group, p, grad, state):
        """Against the gradient, or against its running sum."""
        lr, momentum, decay = scalar(group["lr"]), group["momentum"], group["weight_decay"]
        if group["maximize"]:
            grad = -grad
        if isinstance(decay, wg.Tensor) and decay.requires_grad:
            grad = grad.addcmul(p, decay)
        elif decay != 0:
            grad = grad.add(p, alpha=number(decay))
        if momentum != 0:
            buffer = state.get("momentum_buffer")
            if buffer is None:
                buffer = state["momentum_buffer"] = grad.detach().clone()
            else:
                buffer.mul_(momentum).add_(grad, alpha=1 - group["dampening"])
            grad = grad.add(buffer, alpha=momentum) if group["nesterov"] else buffer
        if isinstance(lr, wg.Tensor) and lr.requires_grad:
            p.addcmul_(grad, lr, value=-1)
        else:
            p.add_(grad, alpha=-number(lr))
