"""Normalisation: layer, RMS, batch and group norm, with derivatives of every order."""

from .. import _core
from ._declare import composite, host, primitive

HALF = (_core.float16, _core.bfloat16)
HIDDEN = {"function": False, "method": False}


def _curvature(v, scaled, x, dims, eps, centred, back):
    """The gradient by x of the sum of v * back(scaled): how the derivative of normalising changes with x."""
    moved = x - x.mean(dims, True) if centred else x
    rstd = ((moved * moved).mean(dims, True) + eps).rsqrt()
    normal = moved * rstd
    a, b, p = (v * normal).mean(dims, True), (scaled * normal).mean(dims, True), (v * scaled).mean(dims, True)
    if centred:
        p = p - v.mean(dims, True) * scaled.mean(dims, True)
    return normal * (rstd * rstd * (a * b - p)) - rstd * (b * back(v) + a * back(scaled))


def _again(cotangents, g, x, weight, dims, eps, centred, back, normal):
    """The gradients by g, x and (per element, to be summed) weight of a norm's backward pass.

    cotangents: of gx, of the weight's and of the bias's gradient, shaped to broadcast against x (None: no bias);
    back(u): the backward pass without weight; normal: x normalised, without weight.
    """
    v, vw, vb = cotangents
    scaled = g if weight is None else g * weight
    turned = back(v)
    by_g = (turned if weight is None else turned * weight) + vw * normal
    by_x = _curvature(v, scaled, x, dims, eps, centred, back) + back(vw * g)
    return by_g if vb is None else by_g + vb, by_x, g * turned


def _again_by_steps(cotangents, g, x, weight, mean, rstd, total, n):
    """_again in half precision: torch's formula, rounded at every step. mean and rstd are those that were saved;
    total(u): sums over n elements; a weight that is the same for all of them is taken out of the sums."""
    v, vw, vb = cotangents
    moved, cube, outside = x - mean, rstd.pow(3), weight is not None and weight.numel() == mean.numel()

    def back(u, scale=1):
        return scale * rstd / n * (u * n - total(u) - moved * rstd.pow(2) * total(u * moved))

    def bent(u):
        su, sum_, sv, svm = total(u), total(u * moved), total(v), total(v * moved)
        inner = sv * su / n - total(u * v) + rstd.pow(2) * sum_ * svm * (3 / n)
        parts = moved * cube * inner / n, svm * cube / n * (su / n - u), sum_ * cube / n * (sv / n - v)
        return parts[0] + parts[1] + parts[2]

    def slope(u):
        return u * rstd + rstd * total(u) / -n + moved * cube * total(u * moved) / -n

    if weight is None:
        return back(v), bent(g), None
    by_g = back(v, weight) + vw * moved * rstd
    by_g = by_g if vb is None else by_g + vb
    if outside:
        return by_g, weight * bent(g) + vw * slope(g), v * back(g)
    return by_g, bent(g * weight) + slope(vw * g), g * back(v)


def _sum_to(t, weight):
    return None if weight is None else t.sum_to_size(weight.shape)


@primitive(
    "native_layer_norm(Tensor input, int[] normalized_shape, Tensor? weight, Tensor? bias, float eps) "
    "-> (Tensor result0, Index result1, Index result2)",
    method=False,
)
def native_layer_norm(g, input, normalized_shape, weight, eps, result1, result2):
    """layer_norm, with the mean and 1 / deviation of every row."""
    return _layer_norm_backward(g, input, normalized_shape, result1, result2, weight, eps)


@primitive(
    "_layer_norm_backward(Tensor grad, Tensor input, int[] normalized_shape, Index mean, Index rstd, Tensor? weight, "
    "float eps) -> (Tensor input_grad, Tensor weight_grad, Tensor bias_grad)",
    eager=True,
    **HIDDEN,
)
def _layer_norm_backward(g0, g1, g2, grad, input, normalized_shape, mean, rstd, weight, eps):
    """The gradients of native_layer_norm's input, weight and bias."""
    dims = list(range(-len(normalized_shape), 0))
    if input.dtype in HALF:

        def total(t):
            return t.sum(dims, True)

        n = max(input.numel() // max(mean.numel(), 1), 1)
        given = (g0, g1, g2), grad, input, weight, mean, rstd, total, n
        by_g, by_x, by_w = _again_by_steps(*given)
        return by_g, by_x, _sum_to(by_w, weight)

    def back(u):
        return _layer_norm_backward(u, input, normalized_shape, mean, rstd, None, eps)[0]

    normal = native_layer_norm(input, normalized_shape, None, None, eps)[0]
    by_g, by_x, by_w = _again((g0, g1, g2), grad, input, weight, dims, eps, True, back, normal)
    return by_g, by_x, _sum_to(by_w, weight)


@composite(
    "layer_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, "
    "bool cudnn_enable=True)",
    method=False,
)
def layer_norm():
    """(input - mean) / sqrt(variance + eps) * weight + bias; mean and variance over the last dims, whose sizes are
    normalized_shape.

    >>> wengert.layer_norm(wengert.tensor([[1.0, 3.0]]), (2,))
    tensor([[-1.0000,  1.0000]])
    """


@primitive(
    "_fused_rms_norm(Tensor input, int[] normalized_shape, Tensor? weight, float eps) "
    "-> (Tensor result0, Index result1)",
    method=False,
)
def _fused_rms_norm(g, input, normalized_shape, weight, eps, result1):
    """rms_norm, with the inverse of the root of every row's mean square."""
    return _fused_rms_norm_backward(g, input, normalized_shape, result1, weight, eps)


@primitive(
    "_fused_rms_norm_backward(Tensor grad, Tensor input, int[] normalized_shape, Index rstd, Tensor? weight, "
    "float eps) -> (Tensor input_grad, Tensor weight_grad)",
    eager=True,
    **HIDDEN,
)
def _fused_rms_norm_backward(g0, g1, grad, input, normalized_shape, rstd, weight, eps):
    """The gradients of _fused_rms_norm's input and weight."""
    dims = list(range(-len(normalized_shape), 0))

    def back(u):
        return _fused_rms_norm_backward(u, input, normalized_shape, rstd, None, eps)[0]

    normal = _fused_rms_norm(input, normalized_shape, None, eps)[0]
    by_g, by_x, by_w = _again((g0, g1, None), grad, input, weight, dims, eps, False, back, normal)
    return by_g, by_x, _sum_to(by_w, weight)


@composite(
    "rms_norm(Tensor input, int[] normalized_shape, Tensor? weight=None, float? eps=None)",
    method=False,
)
def rms_norm():
    """input / sqrt(mean of squares + eps) * weight; the mean is over the last dims, whose sizes are normalized_shape.

    >>> wengert.rms_norm(wengert.tensor([[1.0, 1.0]]), (2,))
    tensor([[1., 1.]])
    """


_BATCH = (
    "Tensor input, Tensor? weight, Tensor? bias, Index? running_mean, Index? running_var, bool training, "
    "float momentum, float eps"
)
_STATS = "-> (Tensor output, Index mean, Index rstd)"


@primitive(f"_batch_norm({_BATCH}) {_STATS}", grad_name="NativeBatchNormBackward0", **HIDDEN)
def _batch_norm(g, input, weight, training, eps, mean, rstd):
    """batch_norm, with the mean and 1 / deviation that were used for every channel."""
    return _batch_norm_backward(g, input, mean, rstd, weight, training, eps)


def _channels(t, x):
    """A vector over channels, shaped to broadcast against x."""
    return t.reshape([1, -1] + [1] * (x.dim() - 2))


def _over_batch(t):
    """The sum over all dims but the channels', one at a time."""
    for dim in (0, *range(t.dim() - 1, 1, -1)):
        t = t.sum(dim, True)
    return t


@primitive(
    "_batch_norm_backward(Tensor grad, Tensor input, Index mean, Index rstd, Tensor? weight, bool training, float eps) "
    "-> (Tensor input_grad, Tensor weight_grad, Tensor bias_grad)",
    eager=True,
    **HIDDEN,
)
def _batch_norm_backward(g0, g1, g2, grad, input, mean, rstd, weight, training, eps):
    """The gradients of _batch_norm's input, weight and bias."""
    dims = [i for i in range(input.dim()) if i != 1]
    wide = None if weight is None else _channels(weight, input)
    vw, vb, shift, scale = (_channels(t, input) for t in (g1, g2, mean, rstd))
    if not training:
        if scale.dtype != input.dtype:  # half precision saves them unrounded, and torch rounds the variance too
            shift, scale = shift.to(input.dtype), (scale**-2).to(input.dtype).pow(-0.5)
        by_g = g0 * scale if wide is None else g0 * scale * wide
        by_g, by_x, by_w = by_g + vw * (input - shift) * scale + vb, vw * scale * grad, g0 * grad * scale
    elif input.dtype in HALF:
        given = grad, input, wide, shift, scale, _over_batch, max(input.numel() // max(input.size(1), 1), 1)
        by_g, by_x, by_w = _again_by_steps((g0, vw, vb), *given)
        return by_g, by_x, None if weight is None else _over_batch(by_w).reshape(-1)
    else:

        def back(u):
            return _batch_norm_backward(u, input, mean, rstd, None, True, eps)[0]

        normal = _batch_norm(input, None, None, None, None, True, 0.0, eps)[0]
        by_g, by_x, by_w = _again((g0, vw, vb), grad, input, wide, dims, eps, True, back, normal)
    return by_g, by_x, None if weight is None else by_w.sum(dims)


@composite(f"batch_norm({_BATCH}, bool cudnn_enabled)", method=False)
def batch_norm():
    """(input - mean) / sqrt(variance + eps) * weight + bias for input (N, C, ...), per channel: by the batch's mean
    and variance when training (running_mean and running_var follow them), else by the running ones."""


@composite(f"native_batch_norm({_BATCH}) -> (Tensor, Tensor, Tensor)", method=False)
def native_batch_norm():
    """batch_norm, with the batch's mean and 1 / deviation (empty when not training)."""


@composite(f"_native_batch_norm_legit({_BATCH}) -> (Tensor, Tensor, Tensor)", method=False)
def _native_batch_norm_legit():
    """native_batch_norm by another name."""


@composite(
    "_native_batch_norm_legit.no_stats(Tensor input, Tensor? weight, Tensor? bias, bool training, float momentum, "
    "float eps) -> (Tensor, Tensor, Tensor)",
    method=False,
)
def _native_batch_norm_legit_no_stats():
    """native_batch_norm without running statistics."""


@composite(
    "_batch_norm_with_update(Tensor input, Tensor? weight, Tensor? bias, Index? running_mean, Index? running_var, "
    "float momentum, float eps) -> (Tensor, Tensor, Tensor, Tensor)",
    method=False,
)
def _batch_norm_with_update():
    """native_batch_norm in training, with an empty fourth result."""


def _group_stats_of(input, mean, rstd):
    return mean.clone(), rstd.clone()


@host(
    "_group_stats(Tensor input, Index mean, Index rstd) -> (Tensor out_mean, Tensor out_rstd)",
    forward=_group_stats_of,
    grad_name="NativeGroupNormBackward0",
    **HIDDEN,
)
def _group_stats(g0, g1, input, mean, rstd):
    """mean and rstd, (images, groups), as functions of the images input that they were taken of."""
    if _core.is_grad_enabled():
        rstd = _group_stats(input, mean, rstd)[1]
    rows = mean.numel()
    x, r = input.reshape(rows, input.numel() // max(rows, 1)), rstd.reshape(rows, 1)
    spread = r * r * r * -0.5 * g1.reshape(rows, 1)
    n = max(x.size(1), 1)
    back = spread * (2 / n) * (x - x.mean(1, True)) + g0.reshape(rows, 1).expand(x.shape) / n
    return back.reshape(input.shape)


def _group_norm_by_steps(g, input, weight, mean, rstd, sizes):
    """The gradients of _group_norm in half precision, where they depend on the statistics, in torch's steps."""
    n, x, y = max(sizes[2] * sizes[3], 1), input.reshape(sizes), g.reshape(sizes)
    mean, rstd = (t.reshape(*sizes[:2], 1, 1) for t in (mean, rstd))
    scale = None if weight is None else weight.reshape(1, *sizes[1:3], 1)
    by_x, plain = (y * x).sum(3, True), y.sum(3, True)
    b, c = (t.sum(2, True) if scale is None else (t * scale).sum(2, True) for t in (by_x, plain))
    b = (c * mean - b) * (rstd * rstd * rstd) * (1 / n)
    c = -b * mean - c * rstd * (1 / n)
    back = (rstd if scale is None else rstd * scale) * y + b * x + c
    by_weight = ((by_x - plain * mean) * rstd).sum(0).reshape(-1)
    return back.reshape(input.shape), by_weight, plain.sum(0).reshape(-1)


@primitive(
    "_group_norm(Tensor input, Tensor? weight, Tensor? bias, int N, int C, int HxW, int group, float eps, "
    "bool by_steps=False) -> (Tensor output, Index mean, Index rstd)",
    eager=True,
    grad_name="NativeGroupNormBackward0",
    **HIDDEN,
)
def _group_norm(g, input, weight, N, C, HxW, group, eps, by_steps, mean, rstd):
    """group_norm of N images of C channels of HxW elements, with the mean and 1 / deviation of every group. by_steps:
    half precision has its gradient as where it is differentiated again."""
    if input.dtype in HALF and (by_steps or _core.is_grad_enabled()):
        stats = _group_stats(input, mean, rstd)
        return _group_norm_by_steps(g, input, weight, *stats, (N, group, C // group, HxW))
    return _group_norm_backward(g, input, mean, rstd, weight, N, C, HxW, group, eps)


@primitive(
    "_group_norm_backward(Tensor grad, Tensor input, Index mean, Index rstd, Tensor? weight, int N, int C, int HxW, "
    "int group, float eps) -> (Tensor input_grad, Tensor weight_grad, Tensor bias_grad)",
    eager=True,
    **HIDDEN,
)
def _group_norm_backward(g0, g1, g2, grad, input, mean, rstd, weight, N, C, HxW, group, eps):
    """The gradients of _group_norm's input, weight and bias."""
    shape, sizes = input.shape, (N, group, C // group, HxW)

    def wide(t):
        return None if t is None else t.reshape(1, group, C // group, 1)

    def back(u):
        return _group_norm_backward(u.reshape(shape), input, mean, rstd, None, N, C, HxW, group, eps)[0].reshape(sizes)

    normal = _group_norm(input, None, None, N, C, HxW, group, eps)[0].reshape(sizes)
    by_g, by_x, by_w = _again(
        (g0.reshape(sizes), wide(g1), wide(g2)),
        grad.reshape(sizes),
        input.reshape(sizes),
        wide(weight),
        [2, 3],
        eps,
        True,
        back,
        normal,
    )
    return by_g.reshape(shape), by_x.reshape(shape), None if weight is None else by_w.sum([0, 3]).reshape(C)


@composite(
    "group_norm(Tensor input, int num_groups, Tensor? weight=None, Tensor? bias=None, float eps=1e-05, "
    "bool cudnn_enabled=True)",
    method=False,
)
def group_norm():
    """(input - mean) / sqrt(variance + eps) * weight + bias for input (N, C, ...), over each of num_groups groups of
    channels.

    >>> wengert.group_norm(wengert.tensor([[1.0, 3.0]]), 1)
    tensor([[-1.0000,  1.0000]])
    """


@composite(method=False)
def instance_norm(input, weight, bias, running_mean, running_var, use_input_stats, momentum, eps, cudnn_enabled=False):
    """batch_norm with every image of (N, C, ...) taken as a batch of its own."""
    if not use_input_stats and (running_mean is None or running_var is None):
        raise RuntimeError("Expected running_mean and running_var to be defined when use_input_stats is false")
    sizes = input.shape
    n, channels = sizes[0], sizes[1]

    def many(t):
        return None if t is None else t.repeat(n)

    mean, var = many(running_mean), many(running_var)
    out = _batch_norm(
        input.reshape(1, n * channels, *sizes[2:]), many(weight), many(bias), mean, var, use_input_stats, momentum, eps
    )[0]
    for own, wide in ((running_mean, mean), (running_var, var)):
        if own is not None:
            own.copy_(wide.view(n, channels).mean(0))
    return out.view(sizes)


@composite(method=False)
def native_group_norm(input, weight, bias, N, C, HxW, group, eps):
    """group_norm of N images of C channels of HxW elements, with the mean and 1 / deviation of every group."""
    y, mean, rstd = _group_norm(input, weight, bias, N, C, HxW, group, eps, True)
    if input.dtype in HALF:
        return y, *_group_stats(input, mean, rstd)
    groups = input.reshape(N, group, C // group * HxW)
    return y, groups.mean(-1), (groups.var(-1, correction=0) + eps).rsqrt()
