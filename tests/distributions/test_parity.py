"""The same seed gives torch's samples; densities, moments, gradients and divergences are torch's."""

import math
import re

import pytest
from cases import CASES

import wengert as wg
import wengert.distributions as ours

torch = pytest.importorskip("torch", reason="parity with torch needs torch")
theirs = torch.distributions

ALL = pytest.mark.parametrize("name", CASES)


def close(left, right, tolerance=1e-9):
    assert tuple(left.shape) == tuple(right.shape) and str(left.dtype) == str(right.dtype)
    for a, b in zip(left.flatten().tolist(), right.flatten().tolist(), strict=True):
        assert (math.isnan(a) and math.isnan(b)) or a == pytest.approx(b, rel=tolerance, abs=tolerance)


def rough(name):
    """Where only six digits agree: float32, and Bessel functions, which torch approximates by polynomials."""
    return "scalar" in name or name == "VonMises"


def both(name):
    return CASES[name](wg, ours), CASES[name](torch, theirs)


def draw(library, distribution, shape, method="sample"):
    library.manual_seed(11)
    return getattr(distribution, method)(shape)


@ALL
@pytest.mark.parametrize("shape", [(), (3,), (20, 2)], ids=str)
def test_samples(name, shape):
    mine, reference = both(name)
    close(draw(wg, mine, shape), draw(torch, reference, shape), 1e-7 if rough(name) else 1e-9)


@ALL
def test_shapes_and_text(name):
    mine, reference = both(name)
    assert tuple(mine.batch_shape) == tuple(reference.batch_shape)
    assert tuple(mine.event_shape) == tuple(reference.event_shape)
    assert mine.has_rsample == reference.has_rsample
    assert mine.has_enumerate_support == reference.has_enumerate_support
    assert repr(mine).replace("wengert", "torch") == repr(reference)
    assert repr(mine.support) == repr(reference.support)


@ALL
@pytest.mark.parametrize("quantity", ["mean", "variance", "stddev", "mode", "entropy", "perplexity"])
def test_moments(name, quantity):
    mine, reference = both(name)
    try:
        expected = getattr(reference, quantity)
        expected = expected() if callable(expected) else expected
    except NotImplementedError:
        with pytest.raises(NotImplementedError):
            result = getattr(mine, quantity)
            result()
        return
    result = getattr(mine, quantity)
    rounded = rough(name) or name == "Multinomial"  # torch computes a part of them in float32
    close(result() if callable(result) else result, expected, 1e-6 if rounded else 1e-9)


@ALL
def test_log_prob_and_cdf(name):
    mine, reference = both(name)
    value = draw(torch, reference, (5,))
    same = wg.tensor(value.tolist(), dtype=getattr(wg, str(value.dtype).split(".")[1]))
    close(mine.log_prob(same), reference.log_prob(value), 1e-6 if rough(name) else 1e-8)
    for method, argument, copy in (
        ("cdf", value, same),
        ("icdf", torch.full_like(value, 0.3), wg.full_like(same, 0.3)),
    ):
        try:
            expected = getattr(reference, method)(argument)
        except (NotImplementedError, RuntimeError):
            continue
        close(getattr(mine, method)(copy), expected, 1e-6)


@ALL
def test_expanded(name):
    mine, reference = both(name)
    shape = (4, *reference.batch_shape)
    mine, reference = mine.expand(shape), reference.expand(shape)
    assert tuple(mine.batch_shape) == shape
    sample = draw(torch, reference, (2,))
    close(draw(wg, mine, (2,)), sample, 1e-7 if rough(name) else 1e-9)
    same = wg.tensor(sample.tolist(), dtype=getattr(wg, str(sample.dtype).split(".")[1]))
    close(mine.log_prob(same), reference.log_prob(sample), 1e-6 if rough(name) else 1e-8)


@pytest.mark.parametrize("name", [name for name, make in CASES.items() if make(torch, theirs).has_enumerate_support])
def test_enumerated(name):
    mine, reference = both(name)
    for expand in (True, False):
        close(mine.enumerate_support(expand), reference.enumerate_support(expand))


GRADIENTS = {
    "Normal": lambda d, a, b: d.Normal(a, b),
    "Gamma": lambda d, a, b: d.Gamma(b, b + 1),
    "Beta": lambda d, a, b: d.Beta(b, b + 2),
    "Laplace": lambda d, a, b: d.Laplace(a, b),
    "Exponential": lambda d, a, b: d.Exponential(b),
    "Cauchy": lambda d, a, b: d.Cauchy(a, b),
    "Uniform": lambda d, a, b: d.Uniform(a, a + b),
    "StudentT": lambda d, a, b: d.StudentT(b, a, b),
    "Gumbel": lambda d, a, b: d.Gumbel(a, b),
    "LogNormal": lambda d, a, b: d.LogNormal(a, b),
    "Dirichlet": lambda d, a, b: d.Dirichlet(b),
    "Weibull": lambda d, a, b: d.Weibull(b, b),
    "Straight": lambda d, a, b: d.OneHotCategoricalStraightThrough(logits=a),
    "Diagonal": lambda d, a, b: d.Independent(d.Normal(a, b), 1),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_through_samples(name):
    results = []
    for library, module in ((wg, ours), (torch, theirs)):
        a = library.tensor([0.3, -0.5, 1.0], dtype=library.float64, requires_grad=True)
        b = library.tensor([0.7, 1.5, 2.0], dtype=library.float64, requires_grad=True)
        sample = draw(library, GRADIENTS[name](module, a, b), (4,), "rsample")
        (sample * library.arange(12, dtype=library.float64).view(4, 3)).sum().backward()
        results.append([[] if x.grad is None else x.grad.tolist() for x in (a, b)])
    # torch approximates the derivative of gamma samples to about three digits; wengert computes it.
    tolerance = 2e-3 if name in ("Gamma", "Beta", "StudentT", "Dirichlet") else 1e-8
    assert results[0][0] == pytest.approx(results[1][0], rel=tolerance, abs=tolerance)
    assert results[0][1] == pytest.approx(results[1][1], rel=tolerance, abs=tolerance)


def kl_pairs():
    return [(p, q) for p in CASES for q in CASES if "scalar" not in p + q]


def test_divergences():
    """Every pair: torch's values, or its refusal."""
    compared = 0
    for p_name, q_name in kl_pairs():
        (p, p_reference), (q, q_reference) = both(p_name), both(q_name)
        try:
            result = ours.kl_divergence(p, q)
        except NotImplementedError as error:
            with pytest.raises(NotImplementedError, match=f"^{re.escape(str(error))}$"):
                theirs.kl_divergence(p_reference, q_reference)
            continue
        except ValueError as error:
            assert "different event shapes cannot be computed" in str(error)
            with pytest.raises(ValueError, match="different event shapes cannot be computed"):
                theirs.kl_divergence(p_reference, q_reference)
            continue
        close(result, theirs.kl_divergence(p_reference, q_reference), 1e-8)
        compared += 1
    assert compared > 95
    with pytest.raises(NotImplementedError, match=r"No KL\(p \|\| q\) is implemented for p type Normal and q type Cat"):
        ours.kl_divergence(both("Normal")[0], both("Categorical")[0])


FAMILIES = ["Bernoulli", "ContinuousBernoulli", "Dirichlet", "Exponential", "Gamma", "Normal", "Beta"]


@pytest.mark.parametrize("name", FAMILIES)
def test_entropy_by_the_log_normalizer(name):
    mine, reference = both(name)
    if name in ("Beta", "Dirichlet"):  # no mean of the carrier measure: only divergences need the rest
        close(mine._log_normalizer(*mine._natural_params), reference._log_normalizer(*reference._natural_params))
        return
    close(ours.ExponentialFamily.entropy(mine), theirs.ExponentialFamily.entropy(reference))


WRONG = [
    lambda m, d: d.Normal(m.tensor([0.0]), m.tensor([-1.0])),
    lambda m, d: d.Normal(0.0, -1.0),
    lambda m, d: d.Normal(0.0, 1.0).log_prob(m.tensor(float("nan"))),
    lambda m, d: d.Normal("a", 1),
    lambda m, d: d.Bernoulli(),
    lambda m, d: d.Bernoulli(m.tensor(0.5), m.tensor(0.5)),
    lambda m, d: d.Bernoulli(m.tensor(0.5)).log_prob(m.tensor(0.3)),
    lambda m, d: d.Categorical(m.tensor([0.5, -0.5])),
    lambda m, d: d.Categorical(m.tensor(0.5)),
    lambda m, d: d.Categorical(),
    lambda m, d: d.Categorical(m.tensor([0.5, 0.5])).log_prob(m.tensor(3)),
    lambda m, d: d.Categorical(m.tensor([0.5, 0.5])).log_prob(3),
    lambda m, d: d.Normal(m.zeros(2), 1.0).log_prob(m.zeros(3)),
    lambda m, d: d.Uniform(2.0, 1.0),
    lambda m, d: d.Uniform(0.0, 1.0).log_prob(m.tensor(2.0)),
    lambda m, d: d.Poisson(-1.0),
    lambda m, d: d.Multinomial(m.tensor([1, 2]), m.tensor([0.5, 0.5])),
    lambda m, d: d.Independent(d.Normal(0.0, 1.0), 1),
    lambda m, d: d.MixtureSameFamily(d.Normal(0.0, 1.0), d.Normal(0.0, 1.0)),
    lambda m, d: d.MultivariateNormal(m.zeros(2)),
    lambda m, d: d.MultivariateNormal(m.tensor(0.0), m.eye(2)),
    lambda m, d: d.MultivariateNormal(m.zeros(2), m.tensor([[1.0, 2.0], [2.0, 1.0]])),
    lambda m, d: d.Dirichlet(m.tensor(1.0)),
    lambda m, d: d.Binomial(m.tensor([1.0, 1.5]), m.tensor(0.5)),
    lambda m, d: d.Geometric(0.0),
    lambda m, d: d.NegativeBinomial(1.0, 1.0),
    lambda m, d: d.StudentT(-1.0),
    lambda m, d: d.LogNormal(0.0, 1.0).log_prob(m.tensor(-1.0)),
    lambda m, d: d.TransformedDistribution(d.Normal(0.0, 1.0), 3),
    lambda m, d: d.Dirichlet(m.ones(2)).log_prob(m.ones(2)),
]


@pytest.mark.parametrize("make", WRONG, ids=range(len(WRONG)))
def test_errors_read_the_same(make):
    messages = []
    for library, module in ((wg, ours), (torch, theirs)):
        with pytest.raises((ValueError, NotImplementedError)) as caught:
            make(library, module)
        messages.append((caught.type, str(caught.value).replace("wengert", "torch")))
    assert messages[0] == messages[1]


TRANSFORMS = {
    "exp": lambda d: d.ExpTransform(),
    "sigmoid": lambda d: d.SigmoidTransform(),
    "tanh": lambda d: d.TanhTransform(),
    "softplus": lambda d: d.SoftplusTransform(),
    "affine": lambda d: d.AffineTransform(1.0, -2.0),
    "affine event": lambda d: d.AffineTransform(1.0, 3.0, event_dim=1),
    "power": lambda d: d.ComposeTransform([d.ExpTransform(), d.PowerTransform(2.0)]),
    "stick": lambda d: d.StickBreakingTransform(),
    "compose": lambda d: d.ComposeTransform([d.AffineTransform(0.0, 2.0), d.TanhTransform(), d.ExpTransform()]),
    "independent": lambda d: d.IndependentTransform(d.ExpTransform(), 1),
    "inverse": lambda d: d.SoftplusTransform().inv.inv,
    "reshape": lambda d: d.ReshapeTransform((6,), (2, 3)),
    "cholesky": lambda d: d.CorrCholeskyTransform(),
    "cat": lambda d: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=-1, lengths=[4, 2]),
    "stack": lambda d: d.StackTransform([d.ExpTransform(), d.TanhTransform()], dim=0),
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_transforms(name):
    values = [[0.3, -0.5, 1.0, 0.1, 0.2, -0.3], [0.4, 0.5, -1.0, 0.6, 0.7, -0.8]]
    mine, reference = TRANSFORMS[name](ours), TRANSFORMS[name](theirs)
    x, x_reference = wg.tensor(values, dtype=wg.float64), torch.tensor(values, dtype=torch.float64)
    y, y_reference = mine(x), reference(x_reference)
    close(y, y_reference)
    close(mine.inv(y), reference.inv(y_reference), 1e-8)
    close(mine.log_abs_det_jacobian(x, y), reference.log_abs_det_jacobian(x_reference, y_reference), 1e-8)
    assert repr(mine) == repr(reference) and mine.bijective == reference.bijective


@pytest.mark.parametrize(
    "name",
    [
        "real",
        "positive",
        "unit_interval",
        "simplex",
        "lower_cholesky",
        "corr_cholesky",
        "positive_definite",
        "real_vector",
    ],
)
def test_constraints_and_their_transforms(name):
    x = wg.tensor([[0.1, -0.5, 0.7], [0.3, 0.2, -0.4], [0.5, 1.0, 0.0]], dtype=wg.float64)
    constraint = getattr(ours.constraints, name)
    for registry, reference in ((ours.transform_to, theirs.transform_to), (ours.biject_to, theirs.biject_to)):
        if registry is ours.biject_to and name in ("lower_cholesky", "positive_definite"):
            with pytest.raises(NotImplementedError, match="Cannot transform"):
                registry(constraint)
            continue
        transform = registry(constraint)
        assert bool(constraint.check(transform(x)).all())
        close(transform(x), reference(getattr(theirs.constraints, name))(torch.tensor(x.tolist(), dtype=torch.float64)))
