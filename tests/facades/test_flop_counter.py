"""FlopCounterMode: forward and backward passes count what torch counts, module by module."""

import pytest

import wengert as wg
from wengert.utils._python_dispatch import TorchDispatchMode
from wengert.utils.flop_counter import FlopCounterMode, register_flop_formula

MODELS = {
    "mlp": lambda nn: (nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Sequential(nn.Linear(16, 4))), (5, 8)),
    "no bias": lambda nn: (nn.Sequential(nn.Linear(8, 16, bias=False), nn.Linear(16, 4)), (5, 7, 8)),
    "cnn": lambda nn: (nn.Sequential(nn.Conv2d(3, 6, 3, stride=2), nn.Conv2d(6, 4, 2, groups=2)), (2, 3, 9, 9)),
    "transposed": lambda nn: (nn.ConvTranspose2d(3, 5, 3, stride=2), (2, 3, 6, 6)),
    "conv1d": lambda nn: (nn.Conv1d(3, 5, 3), (2, 3, 9)),
}


def counted(library, counter, name):
    model, shape = MODELS[name](library.nn)
    with counter(display=False) as mode:
        model(library.randn(shape, requires_grad=True)).sum().backward()
    counts = {module: {str(op): n for op, n in ops.items()} for module, ops in mode.get_flop_counts().items()}
    return mode.get_total_flops(), counts


@pytest.mark.parametrize("name", MODELS)
def test_counts_are_torchs(name):
    torch = pytest.importorskip("torch")
    theirs = pytest.importorskip("torch.utils.flop_counter").FlopCounterMode
    assert counted(wg, FlopCounterMode, name) == counted(torch, theirs, name)


def test_formulas_of_ones_own():
    with pytest.raises(RuntimeError, match=r"duplicate registrations for aten\.mm"):
        register_flop_formula(wg.ops.aten.mm)(lambda *shapes, **_: 0)
    with pytest.raises(ValueError, match="expected each target to be OpOverloadPacket"):
        register_flop_formula(3)(lambda *shapes, **_: 0)
    x = wg.ones(3)
    with FlopCounterMode(display=False, custom_mapping={wg.ops.aten.exp: lambda shape, out_shape: shape[0]}) as mode:
        x.exp()
    assert mode.get_total_flops() == 3


def test_the_products_of_a_backward_pass_reach_modes():
    seen = []

    class Seeing(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            seen.append(str(func))
            return func(*args, **(kwargs or {}))

    x, w = wg.ones(2, 3, requires_grad=True), wg.ones(3, 4, requires_grad=True)
    out = (x @ w).sum()
    with Seeing():
        out.backward()
    assert seen.count("aten.mm.default") == 2
