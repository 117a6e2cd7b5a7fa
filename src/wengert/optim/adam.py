"""Adam: steps scaled by running means of the gradient and of its square."""

import wengert as wg

from ._functional import adam
from ._rule import (
    RuleOptimizer,
    check_betas,
    check_fused,
    check_lr,
    check_positive,
    counter,
    next_step,
    number,
    pick,
    scalar,
    with_decay,
    zeros,
)

__all__ = ["Adam", "adam"]


def _check_beta_types(betas, foreach, capturable):
    floats = isinstance(betas[0], float) and isinstance(betas[1], float)
    tensors = isinstance(betas[0], wg.Tensor) and isinstance(betas[1], wg.Tensor)
    if not (floats or tensors):
        raise ValueError("betas must be either both floats or both Tensors")
    for i in (0, 1):
        if tensors and not capturable and foreach:
            raise ValueError(f"betas[{i}] as a Tensor is not supported for capturable=False and foreach=True")
        if tensors and betas[i].numel() != 1:
            raise ValueError(f"Tensor betas[{i}] must be 1-element")


class Adam(RuleOptimizer):
    """Adam (Kingma and Ba, 2014), with the AMSGrad and decoupled-weight-decay variants.

    Args:
        params: tensors, ``(name, tensor)`` pairs, or dicts defining groups.
        lr: learning rate, a number or a one-element tensor.
        betas: decay rates of the running means of the gradient and of its square.
        eps: added to the denominator.
        weight_decay: factor of the parameter added to its gradient, or with ``decoupled_weight_decay`` taken off
            the parameter itself in proportion to ``lr``.
        amsgrad: divide by the largest mean square seen so far.
        maximize: climb instead of descending.
        foreach, fused: accepted as in torch; the fastest way is always taken.
        capturable: as in torch, refused at the first step on the CPU.
        differentiable: record the step, so that gradients flow through it.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.Adam([x], lr=0.1)
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.9000], requires_grad=True)
    """

    _rule = "adam"
    _added = (*RuleOptimizer._added, ("amsgrad", False), ("decoupled_weight_decay", False), ("fused", None))

    def __init__(
        self,
        params,
        lr=1e-3,
        betas=(0.9, 0.999),
        eps=1e-8,
        weight_decay=0,
        amsgrad=False,
        *,
        foreach=None,
        maximize=False,
        capturable=False,
        differentiable=False,
        fused=None,
        decoupled_weight_decay=False,
    ):
        if isinstance(lr, wg.Tensor) and foreach and not capturable:
            raise ValueError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_lr(lr)
        check_positive(eps=eps)
        check_betas(betas)
        check_positive(weight_decay=weight_decay)
        _check_beta_types(betas, foreach, capturable)
        betas = tuple(map(scalar, betas))
        super().__init__(
            params,
            pick(
                locals(),
                "lr betas eps weight_decay amsgrad maximize foreach capturable differentiable fused decoupled_weight_decay",
            ),
        )
        check_fused(fused, foreach, differentiable)

    def _check_sparse(self, group):
        raise RuntimeError("Adam does not support sparse gradients, please consider SparseAdam instead")

    def _new_state(self, group, p, grad):
        largest = "max_exp_avg_sq" * group["amsgrad"]
        return {"step": counter(0, group["fused"]), **zeros(p, f"exp_avg exp_avg_sq {largest}")}

    @staticmethod
    def _update(group, p, grad, state):
        """The running mean of the gradient over the root of that of its square, both freed of their start at zero."""
        if group["differentiable"]:
            _update_recorded(group, p, grad, state)
            return
        lr, beta1, beta2 = number(group["lr"]), *map(number, group["betas"])
        step = next_step(state)
        grad = with_decay(group, p, grad)
        mean = state["exp_avg"].lerp_(grad, 1 - beta1)
        square = state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        if group["amsgrad"]:
            largest = state["max_exp_avg_sq"]
            square = wg.maximum(largest, square, out=largest)
        spread = square.sqrt().div_((1 - beta2**step) ** 0.5).add_(group["eps"])
        p.addcdiv_(mean, spread, value=-(lr / (1 - beta1**step)))


def _update_recorded(group, p, grad, state):
    """The same step written so that it can be differentiated, also with respect to tensor hyper-parameters."""
    if state["step"].requires_grad:
        raise RuntimeError("`requires_grad` is not supported for `step` in differentiable mode")
    lr, (beta1, beta2), decay = scalar(group["lr"]), group["betas"], group["weight_decay"]
    step = state["step"].add_(1).clone()
    if group["maximize"]:
        grad = -grad
    if isinstance(decay, wg.Tensor) or decay != 0:
        if group["decoupled_weight_decay"]:
            p.mul_(1 - lr * decay)
        else:
            grad = grad + p.clone() * decay
    mean, square = state["exp_avg"].lerp_(grad, 1 - beta1), state["exp_avg_sq"]
    if isinstance(beta2, wg.Tensor) and beta2.requires_grad:
        square.lerp_(wg.square(grad), 1 - beta2)
    else:
        square.mul_(beta2).addcmul_(grad, grad, value=number(1 - beta2))
    size = (lr / (1 - beta1**step)).neg()
    if group["amsgrad"]:
        largest = state["max_exp_avg_sq"]
        square = largest.copy_(wg.maximum(largest.clone(), square))
    spread = (square.sqrt() / ((1 - beta2**step).sqrt() * size)).add_(group["eps"] / size)
    p.addcdiv_(mean.clone(), spread)
