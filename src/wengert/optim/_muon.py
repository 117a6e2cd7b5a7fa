"""Muon: momentum whose matrix is made nearly orthogonal before it is applied."""

import wengert as wg

from ._lists import ListOptimizer, check_lr, number, scalar

__all__ = ["Muon"]


class Muon(ListOptimizer):
    """Muon (Jordan, 2024), for the two-dimensional weights of hidden layers.

    Args:
        params: 2-D tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        weight_decay: each step multiplies the parameter by ``1 - lr * weight_decay``.
        momentum: decay rate of the running mean of the gradient.
        nesterov: look ahead along the running mean.
        ns_coefficients: the three coefficients of the Newton-Schulz polynomial.
        eps: smallest norm to divide by.
        ns_steps: Newton-Schulz iterations, fewer than 100.
        adjust_lr_fn: None or ``"original"`` (scale by the root of rows over columns), or ``"match_rms_adamw"``.

    Raises:
        ValueError: a parameter is not 2-D, or an option is out of range.

    Example::

        >>> import wengert as wg
        >>> weight = wg.ones(2, 3, requires_grad=True)
        >>> opt = wg.optim.Muon([weight])
        >>> weight.sum().backward()
        >>> opt.step()
        >>> bool((weight < 1).all())
        True
    """

    _keys = ("momentum_buffer",)
    _compat = ()
    _counters = ()
    _sparse_error = "Muon does not support sparse gradients"

    def __init__(
        self,
        params,
        lr=1e-3,
        weight_decay=0.1,
        momentum=0.95,
        nesterov=True,
        ns_coefficients=(3.4445, -4.7750, 2.0315),
        eps=1e-7,
        ns_steps=5,
        adjust_lr_fn=None,
    ):
        check_lr(lr, "Learning rate should be >= 0 but is: {}")
        if not 0.0 <= momentum:
            raise ValueError(f"momentum should be >= 0 but is: {momentum}")
        if not 0.0 <= weight_decay:
            raise ValueError(f"weight decay should be >= 0 but is: {weight_decay}")
        if adjust_lr_fn not in (None, "original", "match_rms_adamw"):
            raise ValueError(f"Adjust learning rate function {adjust_lr_fn} is not supported")
        defaults = {
            "lr": lr,
            "weight_decay": weight_decay,
            "momentum": momentum,
            "nesterov": nesterov,
            "ns_coefficients": ns_coefficients,
            "eps": eps,
            "ns_steps": ns_steps,
            "adjust_lr_fn": adjust_lr_fn,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    def _gather(self, group, keys):
        if any(p.grad is not None and p.is_complex() for p in group["params"]):
            raise RuntimeError("Muon does not support complex parameters")
        return super()._gather(group, keys)

    def _new_state(self, group, p, grad):
        return {"momentum_buffer": wg.zeros_like(grad)}

    def _apply(self, group, params, grads, states):
        _update(
            params,
            grads,
            *states,
            lr=number(scalar(group["lr"])),
            weight_decay=group["weight_decay"],
            momentum=group["momentum"],
            nesterov=group["nesterov"],
            coefficients=group["ns_coefficients"],
            ns_steps=group["ns_steps"],
            eps=group["eps"],
            adjust=group["adjust_lr_fn"],
        )


def _update(params, grads, buffers, *, lr, weight_decay, momentum, nesterov, coefficients, ns_steps, eps, adjust):
    """One step for each parameter."""
    for param, grad, buffer in zip(params, grads, buffers):
        if grad.ndim != 2:
            raise ValueError("Param gradient must be a 2D matrix")
        buffer.lerp_(grad, 1 - momentum)
        update = grad.lerp(buffer, momentum) if nesterov else buffer
        update = _orthogonal(update, coefficients, ns_steps, eps)
        rows, columns = param.shape
        if adjust == "match_rms_adamw":
            factor = 0.2 * max(rows, columns) ** 0.5
        else:
            factor = max(1, rows / columns) ** 0.5
        param.mul_(1 - lr * weight_decay)
        param.add_(update, alpha=-(lr * factor))


def _orthogonal(grad, coefficients, steps, eps):
    """Newton-Schulz iteration in bfloat16 towards the nearest matrix with singular values of one."""
    if steps >= 100:
        raise ValueError("Number of steps must be less than 100 for computational efficiency")
    if len(coefficients) != 3:
        raise ValueError("Coefficients must be a tuple of exactly 3 values")
    a, b, c = coefficients
    x = grad.bfloat16()
    # The Gram matrix is the smaller one when there are fewer rows than columns.
    tall = grad.size(0) > grad.size(1)
    if tall:
        x = x.T
    x = x.div(x.norm().clamp(min=eps))
    for _ in range(steps):
        gram = x @ x.T
        polynomial = wg.addmm(gram, gram, gram, beta=b, alpha=c)
        x = wg.addmm(x, polynomial, x, beta=a)
    return x.T if tall else x
