"""Divergences between distributions of different families: -H(p) - E[log q(x)] under p."""

import math

import wengert as wg

from . import _families as f
from .kl import _infinite, _x_log_x, register_kl
from .utils import euler_constant


@register_kl(f.Exponential, f.Gamma)
def _(p, q):
    ratio = q.rate / p.rate
    return (
        -q.concentration * wg.log(ratio)
        + ratio
        + q.concentration.lgamma()
        + q.concentration * euler_constant
        - (1 + euler_constant)
    )


@register_kl(f.Gamma, f.Exponential)
def _(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.concentration / p.rate


def _second_moment_about(p, loc):
    return p.variance + (p.mean - loc).pow(2)


def _against_normal(p, q):
    """KL(p || Normal) for any p with a mean, a variance and an entropy."""
    return (
        -p.entropy()
        + 0.5 * math.log(2 * math.pi)
        + q.scale.log()
        + 0.5 * _second_moment_about(p, q.loc) / q.scale.pow(2)
    )


for _kind in (f.Beta, f.ContinuousBernoulli, f.Exponential, f.Gamma, f.Gumbel, f.Laplace, f.Uniform):
    register_kl(_kind, f.Normal)(_against_normal)


@register_kl(f.Normal, f.Gumbel)
def _(p, q):
    shift, spread = (p.loc - q.loc) / q.scale, (p.scale / q.scale).pow(2)
    return shift + wg.exp(-shift + 0.5 * spread) + q.scale.log() - 0.5 * (1 + math.log(2 * math.pi)) - p.scale.log()


@register_kl(f.Normal, f.Laplace)
def _(p, q):
    distance = p.loc - q.loc
    ratio = p.scale / q.scale
    inside = distance / p.scale
    folded = math.sqrt(2 / math.pi) * p.scale * wg.exp(-0.5 * inside.pow(2)) + distance * wg.erf(
        math.sqrt(0.5) * inside
    )
    return -ratio.log() + folded / q.scale - (0.5 + 0.5 * math.log(0.5 * math.pi))


@register_kl(f.Bernoulli, f.Poisson)
def _(p, q):
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


def _disjoint(p, q):
    """p has values that q does not."""
    return _infinite(p.mean)


_POSITIVE, _BOUNDED = (f.Exponential, f.Gamma), (f.Beta, f.ContinuousBernoulli)
_WHOLE_LINE = (f.Normal, f.Laplace, f.Gumbel)
for _p in _WHOLE_LINE:
    for _q in (*_POSITIVE, *_BOUNDED, f.Uniform, f.Pareto):
        register_kl(_p, _q)(_disjoint)
for _p in _POSITIVE:
    for _q in (*_BOUNDED, f.Uniform, f.Pareto):
        register_kl(_p, _q)(_disjoint)
for _p, _q in (
    (f.Beta, f.Pareto),
    (f.Pareto, f.ContinuousBernoulli),
    (f.ContinuousBernoulli, f.Pareto),
    (f.Pareto, f.Beta),
    (f.Pareto, f.Uniform),
    (f.Poisson, f.Bernoulli),
    (f.Poisson, f.Binomial),
):
    register_kl(_p, _q)(_disjoint)


@register_kl(f.Beta, f.ContinuousBernoulli)
def _(p, q):
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()


def _against_exponential(p, q):
    return -p.entropy() - q.rate.log() + q.rate * p.mean


def _against_gamma(p, q, mean_log):
    concentration = q.concentration
    return (
        -p.entropy()
        + concentration.lgamma()
        - concentration * q.rate.log()
        - (concentration - 1) * mean_log
        + q.rate * p.mean
    )


@register_kl(f.Beta, f.Gamma)
def _(p, q):
    return _against_gamma(p, q, p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma())


def _against_uniform(p, q):
    return -p.entropy() + (q.high - q.low).log()


for _kind in _BOUNDED:
    register_kl(_kind, f.Exponential)(_against_exponential)


@register_kl(f.Beta, f.Uniform)
def _(p, q):
    return _against_uniform(p, q).masked_fill((q.low > 0) | (q.high < 1), math.inf)


@register_kl(f.ContinuousBernoulli, f.Uniform)
def _(p, q):
    return _against_uniform(p, q).masked_fill((q.low >= 0) | (q.high <= 1), math.inf)  # also where they end together


@register_kl(f.Exponential, f.Gumbel)
def _(p, q):
    ratio, place = q.scale * p.rate, q.loc / q.scale
    return ratio.log() - place + place.exp() * ratio / (ratio + 1) + ratio.reciprocal() - 1


@register_kl(f.Gamma, f.Gumbel)
def _(p, q):
    ratio, place = p.rate * q.scale, q.loc / q.scale
    a = p.concentration
    return (
        ((a - 1) * a.digamma() - a.lgamma() - a)
        + (ratio.log() + a / ratio)
        + (place.exp() * (1 + ratio.reciprocal()).pow(-a) - place)
    )


@register_kl(f.Pareto, f.Exponential)
def _(p, q):
    reach = p.scale * q.rate
    kl = (p.alpha / reach).log() - p.alpha.reciprocal() + p.alpha * reach / (p.alpha - 1) - 1
    return kl.masked_fill(p.alpha <= 1, math.inf)


@register_kl(f.Pareto, f.Gamma)
def _(p, q):
    return _against_gamma(p, q, p.scale.log() + p.alpha.reciprocal()).masked_fill(p.alpha <= 1, math.inf)


@register_kl(f.Pareto, f.Normal)
def _(p, q):
    return _against_normal(p, q).masked_fill(p.alpha <= 2, math.inf)


def _mean_log(low, high):
    """The mean of log x between two numbers."""
    return (_x_log_x(high) - _x_log_x(low)) / (high - low) - 1


@register_kl(f.Uniform, f.Beta)
def _(p, q):
    a, b = q.concentration1, q.concentration0
    kl = (
        -p.entropy()
        - (a - 1) * _mean_log(p.low, p.high)
        - (b - 1) * _mean_log(1 - p.high, 1 - p.low)
        + a.lgamma()
        + b.lgamma()
        - (a + b).lgamma()
    )
    return kl.masked_fill((p.low < 0) | (p.high > 1), math.inf)


@register_kl(f.Uniform, f.ContinuousBernoulli)
def _(p, q):
    kl = -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._cont_bern_log_norm()
    return kl.masked_fill((p.low <= 0) | (p.high >= 1), math.inf)  # also where they end together


@register_kl(f.Uniform, f.Exponential)
def _(p, q):
    return _against_exponential(p, q).masked_fill(p.low < 0, math.inf)


@register_kl(f.Uniform, f.Gamma)
def _(p, q):
    return _against_gamma(p, q, _mean_log(p.low, p.high)).masked_fill(p.low < 0, math.inf)


@register_kl(f.Uniform, f.Gumbel)
def _(p, q):
    share, low, high = q.scale / (p.high - p.low), (p.low - q.loc) / q.scale, (p.high - q.loc) / q.scale
    return share.log() + 0.5 * (low + high) - share * ((-high).exp() - (-low).exp())


@register_kl(f.Uniform, f.Pareto)
def _(p, q):
    width = p.high - p.low
    kl = (q.alpha + 1) * _mean_log(p.low, p.high) - (q.alpha * q.scale.pow(q.alpha) * width).log()
    return kl.masked_fill(p.low < q.support.lower_bound, math.inf)
