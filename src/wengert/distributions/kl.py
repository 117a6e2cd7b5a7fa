"""Kullback-Leibler divergences: a registry by pairs of classes, and the formulas."""

import math
import warnings

import wengert as wg

from . import _families as f
from .distribution import ExponentialFamily
from .utils import euler_constant, sum_rightmost

_registry, _memo = {}, {}


def register_kl(type_p, type_q):
    """A decorator for a function of two distributions that computes their divergence."""
    if not isinstance(type_p, type):
        raise TypeError(f"Expected type_p to be a Distribution subclass but got {type_p}")
    if not isinstance(type_q, type):
        raise TypeError(f"Expected type_q to be a Distribution subclass but got {type_q}")

    def register(function):
        _registry[type_p, type_q] = function
        _memo.clear()
        return function

    return register


def _nearest(pairs):
    """The pair whose first class is the most derived one, and among these its second class."""
    best = pairs[0]
    for pair in pairs[1:]:
        place = 0 if pair[0] is not best[0] else 1
        if issubclass(pair[place], best[place]):
            best = pair
    return best


def _dispatch(type_p, type_q):
    """The function for the nearest registered classes, or None; a warning where p and q see it differently."""
    found = [(p, q) for p, q in _registry if issubclass(type_p, p) and issubclass(type_q, q)]
    if not found:
        return None
    near_p, far_q = _nearest(found)
    near_q, far_p = _nearest([(q, p) for p, q in found])
    if _registry[near_p, far_q] is not _registry[far_p, near_q]:
        warnings.warn(
            f"Ambiguous kl_divergence({type_p.__name__}, {type_q.__name__}). Please "
            f"register_kl({near_p.__name__}, {near_q.__name__})",
            RuntimeWarning,
            stacklevel=2,
        )
    return _registry[near_p, far_q]


def kl_divergence(p, q):
    """KL(p || q), of the batch's shape; NotImplementedError for pairs without a formula.

    >>> from wengert.distributions import Normal
    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0))
    tensor(0.5000)
    """
    pair = type(p), type(q)
    if pair not in _memo:
        _memo[pair] = _dispatch(*pair)
    function = _memo[pair]
    if function is None:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type {type(q).__name__}"
        )
    return function(p, q)


def _x_log_x(value):
    return wg.special.xlogy(value, value)


def _infinite(value):
    return wg.full_like(value, math.inf)


@register_kl(f.Bernoulli, f.Bernoulli)
def _(p, q):
    one = p.probs * (wg.nn.functional.softplus(-q.logits) - wg.nn.functional.softplus(-p.logits))
    zero = (1 - p.probs) * (wg.nn.functional.softplus(q.logits) - wg.nn.functional.softplus(p.logits))
    one = one.masked_fill(q.probs == 0, math.inf).masked_fill(p.probs == 0, 0)
    zero = zero.masked_fill(q.probs == 1, math.inf).masked_fill(p.probs == 1, 0)
    return one + zero


@register_kl(f.Beta, f.Beta)
def _(p, q):
    total_p, total_q = p.concentration1 + p.concentration0, q.concentration1 + q.concentration0
    normalizers = (
        q.concentration1.lgamma()
        + q.concentration0.lgamma()
        + total_p.lgamma()
        - (p.concentration1.lgamma() + p.concentration0.lgamma() + total_q.lgamma())
    )
    return (
        normalizers
        + (p.concentration1 - q.concentration1) * p.concentration1.digamma()
        + (p.concentration0 - q.concentration0) * p.concentration0.digamma()
        + (total_q - total_p) * total_p.digamma()
    )


@register_kl(f.Binomial, f.Binomial)
def _(p, q):
    if bool((p.total_count < q.total_count).any()):
        raise NotImplementedError("KL between Binomials where q.total_count > p.total_count is not implemented")
    kl = p.total_count * (p.probs * (p.logits - q.logits) + (-p.probs).log1p() - (-q.probs).log1p())
    return kl.masked_fill(p.total_count > q.total_count, math.inf)


@register_kl(f.Categorical, f.Categorical)
def _(p, q):
    terms = p.probs * (p.logits - q.logits)
    terms = terms.masked_fill((q.probs == 0).expand_as(terms), math.inf)
    return terms.masked_fill((p.probs == 0).expand_as(terms), 0).sum(-1)


@register_kl(f.OneHotCategorical, f.OneHotCategorical)
def _(p, q):
    return kl_divergence(p._categorical, q._categorical)


@register_kl(f.Cauchy, f.Cauchy)
def _(p, q):
    return ((p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)).log() - (4 * p.scale * q.scale).log()


@register_kl(f.ContinuousBernoulli, f.ContinuousBernoulli)
def _(p, q):
    norms = p._cont_bern_log_norm() + wg.log1p(-p.probs), -q._cont_bern_log_norm() - wg.log1p(-q.probs)
    return p.mean * (p.logits - q.logits) + norms[0] + norms[1]


@register_kl(f.Dirichlet, f.Dirichlet)
def _(p, q):
    total_p, total_q = p.concentration.sum(-1), q.concentration.sum(-1)
    normalizers = total_p.lgamma() - total_q.lgamma() - (p.concentration.lgamma() - q.concentration.lgamma()).sum(-1)
    means = p.concentration.digamma() - total_p.digamma().unsqueeze(-1)
    return normalizers + ((p.concentration - q.concentration) * means).sum(-1)


@register_kl(f.Exponential, f.Exponential)
def _(p, q):
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(f.Gamma, f.Gamma)
def _(p, q):
    return (
        q.concentration * (p.rate / q.rate).log()
        + wg.lgamma(q.concentration)
        - wg.lgamma(p.concentration)
        + (p.concentration - q.concentration) * wg.digamma(p.concentration)
        + (q.rate - p.rate) * (p.concentration / p.rate)
    )


@register_kl(f.Geometric, f.Geometric)
def _(p, q):
    return -p.entropy() - wg.log1p(-q.probs) / p.probs - q.logits


@register_kl(f.Gumbel, f.Gumbel)
def _(p, q):
    ratio, shift_q, shift_p = p.scale / q.scale, q.loc / q.scale, p.loc / q.scale
    return (
        -ratio.log()
        - shift_q
        + shift_p
        + ratio * euler_constant
        + wg.exp(shift_q + (1 + ratio).lgamma() - shift_p)
        - (1 + euler_constant)
    )


@register_kl(f.HalfNormal, f.HalfNormal)
def _(p, q):
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(f.Laplace, f.Laplace)
def _(p, q):
    ratio, distance = p.scale / q.scale, (p.loc - q.loc).abs()
    return -ratio.log() + distance / q.scale + ratio * wg.exp(-distance / p.scale) - 1


@register_kl(f.MultivariateNormal, f.MultivariateNormal)
def _(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot be computed"
        )
    half_log_dets = q._half_log_det() - p._half_log_det()
    shape = wg.broadcast_shapes(p.scale_tril.shape, q.scale_tril.shape)
    ours, theirs = p.scale_tril.expand(shape), q.scale_tril.expand(shape)
    trace = wg.linalg.solve_triangular(theirs, ours, upper=False).pow(2).sum([-2, -1])
    from .multivariate_normal import _batch_mahalanobis

    distance = _batch_mahalanobis(q._unbroadcasted_scale_tril, q.loc - p.loc)
    return half_log_dets + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(f.LowRankMultivariateNormal, f.LowRankMultivariateNormal)
@register_kl(f.LowRankMultivariateNormal, f.MultivariateNormal)
@register_kl(f.MultivariateNormal, f.LowRankMultivariateNormal)
def _(p, q):
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Low Rank Multivariate Normals with different event shapes cannot be computed"
        )
    dense = (f.MultivariateNormal(d.loc, scale_tril=d.scale_tril, validate_args=False) for d in (p, q))
    return kl_divergence(*dense)


@register_kl(f.Normal, f.Normal)
def _(p, q):
    ratio = (p.scale / q.scale).pow(2)
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale).pow(2) - 1 - ratio.log())


@register_kl(f.Pareto, f.Pareto)
def _(p, q):
    scale_ratio, alpha_ratio = p.scale / q.scale, q.alpha / p.alpha
    kl = q.alpha * scale_ratio.log() - alpha_ratio.log() + alpha_ratio - 1
    return wg.where(p.support.lower_bound < q.support.lower_bound, _infinite(kl), kl)


@register_kl(f.Poisson, f.Poisson)
def _(p, q):
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(f.TransformedDistribution, f.TransformedDistribution)
def _(p, q):
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError
    extra = len(p.event_shape) - len(p.base_dist.event_shape)
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), extra)


@register_kl(f.Independent, f.Independent)
def _(p, q):
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)


@register_kl(f.Uniform, f.Uniform)
def _(p, q):
    kl = ((q.high - q.low) / (p.high - p.low)).log()
    return wg.where((q.low > p.low) | (q.high < p.high), _infinite(kl), kl)


@register_kl(ExponentialFamily, ExponentialFamily)
def _kl_expfamily_expfamily(p, q):
    if type(p) is not type(q):
        raise NotImplementedError(
            "The cross KL-divergence between different exponential families cannot "
            "                            be computed using Bregman divergences"
        )
    params = [x.detach().requires_grad_() for x in p._natural_params]
    normalizer = p._log_normalizer(*params)
    slopes = wg.autograd.grad(normalizer.sum(), params, create_graph=True)
    result = q._log_normalizer(*q._natural_params) - normalizer
    for mine, other, slope in zip(params, q._natural_params, slopes):
        result = result - sum_rightmost((other - mine) * slope, len(q.event_shape))
    return result


from . import _kl_pairs  # noqa: F401  registers the pairs of different families
