"""Wishart: torch's draws, which warn, densities, moments and gradients."""

import warnings

import pytest

import wengert as wg
import wengert.distributions as ours

torch = pytest.importorskip("torch", reason="parity with torch needs torch")


def make(library, families, name, grad=False):
    def matrix(values):
        return library.tensor(values, dtype=library.float64, requires_grad=grad)

    scale = matrix([[2.0, 0.5], [0.5, 1.0]])
    kinds = {
        "number": lambda: families.Wishart(4, scale),
        "tensor": lambda: families.Wishart(matrix(4.5), precision_matrix=scale),
        "batch": lambda: families.Wishart(matrix([3.5, 5.0]), scale_tril=matrix([[2.0, 0.0], [0.5, 1.0]])),
        "expanded": lambda: families.Wishart(matrix(4.5), scale).expand((3,)),
    }
    return kinds[name](), scale


def values(library, families, name):
    distribution, _ = make(library, families, name)
    out = [distribution.mean, distribution.mode, distribution.variance, distribution.entropy()]
    for shape in ((), (3,)):
        library.manual_seed(5)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = distribution.sample(shape)
        out += [drawn, distribution.log_prob(drawn)]
    return out


@pytest.mark.parametrize("name", ["number", "tensor", "batch", "expanded"])
def test_values(name):
    for mine, reference in zip(values(wg, ours, name), values(torch, torch.distributions, name), strict=True):
        assert tuple(mine.shape) == tuple(reference.shape)
        assert mine.flatten().tolist() == pytest.approx(reference.flatten().tolist(), rel=1e-9, nan_ok=True)


def test_gradients():
    gradients = []
    for library, families in ((wg, ours), (torch, torch.distributions)):
        distribution, scale = make(library, families, "number", grad=True)
        value = library.tensor([[3.0, 1.0], [1.0, 2.0]], dtype=library.float64)
        (distribution.log_prob(value) + distribution.entropy()).backward()
        gradients.append(scale.grad.flatten().tolist())
    assert gradients[0] == pytest.approx(gradients[1], rel=1e-9)


def test_drawing_warns():
    distribution, _ = make(wg, ours, "number")
    with pytest.warns(UserWarning, match="Singular sample detected"):
        distribution.sample()


@pytest.mark.parametrize("library, families", [(wg, ours), (torch, torch.distributions)], ids=["wengert", "torch"])
def test_errors(library, families):
    eye = library.eye(2)
    with pytest.raises(ValueError, match=r"Value of df=1 expected to be greater than ndim - 1 = 1\."):
        families.Wishart(1, eye)
    with pytest.raises(AssertionError, match="Exactly one of covariance_matrix"):
        families.Wishart(3, eye, eye)
