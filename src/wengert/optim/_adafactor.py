"""Adafactor: second moments of matrices kept as one row and one column."""

import wengert as wg

from ._functional import adafactor
from ._rule import RuleOptimizer, check_lr, counter, next_step, number, pick, refuse_complex

__all__ = ["Adafactor", "adafactor"]


def _check(fine, message):
    if not fine:
        raise ValueError(message)


class Adafactor(RuleOptimizer):
    """Adafactor (Shazeer and Stern, 2018).

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: the largest learning rate; the step size also follows the size of the parameter.
        beta2_decay: power of the step number by which the running means slow down.
        eps: smallest second moment (None: the dtype's epsilon) and smallest parameter size.
        d: an update with a larger root mean square is scaled down to it.
        weight_decay: each step multiplies the parameter by ``1 - lr * weight_decay``.
        foreach, maximize: as in :class:`Adam`.

    Example::

        >>> import wengert as wg
        >>> x = wg.ones(2, 3, requires_grad=True)
        >>> opt = wg.optim.Adafactor([x])
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> bool((x < 1).all())
        True
    """

    _rule = "adafactor"
    _added = (("foreach", None),)

    def __init__(
        self,
        params,
        lr=1e-2,
        beta2_decay=-0.8,
        eps=(None, 1e-3),
        d=1.0,
        weight_decay=0.0,
        *,
        foreach=None,
        maximize=False,
    ):
        check_lr(lr, "Learning rate should be >= 0 but is: {}")
        _check(0.0 >= beta2_decay, f"beta2_decay should be <= 0 but is: {beta2_decay}")
        _check(eps[0] is None or 0.0 <= eps[0], f"epsilon1 should be >= 0 but is: {eps[0]}")
        _check(0.0 <= eps[1], f"epsilon2 should be >= 0 but is: {eps[1]}")
        _check(1.0 <= d, f"Clipping threshold d should be >= 1 but is: {d}")
        _check(0.0 <= weight_decay, f"weight_decay should be >= 0 but is: {weight_decay}")
        super().__init__(params, pick(locals(), "lr beta2_decay eps d weight_decay foreach maximize"))

    def _check_params(self, params):
        refuse_complex("Adafactor", params)

    def _new_state(self, group, p, grad):
        if grad.dim() <= 1:
            return {"step": counter(), "variance": wg.zeros_like(grad)}
        rows, columns = list(grad.shape), list(grad.shape)
        rows[-1] = columns[-2] = 1
        return {"step": counter(), "row_var": grad.new_zeros(rows), "col_var": grad.new_zeros(columns)}

    @staticmethod
    def _update(group, p, grad, state):
        """The gradient over its root mean square, as long as the parameter is large, and never too long."""
        lr, (eps1, eps2) = number(group["lr"]), group["eps"]
        if eps1 is None:
            eps1 = wg.finfo(p.dtype).eps
        if group["maximize"]:
            grad = -grad
        step = next_step(state)
        rate = min(lr, 1 / step**0.5)
        size = max(eps2, p.norm(2).item() / p.numel() ** 0.5) * rate
        if group["weight_decay"] != 0:
            p.mul_(1 - lr * group["weight_decay"])
        estimate = _second_moment(grad, state, step ** group["beta2_decay"], eps1)
        update = estimate.clamp_(min=eps1 * eps1).rsqrt_().mul_(grad)
        excess = max(1.0, update.norm(2).item() / (update.numel() ** 0.5 * group["d"]))
        p.add_(update, alpha=-size / excess)


def _second_moment(grad, state, weight, eps1):
    """Updates the running means of squares; for a matrix returns the rank-one estimate they make."""
    if grad.dim() <= 1:
        return state["variance"].lerp_(grad * grad, weight).clone()
    row_var, col_var = state["row_var"], state["col_var"]
    row_var.lerp_(wg.norm(grad, dim=-1, keepdim=True).square_().div_(grad.size(-1)), weight)
    col_var.lerp_(wg.norm(grad, dim=-2, keepdim=True).square_().div_(grad.size(-2)), weight)
    return (row_var @ col_var).div_(row_var.mean(dim=-2, keepdim=True).clamp_(min=eps1))
