"""wengert.elementwise: a formula of the user's as one op, its derivatives, and what is no formula."""

import pytest

import wengert as wg


def _points():
    return wg.tensor([0.5, 1.0, 2.5, 4.0], dtype=wg.float64, requires_grad=True)


FORMULAS = [
    lambda x: x * wg.tanh(wg.exp(x)),
    lambda x: 2**x + x**0.5 - 3.0 / x,
    lambda x: wg.where(x > 2, 1.0, x * x),
    lambda x: x % 2 * wg.sin(x),
    lambda x: wg.nn.functional.softplus(-x) + wg.nn.functional.gelu(x),
    lambda x: sum(x**k for k in range(4)),
]


@pytest.mark.parametrize("formula", FORMULAS)
def test_values_and_derivatives_are_those_of_the_formula(formula):
    op = wg.elementwise(formula)
    x = _points()
    wg.testing.assert_close(op(x), formula(x))
    for f in (op, formula):
        (first,) = wg.autograd.grad(f(x).sum(), x, create_graph=True)
        second = wg.autograd.grad(first.sum(), x)[0]
        if f is op:
            found = first, second
    wg.testing.assert_close(found, (first, second))


def test_several_inputs_are_broadcast_and_have_gradients_of_their_shapes():
    @wg.elementwise
    def huber(x, y, delta=1.0):
        d = (x - y).abs()
        return wg.where(d < delta, 0.5 * d * d, delta * (d - 0.5 * delta))

    x, y = _points(), wg.zeros(3, 1, dtype=wg.float64, requires_grad=True)
    out = huber(x, y, delta=2.0)
    wg.testing.assert_close(out, wg.nn.functional.huber_loss(*wg.broadcast_tensors(x, y), reduction="none", delta=2.0))
    out.sum().backward()
    assert out.grad_fn.name() == "HuberBackward0"
    wg.testing.assert_close(x.grad, 3 * x.detach().clamp(max=2))
    wg.testing.assert_close(y.grad, -x.detach().clamp(max=2).sum().expand(3, 1))


def test_a_derivative_can_be_given():
    @wg.elementwise(derivative=lambda x, y: wg.exp(-x * x) + 0 * y)
    def straight(x):
        return wg.round(x)

    x = _points()
    straight(x).sum().backward()
    wg.testing.assert_close(x.grad, wg.exp(-(x.detach() ** 2)))


outside = wg.ones(4)


@pytest.mark.parametrize(
    "formula,says",
    [
        (lambda x: x if x > 0 else -x, "there is no `if` on values: use where"),
        (lambda x: x * float(x), "no numbers to take out"),
        (lambda x: [*x], "cannot be taken apart"),
        (lambda x: wg.softmax(x, 0), "softmax.int is no elementwise op"),
        (lambda x: x / x.sum(), "sum is no elementwise op"),
        (lambda x: x * wg.rand_like(x), "rand_like is no elementwise op"),
        (lambda x: x * outside, "make it a parameter"),
        (lambda x: wg.add(x, outside), "make it a parameter"),
        (lambda x: (x, x), "gives one tensor made of its parameters, not tuple"),
        (lambda x: None, "gives one tensor made of its parameters, not NoneType"),
    ],
)
def test_what_is_no_elementwise_formula_is_refused_by_name(formula, says):
    formula.__name__ = "mine"
    with pytest.raises(TypeError, match=says) as caught:
        wg.elementwise(formula)(_points())
    assert str(caught.value).startswith("mine(): ")


def test_a_declaration_without_a_tensor_or_with_an_odd_default_is_refused():
    with pytest.raises(TypeError, match="at least one parameter without a default"):
        wg.elementwise(lambda x=1.0: x)
    with pytest.raises(TypeError, match="the default of 'mode' must be a number, not str"):
        wg.elementwise(lambda x, mode="a": x)
