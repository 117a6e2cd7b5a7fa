"""One way to build each distribution in either library, shared by the tests here."""


def t(library, values, **options):
    return library.tensor(values, dtype=library.float64, **options)


CASES = {
    "Normal": lambda m, d: d.Normal(t(m, [0.0, 1.0]), t(m, [1.0, 2.5])),
    "Normal scalar": lambda m, d: d.Normal(0.5, 2.0),
    "LogNormal": lambda m, d: d.LogNormal(t(m, [0.0, 0.3]), t(m, [1.0, 0.5])),
    "HalfNormal": lambda m, d: d.HalfNormal(t(m, [1.0, 2.0])),
    "HalfCauchy": lambda m, d: d.HalfCauchy(t(m, [1.0, 2.0])),
    "Categorical": lambda m, d: d.Categorical(t(m, [[1.0, 2.0, 3.0], [0.1, 0.1, 0.8]])),
    "Categorical logits": lambda m, d: d.Categorical(logits=t(m, [0.3, -1.0, 2.0])),
    "OneHotCategorical": lambda m, d: d.OneHotCategorical(t(m, [[1.0, 2.0, 3.0], [0.1, 0.1, 0.8]])),
    "StraightThrough": lambda m, d: d.OneHotCategoricalStraightThrough(logits=t(m, [0.1, 0.5, 0.2])),
    "Bernoulli": lambda m, d: d.Bernoulli(t(m, [0.2, 0.7])),
    "Bernoulli logits": lambda m, d: d.Bernoulli(logits=t(m, [0.2, -0.7])),
    "ContinuousBernoulli": lambda m, d: d.ContinuousBernoulli(t(m, [0.2, 0.5])),
    "ContinuousBernoulli logits": lambda m, d: d.ContinuousBernoulli(logits=t(m, [0.2, -2.0])),
    "Uniform": lambda m, d: d.Uniform(t(m, [0.0, -1.0]), t(m, [1.0, 3.0])),
    "Beta": lambda m, d: d.Beta(t(m, [0.5, 2.0]), t(m, [1.5, 3.0])),
    "Gamma": lambda m, d: d.Gamma(t(m, [0.5, 3.0]), t(m, [1.0, 2.0])),
    "Chi2": lambda m, d: d.Chi2(t(m, [1.0, 4.0])),
    "Dirichlet": lambda m, d: d.Dirichlet(t(m, [[0.5, 1.0, 2.0], [3.0, 3.0, 0.2]])),
    "Multinomial": lambda m, d: d.Multinomial(5, t(m, [0.2, 0.3, 0.5])),
    "Exponential": lambda m, d: d.Exponential(t(m, [0.5, 2.0])),
    "Laplace": lambda m, d: d.Laplace(t(m, [0.0, 1.0]), t(m, [1.0, 2.0])),
    "Poisson": lambda m, d: d.Poisson(t(m, [0.5, 20.0])),
    "MultivariateNormal": lambda m, d: d.MultivariateNormal(t(m, [0.0, 1.0]), t(m, [[2.0, 0.5], [0.5, 1.0]])),
    "MultivariateNormal batch": lambda m, d: d.MultivariateNormal(
        t(m, [[0.0, 1.0], [2.0, 0.0]]), scale_tril=t(m, [[2.0, 0.0], [0.5, 1.0]])
    ),
    "MultivariateNormal precision": lambda m, d: d.MultivariateNormal(
        t(m, [0.0, 1.0]), precision_matrix=t(m, [[2.0, 0.5], [0.5, 1.0]])
    ),
    "Independent": lambda m, d: d.Independent(d.Normal(t(m, [[0.0, 1.0], [2.0, 3.0]]), 1.0), 1),
    "Transformed": lambda m, d: d.TransformedDistribution(
        d.Normal(t(m, [0.0, 1.0]), 1.0), [d.SigmoidTransform(), d.AffineTransform(1.0, -2.0)]
    ),
    "Tanh": lambda m, d: d.Independent(
        d.TransformedDistribution(d.Normal(t(m, [0.0, 1.0]), 0.5), d.TanhTransform(cache_size=1)), 1
    ),
    "Cauchy": lambda m, d: d.Cauchy(t(m, [0.0, 1.0]), t(m, [1.0, 2.0])),
    "StudentT": lambda m, d: d.StudentT(t(m, [1.5, 5.0]), t(m, [0.0, 1.0]), t(m, [1.0, 2.0])),
    "Gumbel": lambda m, d: d.Gumbel(t(m, [0.0, 1.0]), t(m, [1.0, 2.0])),
    "Geometric": lambda m, d: d.Geometric(t(m, [0.3, 0.9])),
    "Binomial": lambda m, d: d.Binomial(7, t(m, [0.3, 0.9])),
    "NegativeBinomial": lambda m, d: d.NegativeBinomial(t(m, [3.0, 5.0]), t(m, [0.3, 0.55])),
    "Mixture": lambda m, d: d.MixtureSameFamily(
        d.Categorical(t(m, [0.3, 0.7])), d.Normal(t(m, [-1.0, 2.0]), t(m, [1.0, 0.5]))
    ),
    "Mixture of vectors": lambda m, d: d.MixtureSameFamily(
        d.Categorical(t(m, [0.3, 0.7])), d.Independent(d.Normal(t(m, [[-1.0, 2.0], [0.0, 1.0]]), 1.0), 1)
    ),
    "RelaxedBernoulli": lambda m, d: d.RelaxedBernoulli(t(m, 0.7), t(m, [0.2, 0.7])),
    "RelaxedOneHot": lambda m, d: d.RelaxedOneHotCategorical(t(m, 0.7), t(m, [0.2, 0.7, 0.1])),
    "Weibull": lambda m, d: d.Weibull(t(m, [1.0, 2.0]), t(m, [1.5, 0.8])),
    "Pareto": lambda m, d: d.Pareto(t(m, [1.0, 2.0]), t(m, [1.5, 3.0])),
    "InverseGamma": lambda m, d: d.InverseGamma(t(m, [1.5, 3.0]), t(m, [1.0, 2.0])),
    "FisherSnedecor": lambda m, d: d.FisherSnedecor(t(m, [3.0, 5.0]), t(m, [6.0, 7.0])),
    "Kumaraswamy": lambda m, d: d.Kumaraswamy(t(m, [1.5, 2.0]), t(m, [2.0, 3.0])),
    "VonMises": lambda m, d: d.VonMises(t(m, [0.5, -1.0]), t(m, [0.7, 4.0])),
    "LowRank": lambda m, d: d.LowRankMultivariateNormal(
        t(m, [[0.0, 1.0, 2.0]]), t(m, [[1.0], [0.5], [-0.3]]), t(m, [[1.0, 2.0, 0.5], [0.1, 1.0, 1.0]])
    ),
    "LKJCholesky": lambda m, d: d.LKJCholesky(3, t(m, [0.5, 2.0])),
    "LogisticNormal": lambda m, d: d.LogisticNormal(t(m, [0.0, 1.0, 0.5]), t(m, [1.0, 2.0, 0.5])),
}
