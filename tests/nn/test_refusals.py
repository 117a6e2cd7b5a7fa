"""Dtypes, sizes and states that layers refuse, or take in a way of their own: the same words or values as in torch."""

import itertools
import subprocess
import sys
import warnings

import pytest

import wengert

from .test_corners import shown

CASES = {}


def case(function):
    CASES[function.__name__.strip("_")] = function


KINDS = ("float16", "float32", "float64", None)


def _ones(lib, dtype, n=3):
    return None if dtype is None else lib.ones(n, dtype=getattr(lib, dtype))


def _norms(lib, dtypes):
    """The dtype of each norm's result, or what it says, for an input and two parameters (and statistics)."""
    F = lib.nn.functional
    x = lib.ones(2, 3, 4, dtype=getattr(lib, dtypes[0]))
    w, b = _ones(lib, dtypes[1]), _ones(lib, dtypes[2])
    calls = {
        "layer": lambda *_: F.layer_norm(x.transpose(1, 2), [3], w, b).dtype,
        "group": lambda *_: F.group_norm(x, 3, w, b).dtype,
        "rms": lambda *_: F.rms_norm(x.transpose(1, 2), [3], w).dtype,
        "batch": lambda *_: F.batch_norm(x, None, None, w, b, True).dtype,
        "fixed": lambda *_: F.batch_norm(x, w, b, None, None, False).dtype,
        "instance": lambda *_: F.instance_norm(x, w, w).dtype,
    }
    return "\n".join(f"{name} {shown(lib, call)}" for name, call in calls.items())


for _dtypes in itertools.product(KINDS[:3], KINDS, KINDS):
    CASES["norms_" + "_".join(map(str, _dtypes))] = lambda lib, F, dtypes=_dtypes: _norms(lib, dtypes)


def _cell(lib, kind, state, rows, weights=None):
    gates = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}[kind]
    shapes = weights or ((gates * 16, 8), (gates * 16, 16))
    hx = lib.ones(*state)
    args = [lib.ones(n, m) for n, m in shapes]
    out = getattr(lib, kind + "_cell")(lib.ones(*rows), (hx, hx) if kind == "lstm" else hx, *args)
    return out[0].shape


for _kind, _state, _rows in itertools.product(
    ("lstm", "gru", "rnn_tanh", "rnn_relu"), ((4, 16), (4, 15), (3, 16), (1, 16)), ((4, 8), (4, 9))
):
    CASES[f"{_kind}_{_state}_{_rows}"] = lambda lib, F, args=(_kind, _state, _rows): _cell(lib, *args)
    for _bad in (((17, 8), (16, 16)), ((16, 8), (17, 16)), ((16, 8), (16, 17))):
        CASES[f"{_kind}_{_state}_{_rows}_{_bad}"] = lambda lib, F, a=(_kind, _state, _rows, _bad): _cell(lib, *a)

for _size, _out in itertools.product((2, (), (1,), (2, 2), (2, 2, 2)), ((3, 3), (3, 3, 3), (), (3,), (9, 3))):
    CASES[f"fractional2_{_size}_{_out}"] = lambda lib, F, a=(_size, _out): F.fractional_max_pool2d(
        lib.arange(98.0).view(2, 7, 7), *a, _random_samples=lib.full((1, 2, 2), 0.3)
    )
    CASES[f"fractional3_{_size}_{_out}"] = lambda lib, F, a=(_size, _out): F.fractional_max_pool3d(
        lib.arange(686.0).view(2, 7, 7, 7), *a, _random_samples=lib.full((1, 2, 3), 0.3)
    )
for _size in ((1, 1), (1, 1, 1)):
    CASES[f"unpool3_{_size}"] = lambda lib, F, size=_size: F.max_unpool3d(
        lib.ones(1, 3, 1, 1, 1), lib.zeros(1, 3, 1, 1, 1, dtype=lib.int64), size
    )
for _name in ("gelu", "softplus", "softshrink", "logsigmoid", "hardshrink"):
    CASES[f"out_{_name}"] = lambda lib, F, name=_name: getattr(F, name)(lib.ones(2, 3), out=lib.empty(0))
    CASES[f"over_{_name}"] = lambda lib, F, name=_name: (lambda x: getattr(F, name)(x, out=x))(
        lib.ones(1, 3).expand(2, 3)
    )
for _n in (2, 3):
    CASES[f"out_avg_pool{_n}d"] = lambda lib, F, n=_n: getattr(F, f"avg_pool{n}d")(
        lib.ones([1, 1] + [4] * n), 2, out=lib.empty(0)
    )
for _shape, _target in itertools.product(((3,), (1, 3), (2, 3)), (1, (1,), (1, 2), (1.0, 2.0))):
    CASES[f"margin_{_shape}_{_target}"] = lambda lib, F, a=(_shape, _target): (
        F.multi_margin_loss(lib.ones(a[0]), lib.tensor(a[1]), reduction="none").shape
    )


@case
def pool_larger_than_its_input(lib, F):
    return F.avg_pool3d(lib.ones(1, 1, 4, 4, 4), 6, padding=3)


@case
def weight_of_another_dtype(lib, F):
    return F.multi_margin_loss(lib.ones(2, 3), lib.tensor([1, 2]), weight=lib.ones(3).double())


@case
def cosine_with_a_negative_eps(lib, F):
    return F.cosine_similarity(lib.ones(2, 3), lib.ones(2, 3), eps=-9.5e23)


def _bags(lib, indices, offsets, padding_idx=None):
    w = lib.tensor([[1.0, 2], [3, 2], [3, 1], [0, 5]], requires_grad=True)
    out, *rest = lib.embedding_bag(
        w, lib.tensor(indices), lib.tensor(offsets), False, 2, False, None, False, padding_idx
    )
    out.pow(2).sum().backward()
    return out.detach(), rest, w.grad


CASES["equal_maxima_of_bags"] = lambda lib, F: _bags(lib, [0, 1, 2, 3, 3, 1], [0, 3, 3])
CASES["equal_maxima_beside_padding"] = lambda lib, F: _bags(lib, [0, 1, 2, 3, 3, 1], [0, 3, 3], padding_idx=1)
CASES["empty_bags"] = lambda lib, F: _bags(lib, [2, 2], [0, 2, 2], padding_idx=2)


for _dtype, _lambd in itertools.product(
    ("float16", "bfloat16", "float32", "float64", "int32", "complex64"), (-1, -1.0, 65507.0, 1e39, 3.5e38, float("inf"))
):
    CASES[f"softshrink_{_dtype}_{_lambd}"] = lambda lib, F, a=(_dtype, _lambd): F.softshrink(
        lib.ones(2, dtype=getattr(lib, a[0])), a[1]
    )


@case
def a_grid_is_swept_twice(lib, F):
    theta = lib.arange(6.0).view(1, 2, 3).requires_grad_()
    grid = F.affine_grid(theta, (1, 1, 2, 3), align_corners=False)
    for _ in range(2):
        grid.backward(lib.arange(12.0).view(1, 2, 3, 2))
    return grid, theta.grad


@case
def a_grid_under_transforms(lib, F):
    func, theta = lib.func, lib.arange(24.0, dtype=lib.float64).view(2, 1, 3, 4)
    grid = lambda t: F.affine_grid(t, (1, 1, 2, 3, 2), align_corners=True)
    slope = func.jvp(lambda t: grid(t).pow(3).sum(), (theta[0],), (theta[1],))[1]
    both = func.jacrev(grid)(theta[0]) - func.jacfwd(grid)(theta[0])
    return func.vmap(grid)(theta).sum(), slope, both.abs().max()


@case
def nothing_to_pack(lib, F):
    return lib.nn.utils.rnn.pack_padded_sequence(lib.ones(0, 0), lib.tensor([]))


@case
def statistics_of_half_precision(lib, F):
    mean, var = lib.full((3,), 1 / 3), lib.ones(3)
    F.instance_norm(lib.arange(24.0).view(2, 3, 4).half(), mean, var)
    return mean, var


@case
def a_buffer_where_an_attribute_is(lib, F):
    module = lib.nn.Module()
    module.a = 5
    module.a = lib.nn.Buffer(lib.ones(2))


@case
def the_gradient_by_its_private_name(lib, F):
    p = lib.nn.Parameter(lib.ones(2))
    p._grad = lib.ones(2) * 3
    return p.grad, p._grad


@case
def a_spectral_norm_without_version(lib, F):
    net = lib.nn.utils.spectral_norm(lib.nn.Linear(3, 5))
    net(lib.ones(2, 3))
    state = net.state_dict()
    v = state.pop("weight_v").clone()
    state["weight"] = net.weight.detach().clone()
    del state._metadata[""]["spectral_norm"]
    net.weight_v.zero_()
    net.load_state_dict(state)
    found = lib.allclose(net.weight_v, v, atol=1e-5)
    del state["weight_u"]
    return found, net.load_state_dict(state, strict=False)


def _uninitialized(lib, function):
    p = lib.nn.parameter.UninitializedParameter()
    try:
        return function(lib, p)
    except (ValueError, RuntimeError) as error:  # what the function is called differs: it is compiled in torch
        return f"{type(error).__name__}: {str(error).partition(' in ')[0]}"


for _name, _function in {
    "empty_like": lambda lib, p: lib.empty_like(p),
    "add": lambda lib, p: lib.add(p, p),
    "plus": lambda lib, p: p + p,
    "item": lambda lib, p: p[0],
    "linear": lambda lib, p: lib.nn.functional.linear(lib.ones(2), p),
    "clone": lambda lib, p: p.clone(),
    "shape": lambda lib, p: p.shape,
    "half": lambda lib, p: p.half().dtype,
    "data": lambda lib, p: p.data,
    "grad": lambda lib, p: p.grad,
    "adagrad": lambda lib, p: lib.optim.Adagrad([p]),
    "sgd": lambda lib, p: type(lib.optim.SGD([p])).__name__,
}.items():
    CASES[f"uninitialized_{_name}"] = lambda lib, F, function=_function: _uninitialized(lib, function)


for _weighted in (False, True):

    @case
    def complex_rms_norm(lib, F, weighted=_weighted):
        x = lib.tensor([[1 + 2j, -0.5j, 3], [2, 1j, -1 - 1j]], requires_grad=True)
        w = lib.tensor([1.5j, 2 - 1j, 0.5 + 1j], requires_grad=True) if weighted else None
        y = F.rms_norm(x, (3,), w)
        found = y, *lib.autograd.grad(y.abs().sum(), [x, w][: 1 + weighted])
        return [lib.view_as_real(t.detach()).round(decimals=4) + 0.0 for t in found]

    CASES[f"complex_rms_norm_{_weighted}"] = CASES.pop("complex_rms_norm")


def _warned(lib, make):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        make(lib)
    return [(w.category, str(w.message), w.filename == __file__) for w in seen]


CASES["warns_nll_2d"] = lambda lib, F: _warned(lib, lambda lib: lib.nn.NLLLoss2d())
CASES["warns_container"] = lambda lib, F: _warned(lib, lambda lib: lib.nn.Container(a=lib.nn.Linear(2, 2)))


@pytest.mark.parametrize("name", CASES)
def test_as_in_torch(name):
    torch = pytest.importorskip("torch", reason="torch is the oracle of these tests")
    expected = shown(torch, CASES[name])
    assert shown(wengert, CASES[name]) == expected


def test_a_removed_spectral_norm_leaves_nothing():
    nn = wengert.nn
    net = nn.utils.remove_spectral_norm(nn.utils.spectral_norm(nn.Linear(3, 5)))
    assert not net._load_state_dict_pre_hooks and not net._state_dict_hooks
    assert net.load_state_dict(net.state_dict()) == ([], [])


def test_pooling_differentiates_in_batches():
    F, func = wengert.nn.functional, wengert.func
    wengert.manual_seed(0)
    for pool, shape, size in (
        (F.adaptive_avg_pool1d, (2, 3, 7), 3),
        (F.adaptive_avg_pool2d, (2, 3, 7, 6), (3, 2)),
        (F.adaptive_avg_pool2d, (3, 7, 6), (3, 2)),
        (F.adaptive_avg_pool3d, (2, 3, 4, 5, 6), 2),
        (F.avg_pool1d, (3, 7), 3),
        (F.avg_pool1d, (2, 3, 7), 3),
        (F.avg_pool2d, (2, 3, 7, 6), (3, 2)),
        (F.avg_pool3d, (3, 4, 5, 6), 2),
    ):
        slope = func.grad(lambda t, pool=pool, size=size: pool(t, size).pow(2).sum())
        x = wengert.randn(4, *shape)
        assert wengert.allclose(func.vmap(slope)(x), wengert.stack([slope(t) for t in x]))


def test_a_deprecated_use_is_told_once():
    text = "import wengert\nfor n in range(2): wengert.ones(2).T, wengert.ones(()).mT, wengert.ones(2, 2).T"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert [line.count("is deprecated") for line in done.stderr.splitlines() if "UserWarning" in line] == [1, 1]


def test_a_layer_knows_its_activation_when_calls_are_watched():
    text = "import wengert as wg; wg.nn.TransformerEncoderLayer\nclass Own(wg.Tensor): pass\n"
    text += "assert [wg.nn.TransformerEncoderLayer(4, 2, 8, activation=f).activation_relu_or_gelu for f in "
    text += "('relu', wg.nn.functional.relu, wg.nn.functional.gelu, wg.tanh)] == [1, 1, 2, 0]\n"
    text += "assert wg.nn.TransformerEncoderLayer(4, 2, 8).activation_relu_or_gelu == 1"
    subprocess.run([sys.executable, "-c", text], check=True)


def test_lazy_names_cost_nothing():
    text = "import wengert.nn as nn; nn.UninitializedParameter, nn.UninitializedBuffer, nn.functional.relu\n"
    text += "from wengert.overrides import _taking; assert not _taking._watching; nn.LazyLinear(2)\n"
    subprocess.run([sys.executable, "-c", text + "assert _taking._watching"], check=True)
