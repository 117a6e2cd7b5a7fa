"""Stochastic gradient descent with momentum, Nesterov momentum and weight decay."""

import wengert as wg

from ._lists import ListOptimizer, check_fused, native, number, scalar

__all__ = ["SGD"]


class SGD(ListOptimizer):
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

    _native = native("_sgd_step")
    _compat = (("nesterov", False), ("maximize", False), ("foreach", None), ("differentiable", False), ("fused", False))
    _counters = ()

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
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "dampening": dampening,
            "weight_decay": weight_decay,
            "nesterov": nesterov,
            "maximize": maximize,
            "foreach": foreach,
            "differentiable": differentiable,
            "fused": fused,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def _group_keys(self, group):
        return ("momentum_buffer",) if group["momentum"] != 0 else ()

    def _gather(self, group, keys):
        # Not the shared one: the first buffer is a gradient, so it is made by the first update.
        params, grads, buffers = [], [], []
        for p in group["params"]:
            grad = p.grad
            if grad is not None:
                params.append(p)
                grads.append(grad)
                if keys:
                    buffers.append(self.state[p].get("momentum_buffer"))
        return params, grads, [buffers] if keys else []

    def _apply(self, group, params, grads, states):
        buffers = states[0] if states else []
        fresh = any(buffer is None for buffer in buffers)
        hyper = {
            "weight_decay": group["weight_decay"],
            "momentum": group["momentum"],
            "dampening": group["dampening"],
            "lr": group["lr"],
            "nesterov": group["nesterov"],
            "maximize": group["maximize"],
        }
        if not group["differentiable"]:
            hyper["lr"], hyper["weight_decay"] = number(hyper["lr"]), number(hyper["weight_decay"])
        _update(params, grads, buffers, **hyper)
        if fresh:
            for p, buffer in zip(params, buffers):
                self.state[p]["momentum_buffer"] = buffer


def _update(params, grads, buffers, *, lr, momentum, dampening, weight_decay, nesterov, maximize):
    """Moves each parameter against its gradient; fills in buffers that are still None."""
    lr = scalar(lr)
    for i, param in enumerate(params):
        grad = -grads[i] if maximize else grads[i]
        if isinstance(weight_decay, wg.Tensor) and weight_decay.requires_grad:
            grad = grad.addcmul(param, weight_decay)
        elif weight_decay != 0:
            grad = grad.add(param, alpha=number(weight_decay))
        if momentum != 0:
            buffer = buffers[i]
            if buffer is None:
                buffer = buffers[i] = grad.detach().clone()
            else:
                buffer.mul_(momentum).add_(grad, alpha=1 - dampening)
            grad = grad.add(buffer, alpha=momentum) if nesterov else buffer
        if isinstance(lr, wg.Tensor) and lr.requires_grad:
            param.addcmul_(grad, lr, value=-1)
        else:
            param.add_(grad, alpha=-number(lr))
