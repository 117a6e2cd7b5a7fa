"""torch.lstm, gru and rnn_tanh give what the modules give, in both of their forms, and torch's errors."""

import pytest

import wengert

torch = pytest.importorskip("torch")
NETWORKS = [("LSTM", "lstm"), ("GRU", "gru"), ("RNN", "rnn_tanh")]


def called(wg, layer, name, bias, both):
    """Outputs and gradients of the two forms of a call, as lists."""
    wg.manual_seed(0)
    m = getattr(wg.nn, layer)(3, 4, 2, bias=bias, bidirectional=both, batch_first=True)
    x, h = wg.randn(2, 5, 3), wg.randn(4 if both else 2, 2, 4)
    hx = (h, h + 1) if layer == "LSTM" else h
    plain = getattr(wg, name)(x, hx, m._flat_weights, bias, 2, 0.0, True, both, True)
    packed = wg.nn.utils.rnn.pack_padded_sequence(x, [5, 3], batch_first=True)
    rows = getattr(wg, name)(packed.data, packed.batch_sizes, hx, m._flat_weights, bias, 2, 0.0, True, both)
    sum(t.sum() for t in (*plain, *rows)).backward()
    return [t.tolist() for t in (*plain, *rows, *(p.grad for p in m.parameters()))]


def flat(values):
    return [x for v in values for x in flat(v)] if isinstance(values, list) else [values]


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize(("layer", "name"), NETWORKS)
def test_calls_agree_with_torch(layer, name, bias, both):
    assert flat(called(wengert, layer, name, bias, both)) == pytest.approx(
        flat(called(torch, layer, name, bias, both)), rel=1e-4, abs=1e-5
    )


def test_a_weight_too_few():
    for wg in (wengert, torch):
        h = wg.zeros(1, 1, 2)
        with pytest.raises(RuntimeError, match="got an incorrect number of RNN parameters"):
            wg.gru(wg.zeros(1, 1, 2), h, [h, h, h], True, 1, 0.0, False, False, False)


def through_the_flat_list(wg, layer):
    """What a module gives after its list of weights was written to, replaced, and overruled by an attribute."""
    wg.manual_seed(0)
    m, x = getattr(wg.nn, layer)(3, 4, 2, bidirectional=True), wg.randn(5, 2, 3)
    given = [m(x)[0]]
    m._flat_weights[1] = m._flat_weights[1] * 0
    given.append(m(x)[0])
    m.weight_hh_l0 = wg.nn.Parameter(wg.ones(m.weight_hh_l0.shape))
    given.append(m(x)[0])
    m._flat_weights = [p * 0.5 for p in m._flat_weights]
    given.append(m(x)[0])
    given[-1].sum().backward()
    given.append(m.weight_ih_l0.grad)
    return [t.tolist() for t in given]


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "RNN"])
def test_the_flat_list_of_weights_is_what_forward_takes(layer):
    assert flat(through_the_flat_list(wengert, layer)) == pytest.approx(
        flat(through_the_flat_list(torch, layer)), rel=1e-4, abs=1e-5
    )
