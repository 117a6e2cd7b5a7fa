"""Operands that programs seldom have: one tensor twice, masks as targets, other dtypes for the result. Beside torch."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(7)
X, Y, MASK = RNG.uniform(0.2, 1.5, (3, 4)), RNG.uniform(0.2, 1.5, (3, 4)), RNG.random((3, 4)) < 0.5
PROGRAMS = {
    "rows_to_each_other": lambda L, x: L.nn.functional.pdist(x),
    "rows_to_each_other_by_1": lambda L, x: L.pdist(x, 1),
    "rows_to_themselves": lambda L, x: L.cdist(x, x),
    "float_power_in_place": lambda L, x: x.clone().float_power_(2.5),
    "float_power_of_itself_in_place": lambda L, x: x.clone().float_power_(x),
    "renorm_in_place": lambda L, x: x.clone().renorm_(2, 0, 0.5),
    "squared_from_a_mask": lambda L, x: L.nn.functional.mse_loss(x, L.tensor(MASK)),
    "smooth_from_a_mask": lambda L, x: L.nn.functional.smooth_l1_loss(x, L.tensor(MASK)),
    "dense_through_a_sparse_name": lambda L, x: L.spmm(x, L.tensor(Y).t()),
}


def gradients(lib, program, start):
    x = lib.tensor(start, requires_grad=True)
    y = program(lib, x)
    weights = lib.arange(1.0, y.numel() + 1, dtype=y.dtype).reshape(y.shape)
    plain = lib.autograd.grad(y, x, weights, retain_graph=True)[0]
    recorded = lib.autograd.grad(y, x, weights, create_graph=True)[0]
    return [t.detach().numpy() for t in (y, plain, recorded)]


@pytest.mark.parametrize("name", PROGRAMS)
def test_results_and_gradients_recorded_or_not(name):
    for ours, torchs in zip(gradients(wg, PROGRAMS[name], X), gradients(torch, PROGRAMS[name], X), strict=True):
        np.testing.assert_allclose(ours, torchs, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("where", [{}, {"dim": 1}])
def test_products_in_another_dtype_have_gradients_of_its_precision(where):
    def gradient(lib):
        x = lib.tensor(X.astype("float32"), requires_grad=True)
        y = lib.prod(x, dtype=lib.float64, **where)
        first = lib.autograd.grad(y.sum(), x, create_graph=True)[0]
        return first.detach().numpy(), lib.autograd.grad(first.sum(), x)[0].numpy()

    for ours, torchs in zip(gradient(wg), gradient(torch), strict=True):
        np.testing.assert_allclose(ours, torchs, rtol=3e-7)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is:DeprecationWarning")  # torch, as it loads its tangents
def test_phases_of_singular_vectors_turn_on_both_sides():
    matrix, direction = (RNG.normal(size=(3, 3)) + 1j * RNG.normal(size=(3, 3)) for _ in range(2))

    def tangents(lib):
        forward = lib.autograd.forward_ad
        with forward.dual_level():
            u, s, vh = lib.linalg.svd(forward.make_dual(lib.tensor(matrix), lib.tensor(direction)))
            left, right = forward.unpack_dual(u), forward.unpack_dual(vh)
            turned = (left.primal.mH @ left.tangent).diagonal(), (right.tangent @ right.primal.mH).diagonal()
            return [*(t.numpy() for t in turned), forward.unpack_dual(s).tangent.numpy()]

    for ours, torchs in zip(tangents(wg), tangents(torch), strict=True):
        np.testing.assert_allclose(ours, torchs, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_the_argument_of_real_numbers_has_a_gradient_of_zeros(dtype):
    x = wg.tensor([-1.0, 0.0, 2.0], dtype=getattr(wg, dtype), requires_grad=True)
    x.angle().sum().backward()
    assert x.grad.dtype == x.dtype and x.grad.tolist() == [0.0, 0.0, 0.0]


SAMPLES = [lambda L, x: L.bernoulli(x, 0.5), lambda L, x: L.binomial(x, x), lambda L, x: x.bernoulli(0.5)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_without_a_derivative_say_so(sample):
    def error(lib):
        with pytest.raises(RuntimeError) as e:
            sample(lib, lib.ones(2, requires_grad=True)).sum().backward()
        return str(e.value).partition("\n")[0]

    assert error(wg) == error(torch)


def test_a_mask_is_a_target_of_margins():
    ours, torchs = (L.nn.functional.soft_margin_loss(L.tensor(X), L.tensor(MASK)) for L in (wg, torch))
    assert ours.item() == pytest.approx(torchs.item(), rel=1e-12)


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is:DeprecationWarning")
def test_two_tangents_of_igamma_are_refused_as_one_is():
    def error(lib):
        forward = lib.autograd.forward_ad
        with forward.dual_level(), pytest.raises(NotImplementedError) as e:
            lib.igamma(*(forward.make_dual(lib.ones(2), lib.ones(2)) for _ in range(2)))
        return str(e.value).partition(" Please")[0].partition("\n")[0]

    assert error(wg) == error(torch)


def test_squares_of_a_mask_are_whole_numbers():
    for ours, torchs in ((L.square(L.tensor(MASK)), L.tensor(MASK).square()) for L in (wg, torch)):
        assert str(ours.dtype) == str(torchs.dtype) == "torch.int64" and ours.tolist() == MASK.astype(int).tolist()
    said = []
    for lib in (wg, torch):
        with pytest.raises(RuntimeError) as e:
            lib.tensor(MASK).square_()
        said.append(str(e.value).partition("\n")[0])
    assert said[0] == said[1]


def test_strides_are_asked_for_by_name():
    assert wg.zeros(3, 4).stride(dim=-1) == torch.zeros(3, 4).stride(dim=-1) == 1
