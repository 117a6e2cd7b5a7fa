"""Recurrent layers: outputs, states, first and second derivatives as in torch; under transforms, as without them."""

import itertools

import numpy as np
import pytest

import wengert

MODES = [("LSTM", {}), ("GRU", {}), ("RNN", {}), ("RNN", {"nonlinearity": "relu"})]
FORMS = [{}, {"bidirectional": True, "num_layers": 2}, {"bias": False}, {"batch_first": True}]
CASES = [*itertools.product(MODES, FORMS, (False, True))]
CASES += [(("LSTM", {}), {"proj_size": 2, "bidirectional": True}, packed) for packed in (False, True)]


def _results(lib, name, options, packed, x):
    """Everything a training step shows: outputs, states, gradients, gradients of gradients."""
    lib.manual_seed(0)
    m = getattr(lib.nn, name)(3, 4, **options)
    x = lib.tensor(x, requires_grad=True)
    first = options.get("batch_first", False)
    n, steps = x.shape[:2] if first else x.shape[1::-1]
    rows = (2 if options.get("bidirectional") else 1) * options.get("num_layers", 1)
    sizes = (options.get("proj_size") or 4, 4)
    states = [lib.linspace(-1, 1, rows * n * k).view(rows, n, k).requires_grad_() for k in sizes]
    states = states if name == "LSTM" else states[:1]
    given = x
    if packed:
        lengths = [steps, 1, 3, steps, 2, 4][:n]
        pack = lib.nn.utils.rnn.pack_padded_sequence
        given = pack(x, lengths, batch_first=first, enforce_sorted=False)
    out, last = m(given, tuple(states) if name == "LSTM" else states[0])
    out = out.data if packed else out
    last = last if name == "LSTM" else (last,)
    loss = (out * out.sin()).sum() + sum((s**3).sum() for s in last)
    roots = [x, *states, *m.parameters()]
    plain = lib.autograd.grad(loss, roots, retain_graph=True)
    partial = lib.autograd.grad(last[-1].sum(), roots, retain_graph=True, allow_unused=True)
    again = lib.autograd.grad(loss, roots, create_graph=True)
    second = lib.autograd.grad(sum((g**2).sum() for g in again), roots)
    return [out, *last, *plain, *(p if p is not None else lib.zeros(1) for p in partial), *again, *second]


@pytest.mark.parametrize("mode, form, packed", CASES)
@pytest.mark.filterwarnings("ignore:LSTM with projections")
def test_like_torch(mode, form, packed):
    torch = pytest.importorskip("torch")
    name, options = mode[0], {**mode[1], **form}
    x = np.random.RandomState(0).randn(5, 6, 3).astype(np.float32)
    expected, got = (_results(lib, name, options, packed, x) for lib in (torch, wengert))
    assert len(expected) == len(got)
    for a, b in zip(expected, got):
        a, b = a.detach().numpy(), b.detach().numpy()
        np.testing.assert_allclose(b, a, rtol=1e-5, atol=1e-5 * max(1, np.abs(a).max()))


@pytest.mark.parametrize("name, options", MODES)
def test_transforms(name, options):
    from wengert.func import functional_call, jvp, vmap

    wengert.manual_seed(1)
    m = getattr(wengert.nn, name)(3, 4, **options)
    x, v = wengert.randn(2, 5, 1, 3), wengert.randn(2, 5, 1, 3)
    np.testing.assert_allclose(
        vmap(lambda t: m(t)[0])(x).detach().numpy(), wengert.stack([m(t)[0] for t in x]).detach().numpy(), 1e-5, 1e-6
    )
    out, tangent = jvp(lambda t: m(t)[0], (x[0],), (v[0],))
    shifted = [m(x[0] + h * v[0])[0] for h in (1e-2, -1e-2)]
    np.testing.assert_allclose(out.detach().numpy(), m(x[0])[0].detach().numpy(), rtol=1e-5, atol=1e-6)
    by_difference = (shifted[0] - shifted[1]).detach().numpy() / 2e-2
    np.testing.assert_allclose(tangent.detach().numpy(), by_difference, atol=2e-3)
    weights = dict(m.named_parameters())
    many = {k: wengert.stack([p, 2 * p]).detach() for k, p in weights.items()}
    both = vmap(lambda w: functional_call(m, w, (x[0],))[0])(many)
    one = functional_call(m, {k: p[1] for k, p in many.items()}, (x[0],))[0]
    np.testing.assert_allclose(both[1].detach().numpy(), one.detach().numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
def test_gradcheck(name):
    m = getattr(wengert.nn, name)(2, 3, bidirectional=True, dtype=wengert.float64)
    x = wengert.randn(3, 2, 2, dtype=wengert.float64, requires_grad=True)
    weights = dict(m.named_parameters())

    def run(t, *values):
        return wengert.func.functional_call(m, dict(zip(weights, values)), (t,))[0]

    assert wengert.autograd.gradcheck(run, (x, *weights.values()))
    assert wengert.autograd.gradgradcheck(lambda t: m(t)[0], (x,))


def test_empty_batch_and_one_step():
    out, (h, c) = wengert.nn.LSTM(2, 3)(wengert.zeros(4, 0, 2))
    assert (out.shape, h.shape, c.shape) == ((4, 0, 3), (1, 0, 3), (1, 0, 3))
    cell, layer = wengert.nn.GRUCell(2, 3), wengert.nn.GRU(2, 3)
    with wengert.no_grad():
        for p, q in zip(cell.parameters(), layer.parameters()):
            q.copy_(p)
    x = wengert.randn(5, 2)
    assert wengert.equal(cell(x), layer(x.unsqueeze(0))[0][0])
