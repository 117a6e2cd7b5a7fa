"""Adagrad: steps scaled by the root of the sum of all squared gradients."""

import wengert as wg

from ._lists import ListOptimizer, check_fused, check_lr, check_positive, native, number, scalar, scalar_tensor

__all__ = ["Adagrad"]


class Adagrad(ListOptimizer):
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

    _keys = ("sum", "step")
    _native = native("_adagrad_step")
    _compat = (("foreach", None), ("maximize", False), ("differentiable", False), ("fused", None))

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
        defaults = {
            "lr": lr,
            "lr_decay": lr_decay,
            "eps": eps,
            "weight_decay": weight_decay,
            "initial_accumulator_value": initial_accumulator_value,
            "foreach": foreach,
            "maximize": maximize,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
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

    def _new_state(self, group, p, grad):
        start = self.defaults["initial_accumulator_value"]
        if p.is_complex():
            start = complex(start, start)
        return {"step": scalar_tensor(0, group["fused"]), "sum": wg.full_like(p, start, requires_grad=False)}

    def _apply(self, group, params, grads, states):
        _update(
            params,
            grads,
            *states,
            lr=scalar(group["lr"]),
            lr_decay=group["lr_decay"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=group["maximize"],
            differentiable=group["differentiable"],
        )


def _update(params, grads, sums, steps, *, lr, lr_decay, weight_decay, eps, maximize, differentiable):
    """One step for each parameter: accumulate the square, divide by its root."""
    for i, (param, grad, total) in enumerate(zip(params, grads, sums)):
        steps[i].add_(1)
        step = steps[i].item()
        if maximize:
            grad = -grad
        if weight_decay != 0:
            grad = grad.add(param, alpha=weight_decay)
        rate = lr / (1 + (step - 1) * lr_decay)
        total.addcmul_(grad, grad, value=1)
        root = total.sqrt() + eps if differentiable else total.sqrt().add_(eps)
        param.addcdiv_(grad, root, value=-number(rate))
