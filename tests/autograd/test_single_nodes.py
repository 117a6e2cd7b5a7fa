"""Functions that torch differentiates as a whole are one node of the graph, of torch's name; memory and values as well."""

import numpy as np
import pytest

import wengert as wg

A, B = (np.random.default_rng(k).uniform(-1, 1, (4, 3)) for k in (1, 2))
IMAGE = np.random.default_rng(3).uniform(-1, 1, (2, 4, 4, 6))

CALLS = {
    "dist": lambda t, a, b, x: t.dist(a, b, 3),
    "dist one tensor": lambda t, a, b, x: t.dist(a, a.flip(0)),
    "cdist": lambda t, a, b, x: t.cdist(a, b),
    "cdist 3": lambda t, a, b, x: t.cdist(a, b, 3.0),
    "pdist": lambda t, a, b, x: t.pdist(a),
    "pdist 3": lambda t, a, b, x: t.pdist(a, 3.0),
    "renorm": lambda t, a, b, x: t.renorm(a, 2, 0, 0.5),
    "cross": lambda t, a, b, x: t.linalg.cross(a, b),
    "rot90": lambda t, a, b, x: t.rot90(a),
    "rot90 3": lambda t, a, b, x: t.rot90(a, 3),
    "rot90 2": lambda t, a, b, x: t.rot90(a, 2),
    "pixel_shuffle": lambda t, a, b, x: t.nn.functional.pixel_shuffle(x, 2),
    "pixel_shuffle by 1": lambda t, a, b, x: t.nn.functional.pixel_shuffle(x, 1),
    "pixel_unshuffle": lambda t, a, b, x: t.nn.functional.pixel_unshuffle(x, 2),
    "channel_shuffle": lambda t, a, b, x: t.nn.functional.channel_shuffle(x, 2),
}


@pytest.mark.parametrize("columns", [False, True])
@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name, columns):
    torch = pytest.importorskip("torch")
    seen = []
    for t in (wg, torch):
        inputs = [t.tensor(np.array(a)) for a in (A, B, IMAGE)]
        if columns:
            inputs = [
                inputs[0].t().contiguous().t(),
                inputs[1],
                inputs[2].contiguous(memory_format=t.channels_last),
            ]
        for x in inputs:
            x.requires_grad_()
        y = CALLS[name](t, *inputs)
        node = y.grad_fn
        facts = [type(node).__name__, [type(n).__name__ for n, _ in node.next_functions], y.stride(), y._is_view()]
        weights = t.linspace(0.5, 2, y.numel(), dtype=t.float64).reshape(y.shape)
        g = t.autograd.grad(y, inputs, weights, allow_unused=True)
        seen.append((facts, [y.detach(), *(x for x in g if x is not None)]))
    if name.startswith(("dist one", "pdist")):  # torch makes a contiguous copy first
        seen = [([facts[0], *facts[2:]], values) for facts, values in seen]
    assert seen[0][0] == seen[1][0]
    for ours, theirs in zip(seen[0][1], seen[1][1]):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-9, atol=1e-9)


def test_transforms_see_the_parts():
    x = wg.tensor(np.array([A, B]))
    for function in (wg.pdist, lambda a: wg.renorm(a, 2, 0, 0.5), wg.rot90, lambda a: wg.dist(a, a + 1)):
        batched = wg.vmap(function)(x)
        assert wg.allclose(batched, wg.stack([function(x[0]), function(x[1])]))
        tangent = wg.func.jvp(function, (x[0],), (x[1],))[1]
        pulled = wg.func.vjp(function, x[0])[1](wg.ones_like(tangent))[0]
        assert wg.allclose(tangent.sum(), (pulled * x[1]).sum())


def test_pdist_has_second_derivatives():
    assert wg.autograd.gradgradcheck(wg.pdist, (wg.tensor(A, requires_grad=True),))


def test_a_result_may_be_written_to():
    x = wg.tensor(A, requires_grad=True)
    for function in (wg.rot90, lambda a: wg.nn.functional.pixel_shuffle(a.reshape(1, 1, 4, 3), 1)):
        function(x).mul_(2).sum().backward()
    assert (x.grad == 4).all()
