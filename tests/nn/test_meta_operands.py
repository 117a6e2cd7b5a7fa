"""Layers on the meta device that are given tensors that have values: what torch takes, and its refusals of the rest."""

import pytest

import wengert

torch = pytest.importorskip("torch")

CALLS = """
m.nn.Embedding(3, 4, device="meta")(m.tensor([0]))
m.nn.LayerNorm(3, device="meta")(m.ones(2, 3))
m.empty(3, 4, device="meta") @ m.ones(4, 5)
m.bmm(m.ones(2, 3, 4), m.empty(2, 4, 5, device="meta"))
m.empty(3, 4, device="meta")[m.tensor([0])]
m.empty(3, 4, device="meta").index_select(0, m.tensor([0]))
m.empty(3, device="meta").add_(m.ones(3))
m.ones(3) + m.empty(3, device="meta")
m.empty(3, device="meta") + m.ones(3)
m.cat([m.ones(2), m.empty(2, device="meta")])
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_operands_of_two_devices(call):
    def run(m):
        try:
            y = eval(call, {"m": m})
        except RuntimeError as error:
            return str(error).splitlines()[0]
        return str(y.device), tuple(y.shape), str(y.dtype)

    assert run(wengert) == run(torch)
