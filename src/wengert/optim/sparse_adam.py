"""SparseAdam: Adam that touches only the rows which a sparse gradient has."""

import math

import wengert as wg

from ._rule import check_betas
from .optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for parameters with sparse gradients, such as ``nn.Embedding(..., sparse=True)``.

    Averages and parameters change at the gradient's entries alone; elsewhere nothing decays.

    Args:
        params: dense real tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr, betas, eps, maximize: as in :class:`Adam`; ``lr`` and ``eps`` above zero.

    Example::

        >>> import wengert as wg
        >>> table = wg.nn.Embedding(4, 1, sparse=True)
        >>> before = table.weight.detach().clone()
        >>> opt = wg.optim.SparseAdam(table.parameters(), lr=0.5)
        >>> table(wg.tensor([2])).sum().backward()
        >>> opt.step()
        >>> before - table.weight.detach()
        tensor([[0.0000],
                [0.0000],
                [0.5000],
                [0.0000]])
    """

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, maximize=False):
        if isinstance(lr, wg.Tensor) and lr.numel() != 1:
            raise ValueError("Tensor lr must be 1-element")
        if not 0.0 < lr:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 < eps:
            raise ValueError(f"Invalid epsilon value: {eps}")
        check_betas(betas)
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "maximize": maximize})
        complex_params = [
            [i, j] for i, group in enumerate(self.param_groups) for j, p in enumerate(group["params"]) if p.is_complex()
        ]
        if complex_params:
            raise ValueError(
                f"Complex params at indices {complex_params}: SparseAdam does not support complex parameters"
            )

    @wg.no_grad()
    def step(self, closure=None):
        """Updates the rows that have a gradient, once.

        Args:
            closure: a function without arguments that computes the loss and its gradients anew.

        Returns:
            What ``closure`` returned, or None.

        Raises:
            RuntimeError: a gradient is dense.
        """
        loss = None
        if closure is not None:
            with wg.enable_grad():
                loss = closure()
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not all(p.grad.is_sparse for p in params):
                raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
            for p in params:
                self._update(group, p, p.grad.coalesce())
        return loss

    def _update(self, group, p, grad):
        state = self.state[p]
        if not state:
            state.update(step=0, exp_avg=wg.zeros_like(p), exp_avg_sq=wg.zeros_like(p))
        state["step"] += 1
        at, values = tuple(grad._indices()), grad._values()
        if values.numel() == 0:
            return
        values = -values if group["maximize"] else values
        averages = []
        for name, new, beta in zip(("exp_avg", "exp_avg_sq"), (values, values * values), group["betas"]):
            old = state[name][at]
            averages.append(old + (new - old) * (1 - beta))
            state[name][at] = averages[-1]
        corrections = [1 - beta ** state["step"] for beta in group["betas"]]
        size = group["lr"] * math.sqrt(corrections[1]) / corrections[0]
        p[at] += -size * averages[0] / (averages[1].sqrt() + group["eps"])
