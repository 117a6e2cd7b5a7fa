"""Muon: momentum whose matrix is made nearly orthogonal before it is applied."""

import wengert as wg

from ._rule import RuleOptimizer, check_lr, number, pick, refuse_complex, zeros

__all__ = ["Muon"]


class Muon(RuleOptimizer):
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

    _rule = "muon"
    _added = ()
    _counters = ()

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
        super().__init__(
            params, pick(locals(), "lr weight_decay momentum nesterov ns_coefficients eps ns_steps adjust_lr_fn")
        )
        for group in self.param_groups:
            for p in group["params"]:
                if p.ndim != 2:
                    raise ValueError(
                        f"Muon only supports 2D parameters whereas we found a parameter with size: {p.size()}"
                    )

    def _check_params(self, params):
        refuse_complex("Muon", params)

    def _new_state(self, group, p, grad):
        return zeros(grad, "momentum_buffer")

    @staticmethod
    def _update(group, p, grad, state):
        """Along the momentum, with all its directions made equally long."""
        if grad.ndim != 2:
            raise ValueError("Param gradient must be a 2D matrix")
        lr, momentum = number(group["lr"]), group["momentum"]
        buffer = state["momentum_buffer"].lerp_(grad, 1 - momentum)
        update = grad.lerp(buffer, momentum) if group["nesterov"] else buffer
        update = _orthogonal(update, group["ns_coefficients"], group["ns_steps"], group["eps"])
        rows, columns = p.shape
        if group["adjust_lr_fn"] == "match_rms_adamw":
            factor = 0.2 * max(rows, columns) ** 0.5
        else:
            factor = max(1, rows / columns) ** 0.5
        p.mul_(1 - lr * group["weight_decay"]).add_(update, alpha=-(lr * factor))


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
