"""Losses over classes and over elementwise differences."""

import math
import warnings

import wengert as wg

from ...ops.loss import check_divergence
from .. import _reduction as R
from ._native import native

_cross_entropy, _nll = native("cross_entropy_loss"), native("nll_loss_nd")
_bce, _bce_logits = native("binary_cross_entropy"), native("binary_cross_entropy_with_logits")
_mse, _smooth_l1, _huber = native("mse_loss"), native("smooth_l1_loss"), native("huber_loss")


def cross_entropy(
    input,
    target,
    weight=None,
    size_average=None,
    ignore_index=-100,
    reduce=None,
    reduction="mean",
    label_smoothing=0.0,
):
    """Cross entropy of logits (N, C, *) with class indices (N, *) or probabilities (N, C, *).

    >>> cross_entropy(wg.zeros(1, 2), wg.tensor([0]))
    tensor(0.6931)
    """
    reduction = R.get_enum(R.resolve(size_average, reduce, reduction))
    return _cross_entropy(input, target, weight, reduction, ignore_index, label_smoothing)


def nll_loss(input, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean"):
    """Negative of the log-probabilities (N, C, *) at the class indices (N, *).

    >>> nll_loss(wg.tensor([[-1.0, -2.0]]), wg.tensor([1]))
    tensor(2.)
    """
    reduction = R.get_enum(R.resolve(size_average, reduce, reduction))
    if input.dim() == 1 and target.dim() == 1 and target.size(0) != 1:
        raise ValueError(f"For 1D input, 1D target must have size 1, but got target size: {target.size(0)}")
    return _nll(input, target, weight, reduction, ignore_index)


def linear_cross_entropy(
    input,
    linear_weight,
    target,
    *,
    linear_bias=None,
    weight=None,
    reduction="mean",
    ignore_index=None,
    label_smoothing=0.0,
    options=None,
):
    """cross_entropy of a linear layer: input (N, in), linear_weight (C, *, in), target (N, *).

    >>> linear_cross_entropy(wg.zeros(1, 3), wg.zeros(2, 3), wg.tensor([0]))
    tensor(0.6931)
    """
    if input.dim() not in (1, 2):
        raise RuntimeError(f"expected input with dimensionality 1 or 2, got {input.dim()}")
    if linear_weight.dim() < 2:
        raise RuntimeError(f"expected linear_weight with dimensionality at least 2, got {linear_weight.dim()}")
    in_features = input.shape[-1]
    if in_features != linear_weight.shape[-1]:
        raise RuntimeError(
            "expected equal input and linear_weight last dimensions (in_features), got "
            f"{in_features} and {linear_weight.shape[-1]}, respectively"
        )
    rows = tuple(linear_weight.shape[:-1])
    if linear_bias is not None and tuple(linear_bias.shape) != rows:
        raise RuntimeError(f"expected linear_bias shape {rows}, got {tuple(linear_bias.shape)}")
    if len(rows) > 1 and input.dim() == 1:
        raise RuntimeError(
            f"K-dimensional loss defined by linear_weight shape {tuple(linear_weight.shape)} requires batched input, "
            f"(N, {in_features}), got unbatched input with shape {tuple(input.shape)}"
        )
    if target.is_floating_point() and ignore_index is not None:
        raise RuntimeError("ignore_index cannot be specified when target contains probabilities")
    bias = None if linear_bias is None else linear_bias.reshape(-1)
    logits = native("linear")(input, linear_weight.reshape(-1, in_features), bias)
    if len(rows) > 1:
        logits = logits.unflatten(-1, rows)
    ignore_index = -100 if ignore_index is None else ignore_index
    return cross_entropy(
        logits, target, weight, ignore_index=ignore_index, reduction=reduction, label_smoothing=label_smoothing
    )


def poisson_nll_loss(
    input,
    target,
    log_input=True,
    full=False,
    size_average=None,
    eps=1e-8,
    reduce=None,
    reduction="mean",
):
    """Negative log-likelihood of counts; `input` is the log of the rate unless log_input=False.

    >>> poisson_nll_loss(wg.zeros(1), wg.ones(1))
    tensor(1.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not a valid value for reduction")
    loss = input.exp() - target * input if log_input else input - target * (input + eps).log()
    if full:
        stirling = target * target.log() - target + 0.5 * (2 * math.pi * target).log()
        loss = loss + stirling.masked_fill(target <= 1, 0)
    return R.apply(loss, reduction)


def gaussian_nll_loss(input, target, var, full=False, eps=1e-6, reduction="mean"):
    """Negative log-likelihood of a normal distribution with mean `input` and variance `var` (a number or tensor).

    >>> gaussian_nll_loss(wg.zeros(1), wg.ones(1), wg.ones(1))
    tensor(0.5000)
    """
    if isinstance(var, float):
        if var < 0:
            raise ValueError("var has negative entry/entries")
        var = var * wg.ones_like(input)
    elif bool((var < 0).any()):
        raise ValueError("var has negative entry/entries")
    if var.size() != input.size():
        if input.size()[:-1] == var.size():
            var = var.unsqueeze(-1)
        elif input.dim() != var.dim() or sum(v for i, v in zip(input.size(), var.size()) if i != v) != 1:
            raise ValueError("var is of incorrect size")
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(reduction + " is not valid")
    var = var.clone()
    with wg.no_grad():
        var.clamp_(min=eps)  # the gradient treats the clamped variance as if it had been given
    loss = 0.5 * (var.log() + (input - target) ** 2 / var)
    if full:
        loss = loss + 0.5 * math.log(2 * math.pi)
    return R.apply(loss, reduction)


def kl_div(input, target, size_average=None, reduce=None, reduction="mean", log_target=False):
    """Kullback-Leibler divergence: input holds log-probabilities, target probabilities (or logs of them).

    >>> kl_div(wg.zeros(1, 1), wg.ones(1, 1), reduction="batchmean")
    tensor(0.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    if size_average is None and reduce is None and reduction == "mean":
        warnings.warn(
            "reduction: 'mean' divides the total loss by both the batch size and the support size."
            "'batchmean' divides only by the batch size, and aligns with the KL div math definition."
            "'mean' will be changed to behave the same as 'batchmean' in the next major release.",
            stacklevel=2,
        )
    check_divergence(input, target)
    loss = target.exp() * (target - input) if log_target else wg.xlogy(target, target) - target * input
    if reduction == "batchmean":
        out = loss.sum()
        return out / input.size(0) if input.dim() else out
    return R.apply(loss, reduction)


def binary_cross_entropy(input, target, weight=None, size_average=None, reduce=None, reduction="mean"):
    """-(t log p + (1 - t) log(1 - p)) for probabilities `input`.

    >>> binary_cross_entropy(wg.tensor([0.5]), wg.tensor([1.0]))
    tensor(0.6931)
    """
    reduction = R.get_enum(R.resolve(size_average, reduce, reduction))
    if target.size() != input.size():
        raise ValueError(
            f"Using a target size ({target.size()}) that is different to the input size ({input.size()}) is"
            " deprecated. Please ensure they have the same size."
        )
    if weight is not None:
        weight = weight.expand(wg.broadcast_shapes(target.size(), weight.size()))
    return _bce(input, target, weight, reduction)


def binary_cross_entropy_with_logits(
    input, target, weight=None, size_average=None, reduce=None, reduction="mean", pos_weight=None
):
    """binary_cross_entropy of sigmoid(input), computed stably; pos_weight scales the positive targets.

    >>> binary_cross_entropy_with_logits(wg.zeros(1), wg.ones(1))
    tensor(0.6931)
    """
    reduction = R.get_enum(R.resolve(size_average, reduce, reduction))
    if target.size() != input.size():
        raise ValueError(f"Target size ({target.size()}) must be the same as input size ({input.size()})")
    return _bce_logits(input, target, weight, pos_weight, reduction)


def _same_shapes(input, target, stacklevel=3):
    """Both operands at one shape, with torch's warning when broadcasting was needed."""
    if target.size() == input.size():
        return input, target
    warnings.warn(
        f"Using a target size ({target.size()}) that is different to the input size ({input.size()}). "
        "This will likely lead to incorrect results due to broadcasting. Please ensure they have the same size.",
        stacklevel=stacklevel,
    )
    return wg.broadcast_tensors(input, target)


def _weighted(loss, weight, input, reduction, by_weight=True):
    """The loss times the weight; its mean is over the weight, or (by_weight=False) over the elements."""
    if weight.size() != input.size():
        raise ValueError("Weights and input must have the same size.")
    loss = loss * weight
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    if reduction == "mean":
        return loss.sum() / weight.sum() if by_weight else loss.mean()
    raise ValueError(f"Invalid reduction mode: {reduction}. Expected one of 'none', 'mean', 'sum'.")


def smooth_l1_loss(input, target, size_average=None, reduce=None, reduction="mean", beta=1.0):
    """Squared error below `beta` (over 2 beta), absolute error above.

    >>> smooth_l1_loss(wg.zeros(1), wg.ones(1) * 2)
    tensor(1.5000)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    input, target = _same_shapes(input, target)
    if beta == 0.0:
        return R.apply((input - target).abs(), reduction)
    target = target.to(input.dtype) if target.dtype is wg.bool else target
    return _smooth_l1(input, target, R.get_enum(reduction), beta)


def huber_loss(input, target, reduction="mean", delta=1.0, weight=None):
    """Half the squared error below `delta`, delta times (absolute error - delta / 2) above.

    >>> huber_loss(wg.zeros(1), wg.ones(1) * 2)
    tensor(1.5000)
    """
    input, target = _same_shapes(input, target)
    if weight is None:
        return _huber(input, target, R.get_enum(reduction), delta)
    return _weighted(_huber(input, target, 0, delta), weight, input, reduction, by_weight=False)


def l1_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Absolute error.

    >>> l1_loss(wg.zeros(2), wg.ones(2))
    tensor(1.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    input, target = _same_shapes(input, target)
    if weight is None:
        return R.apply((input - target).abs(), reduction)
    return _weighted((input - target).abs(), weight, input, reduction)


def mse_loss(input, target, size_average=None, reduce=None, reduction="mean", weight=None):
    """Squared error.

    >>> mse_loss(wg.zeros(2), wg.ones(2) * 2)
    tensor(4.)
    """
    reduction = R.resolve(size_average, reduce, reduction)
    input, target = _same_shapes(input, target)
    if weight is None:
        target = target.to(input.dtype) if target.dtype is wg.bool else target
        return _mse(input, target, R.get_enum(reduction))
    return _weighted((input - target) ** 2, weight, input, reduction)
