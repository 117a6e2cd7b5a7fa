"""RealNVP-style affine coupling layers bend a Gaussian into two moons; the density comes out exactly."""

import math

import torch
from torch import nn
from torch.distributions import MultivariateNormal

torch.manual_seed(4)


def moons(count):
    angle = torch.rand(count) * math.pi
    upper = (torch.rand(count) < 0.5).float()
    x = torch.cos(angle) * (2 * upper - 1) + (1 - upper)
    y = torch.sin(angle) * (2 * upper - 1) + 0.5 * (1 - upper)
    return torch.stack([x, y], dim=-1) + 0.05 * torch.randn(count, 2)


class Coupling(nn.Module):
    def __init__(self, mask, hidden=24):
        super().__init__()
        self.register_buffer("mask", torch.tensor(mask))
        self.scale = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(2, hidden), nn.LeakyReLU(), nn.Linear(hidden, 2))

    def forward(self, x):
        kept = x * self.mask
        s, t = self.scale(kept) * (1 - self.mask), self.shift(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (x - t) * torch.exp(-s), -s.sum(-1)

    def inverse(self, z):
        kept = z * self.mask
        s, t = self.scale(kept) * (1 - self.mask), self.shift(kept) * (1 - self.mask)
        return kept + (1 - self.mask) * (z * torch.exp(s) + t)


class Flow(nn.Module):
    def __init__(self, layers):
        super().__init__()
        self.layers = nn.ModuleList([Coupling([1.0, 0.0] if i % 2 else [0.0, 1.0]) for i in range(layers)])
        self.prior = MultivariateNormal(torch.zeros(2), torch.eye(2))

    def log_prob(self, x):
        total = x.new_zeros(x.shape[0])
        for layer in self.layers:
            x, log_det = layer(x)
            total = total + log_det
        return self.prior.log_prob(x) + total

    def sample(self, count):
        z = self.prior.sample((count,))
        for layer in reversed(self.layers):
            z = layer.inverse(z)
        return z


flow = Flow(4)
print(len(flow.state_dict()), sorted(flow.state_dict())[0])
optimizer = torch.optim.Adamax(flow.parameters(), lr=5e-3)
for step in range(61):
    loss = -flow.log_prob(moons(128)).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"iter {step}: {loss.item():.4f}")

with torch.no_grad():
    sample = flow.sample(200)
    print("sample mean", " ".join(f"{v:.4f}" for v in sample.mean(0).tolist()))
    print("sample cov", " ".join(f"{v:.4f}" for v in torch.cov(sample.T).flatten().tolist()))
    x = moons(16)
    z = x
    for layer in flow.layers:
        z, _ = layer(z)
    for layer in reversed(flow.layers):
        z = layer.inverse(z)
    print("invertible:", torch.allclose(z, x, atol=1e-4))
