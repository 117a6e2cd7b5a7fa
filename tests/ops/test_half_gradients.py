"""Gradients, second gradients and tangents of layers and losses in half precision: torch's formulas, rounded where torch rounds."""

import numpy as np
import pytest

import wengert as wg
from wengert.autograd import forward_ad as wg_forward

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's forward mode imports it

rng = np.random.default_rng(11)
X, Y = rng.normal(size=(31, 40)) * 2, rng.normal(size=(31, 40))
IMAGE, VOLUME = rng.normal(size=(2, 4, 7, 6)), rng.normal(size=(2, 4, 3, 4, 5))
WIDE, SIX, FOUR = rng.normal(size=(6, 2)), rng.normal(size=6), rng.normal(size=4)
SIGNS, BITS = np.sign(Y), (Y > 0) * 1.0


@pytest.fixture(autouse=True)
def one_thread():
    """torch's threads keep rounded sums of their own."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def layer(name, *args, **options):
    return lambda t, x, *more: getattr(t.nn.functional, name)(x, *args, *more, **options)


def batch_norm(t, x, weight=None, bias=None):
    return t.nn.functional.batch_norm(x, None, None, weight, bias, training=True)


def batch_norm_as_learnt(t, x, weight, bias):
    mean, var = (t.tensor(a).to(x.dtype) for a in ([0.3, -0.7, 0.1, 1.9], [0.4, 1.3, 2.2, 0.07]))
    return t.nn.functional.batch_norm(x, mean, var, weight, bias)


def group_norm(t, x, weight=None, bias=None):
    return t.nn.functional.group_norm(x, 2, weight, bias)


def group_statistics(t, x, weight, bias):
    return t.native_group_norm(x, weight, bias, 2, 4, 42, 2, 1e-5)


ONCE, TWICE, TANGENT = 1, 2, 3  # what has torch's bits besides the values
CASES = {
    "silu": (layer("silu"), [X], {TWICE: "bfloat16", TANGENT: ""}),
    "mish": (layer("mish"), [X], {TWICE: "bfloat16", TANGENT: ""}),
    "gelu": (layer("gelu"), [X], {TWICE: "", TANGENT: ""}),
    "softplus": (layer("softplus"), [X], {TWICE: "bfloat16", TANGENT: ""}),
    "logsigmoid": (layer("logsigmoid"), [X], {TWICE: "", TANGENT: ""}),
    "glu": (layer("glu"), [X], {}),
    "tanh": (lambda t, x: t.tanh(x), [X], {TWICE: "", TANGENT: ""}),
    "soft_margin_loss": (
        lambda t, x, y: t.nn.functional.soft_margin_loss(x, y.detach(), reduction="none"),
        [X, SIGNS],
        {TWICE: "", TANGENT: ""},
    ),
    "multilabel_soft_margin_loss": (
        lambda t, x, y: t.nn.functional.multilabel_soft_margin_loss(x, y.detach(), reduction="none"),
        [X, BITS],
        {TWICE: "", TANGENT: ""},
    ),
    "mse_loss": (layer("mse_loss", reduction="none"), [X, Y], {TANGENT: ""}),
    "smooth_l1_loss": (layer("smooth_l1_loss", reduction="none", beta=0.5), [X, Y], {TANGENT: ""}),
    "layer_norm": (lambda t, x, w, b: t.nn.functional.layer_norm(x, (6,), w, b), [IMAGE, SIX, SIX[::-1]], {TWICE: "", TANGENT: ""}),
    "rms_norm": (lambda t, x, w: t.nn.functional.rms_norm(x, (6,), w), [IMAGE, SIX], {TWICE: "", TANGENT: "none"}),
    "group_norm": (group_norm, [IMAGE], {TWICE: "", TANGENT: ""}),
    "group_norm of channels": (group_norm, [IMAGE, FOUR, FOUR[::-1]], {TANGENT: ""}),
    "group statistics": (group_statistics, [IMAGE, FOUR, FOUR[::-1]], {}),
    "batch_norm": (batch_norm, [IMAGE], {TWICE: "", TANGENT: ""}),
    "batch_norm of channels": (batch_norm, [IMAGE, FOUR, FOUR[::-1]], {TWICE: "", TANGENT: ""}),
    "batch_norm as learnt": (batch_norm_as_learnt, [IMAGE, FOUR, FOUR[::-1] + 0.1], {TANGENT: ""}),
    "instance_norm": (layer("instance_norm"), [IMAGE], {TANGENT: ""}),
    "avg_pool2d": (layer("avg_pool2d", 3, 1, 1), [IMAGE], {TANGENT: ""}),
    "adaptive_avg_pool2d": (layer("adaptive_avg_pool2d", (4, 5)), [IMAGE], {TANGENT: ""}),
    "adaptive_avg_pool2d to a point": (layer("adaptive_avg_pool2d", 1), [IMAGE], {TANGENT: ""}),
    "adaptive_avg_pool3d": (layer("adaptive_avg_pool3d", 2), [VOLUME], {TANGENT: ""}),
    "max_pool2d": (layer("max_pool2d", 3, 1, 1), [IMAGE], {TANGENT: ""}),
    "unfold": (layer("unfold", 3, 1, 1), [IMAGE], {TANGENT: ""}),
    "fold": (layer("fold", (7, 6), 3, 1, 1), [rng.normal(size=(2, 36, 42))], {TANGENT: ""}),
    "interpolate linear": (layer("interpolate", 11, mode="linear"), [IMAGE[0]], {TANGENT: ""}),
    "interpolate trilinear": (layer("interpolate", (5, 3, 7), mode="trilinear"), [VOLUME], {TANGENT: ""}),
    "interpolate bicubic": (layer("interpolate", (11, 4), mode="bicubic"), [IMAGE], {TANGENT: ""}),
}  # fmt: skip


def bits(t):
    return np.array(t.detach().double().tolist())


def agree(got, want, most=0.015):
    """All but a few values, which lie within the last bit of float32 beside the middle of two numbers."""
    for a, b in zip(got, want):
        assert (a is None) == (b is None) or not bits(b if a is None else a).any()
        if a is not None and b is not None:
            assert str(a.dtype) == str(b.dtype)
            u, v = bits(a), bits(b)
            assert np.mean(~((u == v) | (np.isnan(u) & np.isnan(v)))) < most


class Run:
    """One case in one library: the same numbers are drawn in the same order in both."""

    def __init__(self, t, forward, call, arrays, dtype):
        self.t, self.forward, self.call, self.rng = t, forward, call, np.random.default_rng(3)
        self.xs = [t.tensor(a.tolist()).to(getattr(t, dtype)) for a in arrays]

    def noise(self, like):
        return self.t.tensor(self.rng.normal(size=tuple(like.shape)).tolist()).to(like.dtype)

    def outs(self, xs):
        made = self.call(self.t, *xs)
        return list(made) if isinstance(made, (tuple, list)) else [made]

    def gradients(self):
        grad, leaves = self.t.autograd.grad, [x.requires_grad_() for x in self.xs]
        ys = [y for y in self.outs(leaves) if y.requires_grad]
        cots = [self.noise(y).requires_grad_() for y in ys]
        once = grad(ys, leaves, cots, allow_unused=True)
        ys = [y for y in self.outs(leaves) if y.requires_grad]
        first = grad(ys, leaves, cots, create_graph=True, allow_unused=True)
        first = [g for g in first if g is not None and g.requires_grad]
        twice = grad(first, [*leaves, *cots], [self.noise(g) for g in first], allow_unused=True)
        return self.outs([x.detach() for x in self.xs]), once, twice

    def tangents(self):
        with self.forward.dual_level():
            duals = [self.forward.make_dual(x, self.noise(x)) for x in self.xs]
            return [self.forward.unpack_dual(y).tangent for y in self.outs(duals)]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_torchs_to_the_bit(name, dtype):
    call, arrays, exact = CASES[name]
    ours, theirs = (
        Run(*lib, call, arrays, dtype).gradients() for lib in ((wg, wg_forward), (torch, torch.autograd.forward_ad))
    )
    if name == "smooth_l1_loss":
        agree(ours[1], theirs[1])
    elif name != "gelu":  # forward and backward of its vectors differ in the last bit of float32
        agree(ours[0], theirs[0])
        agree(ours[1], theirs[1])
    if exact.get(TWICE) in ("", dtype):  # one number of a channel may stand beside such a middle
        agree(ours[2], theirs[2], 0.26 if "_norm" in name else 0.015)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("name", [n for n, case in CASES.items() if TANGENT in case[2]])
def test_tangents_are_torchs_to_the_bit(name, dtype):
    call, arrays, exact = CASES[name]
    if exact[TANGENT] not in ("", dtype):
        return
    agree(
        *(Run(*lib, call, arrays, dtype).tangents() for lib in ((wg, wg_forward), (torch, torch.autograd.forward_ad)))
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_norms_of_nothing_have_gradients_of_every_order(dtype):
    calls = (
        lambda t, x: t.nn.functional.layer_norm(x, (0,)),
        lambda t, x: t.native_group_norm(x, None, None, 0, 4, 0, 2, 1e-5)[0],
    )
    for call, shape in zip(calls, ((3, 0), (0, 4, 0))):
        x = wg.zeros(shape, dtype=getattr(wg, dtype), requires_grad=True)
        y = call(wg, x)
        (g,) = wg.autograd.grad(y, x, wg.ones_like(y).requires_grad_(), create_graph=True)
        assert wg.autograd.grad(g.sum(), x)[0].shape == shape


def test_the_statistics_of_groups_have_second_derivatives():
    """In float16 beside the same in float64, where other formulas are used."""

    def second(dtype):
        x = wg.tensor(IMAGE.tolist()).to(dtype).requires_grad_()
        _, mean, rstd = wg.native_group_norm(x, None, None, 2, 4, 42, 2, 1e-5)
        (g,) = wg.autograd.grad((mean * 3 + rstd * rstd).sum(), x, create_graph=True)
        return wg.autograd.grad((g * g).sum() * 100, x)[0].double()

    wg.testing.assert_close(second(wg.float16), second(wg.float64), rtol=0.05, atol=2e-3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_soft_margin_loss_overflows_where_torchs_does(dtype):
    found = []
    for t in (wg, torch):
        x = t.tensor([-1000.0, -80.0, -3.0, 0.0, 50.0], dtype=getattr(t, dtype), requires_grad=True)
        loss = t.nn.functional.soft_margin_loss(x, t.ones(5, dtype=x.dtype), reduction="none")
        (g,) = t.autograd.grad(loss.sum(), x, create_graph=True)
        found.append([loss, g, t.autograd.grad(g.sum(), x)[0]])
    for got, want in zip(*found):
        np.testing.assert_allclose(bits(got), bits(want), rtol=1e-5)
