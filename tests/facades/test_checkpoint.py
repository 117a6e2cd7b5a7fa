"""Checkpoints give the gradients of the plain call, run the function again in backward, and notice differences."""

import pytest

import wengert as torch
from wengert.utils.checkpoint import CheckpointError, checkpoint, checkpoint_sequential, set_checkpoint_early_stop

BOTH = pytest.mark.parametrize("use_reentrant", [True, False], ids=["reentrant", "hooks"])


def network():
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Linear(3, 8), torch.nn.Tanh(), torch.nn.Dropout(0.5), torch.nn.Linear(8, 2), torch.nn.GELU()
    )


def gradients(run):
    model, x = network(), torch.arange(12.0).view(4, 3).requires_grad_()
    torch.manual_seed(1)
    loss = run(model, x).square().sum()
    loss.backward()
    return loss.item(), x.grad.tolist(), [parameter.grad.tolist() for parameter in model.parameters()]


@BOTH
def test_gradients_are_those_of_the_plain_call(use_reentrant):
    plain = gradients(lambda model, x: model(x))
    assert gradients(lambda model, x: checkpoint(model, x, use_reentrant=use_reentrant)) == plain
    for segments in (1, 2, 3):
        assert (
            gradients(
                lambda model, x, parts=segments: checkpoint_sequential(model, parts, x, use_reentrant=use_reentrant)
            )
            == plain
        )


@BOTH
def test_the_function_runs_again_in_backward(use_reentrant):
    calls = []

    def function(x):
        calls.append(torch.is_grad_enabled())
        return (x * x).sin() * 2

    x = torch.ones(2, requires_grad=True)
    y = checkpoint(function, x, use_reentrant=use_reentrant)
    assert calls == [not use_reentrant]
    y.sum().backward()
    assert calls == [not use_reentrant, True]


def test_one_call_after_another_and_inside_another():
    x = torch.ones(3, requires_grad=True)
    inner = lambda v: checkpoint(torch.sin, v, use_reentrant=False) * v
    y = checkpoint(inner, checkpoint(torch.exp, x, use_reentrant=False), use_reentrant=False)
    plain = torch.ones(3, requires_grad=True)
    (plain.exp().sin() * plain.exp()).sum().backward()
    y.sum().backward()
    assert x.grad.tolist() == plain.grad.tolist()


def test_backward_twice():
    x = torch.ones(2, requires_grad=True)
    y = checkpoint(lambda v: (v * v).sin(), x, use_reentrant=False).sum()
    y.backward(retain_graph=True)
    first = x.grad.clone()
    y.backward()
    assert x.grad.tolist() == (2 * first).tolist()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        y.backward()


def changing(first, second):
    calls = []

    def function(x):
        calls.append(None)
        return first(x) if len(calls) == 1 else second(x)

    return function


@pytest.mark.parametrize(
    "first, second, message",
    [
        (
            lambda x: x.sin().cos(),
            lambda x: x.sin(),
            "A different number of tensors was saved during the original forward",
        ),
        (
            lambda x: x.sin(),
            lambda x: x[:1].sin(),
            "Recomputed values for the following tensors have different metadata",
        ),
    ],
)
def test_a_function_that_differs_is_noticed(first, second, message):
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(CheckpointError, match=message):
        checkpoint(changing(first, second), x, use_reentrant=False).sum().backward()


def test_stopping_early_or_not():
    x = torch.ones(2, requires_grad=True)
    longer = lambda: changing(lambda v: v.sin(), lambda v: v.sin().sin())
    checkpoint(longer(), x, use_reentrant=False).sum().backward()
    with set_checkpoint_early_stop(False), pytest.raises(CheckpointError, match="trying to save more tensors during"):
        checkpoint(longer(), x, use_reentrant=False).sum().backward()


def test_words_for_arguments():
    x = torch.ones(2, requires_grad=True)
    with pytest.warns(UserWarning, match="the use_reentrant parameter should be passed explicitly"):
        checkpoint(torch.sin, x)
    with pytest.warns(UserWarning, match="None of the inputs have requires_grad=True. Gradients will be None"):
        checkpoint(torch.sin, torch.ones(2), use_reentrant=True)
    with pytest.raises(ValueError, match="Unexpected keyword arguments: foo"):
        checkpoint(torch.sin, x, use_reentrant=True, foo=1)
