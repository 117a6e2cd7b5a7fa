"""Transforms of models, three deep, beside torch: the same program in both."""

import copy

import numpy as np
import pytest

import wengert

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch's forward mode uses it


class Model:
    """An embedding, dropout, a batch norm and two linear layers."""

    def __new__(cls, t, dropout=0.0):
        nn = t.nn

        class Net(nn.Module):
            def __init__(self):
                super().__init__()
                self.table = nn.Embedding(7, 4)
                self.first, self.norm, self.last = nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Linear(6, 3)
                self.drop = nn.Dropout(dropout)

            def forward(self, words):
                x = self.table(words).mean(-2)
                return self.last(self.drop(self.norm(self.first(x)).tanh()))

        net = Net().double()
        rng = np.random.default_rng(0)
        with t.no_grad():
            for p in net.state_dict().values():
                if p.is_floating_point():
                    p.copy_(t.from_numpy(np.asarray(rng.uniform(0.1, 0.9, tuple(p.shape)))))
        return net


def data(t, n=5):
    rng = np.random.default_rng(1)
    return t.from_numpy(rng.integers(0, 7, (n, 3))), t.from_numpy(rng.integers(0, 3, (n,)))


def parts(net):
    return {k: v.detach() for k, v in net.named_parameters()}, {k: v.detach().clone() for k, v in net.named_buffers()}


def loss_of(t, net, buffers):
    def loss(params, words, label):
        logits = t.func.functional_call(net, (params, buffers), (words.unsqueeze(0),))
        return t.nn.functional.cross_entropy(logits, label.unsqueeze(0))

    return loss


def per_sample_gradients(t):
    net = Model(t).eval()
    params, buffers = parts(net)
    words, labels = data(t)
    return t.func.vmap(t.func.grad(loss_of(t, net, buffers)), in_dims=(None, 0, 0))(params, words, labels)


def per_sample_gradients_of_tangents(t):
    net = Model(t).eval()
    params, buffers = parts(net)
    loss, (words, labels) = loss_of(t, net, buffers), data(t)
    steps = {k: v.sin() for k, v in params.items()}

    def slope(params, word, label):
        return t.func.jvp(lambda p: loss(p, word, label), (params,), (steps,))[1]

    return t.func.vmap(t.func.grad(slope), in_dims=(None, 0, 0))(params, words, labels)


def hessian_of_a_model(t):
    net = Model(t).eval()
    params, buffers = parts(net)
    loss, (words, labels) = loss_of(t, net, buffers), data(t)
    return t.func.hessian(lambda w: loss({**params, "last.weight": w}, words[0], labels[0]))(params["last.weight"])


def jacobians_in_chunks(t):
    net = Model(t).eval()
    params, buffers = parts(net)
    words, _ = data(t)

    def logits(p):
        return t.func.functional_call(net, (p, buffers), (words,))

    whole = t.func.jacrev(logits)(params)
    for size in (1, 4, 100):
        some = t.func.jacrev(logits, chunk_size=size)(params)
        assert all(t.allclose(whole[k], some[k]) for k in whole)
    columns = t.func.jacfwd(logits)(params)
    assert all(t.allclose(whole[k], columns[k]) for k in whole)
    return whole


def training_with_batch_norm(t):
    net = Model(t)
    params, buffers = parts(net)
    words, labels = data(t)

    def loss(p, b):
        logits = t.func.functional_call(net, (p, b), (words,))
        return t.nn.functional.cross_entropy(logits, labels), b

    gradients, moved = t.func.grad(loss, has_aux=True)(params, buffers)
    return gradients, {k: v for k, v in moved.items() if v.is_floating_point()}


def an_ensemble(t):
    nets = [Model(t).eval()]
    nets += [copy.deepcopy(nets[0]) for _ in range(2)]
    for k, net in enumerate(nets):
        with t.no_grad():
            net.last.weight.mul_(k + 1)
    params, buffers = t.func.stack_module_state(nets)
    words, _ = data(t)
    base = Model(t).eval()
    run = t.func.vmap(lambda p, b: t.func.functional_call(base, (p, b), (words,)))
    return run({k: v.detach() for k, v in params.items()}, buffers)


def an_inner_loop(t):
    net = Model(t).eval()
    params, buffers = parts(net)
    loss = loss_of(t, net, buffers)
    words, labels = data(t, 8)

    def adapted(params, word, label, other, other_label):
        for _ in range(2):
            steps = t.func.grad(loss)(params, word, label)
            params = {k: params[k] - 0.1 * steps[k] for k in params}
        return loss(params, other, other_label)

    def outer(params):
        each = t.func.vmap(adapted, in_dims=(None, 0, 0, 0, 0))
        return each(params, words[:4], labels[:4], words[4:], labels[4:]).mean()

    return t.func.grad(outer)(params)


def dropout(randomness):
    def run(t):
        net = Model(t, dropout=0.5)
        net.norm.eval()
        params, buffers = parts(net)
        words, labels = data(t)
        t.manual_seed(5)
        step = t.func.vmap(t.func.grad(loss_of(t, net, buffers)), in_dims=(None, 0, 0), randomness=randomness)
        return step(params, words, labels)

    return run


CASES = [
    per_sample_gradients,
    per_sample_gradients_of_tangents,
    hessian_of_a_model,
    jacobians_in_chunks,
    training_with_batch_norm,
    an_ensemble,
    an_inner_loop,
    dropout("same"),
    dropout("different"),
]


def flat(value):
    if isinstance(value, dict):
        return [x for k in sorted(value) for x in flat(value[k])]
    return [x for v in value for x in flat(v)] if isinstance(value, (tuple, list)) else [value]


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.__qualname__.partition(".")[0])
def test_same_numbers(case):
    got, want = flat(case(wengert)), flat(case(torch))
    assert len(got) == len(want) > 0
    for a, b in zip(got, want):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])
def test_dropout_needs_a_mode(t):
    with pytest.raises(RuntimeError, match="called random operation while in randomness error mode"):
        dropout("error")(t)
