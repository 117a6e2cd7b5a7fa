"""What is no longer used is let go of: tensors, nodes and bytes are counted before and after."""

import gc

import pytest

import wengert as wg
from wengert import _core


def counts():
    gc.collect()
    gc.collect()  # what only the first pass could reach
    return _core.live()


def graph():
    x = wg.rand(50, 50, requires_grad=True)
    return ((x @ x).tanh() * x).sum()


def hooked():
    x = wg.rand(3, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * x)
    x.register_hook(lambda g: g * x)  # a cycle: the hook holds the tensor that holds the hook
    x.itself = [x]  # and another, through an attribute


def twice():
    x = wg.rand(4, requires_grad=True)
    (g,) = wg.autograd.grad((x**3).sum(), x, create_graph=True)
    g.sum().backward()


def refused():
    x = wg.rand(4, requires_grad=True)
    y = x.exp()
    y.add_(1)
    with pytest.raises(RuntimeError):
        y.sum().backward()


def own_function():
    class Square(wg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.itself = ctx
            return x * x

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return 2 * g * x

    x = wg.rand(5, requires_grad=True)
    Square.apply(x).sum().backward()
    x.loop = [x]


def views():
    x = wg.rand(4, 4, requires_grad=True) * 1
    for row in x.unbind():
        row.sum()
    x[1].mul_(3)
    x.sum().backward()


def training():
    from wengert import nn, optim

    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 1))
    optimizer = optim.Adam(model.parameters())
    for _ in range(3):
        optimizer.zero_grad()
        model(wg.rand(4, 8)).sum().backward()
        optimizer.step()


@pytest.mark.parametrize(
    "program",
    [graph, lambda: graph().backward(), hooked, twice, refused, own_function, views, training],
    ids=["unused graph", "backward", "hooked", "twice", "refused", "own function", "views", "training"],
)
def test_nothing_stays(program):
    for _ in range(3):  # the first runs trace programs and fill caches
        program()
    before = counts()
    for _ in range(5):
        program()
    assert counts() == before


def test_a_backward_pass_frees_what_was_saved():
    x = wg.rand(256, 1024, requires_grad=True)
    y = x.exp().sum()
    with wg.no_grad():
        wg.ones(1)
    held = counts()
    y.backward()
    x.grad = None
    assert _bytes(counts()) <= _bytes(held) - 256 * 1024 * 4


def _bytes(live):
    return live["bytes"] if isinstance(live, dict) else live[-1]


def test_a_long_chain_is_freed_without_recursion():
    before = counts()
    x = wg.ones(1, requires_grad=True)
    y = x
    for _ in range(100_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.item() == 1
    y = x * 1
    for _ in range(100_000):
        y = y * 1.0
    del y, x
    assert counts() == before
