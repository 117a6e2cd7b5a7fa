"""Second derivatives through writes to views: what a write kept outlives the pass that ran it."""

import pytest

import wengert as torch


@pytest.mark.parametrize("name", ["relu_", "sigmoid_", "tanh_", "exp_", "sqrt_"])
@pytest.mark.parametrize("view", [lambda t: t.view(2), lambda t: t[0], lambda t: t[0][:1]], ids=["view", "row", "part"])
def test_the_graph_is_freed_by_the_second_pass_alone(name, view):
    def loss(x, written):
        y = x * 2
        part = view(y)
        if written:
            getattr(part, name)()
            return y.pow(3).sum()
        new = getattr(part, name[:-1])()
        return new.pow(3).sum() + (y.pow(3).sum() - part.pow(3).sum())

    found = []
    for written in (True, False):
        x = torch.tensor([[0.3, 0.7]], dtype=torch.float64, requires_grad=True)
        (g,) = torch.autograd.grad(loss(x, written), x, create_graph=True)
        found.append((g.detach(), *torch.autograd.grad(g.square().sum(), x)))
    for got, want in zip(*found, strict=True):
        assert torch.allclose(got, want)


def test_a_write_runs_once():
    x = torch.ones(1, 2, requires_grad=True)
    y = (x * 2).view(2).sigmoid_()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.sum().backward()
