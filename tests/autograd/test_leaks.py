"""Nothing is left over: live tensors, nodes and bytes stay level over thousands of iterations of every pattern."""

import gc
import subprocess
import sys

import pytest

import wengert as wg
from wengert import _core
from wengert.autograd import Function
from wengert.func import grad, jvp, vmap
from wengert.utils.checkpoint import checkpoint


class Keeps(Function):
    """A Function whose context holds what it made."""

    @staticmethod
    def forward(ctx, x):
        y = x * 2
        ctx.save_for_backward(x, y)
        ctx.note = [1, 2]
        return y

    @staticmethod
    def backward(ctx, g):
        return g * 2


def plain():
    x = wg.ones(5, requires_grad=True)
    (x.exp() * x).sum().backward()


def never_run():
    x = wg.ones(5, requires_grad=True)
    for _ in range(3):
        x = x.sin() * 2


def views():
    x = wg.ones(5, requires_grad=True)
    y = x * 2
    y[1:].mul_(3)
    y[0] = 1.0
    y.sum().backward()


def function():
    x = wg.ones(5, requires_grad=True)
    Keeps.apply(x).sum().backward()


def higher():
    x = wg.ones(5, requires_grad=True)
    (g,) = wg.autograd.grad((x**3).sum(), x, create_graph=True)
    wg.autograd.grad(g.sum(), x)


def hooks():
    x = wg.ones(5, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 2)
    y.grad_fn.register_hook(lambda a, b: None)
    y.retain_grad()
    y.sum().backward()


def transforms():
    x = wg.ones(3, 2)
    vmap(grad(lambda v: (v.sin() * v).sum()))(x)
    jvp(wg.exp, (x,), (x,))


def checkpoints():
    x = wg.ones(5, requires_grad=True)
    checkpoint(lambda v: v.exp().sin(), x, use_reentrant=False).sum().backward()


def error_in_hook():
    def stop(g):
        raise KeyError("stop")

    x = wg.ones(5, requires_grad=True)
    y = x.exp()
    y.register_hook(stop)
    with pytest.raises(KeyError):
        y.sum().backward()


def error_in_backward():
    x = wg.ones(5, requires_grad=True)
    y = x.exp()
    z = y * 2
    y.add_(1)
    with pytest.raises(RuntimeError):
        (z * y.exp()).sum().backward() or y.sum().backward()
        raise RuntimeError


def hook_on_itself():
    x = wg.ones(5, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * y.detach())
    y.sum().backward()


def context_holds_output():
    x = wg.ones(5, requires_grad=True)
    y = Keeps.apply(x)
    y.grad_fn.kept = y


def gradient_with_graph():
    x = wg.ones(5, requires_grad=True)
    (x**2).sum().backward(create_graph=True)
    x.grad = None  # what backward's warning says to do


ACYCLIC = [plain, never_run, views, function, higher, hooks, transforms, checkpoints]
CYCLIC = [error_in_hook, error_in_backward, hook_on_itself, context_holds_output, gradient_with_graph]


def _live():
    counts = _core.live()
    return counts["tensors"], counts["nodes"], counts["bytes"]


@pytest.mark.parametrize("pattern", ACYCLIC, ids=lambda f: f.__name__)
def test_without_collector(pattern):
    """What has no cycle goes when its last reference does."""
    for _ in range(3):
        pattern()
    gc.collect()
    gc.disable()
    try:
        before = _live()
        for _ in range(2000):
            pattern()
        after = _live()
    finally:
        gc.enable()
    assert after[:2] == before[:2]
    assert after[2] <= before[2] + 4096


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("pattern", CYCLIC, ids=lambda f: f.__name__)
def test_with_collector(pattern):
    """Cycles through a user's own references are collected."""
    for _ in range(3):
        pattern()
    gc.collect()
    before = _live()
    for _ in range(1000):
        pattern()
    gc.collect()
    after = _live()
    assert after[0] <= before[0] and after[1] <= before[1]


INTERRUPTED = """
import gc, signal
import wengert as wg

kept = wg.ones(2, requires_grad=True).exp(), [[] for _ in range(20_000)]
signal.signal(signal.SIGALRM, signal.default_int_handler)
for _ in range(50):
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.003)
        while True:
            gc.collect()
    except KeyboardInterrupt:
        print("interrupted")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_an_interrupt_during_a_collection_is_not_lost():
    """Errors in what the collector calls are printed and dropped; so nothing of ours may be called that Python can interrupt."""
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["interrupted"] * 50 and done.stderr == ""
