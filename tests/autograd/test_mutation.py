"""allow_mutation_on_saved_tensors: copies are made when a saved tensor is written, and only then; as in torch."""

import pytest

import wengert

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])


def through_a_view(t, b):
    out = (b**2).sum()
    b.view_as(b).sin_()
    return out


def through_the_base(t, b):
    out = (b[:1] ** 2).sum()
    b *= 2
    return out


def twice(t, b):
    first = b**2
    b.sin_()
    second = b**2
    b.sin_()
    return (first * second).sum()


def through_out(t, b):
    out = (b * t.ones(3)).exp()
    kept = out * b
    with t.no_grad():
        t.add(out.detach(), 1, out=out.detach())
    return kept.sum()


@pytest.mark.parametrize("case", [through_a_view, through_the_base, twice, through_out], ids=lambda case: case.__name__)
def test_gradients(case):
    found = []
    for t in (wengert, torch):
        a = t.tensor([0.5, -1.0, 2.0], requires_grad=True)
        with t.autograd.graph.allow_mutation_on_saved_tensors() as context:
            case(t, a.clone()).backward()
            assert len(context.cloned) == 0
        found.append(a.grad.tolist())
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@BOTH
def test_when_copies_are_made_and_dropped(t):
    with t.autograd.graph.allow_mutation_on_saved_tensors() as context:
        a = t.rand(3, requires_grad=True).clone()
        one, two = a**2, a**2
        assert (len(context.tid_to_weakhandle), len(context.cloned)) == (1, 0)
        a.sin_()
        assert len(context.cloned) == 1
        del one, two
        assert len(context.cloned) == 0
        out = (a**2).sum()
        out.backward()
        a.sin_()
        assert len(context.cloned) == 0


@BOTH
def test_blocks_end_and_do_not_nest(t):
    allow = t.autograd.graph.allow_mutation_on_saved_tensors
    with allow():
        out = (t.rand(2, requires_grad=True) ** 2).sum()
        with pytest.raises(RuntimeError, match="contexts cannot be nested"), allow():
            pass
    with pytest.raises(AssertionError, match="Trying to backward outside of the 'allow_mutation_on_saved_tensors'"):
        out.backward()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        b = t.rand(2, requires_grad=True).clone()
        out = (b**2).sum()
        b.sin_()
        out.backward()
