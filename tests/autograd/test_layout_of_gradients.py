"""A gradient that is asked for lies in memory as its leaf does, so that it can be viewed as a row; torch's layouts."""

import pytest

import wengert as wg
from wengert import nn


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (lambda: nn.Linear(3, 4), (5, 3)),
        (lambda: nn.Bilinear(3, 3, 4), (5, 3)),
        (lambda: nn.GRUCell(3, 4), (5, 3)),
        (lambda: nn.LSTM(3, 4, proj_size=2), (5, 2, 3)),
        (lambda: nn.TransformerEncoderLayer(4, 2, 8), (5, 2, 4)),
    ],
    ids=["linear", "bilinear", "cell", "recurrent", "transformer"],
)
def test_gradients_of_weights_can_be_viewed_as_one_row(model, shape, create_graph):
    wg.manual_seed(0)
    model = model().eval()
    x = wg.randn(*shape)
    y = model(x, x) if isinstance(model, nn.Bilinear) else model(x)
    y = (y[0] if isinstance(y, tuple) else y).pow(2).sum()
    parameters = list(model.parameters())
    asked = wg.autograd.grad(y, parameters, create_graph=create_graph, retain_graph=True)
    row = wg.cat([g.view(-1) for g in asked])
    y.backward(retain_graph=True)
    assert wg.allclose(row.detach(), wg.cat([p.grad.view(-1) for p in parameters]))
    if create_graph and not isinstance(model, nn.TransformerEncoderLayer):  # of its attention torch has one derivative
        again = wg.autograd.grad(row.sum(), parameters, allow_unused=True)
        assert any(g is not None and g.abs().sum() > 0 for g in again)


@pytest.mark.parametrize(
    "layer",
    [nn.AvgPool2d(2), nn.MaxPool2d(2), nn.AdaptiveMaxPool2d(2), nn.ReflectionPad2d(1), nn.Upsample(scale_factor=2)],
    ids=lambda layer: type(layer).__name__,
)
def test_images_with_channels_last_have_such_gradients(layer):
    x = wg.randn(2, 3, 4, 4).to(memory_format=wg.channels_last).requires_grad_()
    (g,) = wg.autograd.grad(layer(x).sum(), x)
    assert g.is_contiguous(memory_format=wg.channels_last)


def test_what_is_expanded_stays_expanded():
    x = wg.ones(3, 4, requires_grad=True)
    (g,) = wg.autograd.grad(x.sum(), x)
    assert g.stride() == (0, 0)


CASES = {
    "a transposed leaf's product": lambda t, w: (w.t() * t.ones(4, 3)).sum(),
    "a transposed leaf's exponential": lambda t, w: w.t().exp().sum(),
    "a product with what is transposed": lambda t, w: (w * t.ones(4, 3).t()).sum(),
    "a matrix product": lambda t, w: (w @ t.ones(4, 5)).pow(2).sum(),
    "a matrix product of the transposed": lambda t, w: (t.ones(5, 3) @ w).pow(2).sum() + (w.t() @ t.ones(3, 2)).sum(),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("by_columns", [False, True])
def test_other_gradients_lie_as_torch_leaves_them(case, by_columns):
    torch = pytest.importorskip("torch")
    strides = []
    for t in (wg, torch):
        w = t.ones(4, 3).t().requires_grad_() if by_columns else t.ones(3, 4).requires_grad_()
        strides.append(t.autograd.grad(CASES[case](t, w), w)[0].stride())
    assert strides[0] == strides[1]
