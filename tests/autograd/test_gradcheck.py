"""gradcheck: what the function sees of its inputs while they are moved."""

import pytest

import wengert as wg


def test_an_input_reached_through_a_container_moves_too():
    x = wg.tensor([0.3, -0.7], dtype=wg.float64, requires_grad=True)
    assert wg.autograd.gradcheck(lambda box, *inputs: box["x"] ** 3, ({"x": x}, x))
    assert x.tolist() == [0.3, -0.7]


def test_the_function_runs_with_gradients_on_while_it_is_measured():
    x = wg.tensor([0.3, -0.7], dtype=wg.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="Jacobian mismatch"):
        wg.autograd.gradcheck(lambda x: tuple(t for t in (x.detach() * x,) if t.requires_grad), (x,))
