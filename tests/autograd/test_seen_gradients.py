"""Gradients that a program looks at: where they lie in memory, and whether they have a history, as in torch."""

import pytest

import wengert as wg


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "rrelu", "relu6"])
def test_the_gradient_of_a_flat_piece_may_be_differentiated(name):
    torch = pytest.importorskip("torch")
    seen = []
    for t in (wg, torch):
        x = t.tensor([-2.0, 0.0, 3.0], requires_grad=True)
        (g,) = t.autograd.grad(getattr(t.nn.functional, name)(x).sum(), x, create_graph=True)
        g.sum().backward()
        seen.append((g.tolist(), g.requires_grad, x.grad.tolist()))
    assert seen[0] == seen[1]


def test_relu_hands_on_only_what_it_let_through():
    x = wg.tensor([-1.0, 0.0, 2.0, float("nan")], requires_grad=True)
    (g,) = wg.autograd.grad(x.relu(), x, wg.tensor([float("inf"), float("nan"), 2.0, 3.0]))
    assert g.tolist() == [0, 0, 2, 3]


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("dim", [None, 0, (0, 1)])
def test_the_gradient_of_a_mean_is_written_out(dim, keepdim):
    torch = pytest.importorskip("torch")
    strides = []
    for t in (wg, torch):
        x = t.ones(3, 4, requires_grad=True)
        y = x * 1
        y.retain_grad()
        for of in (x, y):
            (g,) = t.autograd.grad((of.mean() if dim is None else of.mean(dim, keepdim)).sum(), of)
            g.add_(1)
            strides.append(g.stride())
        (s,) = t.autograd.grad(x.sum(), x)
        strides.append(s.stride())
    assert strides[:3] == strides[3:] == [(4, 1), (4, 1), (0, 0)]
