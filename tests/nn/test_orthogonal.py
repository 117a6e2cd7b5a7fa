"""orthogonal(): the maps, their gradients and what may be assigned, compared with torch."""

import importlib

import pytest

import wengert

torch = pytest.importorskip("torch", reason="parity with torch needs torch")


def run(library, shape, orthogonal_map, trivial, complex_):
    """The weight, the gradient of the tensor it is made of, and what an assignment does."""
    of = importlib.import_module(f"{library.__name__}.nn.utils.parametrizations")
    library.manual_seed(0)
    m = library.nn.Module()
    dtype = library.complex128 if complex_ else library.float64
    m.weight = library.nn.Parameter(library.randn(*shape, dtype=dtype))
    try:
        of.orthogonal(m, orthogonal_map=orthogonal_map, use_trivialization=trivial)
    except ValueError as error:
        return str(error)
    c = library.arange(m.weight.numel(), dtype=library.float64).reshape(shape)
    for _ in range(2):  # from where it starts, and after a step away from it
        (m.weight.abs().pow(3) * c).sum().backward()
        original = m.parametrizations.weight.original
        gradient = original.grad.clone()
        with library.no_grad():
            original -= 0.01 * original.grad
    out = [m.weight.detach(), gradient]
    try:
        m.weight = library.eye(*shape[-2:], dtype=dtype).expand(shape)
        out.append(m.weight.detach())
    except NotImplementedError as error:
        out.append(str(error))
    return out


@pytest.mark.parametrize("complex_", [False, True], ids=["real", "complex"])
@pytest.mark.parametrize("trivial", [True, False], ids=["base", "no base"])
@pytest.mark.parametrize("orthogonal_map", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(4, 4), (5, 3), (3, 5), (2, 4, 3)], ids=str)
def test_as_torch(shape, orthogonal_map, trivial, complex_):
    mine, his = (run(library, shape, orthogonal_map, trivial, complex_) for library in (wengert, torch))
    assert type(mine) is type(his) and len(mine) == len(his)
    if isinstance(his, str):
        assert mine == his
        return
    for a, b in zip(mine, his):
        if isinstance(b, str):
            assert a == b
        else:
            torch.testing.assert_close(torch.tensor(a.tolist(), dtype=b.dtype), b, rtol=1e-8, atol=1e-9)
