"""vmap of every op with samples agrees with a loop over the samples: values, gradients, and no silent fallback."""

import itertools
import warnings

import pytest

import wengert as wg
import wengert.nn.functional as F
from wengert.func import grad, vmap
from wengert.ops._declare import OPS

B = 3


def _made(*shape, low=0.2, high=0.9, seed=0):
    g = wg.Generator().manual_seed(seed + 7 * len(shape) + sum(shape))
    return wg.rand(shape, generator=g, dtype=wg.float64) * (high - low) + low


def _ints(*shape, below=3):
    count = 1
    for s in shape:
        count *= s
    return (wg.arange(count) * 5 % 7 % below).reshape(shape)


# Ops whose values are checked elsewhere or that take something else than tensors of one shape.
ODD = {
    "where",
    "clamp",
    "clamp.Tensor",
    "polygamma",
    "polygamma.of",
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_not",
    "gcd",
    "lcm",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "rsub.alpha",
    "_add_scaled",
    "_sub_scaled",
    "_ldexp",
}


def _elementwise():
    for name, d in OPS.items():
        if d.kind not in ("elementwise", "fused") or name in ODD:
            continue
        params = [p for p in d.signature[0]]
        count = sum(1 for p in params if p[1] == 0)
        if (
            all(p[3] or p[1] == 0 for p in params)
            and len(params) == count
            and count == sum(1 for p in params if not p[3])
        ):
            yield name, count


CASES = {
    "sum": (lambda x: x.sum(), (3, 4)),
    "sum0": (lambda x: x.sum(0), (3, 4)),
    "sum dims": (lambda x: x.sum((0, -1), True), (3, 4)),
    "sum scalar": (lambda x: x.sum(), ()),
    "mean": (lambda x: x.mean(), (3, 4)),
    "mean1": (lambda x: x.mean(1), (3, 4)),
    "prod": (lambda x: x.prod(), (3,)),
    "prod1": (lambda x: x.prod(1), (3, 2)),
    "amax": (lambda x: x.amax(1), (3, 4)),
    "amin all": (lambda x: x.amin(), (3, 4)),
    "max": (lambda x: x.max(), (3, 4)),
    "max dim": (lambda x: x.max(1), (3, 4)),
    "min dim keep": (lambda x: x.min(0, keepdim=True), (3, 4)),
    "max 0d": (lambda x: x.max(0)[0], ()),
    "median": (lambda x: x.median(), (5,)),
    "median dim": (lambda x: x.median(0), (5, 2)),
    "mode": (lambda x: x.mode(0)[0], (5, 2)),
    "kthvalue": (lambda x: x.kthvalue(2, 0), (5, 2)),
    "var": (lambda x: x.var(), (3, 4)),
    "var dim": (lambda x: x.var(1, correction=0), (3, 4)),
    "std": (lambda x: x.std(-1), (3, 4)),
    "logsumexp": (lambda x: x.logsumexp(1), (3, 4)),
    "norm": (lambda x: x.norm(), (3, 4)),
    "norm p": (lambda x: x.norm(1, dim=0), (3, 4)),
    "argmax": (lambda x: x.argmax(), (3, 4)),
    "argmax dim": (lambda x: x.argmax(1), (3, 4)),
    "any": (lambda x: (x > 0.5).any(), (3, 4)),
    "all dim": (lambda x: (x > 0.5).all(0), (3, 4)),
    "count": (lambda x: (x > 0.5).count_nonzero(), (3, 4)),
    "trace": (lambda x: x.trace(), (3, 3)),
    "cumsum": (lambda x: x.cumsum(0), (3, 4)),
    "cumprod": (lambda x: x.cumprod(1), (3, 4)),
    "cummax": (lambda x: x.cummax(0), (3, 4)),
    "logcumsumexp": (lambda x: x.logcumsumexp(0), (3, 4)),
    "softmax": (lambda x: x.softmax(0), (3, 4)),
    "softmax 0d": (lambda x: x.softmax(0), ()),
    "log_softmax": (lambda x: x.log_softmax(-1), (3, 4)),
    "sort": (lambda x: x.sort(0), (3, 4)),
    "topk": (lambda x: x.topk(2, 1), (3, 4)),
    "argsort": (lambda x: x.argsort(), (3, 4)),
    "flip": (lambda x: x.flip(0), (3, 4)),
    "roll": (lambda x: x.roll(1), (3, 4)),
    "roll dim": (lambda x: x.roll((1, 2), (0, 1)), (3, 4)),
    "tril": (lambda x: x.tril(), (3, 4)),
    "triu": (lambda x: x.triu(1), (3, 4)),
    "diag": (lambda x: x.diag(), (3,)),
    "diag2": (lambda x: x.diag(1), (3, 4)),
    "diagonal": (lambda x: x.diagonal(), (3, 4)),
    "diag_embed": (lambda x: x.diag_embed(), (3, 4)),
    "view": (lambda x: x.view(2, 6), (3, 4)),
    "reshape": (lambda x: x.t().reshape(-1), (3, 4)),
    "flatten": (lambda x: x.flatten(), (3, 4)),
    "unflatten": (lambda x: x.unflatten(1, (2, 2)), (3, 4)),
    "permute": (lambda x: x.permute(2, 0, 1), (2, 3, 4)),
    "transpose": (lambda x: x.transpose(0, -1), (2, 3, 4)),
    "movedim": (lambda x: x.movedim(0, 2), (2, 3, 4)),
    "t": (lambda x: x.t(), (3, 4)),
    "mT": (lambda x: x.mT, (3, 4)),
    "squeeze": (lambda x: x.squeeze(), (3, 1, 4)),
    "squeeze dim": (lambda x: x.squeeze(1), (3, 1, 4)),
    "unsqueeze": (lambda x: x.unsqueeze(-1), (3, 4)),
    "expand": (lambda x: x.expand(2, 3, 4), (3, 4)),
    "expand 1": (lambda x: x.expand(-1, 4), (3, 1)),
    "repeat": (lambda x: x.repeat(2, 1, 2), (3, 4)),
    "tile": (lambda x: x.tile(2), (3, 4)),
    "select": (lambda x: x[1], (3, 4)),
    "slice": (lambda x: x[:, 1:3], (3, 4)),
    "slice step": (lambda x: x[::2], (3, 4)),
    "ellipsis": (lambda x: x[..., None, 0], (3, 4)),
    "unfold": (lambda x: x.unfold(1, 2, 1), (3, 4)),
    "split": (lambda x: x.split(2, 1), (3, 4)),
    "chunk": (lambda x: x.chunk(2), (4, 3)),
    "unbind": (lambda x: x.unbind(1), (3, 4)),
    "narrow": (lambda x: x.narrow(1, 1, 2), (3, 4)),
    "pad": (lambda x: F.pad(x, (1, 2)), (3, 4)),
    "reflect": (lambda x: F.pad(x, (1, 1), mode="reflect"), (2, 3, 4)),
    "cat": (lambda x, y: wg.cat([x, y], 1), (3, 4), (3, 2)),
    "stack": (lambda x, y: wg.stack([x, y], -1), (3, 4), (3, 4)),
    "clone": (lambda x: x.clone(), (3, 4)),
    "to": (lambda x: x.float(), (3, 4)),
    "matmul": (lambda x, y: x @ y, (3, 4), (4, 2)),
    "matmul vec": (lambda x, y: x @ y, (3, 4), (4,)),
    "vec mat": (lambda x, y: x @ y, (4,), (4, 2)),
    "dot": (lambda x, y: x @ y, (4,), (4,)),
    "bmm": (lambda x, y: wg.bmm(x, y), (2, 3, 4), (2, 4, 2)),
    "outer": (lambda x, y: wg.outer(x, y), (3,), (4,)),
    "matmul 3": (lambda x, y: x @ y, (2, 3, 4), (4, 2)),
    "addmm": (lambda x, y, z: wg.addmm(x, y, z, beta=2, alpha=3), (3, 2), (3, 4), (4, 2)),
    "addmv": (lambda x, y, z: wg.addmv(x, y, z), (3,), (3, 4), (4,)),
    "baddbmm": (lambda x, y, z: wg.baddbmm(x, y, z), (3, 2), (2, 3, 4), (2, 4, 2)),
    "addr": (lambda x, y, z: wg.addr(x, y, z), (3, 4), (3,), (4,)),
    "einsum": (lambda x, y: wg.einsum("ij,kj->ik", x, y), (3, 4), (2, 4)),
    "linear": (lambda x, y, z: F.linear(x, y, z), (2, 4), (3, 4), (3,)),
    "broadcast": (lambda x, y: x * y + 1, (3, 4), (4,)),
    "0d": (lambda x, y: x * y, (), (3,)),
    "where": (lambda x, y: wg.where(x > 0.5, x, y), (3, 4), (4,)),
    "clamp": (lambda x: x.clamp(0.3, 0.6), (3, 4)),
    "clamp t": (lambda x, y: x.clamp(min=y), (3, 4), (3, 4)),
    "lerp": (lambda x, y: wg.lerp(x, y, 0.3), (3, 4), (3, 4)),
    "masked_fill": (lambda x: x.masked_fill(x > 0.5, 0.0), (3, 4)),
    "gather": (lambda x: x.gather(1, _ints(3, 2)), (3, 4)),
    "take_along": (lambda x: x.take_along_dim(x.argsort(1), 1), (3, 4)),
    "index_select": (lambda x: x.index_select(1, _ints(5)), (3, 4)),
    "index": (lambda x: x[_ints(2, 2)], (3, 4)),
    "index 2": (lambda x: x[_ints(2), _ints(2)], (3, 4)),
    "index 3": (lambda x: x[:, _ints(2)], (3, 4)),
    "index apart": (lambda x: x[_ints(2), :, _ints(2)], (3, 4, 3)),
    "index by own": (lambda x: x[x.argsort(0)[:, 0]], (3, 4)),
    "index by own 1": (lambda x: x[:, x.argsort(1)[0, :2]], (3, 4)),
    "scatter": (lambda x, y: x.scatter(1, _ints(3, 2), y), (3, 4), (3, 2)),
    "scatter_add": (lambda x, y: x.scatter_add(0, _ints(2, 4), y), (3, 4), (2, 4)),
    "index_add": (lambda x, y: x.index_add(0, wg.tensor([0, 2]), y), (3, 4), (2, 4)),
    "index_add own": (lambda x, y: x.index_add(0, x.argsort(0)[:2, 0], y, alpha=2), (3, 4), (2, 4)),
    "index_copy": (lambda x, y: x.index_copy(1, wg.tensor([0, 2]), y), (3, 4), (3, 2)),
    "index_fill": (lambda x: x.index_fill(1, wg.tensor([0, 2]), 0.5), (3, 4)),
    "index_put": (lambda x, y: x.index_put((wg.tensor([0, 2]),), y), (3, 4), (4,)),
    "index_put 1": (lambda x, y: x.index_put((None, wg.tensor([0, 2])), y, accumulate=True), (3, 4), (3, 2)),
    "take": (lambda x: x.take(_ints(2, 2)), (3, 4)),
    "embedding": (lambda x: F.embedding(_ints(2, 2), x), (3, 4)),
    "setitem": (lambda x, y: _set(x, y), (3, 4), (4,)),
    "setitem mask": (lambda x: _set_mask(x), (3, 4)),
    "inplace": (lambda x, y: (x + y).mul_(y).add_(1), (3, 4), (3, 4)),
    "inplace view": (lambda x: _inplace_view(x), (3, 4)),
    "mse": (lambda x, y: F.mse_loss(x, y), (3, 4), (3, 4)),
    "mse sum": (lambda x, y: F.mse_loss(x, y, reduction="sum"), (3, 4), (3, 4)),
    "l1": (lambda x, y: F.l1_loss(x, y), (3, 4), (3, 4)),
    "huber": (lambda x, y: F.huber_loss(x, y), (3, 4), (3, 4)),
    "bce": (lambda x, y: F.binary_cross_entropy(x, y), (3, 4), (3, 4)),
    "bce logits": (lambda x, y: F.binary_cross_entropy_with_logits(x, y), (3, 4), (3, 4)),
    "cross entropy": (lambda x: F.cross_entropy(x, _ints(3)), (3, 4)),
    "nll none": (lambda x: F.nll_loss(x, _ints(3), reduction="none"), (3, 4)),
    "nll weight": (lambda x, w: F.nll_loss(x, _ints(3), weight=w.detach()), (3, 4), (4,)),
    "cross entropy 1": (lambda x: F.cross_entropy(x, wg.tensor(1)), (4,)),
    "cross entropy own": (lambda x: F.cross_entropy(x, x.argmin(1)), (3, 4)),
    "layer_norm": (lambda x: F.layer_norm(x, (4,)), (3, 4)),
    "layer_norm w": (lambda x, w, b: F.layer_norm(x, (4,), w, b), (3, 4), (4,), (4,)),
    "rms_norm": (lambda x, w: F.rms_norm(x, (4,), w), (3, 4), (4,)),
    "group_norm": (lambda x, w, b: F.group_norm(x, 2, w, b), (2, 4, 3), (4,), (4,)),
    "batch_norm": (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True), (5, 4), (4,), (4,)),
    "conv1d": (lambda x, w, b: F.conv1d(x, w, b), (2, 3, 6), (4, 3, 2), (4,)),
    "conv2d": (lambda x, w: F.conv2d(x, w, padding=1, stride=2), (2, 3, 5, 5), (4, 3, 3, 3)),
    "conv groups": (lambda x, w: F.conv1d(x, w, groups=2), (2, 4, 6), (4, 2, 2)),
    "conv 1 image": (lambda x, w: F.conv2d(x, w), (3, 5, 5), (4, 3, 3, 3)),
    "conv transpose": (lambda x, w: F.conv_transpose1d(x, w, stride=2), (2, 3, 6), (3, 4, 2)),
    "searchsorted": (lambda x, y: wg.searchsorted(x.sort(-1)[0].detach(), y.detach()), (5,), (3,)),
    "bucketize": (lambda x: wg.bucketize(x.detach(), wg.tensor([0.3, 0.6], dtype=wg.float64)), (3, 4)),
    "zeros_like": (lambda x: wg.zeros_like(x) + x, (3, 4)),
    "new_zeros": (lambda x: x.new_zeros(2) + x[0, :2], (3, 4)),
    "one_hot": (lambda x: wg._ops.one_hot(x.argmax(1), 4), (3, 4)),
    "complex": (lambda x, y: wg.view_as_real(wg.complex(x, y) * 1j), (3,), (3,)),
    "gelu": (lambda x: F.gelu(x), (3, 4)),
    "pairs": (lambda x, y: wg.cdist(x, y), (3, 4), (2, 4)),
    "cosine": (lambda x, y: F.cosine_similarity(x, y, dim=0), (3, 4), (3, 4)),
    "normalize": (lambda x: F.normalize(x, dim=1), (3, 4)),
    "attention": (lambda q, k, v: F.scaled_dot_product_attention(q, k, v), (2, 3, 4), (2, 3, 4), (2, 3, 4)),
    "glu": (lambda x: F.glu(x), (3, 4)),
    "max_pool": (lambda x: F.max_pool2d(x, 2), (2, 4, 4)),
    "avg_pool": (lambda x: F.avg_pool2d(x, 2), (2, 4, 4)),
    "prelu": (lambda x, w: F.prelu(x - 0.5, w), (2, 4), (1,)),
    "inverse": (lambda x: wg.linalg.inv(x + 2 * wg.eye(3, dtype=x.dtype)), (3, 3)),
    "det": (lambda x: wg.linalg.det(x + wg.eye(3, dtype=x.dtype)), (3, 3)),
    "solve": (lambda x, y: wg.linalg.solve(x + 2 * wg.eye(3, dtype=x.dtype), y), (3, 3), (3, 2)),
    "cholesky": (lambda x: wg.linalg.cholesky(x @ x.mT + wg.eye(3, dtype=x.dtype)), (3, 3)),
    "eigvalsh": (lambda x: wg.linalg.eigvalsh(x + x.mT), (3, 3)),
    "svdvals": (lambda x: wg.linalg.svdvals(x), (3, 2)),
}


def _set(x, y):
    x = x + 0 * y
    x[0] = y
    x[1:, 0] = 2.0
    return x


def _set_mask(x):
    x = x.clone()
    x[x > 0.5] = 0.0
    return x


def _inplace_view(x):
    y = x.clone()
    y[0].mul_(2)
    y.t()[1].add_(x[:, 0])
    return y


def _tuple(out):
    return tuple(out) if isinstance(out, (tuple, list)) else (out,)


def _loop(f, dims, args):
    rows = [_tuple(f(*(a if d is None else a.select(d, k) for a, d in zip(args, dims)))) for k in range(B)]
    return [wg.stack(list(column)) for column in zip(*rows)]


def _placed(count):
    """Which arguments carry the batch: all, and each alone."""
    yield (0,) * count
    if count > 1:
        for k in range(count):
            yield tuple(0 if j == k else None for j in range(count))


def _check(name, f, shapes):
    for dims in _placed(len(shapes)):
        args = [_made(*((B, *s) if d is not None else s), seed=k) for k, (s, d) in enumerate(zip(shapes, dims))]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = _tuple(vmap(lambda *a: _tuple(f(*a)), dims)(*args))
        for a, b in zip(got, _loop(f, dims, args)):
            assert a.shape == b.shape and a.dtype is b.dtype, (name, dims, a.shape, b.shape, a.dtype, b.dtype)
            assert wg.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True), (name, dims, a, b)

        def total(*a):
            parts = [
                (o * (1 + wg.arange(o.numel()).reshape(o.shape))).sum()
                for o in _tuple(f(*a))
                if o.dtype.is_floating_point
            ]
            return sum(parts[1:], parts[0]) if parts else None

        if total(*(a if d is None else a.select(d, 0) for a, d in zip(args, dims))) is None:
            continue
        by = grad(total, argnums=tuple(range(len(args))))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            got = vmap(by, dims)(*args)
        for a, b in zip(got, _loop(by, dims, args)):
            assert wg.allclose(a, b, rtol=1e-8, atol=1e-10, equal_nan=True), (name, "gradient", dims, a, b)


@pytest.mark.parametrize("name", list(CASES))
def test_op(name):
    f, *shapes = CASES[name]
    _check(name, f, shapes)


@pytest.mark.parametrize("name,count", list(_elementwise()), ids=lambda v: str(v))
def test_elementwise(name, count):
    from wengert import _core

    def f(*args):
        return _core.run(name, tuple(args))

    for shapes in itertools.islice(
        ([(3, 2)] * count, [(3, 2)] + [(2,)] * (count - 1), [()] * count), 1 if count == 1 else 3
    ):
        for dims in _placed(count):
            args = [_made(*((B, *s) if d is not None else s), seed=k) for k, (s, d) in enumerate(zip(shapes, dims))]
            try:
                want = _loop(f, dims, args)
            except RuntimeError:
                return  # not an op of floating point numbers
            assert wg.allclose(vmap(f, dims)(*args), want[0], rtol=1e-10, equal_nan=True), (name, shapes, dims)


SINGLE = {
    "flip of no dims": (lambda x: x.flip(()), (2, 3)),
    "gather of a number": (lambda x: x.gather(0, wg.tensor([0, 0])), ()),
    "unfold of a number": (lambda x: x.unfold(0, 1, 1), ()),
    "index_select of a number": (lambda x: x.index_select(0, wg.tensor([0])), ()),
    "index_fill of a number": (lambda x, y: x.index_fill(0, wg.tensor([0]), y), (), ()),
    "cat of nothing": (lambda x, y: wg.cat([x, y]), (0,), (0,)),
    "cat with nothing": (lambda x, y: wg.cat([x, y], 1), (0,), (2, 3)),
    "logdet": (lambda x: wg.logdet(x + 2 * wg.eye(3, dtype=x.dtype)), (3, 3)),
}


@pytest.mark.parametrize("name", list(SINGLE))
def test_edges(name):
    f, *shapes = SINGLE[name]
    _check(name, f, shapes)


def test_shapes_that_do_not_fit():
    def refused(message, call, *args):
        with pytest.raises(RuntimeError, match=message):
            vmap(call)(*args)

    refused(
        r"a has dim 1and b has dim 2but expected them to have dim 2 and dim 2", wg.mm, wg.ones(2, 3), wg.ones(2, 3, 3)
    )
    refused("Got wrong shapes for dot", wg.dot, wg.ones(2, 3, 3), wg.ones(2, 3))
    refused("aten::where", wg.where, wg.ones(2, 3))
    refused(r"can access memory outside of `tensor`", lambda x: x.as_strided((4,), (1,)), wg.ones(2, 3))
    assert vmap(lambda x: x.as_strided((2, 2), (1, 2)))(wg.arange(8.0).reshape(2, 4))[1].tolist() == [[4, 6], [5, 7]]
