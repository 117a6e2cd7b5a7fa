"""nn without an oracle: nets learn, gradients are right, state survives; runs where torch is not installed."""

import copy

import pytest

import wengert as wg
from wengert import nn


def numeric_gradient(f, x, eps=1e-6):
    """Central differences of the scalar f at every element of x."""
    out = wg.zeros_like(x)
    flat, result = x.detach().reshape(-1), out.reshape(-1)
    for i in range(flat.numel()):
        old = flat[i].item()
        flat[i] = old + eps
        high = f(x).item()
        flat[i] = old - eps
        low = f(x).item()
        flat[i] = old
        result[i] = (high - low) / (2 * eps)
    return out


LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), (2, 4)),
    "conv": (lambda: nn.Conv2d(2, 3, 3, padding=1, stride=2), (1, 2, 5, 4)),
    "transposed conv": (lambda: nn.ConvTranspose2d(2, 3, 3, stride=2), (1, 2, 3, 3)),
    "max pool": (lambda: nn.MaxPool2d(2), (1, 2, 4, 4)),
    "avg pool": (lambda: nn.AvgPool2d(3, padding=1), (1, 2, 4, 4)),
    "batch norm": (lambda: nn.BatchNorm1d(3), (4, 3)),
    "layer norm": (lambda: nn.LayerNorm(4), (3, 4)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (2, 4, 3)),
    "rms norm": (lambda: nn.RMSNorm(4), (3, 4)),
    "lstm": (lambda: nn.LSTM(4, 3, bidirectional=True), (3, 2, 4)),
    "gru": (lambda: nn.GRU(4, 3), (3, 2, 4)),
    "transformer": (lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0), (3, 2, 4)),
    "gelu": (lambda: nn.GELU(), (5,)),
    "softmax": (lambda: nn.Softmax(1), (2, 4)),
    "upsample": (lambda: nn.Upsample(scale_factor=2, mode="bilinear"), (1, 2, 3, 3)),
    "unfold": (lambda: nn.Unfold(2), (1, 2, 3, 3)),
}


@pytest.mark.parametrize("name", list(LAYERS))
def test_gradient_is_the_slope(name):
    make, shape = LAYERS[name]
    wg.manual_seed(0)
    layer = make().double()
    x = wg.randn(*shape, dtype=wg.float64, requires_grad=True)

    def value(t):
        out = layer(t)
        out = out[0] if isinstance(out, tuple) else out
        return (out * wg.arange(1.0, out.numel() + 1, dtype=wg.float64).reshape(out.shape).sin()).sum()

    value(x).backward()
    assert float((x.grad - numeric_gradient(value, x)).abs().max()) < 1e-6


def test_a_net_learns():
    wg.manual_seed(0)
    net = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 2))
    x = wg.randn(64, 2)
    y = (x[:, 0] * x[:, 1] > 0).long()
    loss_of = nn.CrossEntropyLoss()
    losses = []
    for _ in range(200):
        net.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        with wg.no_grad():
            for p in net.parameters():
                p -= 0.5 * p.grad
        losses.append(loss.item())
    assert losses[-1] < 0.3 < losses[0]


def test_state_survives_a_round_trip():
    wg.manual_seed(0)
    net = nn.Sequential(nn.Conv1d(2, 3, 2), nn.BatchNorm1d(3), nn.Flatten(), nn.Linear(9, 1))
    net(wg.randn(5, 2, 4))
    twin = copy.deepcopy(net)
    with wg.no_grad():
        for p in twin.parameters():
            p.zero_()
    twin.load_state_dict(net.state_dict())
    x = wg.randn(2, 2, 4)
    assert twin.eval()(x).tolist() == net.eval()(x).tolist()


def test_dropout_rests_in_eval_mode():
    layer = nn.Dropout(0.5)
    x = wg.ones(1000)
    assert sorted(set(layer(x).tolist())) == [0.0, 2.0]
    assert layer.eval()(x).tolist() == x.tolist()


def test_what_is_missing_says_so():
    with pytest.raises(NotImplementedError, match="needs an accelerator"):
        nn.functional.scaled_mm()
    with pytest.raises(AttributeError, match="has no attribute 'Nonsense'"):
        _ = nn.Nonsense
