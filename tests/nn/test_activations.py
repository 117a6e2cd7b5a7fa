"""Activations that are one native function each: values, slopes and second derivatives beside torch's."""

import numpy as np
import pytest

import wengert as wg
import wengert.nn.functional as F

NAMES = {
    "leaky_relu": {"negative_slope": 0.3},
    "hardsigmoid": {},
    "hardswish": {},
    "silu": {},
    "gelu": {},
    "gelu tanh": {"approximate": "tanh"},
    "mish": {},
    "elu": {"alpha": 1.7},
    "selu": {},
    "celu": {"alpha": 1.3},
    "softshrink": {"lambd": 0.4},
    "hardshrink": {"lambd": 0.4},
    "hardtanh": {"min_val": -0.5, "max_val": 0.75},
    "relu6": {},
}
FLAT = {"leaky_relu", "hardsigmoid", "softshrink", "hardshrink", "hardtanh", "relu6"}
EDGES = [0.0, -0.0, 3.0, -3.0, 0.5, -0.5, 0.4, 6.0, 20.0, 21.0, -20.0, -90.0, 88.0, 0.75, float("-inf")]


def results(torch, name, x):
    """The value, its slope and the slope's derivative at the numbers x, as lists."""
    x = torch.tensor(x.tolist(), dtype=getattr(torch, str(x.dtype)), requires_grad=True)
    y = getattr(torch.nn.functional, name.split()[0])(x, **NAMES[name])
    (slope,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    found = [y, slope]
    if name not in FLAT:
        found += torch.autograd.grad(slope.sum(), x)
    return [np.array(f.detach().tolist()) for f in found]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NAMES)
def test_torch_agrees(name, dtype):
    torch = pytest.importorskip("torch")
    x = np.concatenate([np.random.default_rng(3).normal(size=2500) * 3, EDGES]).astype(dtype)
    if name in ("mish", "gelu", "gelu tanh", "silu"):
        x = x[:-1]  # torch's nan of -inf depends on where in the memory it lies
    tolerance = {"float32": 2e-5, "float64": 2e-7}[dtype]  # torch rounds 1/6 and 1/alpha to float32
    for mine, theirs in zip(results(wg, name, x), results(torch, name, x)):
        np.testing.assert_allclose(mine, theirs, rtol=tolerance, atol=tolerance / 10)


@pytest.mark.parametrize("name", NAMES)
def test_nan_is_handed_on(name):
    values = getattr(F, name.split()[0])(wg.tensor([1.0, float("nan"), -1.0]), **NAMES[name])
    assert values.isnan().tolist() == [False, True, False]


@pytest.mark.parametrize("shape", [(), (0,), (1,), (17,), (3, 0), (33, 65)])
@pytest.mark.parametrize("name", NAMES)
def test_any_shape_and_layout(name, shape):
    flat = wg.linspace(-4, 4, 3000)
    x = flat[: int(np.prod(shape))].reshape(shape)
    f = lambda v: getattr(F, name.split()[0])(v, **NAMES[name])
    x = x.t() if len(shape) == 2 else x
    want = [f(v.reshape(1)).item() for v in x.reshape(-1)]
    assert f(x).shape == x.shape
    assert f(x).reshape(-1).tolist() == pytest.approx(want, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", ["leaky_relu", "silu", "hardswish", "hardsigmoid", "mish", "elu", "selu", "celu"])
def test_in_place(name):
    x = wg.tensor([-2.0, -0.5, 0.0, 0.5, 4.0], requires_grad=True)
    written = x * 1
    getattr(F, name)(written, inplace=True)
    written.sum().backward()
    other = x.detach().clone().requires_grad_()
    y = getattr(F, name)(other)
    y.sum().backward()
    assert written.tolist() == y.tolist()
    assert x.grad.tolist() == other.grad.tolist()


@pytest.mark.parametrize(
    ("name", "kernel"),
    [("silu", "silu_cpu"), ("gelu", "GeluKernelImpl"), ("elu", "elu_cpu"), ("celu", "elu_cpu"), ("mish", "mish_cpu")]
    + [("softshrink", "softshrink_check"), ("leaky_relu", "leaky_relu_cpu"), ("hardswish", "hardswish_cpu")],
)
def test_integers_are_refused(name, kernel):
    with pytest.raises(NotImplementedError, match=f"\"{kernel}\" not implemented for 'Int'"):
        getattr(F, name)(wg.ones(3, dtype=wg.int32))


def test_gelu_far_out_keeps_its_digits():
    x = np.linspace(-5, 5, 2001)
    exact = F.gelu(wg.from_numpy(x)).numpy()
    np.testing.assert_allclose(F.gelu(wg.from_numpy(x.astype(np.float32))).numpy(), exact, rtol=3e-5, atol=3e-7)


def test_complex_silu():
    z = wg.tensor([1 + 2j, -0.5j, 0], dtype=wg.complex128, requires_grad=True)
    assert wg.autograd.gradcheck(F.silu, (z,))
    assert wg.allclose(F.silu(z), z * wg.sigmoid(z))
