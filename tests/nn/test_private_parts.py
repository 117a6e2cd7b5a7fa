"""Functions that torch keeps private and that programs call: values as torch's, or the same refusal."""

import pytest

import wengert
import wengert.nn.utils.prune

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")

CALLS = """
m._masked_softmax(x, m.tensor([[True, False, False], [False, False, True]]), 3, 1)
m._masked_softmax(x, m.ones(3, 3).triu(1).bool(), 3, 0)
m._masked_softmax(x, x > 0.3)
m._masked_softmax(x, x > 0.3, 0, 2)
m._masked_softmax(x, x, 3, 1)
m._masked_softmax(x, m.ones(3).bool(), 3, 2)
m.native_channel_shuffle(x, 2)
m.nn.functional.batch_norm(x[:0].double(), m.zeros(2), m.ones(2), m.ones(2), m.ones(2), True)
m.nn.utils.prune._compute_nparams_toprune(0.4, 17)
m.nn.utils.prune._validate_pruning_amount(20, 19)
m.nn.utils.prune._validate_pruning_amount_init(1.5)
list(m.nn.BatchNorm1d(2)._replicate_for_data_parallel()._buffers)
list(m.nn.Linear(2, 2)._replicate_for_data_parallel().parameters())
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_private(call):
    def run(m):
        try:
            return str(eval(call, {"m": m, "x": m.arange(36.0).sin().view(2, 2, 3, 3)}))
        except (RuntimeError, ValueError) as error:
            return f"{type(error).__name__}: {error}"

    assert run(wengert) == run(torch)
