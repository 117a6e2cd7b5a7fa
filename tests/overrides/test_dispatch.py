"""__torch_dispatch__: wrapper classes and modes see the ops below autograd; gradients are those of plain tensors."""

import gc
import weakref

import pytest

import wengert as wg
from wengert.utils._python_dispatch import TorchDispatchMode
from wengert.utils._pytree import tree_map


class Held(wg.Tensor):
    """A tensor that holds another one and hands every op on to it."""

    seen = ()

    @staticmethod
    def __new__(cls, elem, requires_grad=False):
        self = wg.Tensor._make_wrapper_subclass(
            cls, elem.shape, strides=elem.stride(), dtype=elem.dtype, requires_grad=requires_grad
        )
        self.elem = elem
        return self

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        Held.seen += (str(func),)
        args, kwargs = tree_map(lambda t: t.elem if isinstance(t, cls) else t, (args, kwargs or {}))
        return tree_map(lambda t: cls(t) if isinstance(t, wg.Tensor) else t, func(*args, **kwargs))


def cubes(x):
    return (x * x).exp().sum() + (x**3).mean()


def viewed(x):
    return (x.view(2, 1) @ x.view(1, 2)).relu().sum()


def reduced(x):
    y = x.view(1, 2)
    return y.sum(-1).sum() + y.var() + (y.transpose(-1, -2) * y).mean(-2).sum() + y.softmax(-1)[0, 0] + x.norm()


def written(x):
    y = x * 1
    y.mul_(x)
    return y.sum()


@pytest.mark.parametrize("function", [cubes, viewed, reduced, written])
def test_gradients_are_those_of_the_tensor_that_is_held(function):
    plain = wg.tensor([1.0, 2.0], requires_grad=True)
    held = Held(plain.detach(), requires_grad=True)
    expected, got = function(plain), function(held)
    assert type(got) is Held and got.elem.equal(expected.detach())
    first = wg.autograd.grad(expected, plain, create_graph=True)[0]
    mine = wg.autograd.grad(got, held, create_graph=True)[0]
    assert mine.elem.equal(first.detach()) and mine.requires_grad
    if function is cubes:
        second = wg.autograd.grad(mine.sum(), held)[0]
        assert second.elem.equal(wg.autograd.grad(first.sum(), plain)[0])


def test_a_class_sees_the_ops_by_their_names():
    x = Held(wg.ones(2), requires_grad=True)
    Held.seen = ()
    (x * 2).sin().sum()
    assert Held.seen == ("aten.mul.Tensor", "aten.sin.default", "aten.sum.default")
    assert float(Held(wg.tensor(3.0))) == 3.0
    with pytest.raises(RuntimeError, match="doesn't have storage"):
        x.detach().numpy()


def test_without_a_handler_there_is_no_wrapper():
    class Plain(wg.Tensor):
        pass

    with pytest.raises(RuntimeError, match="must define __torch_dispatch__"):
        wg.Tensor._make_wrapper_subclass(Plain, (2,))


class Log(TorchDispatchMode):
    def __init__(self):
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.seen.append(func)
        return func(*args, **(kwargs or {}))


def test_a_mode_sees_plain_ops_while_it_is_on():
    x = wg.tensor([1.0, 2.0], requires_grad=True)
    with Log() as outer:
        y = x.sin()
        with Log() as inner:
            z = (y * 2 + wg.ones(2)).sum()
    aten = wg.ops.aten
    assert outer.seen[0] is aten.sin.default and aten.add.Tensor in outer.seen  # what the inner one lets through
    assert inner.seen == outer.seen[1:]
    z.backward()
    assert x.grad.allclose(2 * x.detach().cos())
    x.detach() * 2
    assert len(outer.seen) == len(inner.seen) + 1  # no mode is on any more


def test_a_mode_may_answer_itself():
    class Zero(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            return wg.zeros_like(out) if func is wg.ops.aten.exp.default else out

    with Zero():
        assert wg.ones(2).exp().tolist() == [0.0, 0.0]
    assert wg.zeros(1).exp().item() == 1.0


def test_wrappers_are_collected():
    x = Held(wg.ones(2), requires_grad=True)
    x.sum().backward()
    x.me = x
    gone = weakref.ref(x)
    del x
    gc.collect()
    assert gone() is None
