"""Adam: steps scaled by running means of the gradient and of its square."""

import wengert as wg

from ._lists import (
    ListOptimizer,
    check_betas,
    check_fused,
    check_lr,
    check_positive,
    native,
    number,
    scalar,
    scalar_tensor,
)

__all__ = ["Adam"]

_KEYS = ("exp_avg", "exp_avg_sq", "step")
_AMSGRAD_KEYS = (*_KEYS, "max_exp_avg_sq")


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


class Adam(ListOptimizer):
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

    _native = native("_adam_step")
    _compat = (
        ("amsgrad", False),
        ("maximize", False),
        ("foreach", None),
        ("capturable", False),
        ("differentiable", False),
        ("decoupled_weight_decay", False),
        ("fused", None),
    )
    _sparse_error = "Adam does not support sparse gradients, please consider SparseAdam instead"

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
        defaults = {
            "lr": lr,
            "betas": tuple(map(scalar, betas)),
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
            "maximize": maximize,
            "foreach": foreach,
            "capturable": capturable,
            "differentiable": differentiable,
            "fused": fused,
            "decoupled_weight_decay": decoupled_weight_decay,
        }
        super().__init__(params, defaults)
        check_fused(fused, foreach, differentiable)

    def _group_keys(self, group):
        return _AMSGRAD_KEYS if group["amsgrad"] else _KEYS

    def _new_state(self, group, p, grad):
        state = {"step": scalar_tensor(0, group["fused"])}
        for name in ("exp_avg", "exp_avg_sq", "max_exp_avg_sq")[: 3 if group["amsgrad"] else 2]:
            state[name] = wg.zeros_like(p)
        return state

    def _apply(self, group, params, grads, states):
        exp_avgs, exp_avg_sqs, steps, *rest = states
        max_exp_avg_sqs = rest[0] if rest else []
        beta1, beta2 = group["betas"]
        hyper = {
            "lr": group["lr"],
            "beta1": beta1,
            "beta2": beta2,
            "weight_decay": group["weight_decay"],
            "eps": group["eps"],
            "amsgrad": group["amsgrad"],
            "maximize": group["maximize"],
            "decoupled": group["decoupled_weight_decay"],
        }
        if group["differentiable"]:
            if any(step.requires_grad for step in steps):
                raise RuntimeError("`requires_grad` is not supported for `step` in differentiable mode")
            _update_recorded(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, **hyper)
            return
        for name in ("lr", "beta1", "beta2", "weight_decay"):
            hyper[name] = number(hyper[name])
        _update(params, grads, exp_avgs, exp_avg_sqs, max_exp_avg_sqs, steps, **hyper)


def _update(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    max_exp_avg_sqs,
    steps,
    *,
    lr,
    beta1,
    beta2,
    weight_decay,
    eps,
    amsgrad,
    maximize,
    decoupled,
):
    """One step for each parameter, in the order of operations of torch's CPU path."""
    for i, (param, grad, exp_avg, exp_avg_sq) in enumerate(zip(params, grads, exp_avgs, exp_avg_sqs)):
        steps[i].add_(1)
        step = steps[i].item()
        if maximize:
            grad = -grad
        if weight_decay != 0:
            if decoupled:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad.add(param, alpha=weight_decay)
        exp_avg.lerp_(grad, 1 - beta1)
        exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
        if amsgrad:
            exp_avg_sq = wg.maximum(max_exp_avg_sqs[i], exp_avg_sq, out=max_exp_avg_sqs[i])
        denom = exp_avg_sq.sqrt().div_((1 - beta2**step) ** 0.5).add_(eps)
        param.addcdiv_(exp_avg, denom, value=-(lr / (1 - beta1**step)))


def _update_recorded(
    params,
    grads,
    exp_avgs,
    exp_avg_sqs,
    max_exp_avg_sqs,
    steps,
    *,
    lr,
    beta1,
    beta2,
    weight_decay,
    eps,
    amsgrad,
    maximize,
    decoupled,
):
    """The same step written so that it can be differentiated, also with respect to tensor hyper-parameters."""
    lr = scalar(lr)
    for i, (param, grad, exp_avg, exp_avg_sq) in enumerate(zip(params, grads, exp_avgs, exp_avg_sqs)):
        steps[i].add_(1)
        step = steps[i].clone()
        if maximize:
            grad = -grad
        if isinstance(weight_decay, wg.Tensor) or weight_decay != 0:
            if decoupled:
                param.mul_(1 - lr * weight_decay)
            else:
                grad = grad + param.clone() * weight_decay
        exp_avg.lerp_(grad, 1 - beta1)
        if isinstance(beta2, wg.Tensor) and beta2.requires_grad:
            exp_avg_sq.lerp_(wg.square(grad), 1 - beta2)
        else:
            exp_avg_sq.mul_(beta2).addcmul_(grad, grad, value=number(1 - beta2))
        bias_correction2 = (1 - beta2**step).sqrt()
        negative_size = (lr / (1 - beta1**step)).neg()
        if amsgrad:
            max_exp_avg_sqs[i].copy_(wg.maximum(max_exp_avg_sqs[i].clone(), exp_avg_sq))
            exp_avg_sq = max_exp_avg_sqs[i]
        denom = (exp_avg_sq.sqrt() / (bias_correction2 * negative_size)).add_(eps / negative_size)
        param.addcdiv_(exp_avg.clone(), denom)
