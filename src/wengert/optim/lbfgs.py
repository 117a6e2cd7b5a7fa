"""L-BFGS: a quasi-Newton method that remembers a few past steps."""

import wengert as wg

from ._linesearch import _cubic_interpolate, _strong_wolfe, strong_wolfe  # noqa: F401 (torch keeps them here)
from ._rule import check_lr, number, scalar
from .optimizer import Optimizer

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    """Limited-memory BFGS, after Mark Schmidt's minFunc.

    Args:
        params: tensors or ``(name, tensor)`` pairs; one group only.
        lr: step length, or the first to try with a line search.
        max_iter: iterations in one call of ``step``.
        max_eval: evaluations in one call of ``step``; 5/4 of ``max_iter`` when None.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when the loss or every parameter changes by less.
        history_size: how many past steps to remember.
        line_search_fn: None or ``"strong_wolfe"``.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([3.0], requires_grad=True)
        >>> opt = wg.optim.LBFGS([x], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     opt.zero_grad()
        ...     loss = ((x - 1) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> loss = opt.step(closure)
        >>> x
        tensor([1.], requires_grad=True)
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    @property
    def _params(self):
        return self.param_groups[0]["params"]

    def _flat_grad(self):
        flat = []
        for p in self._params:
            grad = wg.zeros_like(p) if p.grad is None else p.grad
            if grad.is_complex():
                grad = wg.view_as_real(grad)
            flat.append(grad.reshape(-1))
        return wg.cat(flat, 0)

    def _move(self, t, d):
        """Adds ``t * d`` to the parameters."""
        t = number(t)
        offset = 0
        for p in self._params:
            if p.is_complex():
                p = wg.view_as_real(p)
            p.add_(d[offset : offset + p.numel()].view_as(p), alpha=t)
            offset += p.numel()

    def _evaluator(self, closure, d):
        start = [p.clone() for p in self._params]

        def evaluate(t):
            self._move(t, d)
            loss = float(number(closure()))
            grad = self._flat_grad()
            for p, value in zip(self._params, start):
                p.copy_(value)
            return loss, grad

        return evaluate

    @wg.no_grad()
    def step(self, closure):
        """Runs up to ``max_iter`` iterations.

        Args:
            closure: a function without arguments that clears the gradients, computes the loss, and its gradients.

        Returns:
            The loss before the first iteration.
        """
        closure = wg.enable_grad()(closure)
        group = self.param_groups[0]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        first_loss = closure()
        loss = float(number(first_loss))
        state["func_evals"] += 1
        grad = self._flat_grad()
        if grad.abs().max() <= group["tolerance_grad"]:
            return first_loss
        search = group["line_search_fn"]
        if search is not None and search != "strong_wolfe":
            raise RuntimeError("only 'strong_wolfe' is supported")
        self._iterate(closure, group, state, loss, grad)
        return first_loss

    def _iterate(self, closure, group, state, loss, grad):
        lr = scalar(group["lr"])
        tolerance_change = group["tolerance_change"]
        max_iter, max_eval = group["max_iter"], group["max_eval"]
        evaluations = 1
        d, t = state.get("d"), state.get("t")
        previous_loss = state.get("prev_loss")
        for iteration in range(1, max_iter + 1):
            state["n_iter"] += 1
            d = _direction(state, group["history_size"], grad, d, t)
            if state.get("prev_flat_grad") is None:
                state["prev_flat_grad"] = grad.clone()
            else:
                state["prev_flat_grad"].copy_(grad)
            previous_loss = loss
            t = min(1.0, 1.0 / grad.abs().sum()) * lr if state["n_iter"] == 1 else lr
            slope = grad.dot(d)
            if slope > -tolerance_change:
                break
            used = 0
            if group["line_search_fn"] is not None:
                evaluate = self._evaluator(closure, d)
                loss, grad, t, used = strong_wolfe(evaluate, t, d, loss, grad, slope, max_ls=max_eval - evaluations)
                self._move(t, d)
            else:
                self._move(t, d)
                if iteration != max_iter:
                    # The last gradient would be computed again by the next call of step.
                    loss = float(number(closure()))
                    grad = self._flat_grad()
                    used = 1
            evaluations += used
            state["func_evals"] += used
            if (
                iteration == max_iter
                or evaluations >= max_eval
                or grad.abs().max() <= group["tolerance_grad"]
                or d.mul(number(t)).abs().max() <= tolerance_change
                or abs(loss - previous_loss) < tolerance_change
            ):
                break
        state["d"], state["t"], state["prev_loss"] = d, t, previous_loss


def _direction(state, history_size, grad, d, t):
    """The direction of the next step; updates the memory of past steps in ``state``."""
    if state["n_iter"] == 1:
        state.update(old_dirs=[], old_stps=[], ro=[], H_diag=1)
        return grad.neg()
    changes, steps, ro = state["old_dirs"], state["old_stps"], state["ro"]
    y = grad.sub(state["prev_flat_grad"])
    s = d.mul(number(t))
    curvature = y.dot(s)
    if curvature > 1e-10:
        if len(changes) == history_size:
            for memory in (changes, steps, ro):
                memory.pop(0)
        changes.append(y)
        steps.append(s)
        ro.append(1.0 / curvature)
        state["H_diag"] = curvature / y.dot(y)
    # The two-loop recursion; its factors stay in the state, as in torch.
    factors = state.setdefault("al", [None] * history_size)
    q = grad.neg()
    for i in range(len(changes) - 1, -1, -1):
        factors[i] = steps[i].dot(q) * ro[i]
        q.add_(changes[i], alpha=-number(factors[i]))
    r = wg.mul(q, state["H_diag"])
    for i in range(len(changes)):
        again = changes[i].dot(r) * ro[i]
        r.add_(steps[i], alpha=number(factors[i] - again))
    return r
