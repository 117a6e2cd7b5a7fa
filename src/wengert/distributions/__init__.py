"""torch.distributions: random variables with draws, densities and divergences; each family loads when first used."""

import importlib

from . import constraints, transforms

_FAMILIES = {
    "bernoulli": "Bernoulli",
    "beta": "Beta",
    "binomial": "Binomial",
    "categorical": "Categorical",
    "cauchy": "Cauchy",
    "chi2": "Chi2",
    "continuous_bernoulli": "ContinuousBernoulli",
    "dirichlet": "Dirichlet",
    "distribution": "Distribution ExponentialFamily",
    "exponential": "Exponential",
    "fishersnedecor": "FisherSnedecor",
    "gamma": "Gamma",
    "generalized_pareto": "GeneralizedPareto",
    "geometric": "Geometric",
    "gumbel": "Gumbel",
    "half_cauchy": "HalfCauchy",
    "half_normal": "HalfNormal",
    "independent": "Independent",
    "inverse_gamma": "InverseGamma",
    "kumaraswamy": "Kumaraswamy",
    "laplace": "Laplace",
    "log_normal": "LogNormal",
    "lkj_cholesky": "LKJCholesky",
    "logistic_normal": "LogisticNormal",
    "lowrank_multivariate_normal": "LowRankMultivariateNormal",
    "von_mises": "VonMises",
    "mixture_same_family": "MixtureSameFamily",
    "multinomial": "Multinomial",
    "multivariate_normal": "MultivariateNormal",
    "negative_binomial": "NegativeBinomial",
    "normal": "Normal",
    "one_hot_categorical": "OneHotCategorical OneHotCategoricalStraightThrough",
    "pareto": "Pareto",
    "poisson": "Poisson",
    "relaxed_bernoulli": "RelaxedBernoulli",
    "relaxed_categorical": "RelaxedOneHotCategorical",
    "studentT": "StudentT",
    "transformed_distribution": "TransformedDistribution",
    "uniform": "Uniform",
    "weibull": "Weibull",
    "wishart": "Wishart",
    "kl": "kl_divergence register_kl",
    "constraint_registry": "biject_to transform_to",
    "transforms": "AbsTransform AffineTransform ComposeTransform CumulativeDistributionTransform ExpTransform "
    "PowerTransform SigmoidTransform SoftplusTransform TanhTransform Transform identity_transform",
    "vector_transforms": "CatTransform CorrCholeskyTransform IndependentTransform LowerCholeskyTransform "
    "PositiveDefiniteTransform ReshapeTransform SoftmaxTransform StackTransform "
    "StickBreakingTransform",
}
_HOMES = {name: module for module, names in _FAMILIES.items() for name in names.split()}

__all__ = sorted(_HOMES)  # noqa: PLE0605 (all of it is loaded by name)
__all__ += ["constraints", "transforms"]


def __getattr__(name):
    if name in _HOMES:
        value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    elif name in _FAMILIES or name in ("utils", "exp_family"):
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module 'torch.distributions' has no attribute '{name}'")
    globals()[name] = value
    return value
