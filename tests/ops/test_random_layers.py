"""Layers and functions that draw numbers: torch's bits, gradients and refusals, in any memory order and dtype."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")
FLOATS = ["float64", "float32", "bfloat16", "float16"]


def flipped(t, dtype, *shape):
    """A tensor whose memory runs the other way through its dims."""
    n = int(np.prod(shape))
    x = t.linspace(-1, 1, n, dtype=t.float64).to(getattr(t, dtype))
    return x.reshape(shape[::-1]).permute(*range(len(shape) - 1, -1, -1))


PROGRAMS = {
    "dropout3d of volumes": lambda t, d: t.nn.functional.dropout3d(flipped(t, d, 2, 3, 4, 2, 2), 0.4),
    "dropout3d without a batch": lambda t, d: t.nn.functional.dropout3d(flipped(t, d, 3, 4, 2, 2), 0.4),
    "native_dropout": lambda t, d: t.native_dropout(flipped(t, d, 5, 7), 0.3, True),
    "native_dropout of all": lambda t, d: t.native_dropout(flipped(t, d, 5, 7), 1.0, True),
    "native_dropout of none": lambda t, d: t.native_dropout(flipped(t, d, 5, 7), 0.3, False),
    "rrelu": lambda t, d: t.nn.functional.rrelu(flipped(t, d, 5, 7), 0.1, 0.3, True),
    "rrelu_": lambda t, d: t.nn.functional.rrelu_(flipped(t, d, 5, 7), 0.1, 0.3, True),
    "gumbel_softmax": lambda t, d: t.nn.functional.gumbel_softmax(flipped(t, d, 5, 7), 0.7, hard=True) > 0.5,
}


def run(t, program, dtype):
    """The result, what is drawn next, or the error."""
    t.manual_seed(3)
    try:
        made = PROGRAMS[program](t, dtype)
    except NotImplementedError as error:
        return str(error)
    made = made if isinstance(made, tuple) else (made,)
    return [(str(m.dtype), m.tolist()) for m in (*made, t.rand(2))]


@pytest.mark.filterwarnings("ignore:dropout3d:UserWarning")
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("program", PROGRAMS)
def test_draws(program, dtype):
    assert run(wg, program, dtype) == run(torch, program, dtype)


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
@pytest.mark.parametrize("layer", ["rrelu", "native_dropout"])
def test_gradients(layer, dtype):
    found = []
    for t in (wg, torch):
        t.manual_seed(3)
        x = flipped(t, dtype, 5, 7).clone().requires_grad_()
        y = t.native_dropout(x, 0.3, True)[0] if layer == "native_dropout" else t.rrelu(x, training=True)
        y.backward(flipped(t, dtype, 5, 7) * 0.7)
        found.append((type(y.grad_fn).__name__, x.grad.tolist()))
    assert found[0] == found[1]


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("dim", [0, 1, (0, 1)])
def test_logsumexp_rounds_at_every_step(dim, dtype):
    data = (np.random.default_rng(0).normal(size=(40, 33)) * 3).tolist()
    data[3][4] = float("inf")
    one, other = (t.tensor(data).to(getattr(t, dtype)).logsumexp(dim) for t in (wg, torch))
    assert one.tolist() == other.tolist()
