"""Every layer against torch: repr, keys, initial weights to the bit, outputs, gradients."""

import pytest

from .parity import array, build_both, check, torch, x

LONG = torch.int64


def index(high, *shape):
    """Random class indices."""
    return torch.randint(0, high, shape, generator=torch.Generator().manual_seed(3))


# name, arguments, keyword arguments, inputs
ACTIVATIONS = [
    (name, args, {}, lambda: [x(3, 5)])
    for name, args in [
        ("Threshold", (0.1, 0.5)), ("ReLU", ()), ("RReLU", ()), ("Hardtanh", ()), ("ReLU6", ()), ("Sigmoid", ()),
        ("Hardsigmoid", ()), ("Tanh", ()), ("SiLU", ()), ("Mish", ()), ("Hardswish", ()), ("ELU", (0.7,)),
        ("CELU", (0.7,)), ("SELU", ()), ("GELU", ()), ("GELU", ("tanh",)), ("Hardshrink", ()), ("LeakyReLU", (0.2,)),
        ("LogSigmoid", ()), ("Softplus", (2.0, 1.0)), ("Softshrink", (0.2,)), ("PReLU", ()), ("PReLU", (5,)),
        ("Softsign", ()), ("Tanhshrink", ()), ("Softmin", (1,)), ("Softmax", (0,)), ("LogSoftmax", (-1,)),
        ("Identity", ()), ("Dropout", (0.3,)), ("AlphaDropout", (0.3,)), ("Flatten", ()), ("Flatten", (0,)),
    ]
]  # fmt: skip
SHAPED = [
    ("GLU", (), {}, lambda: [x(3, 6)]),
    ("Softmax2d", (), {}, lambda: [x(2, 3, 4, 4)]),
    ("Linear", (4, 3), {}, lambda: [x(2, 4)]),
    ("Linear", (4, 3), {"bias": False}, lambda: [x(5, 2, 4)]),
    ("Bilinear", (3, 4, 2), {}, lambda: [x(5, 3), x(5, 4)]),
    ("Unflatten", (1, (2, 3)), {}, lambda: [x(2, 6)]),
    ("Dropout1d", (), {}, lambda: [x(2, 6, 3)]),
    ("Dropout2d", (), {}, lambda: [x(2, 6, 3, 3)]),
    ("Dropout3d", (), {}, lambda: [x(2, 6, 3, 3, 3)]),
    ("FeatureAlphaDropout", (), {}, lambda: [x(2, 6, 3)]),
    ("Embedding", (7, 3), {"padding_idx": 2}, lambda: [index(7, 4, 5)]),
    ("Embedding", (7, 3), {"max_norm": 1.0}, lambda: [index(7, 4)]),
    ("Embedding", (7, 3), {"scale_grad_by_freq": True}, lambda: [index(3, 6)]),
    ("EmbeddingBag", (7, 3), {}, lambda: [index(7, 4, 5)]),
    ("EmbeddingBag", (7, 3), {"mode": "sum"}, lambda: [index(7, 6), torch.tensor([0, 2, 5])]),
    ("EmbeddingBag", (7, 3), {"mode": "max"}, lambda: [index(7, 4, 5)]),
    ("PairwiseDistance", (), {}, lambda: [x(3, 4), x(3, 4, seed=1)]),
    ("CosineSimilarity", (), {}, lambda: [x(3, 4), x(3, 4, seed=1)]),
    ("Fold", ((4, 5), (2, 2)), {}, lambda: [x(2, 12, 12)]),
    ("Unfold", ((2, 3),), {"padding": 1, "stride": 2}, lambda: [x(2, 3, 4, 5)]),
    ("PixelShuffle", (2,), {}, lambda: [x(1, 8, 2, 3)]),
    ("PixelUnshuffle", (2,), {}, lambda: [x(1, 2, 4, 6)]),
    ("ChannelShuffle", (2,), {}, lambda: [x(1, 4, 2, 2)]),
    ("Upsample", (), {"scale_factor": 2}, lambda: [x(1, 2, 3, 4)]),
    ("Upsample", (), {"size": (5, 7), "mode": "bilinear"}, lambda: [x(1, 2, 3, 4)]),
    ("Upsample", (), {"scale_factor": 1.7, "mode": "bicubic"}, lambda: [x(1, 2, 4, 4)]),
    ("Upsample", (), {"scale_factor": 2, "mode": "linear", "align_corners": True}, lambda: [x(1, 2, 3)]),
    ("Upsample", (), {"size": (3, 4, 5), "mode": "trilinear"}, lambda: [x(1, 2, 2, 3, 3)]),
    ("Upsample", (), {"scale_factor": 1.5, "mode": "nearest-exact"}, lambda: [x(1, 2, 4)]),
    ("UpsamplingNearest2d", (), {"scale_factor": 2}, lambda: [x(1, 2, 3, 3)]),
    ("UpsamplingBilinear2d", (), {"scale_factor": 2}, lambda: [x(1, 2, 3, 3)]),
]
PADS = [
    (f"{kind}Pad{n}d", (pad, 0.5) if kind == "Constant" else (pad,), {}, lambda n=n: [x(2, 3, *([4, 5, 6][:n]))])
    for kind in ("Circular", "Constant", "Reflection", "Replication", "Zero")
    for n in (1, 2, 3)
    for pad in (1, tuple(range(1, 3)) * n)
]
CONVS = [
    ("Conv1d", (4, 6, 3), {"stride": 2, "padding": 1}, lambda: [x(2, 4, 9)]),
    ("Conv1d", (4, 6, 3), {"padding": "same", "groups": 2, "bias": False}, lambda: [x(2, 4, 9)]),
    ("Conv2d", (2, 4, 3), {"padding": 1, "dilation": 2}, lambda: [x(2, 2, 6, 7)]),
    ("Conv2d", (2, 4, (3, 2)), {"padding": "same", "padding_mode": "reflect"}, lambda: [x(2, 2, 6, 7)]),
    ("Conv2d", (2, 4, 3), {"padding": 2, "padding_mode": "circular", "groups": 2}, lambda: [x(2, 2, 6, 7)]),
    ("Conv2d", (2, 4, 3), {"padding": (1, 2), "padding_mode": "replicate"}, lambda: [x(2, 6, 7)]),
    ("Conv3d", (2, 3, 2), {"padding": "valid"}, lambda: [x(1, 2, 4, 4, 3)]),
    ("ConvTranspose1d", (4, 6, 3), {"stride": 2, "output_padding": 1}, lambda: [x(2, 4, 5)]),
    ("ConvTranspose2d", (4, 2, 3), {"padding": 1, "dilation": 2, "groups": 2}, lambda: [x(2, 4, 5, 4)]),
    ("ConvTranspose3d", (2, 3, 2), {"stride": 2}, lambda: [x(1, 2, 3, 2, 3)]),
]
POOLS = [
    ("MaxPool1d", (3,), {"stride": 2, "padding": 1}, lambda: [x(2, 3, 8)]),
    ("MaxPool1d", (3,), {"return_indices": True}, lambda: [x(2, 3, 8)]),
    ("MaxPool2d", (2,), {}, lambda: [x(2, 3, 6, 7)]),
    ("MaxPool2d", (3,), {"stride": 2, "dilation": 2, "return_indices": True}, lambda: [x(2, 3, 9, 8)]),
    ("MaxPool2d", (3,), {"stride": 2, "ceil_mode": True}, lambda: [x(3, 6, 6)]),
    ("MaxPool3d", (2,), {"return_indices": True}, lambda: [x(1, 2, 4, 4, 5)]),
    ("AvgPool1d", (3,), {"padding": 1}, lambda: [x(2, 3, 8)]),
    ("AvgPool2d", (3,), {"stride": 2, "padding": 1, "count_include_pad": False}, lambda: [x(2, 3, 7, 6)]),
    ("AvgPool2d", (2,), {"ceil_mode": True, "divisor_override": 3}, lambda: [x(2, 3, 5, 5)]),
    ("AvgPool3d", (2,), {}, lambda: [x(1, 2, 4, 4, 5)]),
    ("LPPool1d", (2, 3), {}, lambda: [x(2, 3, 8)]),
    ("LPPool2d", (2, 2), {"stride": 1}, lambda: [x(2, 3, 5, 5)]),
    ("LPPool3d", (2, 2), {}, lambda: [x(1, 2, 4, 4, 4)]),
    ("AdaptiveAvgPool1d", (3,), {}, lambda: [x(2, 3, 8)]),
    ("AdaptiveAvgPool2d", ((3, None),), {}, lambda: [x(2, 3, 7, 5)]),
    ("AdaptiveAvgPool3d", (2,), {}, lambda: [x(1, 2, 4, 5, 3)]),
    ("AdaptiveMaxPool1d", (3,), {"return_indices": True}, lambda: [x(2, 3, 8)]),
    ("AdaptiveMaxPool2d", ((3, 2),), {"return_indices": True}, lambda: [x(2, 3, 7, 5)]),
    ("AdaptiveMaxPool3d", (2,), {}, lambda: [x(1, 2, 4, 5, 3)]),
    ("FractionalMaxPool2d", (2,), {"output_size": (3, 4), "return_indices": True}, lambda: [x(2, 3, 7, 9)]),
    ("FractionalMaxPool2d", (2,), {"output_ratio": 0.5}, lambda: [x(2, 3, 7, 9)]),
    ("FractionalMaxPool3d", (2,), {"output_size": (2, 3, 1), "return_indices": True}, lambda: [x(2, 2, 4, 7, 5)]),
]
NORMS = [
    ("BatchNorm1d", (3,), {}, lambda: [x(4, 3)]),
    ("BatchNorm1d", (3,), {"momentum": None}, lambda: [x(4, 3, 5)]),
    ("BatchNorm2d", (3,), {"affine": False}, lambda: [x(4, 3, 2, 3)]),
    ("BatchNorm2d", (3,), {"track_running_stats": False, "bias": False}, lambda: [x(4, 3, 2, 3)]),
    ("BatchNorm3d", (3,), {"eps": 1e-3}, lambda: [x(4, 3, 2, 3, 2)]),
    ("InstanceNorm1d", (3,), {"affine": True}, lambda: [x(4, 3, 6)]),
    ("InstanceNorm2d", (3,), {"track_running_stats": True}, lambda: [x(4, 3, 4, 3)]),
    ("InstanceNorm2d", (3,), {}, lambda: [x(3, 4, 3)]),
    ("InstanceNorm3d", (3,), {}, lambda: [x(2, 3, 4, 3, 2)]),
    ("LayerNorm", (5,), {}, lambda: [x(2, 3, 5)]),
    ("LayerNorm", ((3, 5),), {"bias": False}, lambda: [x(2, 3, 5)]),
    ("LayerNorm", (5,), {"elementwise_affine": False}, lambda: [x(2, 5)]),
    ("GroupNorm", (2, 4), {}, lambda: [x(3, 4, 5)]),
    ("GroupNorm", (1, 4), {"affine": False}, lambda: [x(3, 4, 2, 2)]),
    ("RMSNorm", (5,), {}, lambda: [x(2, 3, 5)]),
    ("RMSNorm", ((3, 5),), {"eps": 0.1}, lambda: [x(2, 3, 5)]),
    ("LocalResponseNorm", (2,), {}, lambda: [x(2, 5, 4)]),
    ("LocalResponseNorm", (3,), {"alpha": 0.5}, lambda: [x(2, 5, 4, 3)]),
    ("CrossMapLRN2d", (3,), {"alpha": 0.5}, lambda: [x(2, 5, 4, 3)]),
]
RECURRENT = [
    ("RNN", (4, 3), {}, lambda: [x(5, 2, 4)]),
    ("RNN", (4, 3, 2), {"nonlinearity": "relu", "bidirectional": True}, lambda: [x(5, 2, 4), x(4, 2, 3)]),
    ("RNN", (4, 3), {"bias": False, "batch_first": True}, lambda: [x(2, 5, 4)]),
    ("LSTM", (4, 3, 2), {"dropout": 0.5}, lambda: [x(5, 2, 4)]),
    ("LSTM", (4, 3), {"proj_size": 2, "bidirectional": True}, lambda: [x(5, 2, 4), (x(2, 2, 2), x(2, 2, 3))]),
    ("LSTM", (4, 3), {"batch_first": True}, lambda: [x(5, 4)]),
    ("GRU", (4, 3, 2), {"bidirectional": True}, lambda: [x(5, 2, 4)]),
    ("GRU", (4, 3), {"batch_first": True, "bias": False}, lambda: [x(2, 5, 4), x(1, 2, 3)]),
    ("RNNCell", (4, 3), {}, lambda: [x(2, 4)]),
    ("RNNCell", (4, 3), {"nonlinearity": "relu", "bias": False}, lambda: [x(2, 4), x(2, 3)]),
    ("LSTMCell", (4, 3), {}, lambda: [x(2, 4), (x(2, 3), x(2, 3, seed=2))]),
    ("GRUCell", (4, 3), {}, lambda: [x(4), x(3)]),
]
ATTENTION = [
    ("MultiheadAttention", (6, 2), {}, lambda: [x(3, 2, 6), x(4, 2, 6), x(4, 2, 6, seed=3)]),
    ("MultiheadAttention", (6, 3), {"dropout": 0.5, "batch_first": True}, lambda: [x(2, 3, 6)] * 3),
    ("MultiheadAttention", (6, 2), {"kdim": 4, "vdim": 5, "bias": False}, lambda: [x(3, 2, 6), x(4, 2, 4), x(4, 2, 5)]),
    ("MultiheadAttention", (6, 2), {"add_bias_kv": True, "add_zero_attn": True}, lambda: [x(3, 6)] * 3),
    ("TransformerEncoderLayer", (6, 2, 8), {}, lambda: [x(3, 2, 6)]),
    ("TransformerEncoderLayer", (6, 2, 8), {"norm_first": True, "activation": "gelu"}, lambda: [x(3, 2, 6)]),
    ("TransformerDecoderLayer", (6, 2, 8), {"dropout": 0.0}, lambda: [x(3, 2, 6), x(4, 2, 6)]),
    ("Transformer", (6, 2, 1, 1, 8), {"batch_first": True}, lambda: [x(2, 3, 6), x(2, 4, 6)]),
    ("AdaptiveLogSoftmaxWithLoss", (8, 12, [4, 8]), {"div_value": 2.0}, lambda: [x(6, 8), index(12, 6)]),
]
LAZY = [
    ("LazyLinear", (3,), {}, lambda: [x(2, 4)]),
    ("LazyConv1d", (4, 3), {}, lambda: [x(2, 3, 6)]),
    ("LazyConv2d", (4, 3), {"groups": 2}, lambda: [x(2, 4, 6, 6)]),
    ("LazyConvTranspose2d", (4, 3), {}, lambda: [x(2, 4, 6, 6)]),
    ("LazyBatchNorm1d", (), {}, lambda: [x(4, 3)]),
    ("LazyBatchNorm2d", (), {}, lambda: [x(4, 3, 2, 2)]),
    ("LazyInstanceNorm1d", (), {}, lambda: [x(4, 3, 6)]),
]
CASES = ACTIVATIONS + SHAPED + PADS + CONVS + POOLS + NORMS + RECURRENT + ATTENTION
IDS = [f"{case[0]}-{i}" for i, case in enumerate(CASES)]


def assert_same_state(ours, theirs, exact=True):
    """State dicts have the same keys, metadata and values."""
    a, b = ours.state_dict(), theirs.state_dict()
    assert list(a) == list(b)
    assert dict(a._metadata) == dict(b._metadata)
    for key in b:
        assert array(a[key]).tobytes() == array(b[key]).tobytes() if exact else True, key


@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), CASES, ids=IDS)
def test_layer_is_torchs(name, args, kwargs, inputs):
    ours, theirs = build_both(name, args, kwargs)
    assert repr(ours) == repr(theirs)
    assert_same_state(ours, theirs)
    check(ours, theirs, inputs())
    assert_same_state(ours, theirs, exact=False)


@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), CASES, ids=IDS)
def test_layer_in_eval_mode_is_torchs(name, args, kwargs, inputs):
    ours, theirs = build_both(name, args, kwargs)
    check(ours.eval(), theirs.eval(), inputs())


@pytest.mark.parametrize(("name", "args", "kwargs", "inputs"), LAZY, ids=[c[0] for c in LAZY])
def test_lazy_layer_is_torchs(name, args, kwargs, inputs):
    ours, theirs = build_both(name, args, kwargs)
    assert repr(ours) == repr(theirs)
    check(ours, theirs, inputs())
    assert repr(ours) == repr(theirs)
    assert type(ours).__name__ == type(theirs).__name__
    assert_same_state(ours, theirs, exact=False)


def test_running_statistics_are_torchs():
    from .parity import assert_same

    for name in ("BatchNorm1d", "InstanceNorm1d"):
        ours, theirs = build_both(name, (3,), {"track_running_stats": True})
        for seed in (1, 2):
            check(ours, theirs, [x(4, 3, 5, seed=seed)])
        for a, b in zip(ours.buffers(), theirs.buffers()):
            assert_same(a, b)


def test_every_public_name_of_torch_nn_exists():
    from wengert import nn

    ignored = {"intrinsic", "qat", "quantizable", "quantized"}
    assert [n for n in dir(torch.nn) if n[0] != "_" and n not in ignored and not hasattr(nn, n)] == []


def test_classes_are_found_where_torch_has_them():
    from importlib import import_module

    lost = []
    for name in torch.nn.modules.__all__:
        home = getattr(torch.nn, name).__module__.replace("torch", "wengert", 1)
        if getattr(import_module(home), name, None) is not getattr(import_module("wengert.nn"), name):
            lost.append(f"{home}.{name}")
    assert lost == []


def test_importing_nn_loads_only_what_is_used():
    import subprocess
    import sys

    program = "import sys, wengert.nn as nn; nn.Linear(1, 1); print('wengert.nn.modules.rnn' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False"]
