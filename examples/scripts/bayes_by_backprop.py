"""A Bayesian network in plain operations: Gaussian weights by reparameterisation, a scale-mixture prior, predictions."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def log_normal(x, mean, std):
    return (-0.5 * math.log(2 * math.pi) - std.log() - (x - mean) ** 2 / (2 * std**2)).sum()


class BayesLinear(nn.Module):
    def __init__(self, inside, outside):
        super().__init__()
        self.mean = nn.Parameter(torch.empty(outside, inside + 1).uniform_(-0.2, 0.2))
        self.rho = nn.Parameter(torch.full((outside, inside + 1), -3.0))

    def forward(self, x):
        std = F.softplus(self.rho)
        weight = self.mean + std * torch.randn_like(std)
        narrow, wide = (torch.distributions.Normal(0.0, s).log_prob(weight) for s in (0.1, 1.0))
        prior = torch.logsumexp(torch.stack([narrow, wide]) + math.log(0.5), dim=0).sum()
        self.complexity = log_normal(weight, self.mean, std) - prior
        return F.linear(x, weight[:, :-1], weight[:, -1])


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([BayesLinear(1, 12), BayesLinear(12, 12), BayesLinear(12, 1)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = F.softplus(layer(x))
        return self.layers[-1](x)

    def complexity(self):
        return sum(layer.complexity for layer in self.layers)


torch.manual_seed(4)
x = torch.linspace(-1, 1, 40).unsqueeze(1)
y = x**3 - 0.3 * x + 0.05 * torch.randn_like(x)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3, amsgrad=True)
for step in range(41):
    optimizer.zero_grad()
    fits, costs = zip(*[(0.5 * ((net(x) - y) / 0.1).pow(2).sum(), net.complexity()) for _ in range(2)])
    loss = sum(fits) / 2 + sum(costs) / 2 / 50
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(f"{step}: loss {loss.item():.3f} fit {fits[0].item():.3f} complexity {costs[0].item():.2f}")
with torch.no_grad():
    draws = torch.stack([net(torch.tensor([[-0.5], [0.0], [2.0]])) for _ in range(8)]).squeeze(-1)
print(draws.mean(0), draws.std(0))
