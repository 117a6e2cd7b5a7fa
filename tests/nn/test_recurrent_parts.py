"""Recurrent layers whose sequences go through all steps in parts: torch's numbers, the same with any threads."""

import pytest

import wengert


def _run(lib, name, batch, lengths, width=12):
    """The output and all gradients of a layer over sequences, packed if they have lengths."""
    layer = getattr(lib.nn, name)(5, width)
    for i, p in enumerate(layer.parameters()):
        p.data = lib.arange(p.numel(), dtype=lib.float32).reshape(p.shape).mul(0.37 + i).sin() / 3
    x = lib.arange(7 * batch * 5, dtype=lib.float32).reshape(7, batch, 5).mul(0.7).cos().requires_grad_()
    pack = lib.nn.utils.rnn.pack_padded_sequence
    y = layer(pack(x, lengths, enforce_sorted=False) if lengths else x)[0]
    y = y.data if lengths else y
    (y * y).sum().backward()
    return [t.detach().reshape(-1).tolist() for t in (y, x.grad, *(p.grad for p in layer.parameters()))]


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("batch", [3, 20, 37])
@pytest.mark.parametrize("packed", [False, True])
def test_parts_as_torch_with_any_threads(name, batch, packed):
    torch = pytest.importorskip("torch")
    lengths = [1 + 5 * i % 7 for i in range(batch)] if packed else None
    before, results = wengert.get_num_threads(), []
    try:
        for threads in (1, 3):
            wengert.set_num_threads(threads)
            results.append(_run(wengert, name, batch, lengths))
    finally:
        wengert.set_num_threads(before)
    assert results[0] == results[1]
    for ours, theirs in zip(results[0], _run(torch, name, batch, lengths), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("packed", [False, True])
def test_nothing_kept_changes_no_number(name, bias, packed):
    """Without a gradient all steps share the rows of one."""
    wengert.manual_seed(0)
    layer = getattr(wengert.nn, name)(5, 12, 2, bias=bias, bidirectional=True)
    x = wengert.randn(7, 20, 5)
    if packed:
        x = wengert.nn.utils.rnn.pack_padded_sequence(x, [1 + 5 * i % 7 for i in range(20)], enforce_sorted=False)
    kept, state = layer(x)
    with wengert.no_grad():
        plain, last = layer(x)
    if packed:
        kept, plain = kept.data, plain.data
    assert kept.requires_grad and not plain.requires_grad
    assert plain.equal(kept.detach())
    state, last = (s if name == "LSTM" else (s,) for s in (state, last))
    assert all(a.equal(b.detach()) for a, b in zip(last, state, strict=True))


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_tangents_where_nothing_is_kept(name):
    wengert.manual_seed(0)
    layer = getattr(wengert.nn, name)(2, 3).double()
    x, v = wengert.randn(2, 3, 2, 2, dtype=wengert.float64)
    with wengert.no_grad():
        _, tangent = wengert.func.jvp(lambda x: layer(x)[0], (x,), (v,))
        difference = (layer(x + 1e-5 * v)[0] - layer(x - 1e-5 * v)[0]) / 2e-5
    assert wengert.allclose(tangent, difference, rtol=1e-6, atol=1e-9)
