"""Layers at the edge of what they take: the same values, or the same refusal word for word, as in torch."""

import warnings
from math import inf, nan

import pytest

import wengert

CASES = {}


def case(function):
    CASES[function.__name__] = function


def shown(lib, function):
    """The result as text, or the error's kind and first line."""
    lib.manual_seed(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(function(lib, lib.nn.functional))
        except Exception as error:
            return f"{type(error).__name__}: {str(error).splitlines()[0]}"


def _ctc(lib, inputs=(5, 5), targets=(2, 1), rows=2, steps=5):
    logs = lib.arange(steps * 2 * 4.0).view(steps, 2, 4).sin().log_softmax(2)
    labels = lib.ones(rows, 2, dtype=lib.long)
    return lib.nn.functional.ctc_loss(logs, labels, lib.tensor(inputs), lib.tensor(targets), reduction="none").abs()


for name, options in {
    "nothing_in": {"inputs": (0, 0), "targets": (0, 1)},
    "float_lengths": {"inputs": (5.0, 5.0)},
    "negative": {"inputs": (5, -1)},
    "too_long": {"inputs": (5, 9)},
    "too_few_labels": {"targets": (2, 3)},
    "too_many_rows": {"rows": 3},
    "no_steps": {"steps": 0},
}.items():
    CASES[f"ctc_{name}"] = lambda lib, F, options=options: _ctc(lib, **options)
for mode in ("nearest", "bilinear", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        CASES[f"grid_{mode}_{padding}"] = lambda lib, F, how=(mode, padding): F.grid_sample(
            lib.arange(9.0).view(1, 1, 3, 3), lib.tensor([[[[nan, 0], [0, inf], [0.3, -0.7]]]]), *how, False
        )
for scores, target in {(0,): (10,), (10, 0): (10, 0), (2, 3): (2, 1), (3,): (2,), (2, 3, 4): (2,)}.items():
    for loss in ("multi_margin_loss", "multilabel_margin_loss"):
        CASES[f"{loss}_{scores}_{target}"] = lambda lib, F, n=loss, x=scores, t=target: getattr(F, n)(
            lib.zeros(x), lib.zeros(t, dtype=lib.long)
        )
for gates, name in ((1, "RNNCell"), (4, "LSTMCell"), (3, "GRUCell")):
    for which, shape in {"weight_ih": (5,), "weight_hh": (16,), "bias_ih": (), "bias_hh": ()}.items():

        def wrong_rows(lib, F, name=name, which=which, shape=(gates * 16 + 1, *shape)):
            cell, h = getattr(lib.nn, name)(5, 16), lib.zeros(4, 16)
            setattr(cell, which, lib.nn.Parameter(lib.zeros(shape)))
            return cell(lib.zeros(4, 5), (h, h) if name == "LSTMCell" else h)

        CASES[f"{name}_{which}"] = wrong_rows
for name in ("elu", "hardswish", "silu", "leaky_relu", "hardsigmoid", "selu", "celu", "hardtanh"):
    CASES[f"overlap_{name}"] = lambda lib, F, n=name: getattr(F, n)(lib.zeros(1, 6).expand(6, 6), inplace=True)
for bounds in ((inf, inf), (0.1, inf), (0.5, 0.1)):
    CASES[f"rrelu_{bounds}"] = lambda lib, F, b=bounds: F.rrelu(lib.ones(3), *b)
for p in (0.0, 1.0, 2.0, inf):
    CASES[f"pdist_{p}"] = lambda lib, F, p=p: [
        F.pdist(lib.tensor([[a], [b]]), p) for a, b in ((inf, inf), (nan, 1.0), (inf, 1.0))
    ]
for kind in ("float32", "float64", "float16"):
    for mode in ("sum", "mean", "max"):
        for pad in (None, 1, 7):
            CASES[f"bag_{kind}_{mode}_{pad}"] = lambda lib, F, k=kind, m=mode, p=pad: F.embedding_bag(
                lib.tensor([1, 9]), lib.ones(4, 3, dtype=getattr(lib, k)), lib.tensor([0]), mode=m, padding_idx=p
            )
for samples in ((0, 0, 2), (1, 3, 2), (2, 2, 2), (2, 3, 3)):
    CASES[f"fractional_{samples}"] = lambda lib, F, s=samples: F.fractional_max_pool2d(
        lib.ones(2, 3, 4, 4), 2, (2, 2), _random_samples=lib.zeros(s)
    )


for mode in ("bilinear", "bicubic"):
    for size in ((32, 32), (5, 9), (17, 7)):
        for smooth in (False, True):
            CASES[f"bytes_{mode}_{size}_{smooth}"] = lambda lib, F, m=mode, s=size, a=smooth: F.interpolate(
                (lib.arange(2 * 3 * 17 * 12) * 37 % 256).to(lib.uint8).view(2, 3, 17, 12), s, mode=m, antialias=a
            ).tolist()


@case
def fold_too_large(lib, F):
    return F.fold(lib.zeros(3, 7), 16, 7318349394477056)


@case
def fold_no_windows(lib, F):
    return F.fold(lib.zeros(1, 12, 12), (4, 5), 2, dilation=8)


@case
def cosine_broadcast(lib, F):
    return F.cosine_similarity(lib.ones(2, 3), lib.ones(1))


@case
def cosine_integers(lib, F):
    return F.cosine_similarity(lib.ones(2, 3).int(), lib.ones(2, 3).int())


@case
def circular_pad_is_a_copy(lib, F):
    x = lib.zeros(1, 3, 4, 4)
    F.pad(x, (0, 0, 0, 0), mode="circular").fill_(4)
    return x.max()


@case
def circular_pad_cuts_first(lib, F):
    x = lib.arange(36.0).view(1, 1, 6, 6).requires_grad_()
    y = F.pad(x, (-2, 3, 1, -3), mode="circular")
    y.pow(2).sum().backward()
    return y.detach(), x.grad


@case
def adaptive_pools_to_nothing_have_no_gradient(lib, F):
    errors = []
    for pool in (F.adaptive_avg_pool1d, F.adaptive_max_pool1d, F.adaptive_avg_pool2d, F.adaptive_max_pool2d):
        x = lib.ones(1, 2, *[4] * int(pool.__name__[-2])).requires_grad_()
        try:
            pool(x, 0).sum().backward()
        except RuntimeError as error:
            errors.append(str(error).split("\n")[0])
    return errors


@case
def batch_norm_of_permuted_bfloat16(lib, F):
    x = lib.arange(24, dtype=lib.bfloat16).reshape(1, 3, 2, 4).permute(0, 2, 1, 3)
    return lib.nn.BatchNorm2d(2)(x).float().flatten().detach(), F.max_pool2d(x, 2), F.layer_norm(x, (4,)).flatten()


@case
def group_norm_of_mixed_types(lib, F):
    m, x = lib.nn.GroupNorm(2, 4), lib.arange(72.0).sin().view(2, 4, 3, 3).bfloat16()
    m(x).backward(x.roll(1))
    return m.weight.grad, m.bias.grad


@case
def gradient_of_another_type(lib, F):
    m = lib.nn.Conv2d(1, 1, 1).to(lib.bfloat16)
    x = lib.ones(1, 1, 2, 2, dtype=lib.bfloat16, requires_grad=True)
    m(x).backward(lib.ones(1, 1, 2, 2))
    return x.grad.dtype, m.weight.grad.dtype


@case
def to_with_copy(lib, F):
    return lib.nn.Linear(2, 2).to("cpu", copy=True)


@case
def to_with_a_flag_for_a_type(lib, F):
    return lib.nn.Linear(2, 2).to(lib.device("cpu"), True)


@case
def buffer_in_a_module_that_knows_no_persistent(lib, F):
    class Old(lib.nn.Module):
        def register_buffer(self, name, value):
            super().register_buffer(name, value)

    m = Old()
    m.b = lib.nn.Buffer(lib.ones(1))
    return list(m.state_dict())


@case
def shuffle_overflow(lib, F):
    return F.pixel_shuffle(lib.zeros(2, 16, 9, 3), 545460846592)


@case
def distributed_without_a_group(lib, F):
    return lib.nn.parallel.DistributedDataParallel(lib.nn.Linear(2, 2))


@case
def no_time_steps(lib, F):
    return lib.nn.GRU(5, 16)(lib.zeros(0, 2, 5))


@case
def nll_of_one_sample(lib, F):
    return F.nll_loss(lib.zeros(10), lib.zeros(3, dtype=lib.long))


@pytest.mark.parametrize("name", CASES)
def test_like_torch(name):
    torch = pytest.importorskip("torch")
    assert shown(wengert, CASES[name]) == shown(torch, CASES[name])
