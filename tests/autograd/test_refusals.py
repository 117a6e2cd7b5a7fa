"""Writes that views can't follow, and what a Function must not do: refused in torch's words."""

import pytest

import wengert

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])
PAIR = (wengert, torch)


def function(t, forward):
    """A Function of two arguments whose backward sums what comes."""

    class Id(t.autograd.Function):
        @staticmethod
        def backward(ctx, *grads):
            return sum(grads), sum(grads)

    Id.forward = staticmethod(forward)
    return Id.apply


def dirty_view(t, a, b):
    def forward(ctx, a, b):
        a.add_(b)
        ctx.mark_dirty(a)
        return a, a + b

    function(t, forward)(a.clone().view_as(a), b)


def made_in_a_function(t, a, b):
    function(t, lambda ctx, a, b: a.view_as(a))(a.clone(), b).add_(b)


def made_in_a_function_unrecorded(t, a, b):
    view = function(t, lambda ctx, a, b: a.view_as(a))(a.detach(), b.detach())
    view += b


def one_of_several(t, a, b):
    function(t, lambda ctx, a, b: (a + b, a.view_as(a)))(a.clone(), b)[1].add_(b)


def split_unrecorded(t, a, b):
    a.detach().split(1)[0].view(1).mul_(b[:1])


def split_recorded(t, a, b):
    a.clone().split(1)[0].view(1).mul_(b[:1])


def split_then_base_written(t, a, b):
    base = a.clone()
    part = base.split(1)[0]
    base.mul_(2)
    part.sum()


def view_of_view(mode):
    def case(t, a, b):
        base = a.clone()
        with getattr(t, mode)():
            view = base.view(2)
        inner = view.view(2)
        inner /= 2

    case.__name__ = f"view_of_{mode}"
    return case


def view_made_in(mode):
    def case(t, a, b):
        base = a.clone()
        with getattr(t, mode)():
            view = base.view(2)
        view /= 2

    case.__name__ = f"made_in_{mode}"
    return case


def base_of_no_grad_view_written(t, a, b):
    base = a.clone()
    with t.no_grad():
        view = base[:1]
    base.mul_(2)
    return view + 1


CASES = [
    dirty_view,
    made_in_a_function,
    made_in_a_function_unrecorded,
    one_of_several,
    split_unrecorded,
    split_recorded,
    split_then_base_written,
    view_of_view("no_grad"),
    view_of_view("inference_mode"),
    view_made_in("no_grad"),
    view_made_in("inference_mode"),
    base_of_no_grad_view_written,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_in_the_same_words(case):
    texts = []
    for t in PAIR:
        a, b = (t.ones(2, requires_grad=True) for _ in range(2))
        with pytest.raises(RuntimeError) as caught:
            case(t, a, b)
        texts.append(str(caught.value).split("\n")[0])
    assert texts[0] == texts[1]


@BOTH
def test_a_view_without_a_valid_history_can_be_shown_and_detached(t):
    a = t.ones(1, requires_grad=True)
    with t.no_grad():
        view = a[:]
        view *= 2
    assert repr(view) == "tensor([2.], grad_fn=<Invalid>)"
    assert view.detach().item() == 2
    with t.no_grad():
        assert (view * 2).item() == 4


@BOTH
def test_a_function_may_write_the_view_that_it_returns(t):
    def forward(ctx, a, b):
        view = (a * b)[:1]
        view += 2
        return view

    out = function(t, forward)(t.ones(2, requires_grad=True), t.ones(2))
    assert type(out.grad_fn).__name__ == "IdBackward" and out.requires_grad


@BOTH
def test_powers_of_negative_numbers_to_complex_exponents(t):
    base = t.tensor([-1.0, 2.0, -0.5], dtype=t.float64)
    exponent = t.tensor([1 + 1j, 0.5j, 2 - 1j], dtype=t.complex128, requires_grad=True)
    assert t.autograd.gradcheck(lambda e: base**e, (exponent,))
    assert t.autograd.gradcheck(lambda e: (-2.0) ** e, (exponent,))
    real = t.tensor([0.5, 2.0], dtype=t.float64, requires_grad=True)
    zero = t.zeros(2, dtype=t.float64)
    (zero**real).sum().backward()
    assert real.grad.tolist() == [0.0, 0.0]


@BOTH
def test_old_ways_are_warned_about(t):
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @t.no_grad()
        class Decorated:
            def __init__(self):
                self.recorded = t.is_grad_enabled()

    assert not Decorated().recorded

    class Legacy(t.autograd.Function):
        def forward(self, x):
            return x

    with pytest.warns(
        DeprecationWarning, match="should not be instantiated. Methods on autograd functions are all static"
    ):
        legacy = Legacy()
    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"):
        legacy(t.ones(1))
