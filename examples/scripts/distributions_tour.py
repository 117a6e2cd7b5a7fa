"""Distributions: sampling, reparameterised gradients, a bandit, and variational inference for a small posterior."""

import torch
from torch import distributions as D

torch.manual_seed(37)
c = D.Categorical(probs=torch.tensor([0.1, 0.2, 0.7]))
samples = c.sample((1000,))
print("categorical", torch.bincount(samples).tolist(), f"{c.entropy().item():.4f}", c.log_prob(torch.tensor(2)))
n = D.Normal(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 0.5]))
print("normal", n, " ".join(f"{v:.4f}" for v in n.sample((2,)).flatten().tolist()))
print("cdf", " ".join(f"{v:.4f}" for v in n.cdf(torch.tensor([0.5, 0.5])).tolist()))
print("kl", f"{D.kl_divergence(D.Normal(0.0, 1.0), D.Normal(1.0, 2.0)).item():.4f}")
for d in (
    D.Bernoulli(0.3),
    D.Uniform(-1.0, 2.0),
    D.Exponential(2.0),
    D.Gamma(2.0, 3.0),
    D.Beta(2.0, 5.0),
    D.Laplace(0.0, 1.5),
    D.Poisson(4.0),
    D.Geometric(0.25),
    D.StudentT(5.0),
    D.LogNormal(0.0, 0.5),
):
    print(
        type(d).__name__,
        f"mean {d.mean.item():.4f} variance {d.variance.item():.4f}",
        f"log_prob {d.log_prob(torch.tensor(1.0)).item():.4f}",
    )

# A bandit learnt by the score function.
payoffs = torch.tensor([0.2, 0.5, 0.8, 0.3])
logits = torch.zeros(4, requires_grad=True)
optimizer = torch.optim.SGD([logits], lr=0.5)
baseline = 0.0
for pull in range(81):
    arm = D.Categorical(logits=logits)
    action = arm.sample()
    reward = D.Bernoulli(payoffs[action]).sample().item()
    loss = -arm.log_prob(action) * (reward - baseline)
    baseline += 0.1 * (reward - baseline)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if pull % 20 == 0:
        print(f"pull {pull}: arm {action.item()} loss {loss.item():.4f} p {logits.softmax(0).max().item():.4f}")

# A Gaussian posterior by the path-wise gradient.
data = 1.5 + 0.8 * torch.randn(40)
mu, rho = torch.zeros(2, requires_grad=True), torch.full((2,), -1.0, requires_grad=True)
optimizer = torch.optim.Adam([mu, rho], lr=0.05)
prior = D.Independent(D.Normal(torch.zeros(2), 2 * torch.ones(2)), 1)
for step in range(61):
    q = D.Independent(D.Normal(mu, torch.nn.functional.softplus(rho)), 1)
    theta = q.rsample((8,))
    likelihood = D.Normal(theta[:, :1], theta[:, 1:].exp()).log_prob(data).sum(1)
    elbo = (likelihood + prior.log_prob(theta) - q.log_prob(theta)).mean()
    optimizer.zero_grad()
    (-elbo).backward()
    optimizer.step()
    if step % 15 == 0:
        print(f"elbo {step}: {elbo.item():.4f}")
print("posterior", " ".join(f"{v:.3f}" for v in mu.tolist()))

flow = D.TransformedDistribution(D.Normal(0.0, 1.0), [D.AffineTransform(0.5, 2.0), D.SigmoidTransform()])
print("transformed", f"{flow.sample().item():.4f} {flow.log_prob(torch.tensor(0.3)).item():.4f}")
g = D.RelaxedOneHotCategorical(torch.tensor(0.5), logits=torch.tensor([0.1, 1.0, -0.3])).rsample()
print("gumbel", " ".join(f"{v:.4f}" for v in g.tolist()))
mvn = D.MultivariateNormal(torch.zeros(2), torch.tensor([[2.0, 0.5], [0.5, 1.0]]))
print("mvn", " ".join(f"{v:.4f}" for v in mvn.sample().tolist()), f"{mvn.entropy().item():.4f}")
try:
    D.Normal(0.0, -1.0)
except ValueError as error:
    print(str(error).splitlines()[0])
