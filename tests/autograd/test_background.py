"""Gradients of weights that idle threads compute while a pass goes on: nobody can tell, but by the clock."""

import gc
import threading
import weakref

import pytest

import wengert as torch
from wengert import nn
from wengert.nn import functional as F


@pytest.fixture(params=[1, 2, 4])
def threads(request):
    before = torch.get_num_threads()
    torch.set_num_threads(request.param)
    yield request.param
    torch.set_num_threads(before)


def wide(depth=4, width=160):
    """A network whose products are large enough to be left to other threads."""
    torch.manual_seed(0)
    layers = [layer for _ in range(depth) for layer in (nn.Linear(width, width), nn.Tanh())]
    return nn.Sequential(*layers), torch.randn(256, width)


def shared(x, w, v):
    """A weight in each of many small steps, as it is and turned."""
    h = x[0]
    for row in x:
        h = torch.tanh((row + h) @ w + F.linear(h, w)) @ v
    return h


def linear_layers():
    net, x = wide()
    return net(x).square().mean(), list(net.parameters())


def the_same_layer_twice():
    net, x = wide(2)
    return net(net(x)).square().mean(), list(net.parameters())


def one_weight_in_many_steps():
    x = torch.randn(30, 16, 64)
    w, v = (torch.randn(64, 64).mul(0.1).requires_grad_() for _ in range(2))
    return shared(x, w, v).square().sum(), [w, v]


def a_leaf_that_lies_by_columns():
    w = torch.randn(100, 200).t().requires_grad_()
    return (torch.randn(300, 200) @ w).tanh().sum(), [w]


def double_precision_and_both_sides():
    w = torch.randn(96, 80, dtype=torch.float64, requires_grad=True)
    return ((torch.randn(128, 96, dtype=torch.float64) @ w).tanh() @ w.t()).square().sum(), [w]


PROGRAMS = [
    linear_layers,
    the_same_layer_twice,
    one_weight_in_many_steps,
    a_leaf_that_lies_by_columns,
    double_precision_and_both_sides,
]


def gradients(program, threads):
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    loss, leaves = program()
    loss.backward()
    torch.set_num_threads(before)
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_same_bits_with_any_number_of_threads(program):
    alone = gradients(program, 1)
    for threads in (2, 3):
        for a, b in zip(alone, gradients(program, threads), strict=True):
            assert torch.equal(a, b) and a.stride() == b.stride()


def test_passes_add_up(threads):
    net, x = wide()
    net(x).sum().backward()
    once = [p.grad.clone() for p in net.parameters()]
    net(x).sum().backward()
    for p, g in zip(net.parameters(), once, strict=True):
        assert torch.equal(p.grad, g + g)


def test_a_hook_finds_the_gradients_that_were_due_before(threads):
    net, x = wide(3)
    seen = []
    h = net[:2](x)
    h.register_hook(lambda g: seen.append([p.grad is not None for p in net.parameters()]))
    net[2:](h).sum().backward()
    assert seen == [[False, False, True, True, True, True]]


def test_a_hook_may_change_what_a_product_reads(threads):
    net, x = wide(3)
    h = net[:2](x)
    y = net[2:](h)
    y.sum().backward(retain_graph=True)
    expected = [p.grad.clone() for p in net[2:].parameters()]
    net.zero_grad()
    h.register_hook(lambda g: h.detach().mul_(0))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):  # the tanh in front needs it too
        y.sum().backward()
    for p, g in zip(net[2:].parameters(), expected, strict=True):
        assert torch.equal(p.grad, g)


def test_hooks_of_parameters_run_and_change_them(threads):
    net, x = wide(2)
    net(x).sum().backward()
    plain = [p.grad.clone() for p in net.parameters()]
    net.zero_grad()
    order = []
    net[0].weight.register_hook(lambda g: g * 2)
    net[2].weight.register_post_accumulate_grad_hook(lambda p: order.append(p.grad.clone()))
    net(x).sum().backward()
    assert torch.equal(net[0].weight.grad, plain[0] * 2)
    assert len(order) == 1 and torch.equal(order[0], plain[2])


class Fails(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        raise ValueError("as asked")


def test_an_error_leaves_what_was_due_before_it(threads):
    net, x = wide(3)
    with pytest.raises(ValueError, match="as asked"):
        net[2:](Fails.apply(net[:2](x))).sum().backward()
    assert [p.grad is not None for p in net.parameters()] == [False, False, True, True, True, True]
    for p in net.parameters():
        p.grad = None
    net[2:](net[:2](x)).sum().backward()
    assert all(p.grad.isfinite().all() for p in net.parameters())


def test_so_does_an_error_of_the_machine(threads):
    net, x = wide(3)
    h = net[:2](x)
    loss = net[2:](h).sum()
    h.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    assert [p.grad is not None for p in net.parameters()] == [False, False, False, False, True, True]


def test_nothing_is_kept_alive(threads):
    net, x = wide(2)
    h = net[:2](x)
    gone = weakref.ref(h)
    net[2:](h).sum().backward()
    del h
    gc.collect()
    assert gone() is None


def test_passes_of_several_threads(threads):
    nets = [wide(3) for _ in range(4)]
    for net, x in nets:
        net(x).sum().backward()
    expected = [p.grad.clone() for p in nets[0][0].parameters()]

    def train(net, x):
        for _ in range(10):
            net.zero_grad()
            net(x).sum().backward()

    running = [threading.Thread(target=train, args=pair) for pair in nets]
    for t in running:
        t.start()
    for t in running:
        t.join()
    for net, _ in nets:
        for p, g in zip(net.parameters(), expected, strict=True):
            assert torch.equal(p.grad, g)


def test_memory_given_up_by_another_thread_waits(threads):
    net, x = wide(3)
    over = threading.Event()

    def resize():
        while not over.is_set():
            torch.empty(64).resize_(128)

    other = threading.Thread(target=resize)
    other.start()
    try:
        for _ in range(20):
            net.zero_grad()
            net(x).sum().backward()
    finally:
        over.set()
        other.join()


def test_a_second_derivative(threads):
    net, x = wide(2)
    g = torch.autograd.grad(net(x).square().sum(), net[0].weight, create_graph=True)[0]
    g.square().sum().backward()
    assert all(p.grad is not None for p in (net[0].weight, net[2].weight))


def test_a_scaled_product_of_addmm(threads):
    x, w = torch.randn(256, 128), torch.randn(128, 96, requires_grad=True)
    b = torch.randn(96)
    (torch.addmm(b, x, w, alpha=3) ** 2).sum().backward()
    torch.testing.assert_close(w.grad, 6 * x.t() @ (b + 3 * (x @ w.detach())), rtol=1e-3, atol=1e-2)
