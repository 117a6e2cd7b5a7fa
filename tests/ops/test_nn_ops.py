"""Layers, pooling, losses, attention: against plain NumPy, and their derivatives against finite differences."""

import itertools

import numpy as np
import pytest

import wengert as wg

ops = wg._ops
F64 = wg.float64


def random(*shape, seed=0, strided=False):
    """A float64 array; strided: a transpose, so that nothing is contiguous."""
    values = np.random.RandomState(seed + len(shape)).randn(*shape)
    return np.ascontiguousarray(values.T).T if strided else values


def leaf(array):
    """A tensor with array's values and strides that wants a gradient."""
    if array.ndim > 1 and not array.flags.c_contiguous:
        return (
            wg.tensor(np.ascontiguousarray(array.T), dtype=F64).permute(*reversed(range(array.ndim))).requires_grad_()
        )
    return wg.tensor(np.array(array), dtype=F64).requires_grad_()


def close(tensor, array, tolerance=1e-10):
    np.testing.assert_allclose(tensor.detach().numpy(), array, rtol=tolerance, atol=tolerance)


def scalar(function, inputs):
    """The results of function, weighted and summed."""
    out = function(*inputs)
    return sum(
        (t * wg.cos(wg.arange(t.numel(), dtype=F64)).reshape(t.shape)).sum()
        for t in (out if isinstance(out, tuple) else (out,))
        if t.requires_grad or t.dtype == F64
    )


def check_gradients(function, *arrays, second=True):
    """First (and second) derivatives of function along random directions, against central differences."""
    inputs = [leaf(a) for a in arrays]
    directions = [random(*a.shape, seed=7) for a in arrays]

    def slope(at, graph=False):
        total = scalar(function, at)
        grads = wg.autograd.grad(total, at, create_graph=graph)
        return sum((g * wg.tensor(d, dtype=F64)).sum() for g, d in zip(grads, directions))

    def moved(step):
        return [leaf(a + step * d) for a, d in zip(arrays, directions)]

    step = 1e-5
    numeric = (scalar(function, moved(step)) - scalar(function, moved(-step))).item() / (2 * step)
    assert slope(inputs).item() == pytest.approx(numeric, rel=1e-6, abs=1e-6)
    if second:
        along = slope(inputs, graph=True)
        grads = wg.autograd.grad(along, inputs, allow_unused=True)
        analytic = sum((g * wg.tensor(d, dtype=F64)).sum().item() for g, d in zip(grads, directions) if g is not None)
        numeric = (slope(moved(step)) - slope(moved(-step))).item() / (2 * step)
        assert analytic == pytest.approx(numeric, rel=1e-5, abs=1e-5)


def windows(x, kernel, stride, padding, dilation, fill=0.0):
    """The windows of (N, C, H, W): (N, C, out H, out W, kernel H, kernel W)."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)), constant_values=fill)
    size = [(n - dilation * (kernel - 1) - 1) // stride + 1 for n in x.shape[2:]]
    out = np.empty((*x.shape[:2], *size, kernel, kernel))
    for i, j in itertools.product(range(kernel), range(kernel)):
        rows = x[:, :, i * dilation :, j * dilation :]
        out[..., i, j] = rows[:, :, : size[0] * stride : stride, : size[1] * stride : stride]
    return out


CONVOLUTIONS = [(1, 0, 1, 1), (2, 1, 1, 1), (1, 2, 2, 1), (1, 1, 1, 2), (3, 0, 1, 2)]


@pytest.mark.parametrize("stride, padding, dilation, groups", CONVOLUTIONS)
@pytest.mark.parametrize("strided", [False, True])
def test_conv2d(stride, padding, dilation, groups, strided):
    x, weight, bias = random(2, 4, 7, 8, strided=strided), random(6, 4 // groups, 3, 3), random(6)
    cut = windows(x, 3, stride, padding, dilation)
    parts = np.split(cut, groups, 1), np.split(weight, groups, 0)
    wanted = np.concatenate([np.einsum("nchwij,ocij->nohw", c, w) for c, w in zip(*parts)], 1)
    close(
        ops.conv2d(leaf(x), leaf(weight), leaf(bias), stride, padding, dilation, groups), wanted + bias[:, None, None]
    )


@pytest.mark.parametrize("stride, padding, dilation, groups", CONVOLUTIONS)
def test_conv2d_gradients(stride, padding, dilation, groups):
    def conv(x, w, b):
        return ops.conv2d(x, w, b, stride, padding, dilation, groups)

    check_gradients(conv, random(2, 4, 7, 6), random(6, 4 // groups, 3, 3), random(6))


def test_transposed_convolution_is_the_adjoint():
    x, w = leaf(random(2, 3, 5, 6)), leaf(random(4, 3, 3, 2))
    y = ops.conv2d(x, w, None, 2, 1)
    g = wg.tensor(random(*y.shape, seed=3), dtype=F64)
    back = ops.conv_transpose2d(g, w, None, 2, 1)
    (wanted,) = wg.autograd.grad(y, x, g)
    assert back.shape == wanted.shape
    close(back, wanted.numpy())


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_convolutions_of_every_dim(dims):
    conv, back = getattr(ops, f"conv{dims}d"), getattr(ops, f"conv_transpose{dims}d")
    check_gradients(lambda x, w: conv(x, w, None, 2, 1), random(2, 2, *[5] * dims), random(3, 2, *[2] * dims))
    check_gradients(lambda x, w: back(x, w, None, 2, 1, 1), random(1, 2, *[3] * dims), random(2, 3, *[3] * dims))
    assert conv(wg.zeros(0, 2, *[5] * dims), wg.zeros(3, 2, *[2] * dims)).shape[0] == 0


def test_convolution_padding_by_name():
    x, w = wg.tensor(random(1, 2, 6, 6), dtype=F64), wg.tensor(random(3, 2, 4, 3), dtype=F64)
    with pytest.warns(UserWarning, match="may require a zero-padded copy"):
        assert ops.conv2d(x, w, padding="same").shape == (1, 3, 6, 6)
    close(ops.conv2d(x, w, padding="valid"), ops.conv2d(x, w).numpy())
    with pytest.raises(RuntimeError, match="padding='same' is not supported for strided convolutions"):
        ops.conv2d(x, w, stride=2, padding="same")


def test_convolution_of_complex_numbers():
    x, w = random(1, 2, 5, 5) + 1j * random(1, 2, 5, 5, seed=1), random(3, 2, 2, 2) + 1j * random(3, 2, 2, 2, seed=1)
    out = ops.conv2d(wg.tensor(x), wg.tensor(w))
    parts = [np.einsum("nchwij,ocij->nohw", windows(p, 2, 1, 0, 1), w) for p in (x.real, x.imag)]
    close(out, parts[0] + 1j * parts[1])


def test_convolution_does_not_depend_on_threads():
    x, w = wg.tensor(random(9, 8, 30, 30)), wg.tensor(random(16, 8, 3, 3))
    results, before = [], wg.get_num_threads()
    try:
        for threads in (1, 2, 3):
            wg.set_num_threads(threads)
            a, b = x.clone().requires_grad_(), w.clone().requires_grad_()
            y = ops.conv2d(a, b)
            y.backward(y.detach())
            results.append([t.detach().numpy() for t in (y, a.grad, b.grad)])
    finally:
        wg.set_num_threads(before)
    for other in results[1:]:
        assert all((p == q).all() for p, q in zip(results[0], other))


@pytest.mark.parametrize(
    "x, w, message",
    [
        ((1, 1, 8, 8), (4, 3, 3, 3), "expected input[1, 1, 8, 8] to have 3 channels, but got 1 channels instead"),
        ((1, 3, 2, 2), (4, 3, 3, 3), "Calculated padded input size per channel: (2 x 2). Kernel size: (3 x 3)."),
        (
            (8, 8),
            (4, 3, 3, 3),
            "Expected 3D (unbatched) or 4D (batched) input to conv2d, but got input of size: [8, 8]",
        ),
    ],
)
def test_convolution_errors(x, w, message):
    with pytest.raises(RuntimeError) as error:
        ops.conv2d(wg.zeros(x), wg.zeros(w))
    assert message in str(error.value)


@pytest.mark.parametrize("kernel, stride, padding, dilation", [(2, 2, 0, 1), (3, 1, 1, 1), (2, 1, 0, 2), (3, 2, 1, 2)])
def test_max_pool2d(kernel, stride, padding, dilation):
    x = random(2, 3, 7, 8)
    out, indices = ops.max_pool2d_with_indices(leaf(x), kernel, stride, padding, dilation)
    close(out, windows(x, kernel, stride, padding, dilation, -np.inf).max((-2, -1)))
    flat = np.take_along_axis(x.reshape(2, 3, -1), indices.numpy().reshape(2, 3, -1), 2)
    close(out, flat.reshape(out.shape))
    check_gradients(lambda t: ops.max_pool2d(t * t, kernel, stride, padding, dilation), x)


def test_max_pool_lets_nan_win():
    out, indices = ops.max_pool1d_with_indices(wg.tensor([[1.0, float("nan"), 3.0, 2.0]]), 2)
    assert np.isnan(out.numpy()[0, 0]) and out[0, 1].item() == 3
    assert indices.tolist() == [[1, 2]]


def test_avg_pool2d():
    x = random(2, 3, 6, 7)
    cut = windows(x, 3, 2, 1, 1)
    close(ops.avg_pool2d(leaf(x), 3, 2, 1), cut.mean((-2, -1)))
    close(ops.avg_pool2d(leaf(x), 3, 2, 1, False, True, 5), cut.sum((-2, -1)) / 5)
    counted = windows(np.ones_like(x), 3, 2, 1, 1).sum((-2, -1))
    close(ops.avg_pool2d(leaf(x), 3, 2, 1, False, False), cut.sum((-2, -1)) / counted)
    check_gradients(lambda t: ops.avg_pool2d(t * t, 3, 2, 1, True), x)


@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_adaptive_pools(size):
    x = random(2, 3, 7)
    cuts = [slice(i * 7 // size, -(-(i + 1) * 7 // size)) for i in range(size)]
    close(ops.adaptive_avg_pool1d(leaf(x), size), np.stack([x[..., c].mean(-1) for c in cuts], -1))
    close(ops.adaptive_max_pool1d(leaf(x), size)[0], np.stack([x[..., c].max(-1) for c in cuts], -1))
    check_gradients(lambda t: ops.adaptive_avg_pool1d(t * t, size), x)


def test_pool_errors():
    with pytest.raises(RuntimeError, match="Output size is too small"):
        ops.max_pool2d(wg.zeros(1, 2, 5, 5), 6)
    with pytest.raises(RuntimeError, match="stride should not be zero"):
        ops.avg_pool2d(wg.zeros(1, 2, 5, 5), 2, 0)
    with pytest.raises(RuntimeError, match="pad should be at most half of effective kernel size"):
        ops.max_pool2d(wg.zeros(1, 2, 5, 5), 2, None, 2)


def normalised(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


@pytest.mark.parametrize("shape, dims", [((3, 5), 1), ((2, 3, 4), 2), ((2, 3000), 1), ((1, 1), 1)])
def test_layer_norm(shape, dims):
    x, tail = random(*shape, strided=True), shape[len(shape) - dims :]
    w, b = random(*tail), random(*tail, seed=1)
    axes = tuple(range(len(shape) - dims, len(shape)))
    close(ops.layer_norm(leaf(x), tail, leaf(w), leaf(b)), normalised(x, axes) * w + b)
    close(ops.rms_norm(leaf(x), tail, leaf(w), 0.1), x / np.sqrt((x * x).mean(axes, keepdims=True) + 0.1) * w)


def test_norm_gradients():
    x, w, b = random(3, 4, 5), random(5), random(5, seed=1)
    check_gradients(lambda *t: ops.layer_norm(t[0], (5,), t[1], t[2]), x, w, b)
    check_gradients(lambda *t: ops.rms_norm(t[0], (5,), t[1]), x, w)
    check_gradients(lambda *t: ops.group_norm(t[0], 2, t[1], t[2]), random(2, 4, 3), random(4), random(4, seed=1))
    for training in (True, False):
        mean, var = wg.zeros(4, dtype=F64), wg.ones(4, dtype=F64)
        check_gradients(
            lambda *t: ops.batch_norm(*t, mean.clone(), var.clone(), training, 0.1, 1e-5, False),  # noqa: B023
            random(3, 4, 2),
            random(4),
            random(4, seed=1),
        )


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5)])
def test_batch_norm(shape):
    x = random(*shape)
    axes = tuple(i for i in range(len(shape)) if i != 1)
    mean, var = wg.zeros(3, dtype=F64), wg.ones(3, dtype=F64)
    out = ops.batch_norm(leaf(x), None, None, mean, var, True, 0.25, 1e-5, False)
    close(out, normalised(x, axes))
    close(mean, 0.25 * x.mean(axes))
    close(var, 0.75 + 0.25 * x.var(axes, ddof=1))
    stats = [t.numpy().reshape([1, 3] + [1] * (len(shape) - 2)) for t in (mean, var)]
    close(
        ops.batch_norm(leaf(x), None, None, mean, var, False, 0.25, 1e-5, False),
        (x - stats[0]) / np.sqrt(stats[1] + 1e-5),
    )


def test_norm_errors():
    with pytest.raises(RuntimeError) as error:
        ops.layer_norm(wg.zeros(3, 5), (4,))
    assert (
        str(error.value) == "Given normalized_shape=[4], expected input with shape [*, 4], but got input of size[3, 5]"
    )
    with pytest.raises(RuntimeError, match="running_mean should contain 5 elements not 4"):
        ops.batch_norm(wg.zeros(3, 5), None, None, wg.zeros(4), wg.zeros(4), False, 0.1, 1e-5, False)


LOSSES = {
    "mse_loss": (lambda x, t: (x - t) ** 2, ()),
    "smooth_l1_loss": (lambda x, t: np.where(abs(x - t) < 0.5, (x - t) ** 2, abs(x - t) - 0.25), (0.5,)),
    "huber_loss": (lambda x, t: np.where(abs(x - t) < 0.5, (x - t) ** 2 / 2, 0.5 * (abs(x - t) - 0.25)), (0.5,)),
}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(3, 4), (), (5000,)])
def test_elementwise_losses(name, shape):
    x, t = random(*shape), random(*shape, seed=1)
    formula, extra = LOSSES[name]
    function = getattr(ops, name)
    wanted = formula(x, t)
    for reduction, reduce in ((0, lambda v: v), (1, np.mean), (2, np.sum)):
        close(function(leaf(np.asarray(x)), leaf(np.asarray(t)), reduction, *extra), reduce(wanted), 1e-9)
    check_gradients(lambda a, b: function(a, b, 1, *extra), np.asarray(x), np.asarray(t))


def test_binary_cross_entropy():
    x, t = random(3, 4), np.random.RandomState(1).rand(3, 4)
    p = 1 / (1 + np.exp(-x))
    wanted = -(t * np.log(p) + (1 - t) * np.log(1 - p))
    close(ops.binary_cross_entropy(leaf(p), leaf(t), None, 0), wanted)
    close(ops.binary_cross_entropy_with_logits(leaf(x), leaf(t), None, None, 0), wanted)
    check_gradients(lambda a, b: ops.binary_cross_entropy_with_logits(a, b), x, t)
    check_gradients(lambda a, b: ops.binary_cross_entropy(a, b), p, t)
    assert ops.binary_cross_entropy(wg.zeros(1), wg.ones(1)).item() == 100
    with pytest.raises(RuntimeError, match="all elements of input should be between 0 and 1"):
        ops.binary_cross_entropy(wg.tensor([2.0]), wg.tensor([1.0]))


@pytest.mark.parametrize("shape", [(4, 5), (2, 5, 3), (2, 5, 2, 3), (2, 5, 2, 1, 3)])
def test_cross_entropy(shape):
    x, w = random(*shape), abs(random(5))
    target = np.arange(np.prod(shape) // 5).reshape(shape[:1] + shape[2:]) * 7 % 5
    logs = x - np.log(np.exp(x).sum(1, keepdims=True))
    picked = -np.take_along_axis(logs, target[:, None], 1)[:, 0]
    t, kept = wg.tensor(target), target != 2
    close(ops.cross_entropy_loss(leaf(x), t, None, 0), picked)
    close(ops.cross_entropy_loss(leaf(x), t), picked.mean())
    close(ops.cross_entropy_loss(leaf(x), t, None, 1, 2), picked[kept].mean())
    close(ops.cross_entropy_loss(leaf(x), t, wg.tensor(w)), (picked * w[target]).sum() / w[target].sum())
    even = -logs.mean(1)
    close(ops.cross_entropy_loss(leaf(x), t, None, 1, -100, 0.2), 0.8 * picked.mean() + 0.2 * even.mean())
    check_gradients(lambda a: ops.cross_entropy_loss(a, t, None, 1, -100, 0.1), x)
    check_gradients(lambda a, b: ops.cross_entropy_loss(a, b.softmax(1)), x, random(*shape, seed=1))


def test_cross_entropy_errors():
    x = wg.zeros(3, 5)
    with pytest.raises(IndexError, match="Target 7 is out of bounds."):
        ops.cross_entropy_loss(x, wg.tensor([1, 7, 2]))
    with pytest.raises(ValueError, match=r"Expected input batch_size \(3\) to match target batch_size \(4\)."):
        ops.cross_entropy_loss(x, wg.tensor([1, 1, 2, 3]))
    with pytest.raises(RuntimeError, match="expected target dtype to be Long or Byte, but got Float"):
        ops.cross_entropy_loss(x, wg.zeros(3))
    assert np.isnan(ops.cross_entropy_loss(x, wg.tensor([1, 1, 1]), None, 1, 1).item())


@pytest.mark.parametrize("queries, keys", [(5, 7), (70, 70), (130, 40), (1, 1)])
@pytest.mark.parametrize("kind", ["plain", "causal", "mask", "hidden"])
def test_attention(queries, keys, kind):
    q, k, v = random(2, 3, queries, 4), random(2, 3, keys, 4, seed=1), random(2, 3, keys, 6, seed=2)
    scores = np.einsum("bhie,bhje->bhij", q, k) / 2
    seen = np.add.outer(np.arange(queries), np.arange(keys)) % 3 != 1
    mask, causal = None, kind == "causal"
    if causal:
        scores = np.where(np.tri(queries, keys, dtype=bool), scores, -np.inf)
    elif kind == "mask":
        mask = wg.tensor(random(queries, keys, seed=5), dtype=F64)
        scores = scores + mask.numpy()
    elif kind == "hidden":
        mask = wg.tensor(seen)
        scores = np.where(seen, scores, -np.inf)
    weights = np.exp(scores - scores.max(-1, keepdims=True, initial=-1e300))
    total = weights.sum(-1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=total > 0)
    out = ops.scaled_dot_product_attention(leaf(q), leaf(k), leaf(v), mask, 0.0, causal)
    close(out, np.einsum("bhij,bhje->bhie", weights, v))
    check_gradients(lambda *t: ops.scaled_dot_product_attention(*t, mask, 0.0, causal), q, k, v, second=queries < 10)


def test_attention_kernel_agrees_with_its_parts():
    q, k, v = (leaf(random(2, 3, 9, 4, seed=i)) for i in range(3))
    fast = ops.scaled_dot_product_attention(q, k, v)
    close(fast, ops._attention_math(q, k, v, None, 0.0, False, 0.5).detach().numpy())
    shared = ops.scaled_dot_product_attention(q, k[:, :1], v[:, :1], enable_gqa=True)
    wide = ops.scaled_dot_product_attention(q, k[:, :1].expand(2, 3, 9, 4), v[:, :1].expand(2, 3, 9, 4))
    close(shared, wide.detach().numpy())


def test_upsampling():
    x = random(2, 2, 3, 4)
    close(ops.upsample_nearest2d(leaf(x), (6, 8)), x.repeat(2, 2).repeat(2, 3))
    corners = ops.upsample_bilinear2d(leaf(x), (5, 7), True)
    close(corners[..., ::2, ::2], x)
    close(corners[..., 1::2, ::2], (x[..., :-1, :] + x[..., 1:, :]) / 2)
    for op, size in (("upsample_linear1d", (5,)), ("upsample_bilinear2d", (2, 7)), ("upsample_trilinear3d", (2, 5, 3))):
        check_gradients(lambda t: getattr(ops, op)(t * t, size, False), random(1, 2, *[3] * len(size)))  # noqa: B023
    check_gradients(lambda t: ops.upsample_bicubic2d(t * t, (5, 2), False), x)
    check_gradients(lambda t: ops._upsample_bilinear2d_aa(t * t, (2, 2), False), x)


@pytest.mark.parametrize("mode, padding, corners", list(itertools.product((0, 1, 2), (0, 1, 2), (True, False))))
def test_grid_sampler(mode, padding, corners):
    x, size = random(1, 2, 4, 5), (4, 5)
    ticks = [np.linspace(-1, 1, n) if corners else (np.arange(n) * 2 + 1) / n - 1 for n in size]
    same = np.stack(np.meshgrid(ticks[1], ticks[0]), -1)[None]
    close(ops.grid_sampler(leaf(x), wg.tensor(same, dtype=F64), mode, padding, corners), x, 1e-6)
    check_gradients(
        lambda a, b: ops.grid_sampler(a, b, mode, padding, corners), x, random(1, 2, 3, 2) * 0.7, second=False
    )


def test_columns():
    x = random(2, 3, 6, 7)
    cut = windows(x, 2, 2, 1, 2)
    wanted = cut.transpose(0, 1, 4, 5, 2, 3).reshape(2, 12, -1)
    columns = ops.im2col(leaf(x), 2, 2, 1, 2)
    close(columns, wanted)
    counts = windows(np.ones_like(x), 2, 2, 1, 2)
    assert ops.col2im(columns * 0 + 1, (6, 7), 2, 2, 1, 2).sum().item() == counts.sum()
    check_gradients(lambda t: ops.im2col(t * t, 2, 2, 1, 2), x)
    check_gradients(lambda t: ops.col2im(t * t, (6, 7), 2, 2, 1, 2), wanted)


def test_gated_linear_unit():
    x = random(3, 4)
    close(ops.glu(leaf(x)), x[:, :2] / (1 + np.exp(-x[:, 2:])))
    check_gradients(lambda t: ops.glu(t, 1), x)
    with pytest.raises(RuntimeError, match="Halving dimension must be even, but dimension 0 is size 3"):
        ops.glu(wg.zeros(3, 4), 0)
