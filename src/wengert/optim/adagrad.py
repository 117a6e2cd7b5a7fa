"""Adagrad: steps scaled by the root of the sum of all squared gradients."""

import wengert as wg

from ._functional import adagrad
from ._rule import (
    RuleOptimizer,
    check_fused,
    check_lr,
    check_positive,
    counter,
    next_step,
    number,
    pick,
    scalar,
    with_decay,
)

__all__ = ["Adagrad", "adagrad"]


class Adagrad(RuleOptimizer):
    """Adagrad (Duchi et al., 2011).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        lr_decay: the rate falls as ``lr / (1 + (step - 1) * lr_decay)``.
        weight_decay: factor of the parameter added to its gradient.
        initial_accumulator_value: where the sums of squares start.
        eps: added to the denominator.
        maximize, foreach, fused, differentiable: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.Adagrad([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _rule = "adagrad"
    _added = (("foreach", None), ("maximize", False), ("differentiable", False), ("fused", None))

    def __init__(
        self,
        params,
        lr=1e-2,
        lr_decay=0,
        weight_decay=0,
        initial_accumulator_value=0,
        eps=1e-10,
        foreach=None,
        *,
        maximize=False,
        differentiable=False,
        fused=None,
    ):
        check_lr(lr)
        check_positive(
            lr_decay=lr_decay,
            weight_decay=weight_decay,
            initial_accumulator_value=initial_accumulator_value,
            eps=eps,
        )
        super().__init__(
            params,
            pick(
                locals(), "lr lr_decay eps weight_decay initial_accumulator_value foreach maximize differentiable fused"
            ),
        )
        check_fused(fused, foreach, differentiable)
        # As in torch the state is there from the start, not from the first step.
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p].update(self._new_state(group, p, None))

    def share_memory(self):
        """Moves the sums into shared memory, for training in several processes."""
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["sum"].share_memory_()

    def _check_sparse(self, group):
        if group["fused"]:
            raise RuntimeError("`fused` does not support sparse grad or complex param")
        if group["weight_decay"] != 0:
            raise RuntimeError("weight_decay option is not compatible with sparse gradients")

    def _new_state(self, group, p, grad):
        start = self.defaults["initial_accumulator_value"]
        total = wg.full_like(p, complex(start, start) if p.is_complex() else start, requires_grad=False)
        return {"step": counter(0, group["fused"]), "sum": total}

    @staticmethod
    def _update(group, p, grad, state):
        """Accumulate the square, divide by its root."""
        rate = scalar(group["lr"]) / (1 + (next_step(state) - 1) * group["lr_decay"])
        grad = with_decay(group, p, grad)
        total = state["sum"].addcmul_(grad, grad, value=1)
        p.addcdiv_(grad, total.sqrt().add(group["eps"]), value=-number(rate))
