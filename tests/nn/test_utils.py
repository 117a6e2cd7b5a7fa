"""nn.utils and nn.init against torch: the same program in both libraries gives the same numbers."""

import warnings

import pytest

from .parity import assert_same, same_seed, tensors, torch, wg

INITS = {
    "uniform_": lambda init, t: init.uniform_(t, -1, 2),
    "normal_": lambda init, t: init.normal_(t, 1, 2),
    "trunc_normal_": lambda init, t: init.trunc_normal_(t, std=0.5, a=-0.4),
    "constant_": lambda init, t: init.constant_(t, 3),
    "ones_": lambda init, t: init.ones_(t),
    "zeros_": lambda init, t: init.zeros_(t),
    "eye_": lambda init, t: init.eye_(t),
    "xavier_uniform_": lambda init, t: init.xavier_uniform_(t, gain=2),
    "xavier_normal_": lambda init, t: init.xavier_normal_(t),
    "kaiming_uniform_": lambda init, t: init.kaiming_uniform_(t, a=0.3, mode="fan_out"),
    "kaiming_normal_": lambda init, t: init.kaiming_normal_(t, nonlinearity="relu"),
    "trunc_normal_ tail": lambda init, t: init.trunc_normal_(t, a=1.5, b=2.5),
    "orthogonal_": lambda init, t: init.orthogonal_(t, gain=2),
    "sparse_": lambda init, t: init.sparse_(t, 0.4),
}


@pytest.mark.parametrize("name", list(INITS))
def test_init_is_torchs(name):
    results = []
    for lib in (wg, torch):
        same_seed(4)
        results.append(INITS[name](lib.nn.init, lib.empty(5, 7)))
    assert_same(*results)


def test_dirac_is_torchs():
    assert_same(*[lib.nn.init.dirac_(lib.empty(4, 3, 3, 3), groups=2) for lib in (wg, torch)])


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gain_is_torchs(name):
    assert wg.nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)


def test_deprecated_init_warns():
    with pytest.warns(FutureWarning, match="is now deprecated in favor of"):
        wg.nn.init.uniform(wg.empty(2))


def sequences(lib):
    """Three sequences of different lengths."""
    return [lib.arange(n * 2.0).reshape(n, 2) + n for n in (2, 4, 3)]


def small_net(lib):
    """A net with gradients."""
    same_seed(0)
    net = lib.nn.Sequential(lib.nn.Linear(3, 4), lib.nn.Tanh(), lib.nn.Linear(4, 2))
    net(lib.ones(2, 3)).pow(2).sum().backward()
    return net


def clipped(lib, **kwargs):
    net = small_net(lib)
    norm = lib.nn.utils.clip_grad_norm_(net.parameters(), 0.5, **kwargs)
    return [norm, *(p.grad for p in net.parameters())]


def clipped_by_value(lib):
    net = small_net(lib)
    lib.nn.utils.clip_grad_value_(net.parameters(), 0.1)
    return [p.grad for p in net.parameters()]


def as_vector(lib):
    net = small_net(lib)
    vector = lib.nn.utils.parameters_to_vector(net.parameters())
    lib.nn.utils.vector_to_parameters(vector * 2, net.parameters())
    return [vector, *net.parameters()]


def packed(lib):
    rnn = lib.nn.utils.rnn
    made = rnn.pack_sequence(sequences(lib), enforce_sorted=False)
    padded = rnn.pad_packed_sequence(made, batch_first=True, padding_value=-1.0, total_length=6)
    return [*made, *padded, *rnn.unpack_sequence(made), rnn.pad_sequence(sequences(lib), padding_side="left")]


def packed_through(layer, **kwargs):
    def run(lib):
        same_seed(0)
        net = getattr(lib.nn, layer)(2, 3, num_layers=2, bidirectional=True, **kwargs)
        made = lib.nn.utils.rnn.pack_sequence(sequences(lib), enforce_sorted=False)
        out, state = net(made)
        out.data.pow(2).sum().backward()
        return [out.data, *tensors([state]), *(p.grad for p in net.parameters())]

    return run


def reparametrised(make, steps=2):
    """A layer under `make`, trained for some calls: outputs, gradients and state."""

    def run(lib):
        same_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = make(lib, lib.nn.Linear(3, 4))
        outs = [net(lib.ones(2, 3) * (i + 1)) for i in range(steps)]
        outs[-1].pow(2).sum().backward()
        state = net.state_dict()
        return [*outs, *(p.grad for p in net.parameters()), *(state[k] for k in sorted(state))]

    return run


def pruned(make):
    def run(lib):
        same_seed(0)
        net = make(lib, lib.nn.Linear(4, 5))
        out = net(lib.ones(1, 4))
        state = net.state_dict()
        return [out, *(state[k] for k in sorted(state))]

    return run


def prune_twice(lib, net):
    prune = lib.nn.utils.prune
    prune.l1_unstructured(net, "weight", 0.4)
    prune.ln_structured(net, "weight", 1, n=2, dim=0)
    return net


def prune_globally(lib, net):
    prune = lib.nn.utils.prune
    prune.global_unstructured([(net, "weight"), (net, "bias")], prune.L1Unstructured, amount=7)
    return prune.remove(net, "weight")


def fused(lib):
    same_seed(0)
    conv, bn = lib.nn.Conv2d(2, 3, 2), lib.nn.BatchNorm2d(3)
    bn(conv(lib.arange(2 * 2 * 4 * 4.0).reshape(2, 2, 4, 4)))
    both = lib.nn.utils.fuse_conv_bn_eval(conv.eval(), bn.eval())
    return [both.weight, both.bias]


def called_with_others(lib):
    net = small_net(lib)
    given = {"0.weight": lib.ones(4, 3), "2.bias": lib.zeros(2)}
    with pytest.warns(FutureWarning, match="functional_call"):
        out = lib.nn.utils.stateless.functional_call(net, given, (lib.ones(1, 3),))
    return [out, net(lib.ones(1, 3))]


PROGRAMS = {
    "clip_grad_norm_": clipped,
    "clip_grad_norm_ inf": lambda lib: clipped(lib, norm_type=float("inf")),
    "clip_grad_value_": clipped_by_value,
    "get_total_norm": lambda lib: lib.nn.utils.get_total_norm([lib.ones(3), lib.ones(2, 2) * 2], 1.0),
    "parameters_to_vector": as_vector,
    "packing": packed,
    "packed RNN": packed_through("RNN"),
    "packed LSTM": packed_through("LSTM", proj_size=2),
    "packed GRU": packed_through("GRU", bias=False),
    "weight_norm": reparametrised(lambda lib, m: lib.nn.utils.weight_norm(m)),
    "weight_norm of all": reparametrised(lambda lib, m: lib.nn.utils.weight_norm(m, dim=None)),
    "weight_norm removed": reparametrised(
        lambda lib, m: lib.nn.utils.remove_weight_norm(lib.nn.utils.weight_norm(m, dim=1))
    ),
    "parametrized weight_norm": reparametrised(lambda lib, m: lib.nn.utils.parametrizations.weight_norm(m)),
    "spectral_norm": reparametrised(lambda lib, m: lib.nn.utils.spectral_norm(m, n_power_iterations=2)),
    "parametrized spectral_norm": reparametrised(lambda lib, m: lib.nn.utils.parametrizations.spectral_norm(m)),
    "pruned at random": pruned(lambda lib, m: lib.nn.utils.prune.random_unstructured(m, "weight", 3)),
    "pruned structured": pruned(lambda lib, m: lib.nn.utils.prune.random_structured(m, "weight", 2, dim=1)),
    "pruned twice": pruned(prune_twice),
    "pruned globally": pruned(prune_globally),
    "fused": fused,
    "functional_call": called_with_others,
}


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_program_is_torchs(name):
    assert_same(PROGRAMS[name](wg), PROGRAMS[name](torch))


@pytest.mark.parametrize("lib", [wg, torch], ids=["wengert", "torch"])
def test_clipping_adds_a_millionth_to_the_norm(lib):
    p = lib.zeros(2, requires_grad=True)
    p.grad = lib.tensor([0.0, 2e-6])
    lib.nn.utils.clip_grad_norm_(p, 1e-6)
    assert p.grad.tolist() == pytest.approx([0.0, 2e-6 / 3])


@pytest.mark.parametrize("lib", [wg, torch], ids=["wengert", "torch"])
def test_parametrization_of_ones_own(lib):
    class Symmetric(lib.nn.Module):
        def forward(self, w):
            return w.triu() + w.triu(1).transpose(0, 1)

        def right_inverse(self, w):
            return w.triu()

    parametrize = lib.nn.utils.parametrize
    layer = parametrize.register_parametrization(lib.nn.Linear(3, 3), "weight", Symmetric())
    assert parametrize.is_parametrized(layer, "weight")
    assert type(layer).__name__ == "ParametrizedLinear"
    assert bool((layer.weight == layer.weight.transpose(0, 1)).all())
    layer.weight = lib.eye(3)
    assert layer.weight.tolist() == lib.eye(3).tolist()
    with parametrize.cached():
        assert layer.weight is layer.weight
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is lib.nn.Linear
    assert layer.weight.tolist() == lib.eye(3).tolist()


@pytest.mark.parametrize("chosen", [None, "matrix_exp", "cayley"])
def test_orthogonal_parametrization_is_orthogonal(chosen):
    for shape in ((3, 3), (5, 3), (3, 5)):
        layer = wg.nn.utils.parametrizations.orthogonal(wg.nn.Linear(*shape), orthogonal_map=chosen)
        w = layer.weight.detach()
        small = w @ w.t() if w.size(0) < w.size(1) else w.t() @ w
        assert float((small - wg.eye(small.size(0))).abs().max()) < 1e-5


def test_functional_call_refuses_wrong_keys():
    messages = []
    for lib in (wg, torch):
        with pytest.raises(RuntimeError) as caught, pytest.warns(FutureWarning):
            lib.nn.utils.stateless.functional_call(small_net(lib), {"a": lib.ones(1)}, lib.ones(3), strict=True)
        messages.append(str(caught.value))
    assert messages[0].split("\n")[0] == messages[1].split("\n")[0]


def test_clipping_refuses_infinite_norms():
    for lib in (wg, torch):
        p = lib.zeros(1, requires_grad=True)
        p.grad = lib.tensor([float("inf")])
        with pytest.raises(RuntimeError, match="is non-finite, so it cannot be clipped"):
            lib.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
