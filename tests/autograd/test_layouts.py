"""How gradients lie in memory: as torch's do, so that what a script does to them next (view(-1)) works."""

import pytest

import wengert

torch = pytest.importorskip("torch")


def programs(lib):
    F, rand = lib.nn.functional, lib.rand
    return {
        "linear of a batch": (F.linear, rand(4, 3), rand(5, 3), rand(5)),
        "linear of rows in a batch": (F.linear, rand(2, 4, 3), rand(5, 3), rand(5)),
        "linear of one row": (F.linear, rand(3), rand(5, 3), rand(5)),
        "linear without a bias": (F.linear, rand(2, 4, 3), rand(5, 3)),
        "a product": (lib.mm, rand(4, 3), rand(3, 5)),
        "a product by a transpose": (lambda a, b: a @ b.t(), rand(4, 3), rand(5, 3)),
        "two products by a transpose": (lambda a, b: a @ b.t() + (a * 2) @ b.t(), rand(4, 3), rand(5, 3)),
        "complex numbers": (lambda a, b: (lib.complex(a, a) @ lib.complex(b, b).t()).real, rand(4, 3), rand(5, 3)),
    }


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("name", list(programs(wengert)))
@pytest.mark.parametrize("create_graph", [False, True])
def test_strides_and_values_are_torchs(name, create_graph):
    def run(lib):
        f, *values = programs(lib)[name]
        values = [lib.linspace(-1, 1, v.numel()).reshape(v.shape).requires_grad_() for v in values]
        seen = []
        for lean in (True, False):
            out = (f(*values) ** 2).sum()
            if lean:
                grads = lib.autograd.grad(out, values, create_graph=create_graph)
            else:
                out.backward(create_graph=create_graph)
                grads = [v.grad for v in values]
            seen += [(tuple(g.shape), g.stride(), g.detach()) for g in grads]
        if create_graph:
            second = lib.autograd.grad(sum((v.grad**2).sum() for v in values), values)
            seen += [(tuple(g.shape), g.stride(), g) for g in second]
        return seen

    for ours, theirs in zip(run(wengert), run(torch), strict=True):
        assert ours[:2] == theirs[:2]
        torch.testing.assert_close(torch.tensor(ours[2].tolist()), theirs[2], rtol=1e-5, atol=1e-5)


def test_a_weights_gradient_is_not_copied():
    """What the product made becomes .grad: no view of something that stays behind, and later sums go into it."""
    weight = wengert.ones(3, 2, requires_grad=True)
    wengert.nn.functional.linear(wengert.ones(4, 2), weight).sum().backward()
    grad = weight.grad
    assert not grad._is_view() and grad._base is None and grad.is_contiguous()
    wengert.nn.functional.linear(wengert.ones(4, 2), weight).sum().backward()
    assert weight.grad is grad and grad.tolist() == [[8.0, 8.0]] * 3


def test_a_gradient_that_somebody_holds_is_not_taken():
    weight, seen = wengert.ones(3, 2, requires_grad=True), []
    weight.register_hook(seen.append)
    for _ in range(2):
        wengert.nn.functional.linear(wengert.ones(4, 2), weight).sum().backward()
    assert [g.tolist() for g in seen] == [[[4.0, 4.0]] * 3] * 2
    assert weight.grad.tolist() == [[8.0, 8.0]] * 3
