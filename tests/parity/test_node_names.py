"""The names of nodes in graphs that a program looks at: torch's."""

import pytest

import wengert

torch = pytest.importorskip("torch")

CALLS = """
m.fft.fft(c)
m.fft.rfft(x)
m.fft.irfft(c)
x.median()
x.median(0)[0]
x.nanmedian(0)[0]
x // y
m.heaviside(x, y)
x.max()
x.max(0)[0]
x.sum(0)
x.var(0)
x[0]
x.view(-1)
x @ y.t()
F.linear(x, y)
F.cross_entropy(x, m.tensor([0, 1, 2]))
F.layer_norm(x, (4,))
F.avg_pool2d(x[None, None], 2)
""".strip().splitlines()


@pytest.mark.parametrize("call", CALLS)
def test_names(call):
    def run(m):
        x, y = (m.arange(12.0).reshape(3, 4).requires_grad_() for _ in range(2))
        scope = {"m": m, "F": m.nn.functional, "x": x, "y": y, "c": m.complex(x, y).detach().requires_grad_()}
        node = eval(call, scope).grad_fn
        return node.name(), type(node).__name__, [n and n.name() for n, _ in node.next_functions]

    assert run(wengert) == run(torch)
