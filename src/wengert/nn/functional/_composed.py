"""Ops of losses, norms and attention written in other ops, for cores that have no kernel of their own for them."""

import math

import wengert as wg


def _reduced(loss, reduction):
    """0 none, 1 mean, 2 sum."""
    if reduction == 1:
        return loss.mean()
    return loss.sum() if reduction == 2 else loss


def glu(self, dim=-1):
    size = self.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % self.dim()} is size {size}")
    first, second = self.chunk(2, dim)
    return first * second.sigmoid()


def mse_loss(self, target, reduction=1):
    difference = self - target
    return _reduced(difference * difference, reduction)


def smooth_l1_loss(self, target, reduction=1, beta=1.0):
    if beta <= 0:
        raise RuntimeError("smooth_l1_loss does not support negative values for beta.")
    size = (self - target).abs()
    return _reduced(wg.where(size < beta, 0.5 * size * size / beta, size - 0.5 * beta), reduction)


def huber_loss(self, target, reduction=1, delta=1.0):
    if delta <= 0:
        raise RuntimeError("huber_loss does not support non-positive values for delta.")
    size = (self - target).abs()
    return _reduced(wg.where(size <= delta, 0.5 * size * size, delta * (size - 0.5 * delta)), reduction)


def binary_cross_entropy(self, target, weight=None, reduction=1):
    if not bool(((self >= 0) & (self <= 1)).all()):
        raise RuntimeError("all elements of input should be between 0 and 1")
    # Logarithms end at -100, and slopes at 1e12, as in torch: neither a loss nor a gradient is infinite.
    log_p, log_q = _bounded_log(self), _bounded_log(1 - self)
    loss = (target - 1) * log_q - target * log_p
    return _reduced(loss if weight is None else loss * weight, reduction)


def _bounded_log(p):
    """log(p), at least -100, with the slope 1 / max(p, 1e-12)."""
    held = p.detach()
    smooth = (p + (held.clamp(min=1e-12) - held)).log()
    return smooth + (held.log().clamp(min=-100.0) - smooth.detach())


def binary_cross_entropy_with_logits(self, target, weight=None, pos_weight=None, reduction=1):
    softplus = (-self).clamp(min=0) + (-self.abs()).exp().log1p()  # log(1 + exp(-x))
    if pos_weight is None:
        loss = (1 - target) * self + softplus
    else:
        loss = (1 - target) * self + (1 + (pos_weight - 1) * target) * softplus
    return _reduced(loss if weight is None else loss * weight, reduction)


def _check_classes(self, target, weight):
    """torch's checks of class indices."""
    if self.dim() <= 0:
        raise RuntimeError("input tensor should be 1D or 2D")
    if target.dim() > 0 and self.size(0) != target.size(0) and self.dim() > 1:
        raise ValueError(
            f"Expected input batch_size ({self.size(0)}) to match target batch_size ({target.size(0)})."
        )
    classes = self.size(0 if self.dim() == 1 else 1)
    if weight is not None and weight.numel() != classes:
        raise RuntimeError(
            f"weight tensor should be defined either for all {classes} classes or no classes but got weight tensor of"
            f" shape: {list(weight.shape)}"
        )
    return classes


def nll_loss_nd(self, target, weight=None, reduction=1, ignore_index=-100):
    classes = _check_classes(self, target, weight)
    class_dim = 0 if self.dim() == 1 else 1
    ignored = target == ignore_index
    if bool(((target < 0) | (target >= classes)).logical_and(~ignored).any()):
        bad = target[((target < 0) | (target >= classes)).logical_and(~ignored)].reshape(-1)[0].item()
        raise IndexError(f"Target {bad} is out of bounds.")
    index = target.masked_fill(ignored, 0)
    picked = self.gather(class_dim, index.unsqueeze(class_dim)).squeeze(class_dim)
    shares = wg.ones_like(picked) if weight is None else weight[index]
    shares = shares.detach().masked_fill(ignored, 0.0)
    loss = wg.where(shares != 0, -picked * shares, wg.zeros_like(picked))
    return loss.sum() / shares.sum() if reduction == 1 else _reduced(loss, reduction)


def cross_entropy_loss(self, target, weight=None, reduction=1, ignore_index=-100, label_smoothing=0.0):
    if not 0 <= label_smoothing <= 1:
        raise RuntimeError(f"label_smoothing must be between 0.0 and 1.0. Got: {label_smoothing}")
    class_dim = 0 if self.dim() == 1 else 1
    logs = self.log_softmax(class_dim)
    if target.is_floating_point():
        return _soft_targets(logs, target, weight, reduction, label_smoothing, class_dim)
    hard = nll_loss_nd(logs, target, weight, reduction, ignore_index)
    if label_smoothing == 0:
        return hard
    shape = [-1 if d == class_dim else 1 for d in range(self.dim())]
    smooth = -(logs if weight is None else logs * weight.view(shape)).sum(class_dim)
    ignored = target == ignore_index
    smooth = smooth.masked_fill(ignored, 0.0)
    if reduction == 1:
        index = target.masked_fill(ignored, 0)
        shares = wg.ones_like(smooth) if weight is None else weight[index]
        smooth = smooth.sum() / shares.detach().masked_fill(ignored, 0.0).sum()
    else:
        smooth = _reduced(smooth, reduction)
    classes = self.size(class_dim)
    return (1 - label_smoothing) * hard + (label_smoothing / classes) * smooth


def _soft_targets(logs, target, weight, reduction, label_smoothing, class_dim):
    """Cross entropy with probabilities."""
    if target.shape != logs.shape:
        raise RuntimeError(
            "Expected floating point type for target with class probabilities to have the same shape as input"
        )
    classes = logs.size(class_dim)
    if label_smoothing:
        target = target * (1 - label_smoothing) + label_smoothing / classes
    loss = -(logs * target)
    if weight is not None:
        loss = loss * weight.view([-1 if d == class_dim else 1 for d in range(logs.dim())])
    if reduction == 1:
        return loss.sum() / max(1, logs.numel() // classes)
    return loss.sum() if reduction == 2 else loss.sum(class_dim)


# -- norms -------------------------------------------------------------------------------------------------------


def _affine(x, weight, bias):
    x = x if weight is None else x * weight
    return x if bias is None else x + bias


def _standardized(x, dims, eps):
    mean = x.mean(dims, keepdim=True)
    centered = x - mean
    var = (centered * centered).mean(dims, keepdim=True)
    return centered * (var + eps).rsqrt(), mean, var


def _check_normalized(name, input, normalized_shape, weight, bias=None):
    shape = tuple(normalized_shape)
    for what, t in (("weight", weight), ("bias", bias)):
        if t is not None and tuple(t.shape) != shape:
            raise RuntimeError(
                f"Expected {what} to be of same shape as normalized_shape, but got {what} of shape {list(t.shape)} and"
                f" normalized_shape = {list(shape)}"
            )
    if tuple(input.shape[-len(shape) :]) != shape:
        raise RuntimeError(
            f"Given normalized_shape={list(shape)}, expected input with shape [*, {', '.join(map(str, shape))}], but"
            f" got input of size{list(input.shape)}"
        )
    return tuple(range(-len(shape), 0))


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5, cudnn_enable=True):
    dims = _check_normalized("layer_norm", input, normalized_shape, weight, bias)
    return _affine(_standardized(input, dims, eps)[0], weight, bias)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    dims = _check_normalized("rms_norm", input, normalized_shape, weight)
    eps = wg.finfo(input.dtype).eps if eps is None else eps
    return _affine(input * ((input * input).mean(dims, keepdim=True) + eps).rsqrt(), weight, None)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-5, cudnn_enabled=True):
    n, c = input.shape[:2]
    if c % num_groups:
        raise RuntimeError(
            "Expected number of channels in input to be divisible by num_groups, but got input of shape"
            f" {list(input.shape)} and num_groups={num_groups}"
        )
    out = _standardized(input.reshape(n, num_groups, -1), -1, eps)[0].reshape(input.shape)
    shape = [1, c] + [1] * (input.dim() - 2)
    return _affine(out, *(None if t is None else t.reshape(shape) for t in (weight, bias)))


def batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, cudnn_enabled=True):
    shape = [1, input.size(1)] + [1] * (input.dim() - 2)
    if training:
        dims = [d for d in range(input.dim()) if d != 1]
        out, mean, var = _standardized(input, dims, eps)
        with wg.no_grad():
            count = input.numel() // input.size(1)
            for running, now in ((running_mean, mean), (running_var, var * (count / max(count - 1, 1)))):
                if running is not None:
                    running.copy_((1 - momentum) * running + momentum * now.detach().reshape(-1).to(running.dtype))
    else:
        if running_mean is None or running_var is None:
            raise RuntimeError("Expected running_mean and running_var to be defined when training=False")
        out = (input - running_mean.reshape(shape)) * (running_var.reshape(shape) + eps).rsqrt()
    return _affine(out, *(None if t is None else t.reshape(shape) for t in (weight, bias)))


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False
):
    if attn_mask is not None and is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        repeats = query.size(-3) // key.size(-3)
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    root = math.sqrt(1.0 / math.sqrt(query.size(-1)) if scale is None else scale)
    scores = (query * root) @ (key * root).transpose(-2, -1)
    if is_causal:
        attn_mask = wg.ones(query.size(-2), key.size(-2), dtype=wg.bool).tril()
    if attn_mask is not None:
        if attn_mask.dtype == wg.bool:
            scores = scores.masked_fill(~attn_mask, float("-inf"))
        else:
            scores = scores + attn_mask
    weights = scores.softmax(-1)
    if attn_mask is not None:
        # A row that may look at nothing gives zeros, not nan.
        dead = (scores == float("-inf")).all(-1, keepdim=True)
        weights = weights.masked_fill(dead, 0.0)
    if dropout_p > 0.0:
        weights = wg.dropout(weights, dropout_p, True)
    return weights @ value
