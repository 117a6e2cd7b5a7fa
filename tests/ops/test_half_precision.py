"""Half precision is rounded where torch rounds it: once by a kernel, at every step of what is composed; bit for bit."""

import numpy as np
import pytest

import wengert as wg
from wengert.autograd import forward_ad as wg_forward

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's forward mode imports it

UNARY = [
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sqrt",
    "reciprocal",
    "tanh",
    "sigmoid",
    "atan",
    "asin",
    "acos",
    "atanh",
    "acosh",
    "sinc",
    "erf",
    "special.logit",
    "special.entr",
    "special.ndtr",
    "nn.functional.gelu",
    "nn.functional.silu",
    "nn.functional.mish",
    "nn.functional.softplus",
    "nn.functional.elu",
    "nn.functional.selu",
    "nn.functional.hardswish",
    "nn.functional.softsign",
    "nn.functional.tanhshrink",
    "nn.functional.leaky_relu",
    "nn.functional.hardshrink",
]
BINARY = [
    "add",
    "sub",
    "mul",
    "div",
    "atan2",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "xlogy",
    "special.xlog1py",
    "nextafter",
    "copysign",
]
NUMBERS = {
    "x + 0.3": lambda t, x: x + 0.3,
    "0.3 - x": lambda t, x: 0.3 - x,
    "x * 0.3": lambda t, x: x * 0.3,
    "x / 0.3": lambda t, x: x / 0.3,
    "0.3 / x": lambda t, x: 0.3 / x,
    "x ** 3": lambda t, x: x**3,
    "x ** -1.7": lambda t, x: x**-1.7,
    "fmod": lambda t, x: t.fmod(x, 0.3),
    "x % 0.3": lambda t, x: x % 0.3,
    "x > 0.3": lambda t, x: x > 0.3,
    "xlogy": lambda t, x: t.xlogy(0.3, x),
    "add alpha": lambda t, x: t.add(x, x.flip(0), alpha=0.3),
    "elu": lambda t, x: t.nn.functional.elu(x, 1.3),
    "hardtanh": lambda t, x: t.nn.functional.hardtanh(x, -0.3, 0.7),
    "softshrink": lambda t, x: t.nn.functional.softshrink(x, 0.3),
}
rng = np.random.default_rng(7)


def named(module, name):
    for part in name.split("."):
        module = getattr(module, part)
    return module


def bits(t):
    return np.array(t.detach().float().tolist(), dtype=np.float32)


def agree(got, want):
    """All but the few values that lie within the last bit of float32 beside the middle of two numbers."""
    a, b = bits(got), bits(want)
    assert str(got.dtype) == str(want.dtype)
    assert np.mean(~((a == b) | (np.isnan(a) & np.isnan(b)))) < 0.015


def both(call, arrays, dtype):
    """Values, gradients and tangents of the same program in wengert and in torch."""
    found = []
    for t, forward in ((wg, wg_forward), (torch, torch.autograd.forward_ad)):
        xs = [t.tensor(a.tolist()).to(getattr(t, dtype)).requires_grad_() for a in arrays]
        y = call(t, *xs)
        g = t.tensor(np.random.default_rng(1).normal(size=y.shape).tolist()).to(y.dtype)
        grads = t.autograd.grad(y, xs, g) if y.requires_grad else ()
        found.append([y, *grads])
        if y.requires_grad and len(xs) == 1:
            with forward.dual_level():
                tangent = forward.unpack_dual(call(t, forward.make_dual(xs[0].detach(), xs[0].detach() * 0.7))).tangent
                found[-1].append(tangent)
    return zip(*found)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_tensor(name):
    low, high = {"acosh": (1.1, 5), "asin": (-0.9, 0.9), "acos": (-0.9, 0.9)}.get(name, (0.05, 0.95))
    low, high = (-4, 4) if name.startswith("nn.") else (low, high)
    pairs = list(both(lambda t, x: named(t, name)(x), [rng.uniform(low, high, (31, 40))], "bfloat16"))
    for got, want in pairs[: 2 if name.startswith("nn.") else 3]:  # torch has other formulas for layers' tangents
        agree(got, want)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_tensors(name, dtype):
    arrays = [rng.uniform(0.1, 3, (31, 40)), rng.uniform(0.1, 3, (31, 40))]
    for got, want in both(lambda t, x, y: named(t, name)(x, y), arrays, dtype):
        agree(got, want)


@pytest.mark.parametrize("name", NUMBERS)
def test_numbers_are_rounded_first_but_in_products_and_divisors(name):
    got, want = next(iter(both(NUMBERS[name], [rng.uniform(0.1, 3, (31, 40))], "bfloat16")))
    agree(got, want)


def test_a_derivative_that_rounds_once_has_a_second_one():
    x = wg.linspace(-2, 2, 9).bfloat16().requires_grad_()
    (g,) = wg.autograd.grad(wg.sigmoid(x).sum(), x, create_graph=True)
    (h,) = wg.autograd.grad(g.sum(), x)
    s = wg.sigmoid(x.detach().float())
    wg.testing.assert_close(h.float(), s * (1 - s) * (1 - 2 * s), rtol=2e-2, atol=2e-3)


PARTS = {
    "softmax 0": lambda t, x: t.softmax(x, 0),
    "softmax 1": lambda t, x: t.softmax(x, 1),
    "log_softmax 0": lambda t, x: t.log_softmax(x, 0),
    "log_softmax 1": lambda t, x: t.log_softmax(x, 1),
    "cross_entropy": lambda t, x: t.nn.functional.cross_entropy(x, t.arange(31), reduction="none"),
    "logcumsumexp": lambda t, x: t.logcumsumexp(x, 1),
    "mse_loss": lambda t, x: t.nn.functional.mse_loss(x, x.flip(0).detach(), reduction="none"),
    "addr": lambda t, x: t.addr(x, x[:, 0], x[0], beta=0.3, alpha=0.7),
    "linspace": lambda t, x: t.linspace(-4.3, 7.1, 50, dtype=x.dtype),
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", PARTS)
def test_parts_of_kernels_are_rounded(name, dtype):
    pairs = list(both(PARTS[name], [rng.uniform(-3, 3, (31, 40))], dtype))
    for got, want in pairs[: 1 if name == "addr" else 2 if name == "mse_loss" else 3]:
        agree(got, want)


def test_batch_norm_uses_the_mean_and_the_deviation_that_it_saves():
    def call(t, x):
        return t.nn.functional.batch_norm(x, None, None, training=True)

    agree(*next(iter(both(call, [rng.normal(size=(4, 6, 5, 3))], "float16"))))


TANGENTS = {
    "maximum": lambda t, x, y: t.maximum(x, y),
    "minimum": lambda t, x, y: t.minimum(x, y),
    "fmax": lambda t, x, y: t.fmax(x, y),
    "fmin": lambda t, x, y: t.fmin(x, y),
    "lerp": lambda t, x, y: t.lerp(x, y, y * 0.3),
    "addr": lambda t, x, y: t.addr(x, x[:, 0], y[0], beta=0.6, alpha=0.2),
    "cumprod": lambda t, x, y: t.cumprod(x, 1),
    "ldexp": lambda t, x, y: t.ldexp(x, y),
    "conv1d": lambda t, x, y: t.nn.functional.conv1d(x[None], y[:4, None, :3].expand(4, 31, 3), y[0, :4], padding=1),
}


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", TANGENTS)
def test_tangents_of_two_tensors(name, dtype):
    """Each part of a tangent is rounded, and their sum, as torch's formulas for forward mode say."""
    arrays = [rng.uniform(0.5, 1.5, (31, 31)) for _ in range(4)]
    found = []
    for t, forward in ((wg, wg_forward), (torch, torch.autograd.forward_ad)):
        x, y, u, v = (t.tensor(a.tolist()).to(getattr(t, dtype)) for a in arrays)
        with forward.dual_level():
            dual = forward.unpack_dual(TANGENTS[name](t, forward.make_dual(x, u), forward.make_dual(y, v)))
            found.append((dual.primal, dual.tangent))
    for got, want in zip(*found):
        agree(got, want)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_running_products(zeros, dtype):
    """Gradients and tangents are torch's to the bit without zeros; with them the gradient is exact, where torch's rounds."""
    arrays = [rng.uniform(0.5, 1.5, (31, 40)) for _ in range(2)]
    arrays[0][:, [7, 20][:zeros]] = 0
    found = []
    for t, forward in ((wg, wg_forward), (torch, torch.autograd.forward_ad)):
        x, u = (t.tensor(a.tolist()).to(getattr(t, dtype)) for a in arrays)
        with forward.dual_level():
            found.append([forward.unpack_dual(t.cumprod(forward.make_dual(x, u), 1)).tangent])
        x.requires_grad_()
        if not zeros:
            t.cumprod(x, 1).backward(u)
            found[-1].append(x.grad)
    for got, want in zip(*found):
        agree(got, want)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("weights", [(None, None), ("weight", None), (None, "pos"), ("weight", "pos")])
@pytest.mark.parametrize("reduction", ["none", "mean"])
def test_gradients_of_the_logits_loss(reduction, weights, dtype):
    arrays = [rng.normal(size=(31, 40)), rng.uniform(0, 1, (31, 40)), *(rng.uniform(0.5, 2, 40) for _ in range(2))]
    found = []
    for t in (wg, torch):
        x, y, w, p = (t.tensor(a.tolist()).to(getattr(t, dtype)) for a in arrays)
        x.requires_grad_()
        options = {"weight": w if weights[0] else None, "pos_weight": p if weights[1] else None}
        loss = t.nn.functional.binary_cross_entropy_with_logits(x, y, reduction=reduction, **options)
        loss.backward(t.ones_like(loss) * 0.7)
        found.append(x.grad)
    agree(*found)


def test_the_second_derivative_of_smooth_l1_at_its_corner_is_zero():
    for t in (wg, torch):
        x = t.tensor([-1.0, -0.5, 1.0, 2.0], requires_grad=True)
        (g,) = t.autograd.grad(t.nn.functional.smooth_l1_loss(x, t.zeros(4), reduction="sum"), x, create_graph=True)
        assert t.autograd.grad(g.sum(), x)[0].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("arguments", [(9,), (8, False, 8.5), (2,)])
def test_kaiser_windows_are_rounded_once(arguments, dtype):
    one, other = (t.kaiser_window(*arguments, dtype=getattr(t, dtype)) for t in (wg, torch))
    assert one.tolist() == other.tolist()


def test_no_complex_number_is_made_of_two_bfloat16():
    for t in (wg, torch):
        t.set_default_dtype(t.bfloat16)
        try:
            with pytest.raises(RuntimeError, match="^invalid default scalar type for complex$"):
                t.tensor([1j])
        finally:
            t.set_default_dtype(t.float32)


@pytest.mark.parametrize("case", ["float16", "float16 in groups", "float16 gradient", "bfloat16 and much padding"])
def test_transposed_convolutions_without_a_library_round_every_sum(case):
    dtype, groups = case.partition(" ")[0], 2 if "groups" in case else 1
    options = {"stride": (3, 2), "padding": 1, "groups": groups, "dilation": 4}
    options["output_padding"] = (2, 1) if dtype == "float16" else (2, 3)
    x, w, b = rng.normal(size=(2, 4, 7, 6)), rng.normal(size=(4, 6 // groups, 3, 4)), rng.normal(size=6)
    found = []
    for t in (wg, torch):
        xs, ws, bs = (t.tensor(a.tolist()).to(getattr(t, dtype)) for a in (x, w, b))
        if "gradient" not in case:
            found.append(t.nn.functional.conv_transpose2d(xs, ws, bs, **options))
            continue
        image = t.zeros(2, 6, 16, 13, dtype=xs.dtype, requires_grad=True)
        y = t.nn.functional.conv2d(image, ws)
        found += t.autograd.grad(y, image, t.linspace(-2, 2, y.numel()).reshape(y.shape).to(xs.dtype))
    agree(*found)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("bound", [0.1, 0.3, 0.7, 1.1])
@pytest.mark.parametrize(
    "act",
    [
        lambda F, x, b: F.threshold(x, b, 20.1),
        lambda F, x, b: F.threshold(x, -b, 20.1),
        lambda F, x, b: F.hardtanh(x, -b, b),
        lambda F, x, b: F.softshrink(x, b),
        lambda F, x, b: F.hardshrink(x, b),
    ],
    ids=["threshold", "below", "hardtanh", "softshrink", "hardshrink"],
)
def test_bounds_that_the_dtype_does_not_hold(act, bound, dtype):
    def run(library):
        x = library.tensor([bound, -bound, 0.0, 2.0], dtype=getattr(library, dtype), requires_grad=True)
        y = act(library.nn.functional, x, bound)
        (g,) = library.autograd.grad(y.sum(), x)
        return y.tolist(), g.tolist()

    assert run(wg) == run(torch)
