"""Mean-field layers with KL divergences, particles of Stein's method, and a walk through the distributions."""

import torch, math
from torch import nn, distributions as D
from torch.distributions import kl_divergence, constraints, transform_to, biject_to

torch.manual_seed(0)


class VarLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.mu = nn.Parameter(torch.empty(o, i + 1))
        self.rho = nn.Parameter(torch.full((o, i + 1), -4.0))
        nn.init.kaiming_uniform_(self.mu)

    def forward(self, x):
        q = D.Normal(self.mu, nn.functional.softplus(self.rho))
        w = q.rsample()
        self.kl = kl_divergence(q, D.Normal(0, 1)).sum()
        return x @ w[:, :-1].T + w[:, -1]


net = nn.Sequential(VarLinear(1, 16), nn.Tanh(), VarLinear(16, 1))
x = torch.linspace(-2, 2, 32)[:, None]
y = x.pow(3) / 4 + 0.1 * torch.randn_like(x)
optimizer = torch.optim.Adamax(net.parameters(), 5e-3)
for i in range(20):
    loss = -D.Normal(net(x), 0.1).log_prob(y).sum() + sum(m.kl for m in net if hasattr(m, "kl"))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("elbo %.2f" % loss)
# SVGD
X = torch.randn(20, 2)
target = D.MixtureSameFamily(
    D.Categorical(torch.tensor([0.3, 0.7])),
    D.MultivariateNormal(torch.tensor([[-2.0, 0], [2.0, 1.0]]), torch.eye(2).expand(2, 2, 2) * 0.5),
)


def k(X):
    d = torch.cdist(X, X).pow(2)
    h = d.detach().median() / math.log(len(X))
    return torch.exp(-d / h)


for i in range(20):
    X = X.detach().requires_grad_()
    (s,) = torch.autograd.grad(target.log_prob(X).sum(), X)
    K = k(X)
    (gk,) = torch.autograd.grad(-K.sum(), X)
    X = X + 0.3 * (K.detach() @ s + gk) / len(X)
print(X.mean(0), X.std(0))
print(target.mean, target.variance)
for d in (
    D.Beta(2.0, 3.0),
    D.Gamma(2.0, 1.0),
    D.Dirichlet(torch.tensor([1.0, 2.0, 3.0])),
    D.StudentT(4.0),
    D.Laplace(0.0, 1.0),
    D.LogNormal(0.0, 0.5),
    D.Poisson(3.0),
    D.Binomial(5, 0.3),
    D.Geometric(0.4),
    D.Gumbel(0.0, 1.0),
    D.Weibull(1.0, 2.0),
    D.HalfCauchy(1.0),
    D.Kumaraswamy(2.0, 3.0),
    D.VonMises(0.0, 1.0),
    D.Cauchy(0.0, 1.0),
    D.NegativeBinomial(3, 0.4),
    D.OneHotCategorical(torch.tensor([0.2, 0.8])),
    D.Independent(D.Normal(torch.zeros(3), 1.0), 1),
    D.LowRankMultivariateNormal(torch.zeros(2), torch.ones(2, 1), torch.ones(2)),
    D.ContinuousBernoulli(0.3),
    D.RelaxedOneHotCategorical(torch.tensor(0.5), torch.tensor([0.3, 0.7])),
    D.TransformedDistribution(
        D.Normal(0.0, 1.0), [D.transforms.SigmoidTransform(), D.transforms.AffineTransform(1.0, 2.0)]
    ),
    D.Wishart(torch.tensor(3.0), torch.eye(2)),
    D.LKJCholesky(3),
):
    torch.manual_seed(1)
    s = d.sample()
    print(type(d).__name__, s.shape, "%.4f" % d.log_prob(s).sum(), d.has_rsample, tuple(d.event_shape))
for a, b in [
    (D.Gamma(2.0, 1.0), D.Gamma(3.0, 2.0)),
    (D.Beta(1.0, 2.0), D.Beta(2.0, 2.0)),
    (D.Categorical(torch.tensor([0.2, 0.8])), D.Categorical(torch.tensor([0.5, 0.5]))),
    (D.Dirichlet(torch.ones(3)), D.Dirichlet(torch.ones(3) * 2)),
    (D.Laplace(0.0, 1.0), D.Laplace(1.0, 2.0)),
    (D.Bernoulli(0.3), D.Bernoulli(0.6)),
    (D.Exponential(1.0), D.Gamma(1.0, 2.0)),
]:
    print("%.5f" % kl_divergence(a, b), end=" ")
print()
u = torch.randn(3, requires_grad=True)
p = transform_to(constraints.simplex)(u)
print(
    p,
    biject_to(constraints.interval(-1, 2))(u).detach(),
    transform_to(constraints.lower_cholesky)(torch.ones(2, 2)),
    D.constraints.positive.check(p),
)
