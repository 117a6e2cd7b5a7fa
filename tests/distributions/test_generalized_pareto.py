"""GeneralizedPareto in float32: torch 2.13's own refuses to compare its float64 concentration with a float32 zero."""

import pytest

import wengert as wg
import wengert.distributions as ours

torch = pytest.importorskip("torch", reason="parity with torch needs torch")


def values(library, families):
    parameters = [library.tensor(v, requires_grad=True) for v in ([0.0, 1.0, 2.0], [1.0, 2.0, 0.5], [0.3, 0.0, -0.4])]
    distribution = families.GeneralizedPareto(*parameters)
    library.manual_seed(3)
    drawn = distribution.rsample((4,))
    log_prob = distribution.log_prob(drawn.detach())
    (drawn.sum() + log_prob.sum()).backward()
    out = [drawn, log_prob, distribution.cdf(drawn), distribution.mean, distribution.variance, distribution.entropy()]
    out += [parameter.grad for parameter in parameters]
    return [value.flatten().tolist() for value in out]


def test_values_and_gradients():
    for mine, reference in zip(values(wg, ours), values(torch, torch.distributions), strict=True):
        assert mine == pytest.approx(reference, rel=2e-6, abs=2e-6)


@pytest.mark.parametrize("families", [ours, torch.distributions], ids=["wengert", "torch"])
def test_values_out_of_the_support_are_refused(families):
    library = wg if families is ours else torch
    distribution = families.GeneralizedPareto(library.tensor(1.0), library.tensor(1.0), library.tensor(0.5))
    with pytest.raises(ValueError, match="to be within the support"):
        distribution.log_prob(library.tensor(0.5))
