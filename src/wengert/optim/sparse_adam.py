"""SparseAdam: Adam for sparse gradients, which wengert does not have; every dense gradient is refused as in torch."""

import wengert as wg

from ._rule import check_betas
from .optimizer import Optimizer

__all__ = ["SparseAdam"]


class SparseAdam(Optimizer):
    """Adam for parameters with sparse gradients.

    The class exists so that programs that name it can be imported and their options checked; gradients here are
    always dense, and ``step`` refuses those as torch does.

    Args:
        params: dense real tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr, betas, eps, maximize: as in :class:`Adam`; ``lr`` and ``eps`` above zero.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SparseAdam([wg.zeros(2, requires_grad=True)])
        >>> opt.step()
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
        """Refuses dense gradients; does nothing for parameters without one.

        Args:
            closure: a function without arguments that computes the loss and its gradients anew.

        Raises:
            RuntimeError: a parameter has a gradient.
        """
        loss = None
        if closure is not None:
            with wg.enable_grad():
                loss = closure()
        if any(p.grad is not None for group in self.param_groups for p in group["params"]):
            raise RuntimeError("SparseAdam does not support dense gradients, please consider Adam instead")
        return loss
