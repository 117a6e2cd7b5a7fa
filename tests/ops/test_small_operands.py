"""Small tensors take shorter ways than large ones: they give the same bits."""

import itertools

import pytest

import wengert as wg

MANY = 300  # repetitions that make a tensor large


def _repeated(t):
    return t.repeat(*([1] * (t.dim() - 1)), MANY) if t.dim() and t.shape[-1] > 1 else t


def _operands(dtype):
    wg.manual_seed(0)
    full = wg.rand(5, 64, dtype=dtype) + 0.5
    return {
        "full": full,
        "row": wg.rand(64, dtype=dtype) + 0.5,
        "slice": (wg.rand(5, 192, dtype=dtype) + 0.5)[:, 64:128],
        "one": wg.tensor(1.25, dtype=dtype),
        "single": wg.tensor([[0.75]], dtype=dtype),
        "spread": wg.tensor([[1.5]], dtype=dtype).expand(5, 64),
        "number": 0.3,
        "integer": 2,
    }


BINARY = ["add", "sub", "mul", "div", "pow", "maximum", "lt", "atan2"]


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
@pytest.mark.parametrize("name", BINARY)
def test_binary_ops(name, dtype):
    operands = _operands(dtype)
    f = getattr(wg, name)
    for (_, x), (_, y) in itertools.product(operands.items(), repeat=2):
        if not isinstance(x, wg.Tensor) or (not isinstance(y, wg.Tensor) and name in ("maximum", "atan2")):
            continue
        small = f(x, y)
        large = f(_repeated(x), _repeated(y) if isinstance(y, wg.Tensor) else y)
        assert wg.equal(small, large[..., : small.shape[-1]] if small.dim() else large), (x.shape, y)


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
def test_in_place_with_a_factor(dtype):
    operands = _operands(dtype)
    for name in ("full", "row", "one", "spread"):
        y = operands[name]
        small, large = operands["full"].clone(), _repeated(operands["full"])
        small.sub_(y, alpha=0.1)
        large.sub_(_repeated(y), alpha=0.1)
        assert wg.equal(small, large[:, :64])


def test_an_operand_that_overlaps_what_is_written_is_refused():
    x = wg.arange(64.0)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        x.add_(x[-1:])
    x.mul_(x)
    assert x[3].item() == 9.0


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
def test_derivatives(dtype):
    def gradients(x, y, g):
        x, y = x.detach().requires_grad_(), y.detach().requires_grad_()
        out = wg.sigmoid(x) * wg.tanh(y) + x**2 - y / x
        return wg.autograd.grad(out, (x, y), g)

    operands = _operands(dtype)
    x, y, g = operands["full"], operands["slice"], operands["slice"] * 2
    for small, large in zip(gradients(x, y, g), gradients(_repeated(x), _repeated(y), _repeated(g))):
        assert wg.equal(small, large[:, :64])


def test_gradient_of_a_mean():
    x = wg.rand(3, 4, requires_grad=True)
    (g,) = wg.autograd.grad((x**2).mean(), x)
    assert wg.equal(g, 2 * x.detach() * (wg.tensor(1.0) / 12))
    (g,) = wg.autograd.grad(x.mean(), x)
    assert wg.equal(g, wg.full((3, 4), 1 / 12))
    scalar = wg.tensor(2.0, requires_grad=True)
    scalar.mean().backward()
    assert scalar.grad.item() == 1.0
    empty = wg.zeros(0, requires_grad=True)
    empty.mean().backward()
    assert empty.grad.shape == (0,)


@pytest.mark.parametrize("sizes", [(1,), (1, 4), (3, 1), (1, 1), ()])
def test_a_gradient_is_summed_back(sizes):
    w = wg.rand(sizes, requires_grad=True)
    g = wg.rand(3, 4)
    (w * wg.ones(3, 4)).backward(g)
    dims = [i for i, n in enumerate((1,) * (2 - len(sizes)) + sizes) if n == 1]
    assert wg.allclose(w.grad, g.sum(dims, keepdim=True).reshape(sizes))
