"""AdamW: Adam with weight decay applied to the parameters, not to the gradients."""

from ._functional import adamw
from .adam import Adam

__all__ = ["AdamW", "adamw"]


class AdamW(Adam):
    """AdamW (Loshchilov and Hutter, 2017): :class:`Adam` with ``decoupled_weight_decay=True``.

    Args:
        weight_decay: each step multiplies the parameter by ``1 - lr * weight_decay``.

    The other arguments are Adam's.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.AdamW([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.8990], requires_grad=True)
    """

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=1e-2,
        amsgrad=False,
        *,
        maximize=False,
        foreach=None,
        capturable=False,
        differentiable=False,
        fused=None,
    ):
        super().__init__(
            params,
            lr,
            betas,
            eps,
            weight_decay,
            amsgrad,
            foreach=foreach,
            maximize=maximize,
            capturable=capturable,
            differentiable=differentiable,
            fused=fused,
            decoupled_weight_decay=True,
        )

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            # Checkpoints from before AdamW became a kind of Adam lack the option, or say False.
            group["decoupled_weight_decay"] = True
