"""A mixture density network for a curve with several answers per question."""

import math

import torch
import torch.nn as nn
from torch.distributions import Categorical, MixtureSameFamily, Normal

torch.manual_seed(8)
y = torch.rand(300, 1) * 20 - 10
x = torch.sin(0.75 * y) * 7 + y * 0.5 + torch.randn(300, 1)
x, y = (x - x.mean()) / x.std(), y / 10


class MDN(nn.Module):
    def __init__(self, hidden, mixtures):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, hidden), nn.Tanh())
        self.z_pi = nn.Linear(hidden, mixtures)
        self.z_sigma = nn.Linear(hidden, mixtures)
        self.z_mu = nn.Linear(hidden, mixtures)

    def forward(self, x):
        h = self.z_h(x)
        return nn.functional.log_softmax(self.z_pi(h), -1), torch.exp(self.z_sigma(h)), self.z_mu(h)


def mdn_loss(log_pi, sigma, mu, y):
    log_prob = -0.5 * ((y - mu) / sigma) ** 2 - torch.log(sigma) - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_prob, dim=1).mean()


model = MDN(20, 5)
optimizer = torch.optim.NAdam(model.parameters(), lr=3e-3)
for step in range(61):
    log_pi, sigma, mu = model(x)
    loss = mdn_loss(log_pi, sigma, mu, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"{step}: {loss.item():.4f}")

with torch.no_grad():
    log_pi, sigma, mu = model(torch.tensor([[-1.0], [0.0], [1.0]]))
    mixture = MixtureSameFamily(Categorical(logits=log_pi), Normal(mu, sigma))
    print("mean", " ".join(f"{v:.4f}" for v in mixture.mean.tolist()))
    print("stddev", " ".join(f"{v:.4f}" for v in mixture.stddev.tolist()))
    print("log_prob", " ".join(f"{v:.4f}" for v in mixture.log_prob(torch.zeros(3)).tolist()))
    chosen = Categorical(logits=log_pi).sample((4,))
    print("components", chosen.t().tolist())
    picked = mu.gather(1, chosen.t()) + sigma.gather(1, chosen.t()) * torch.randn(3, 4)
    print("samples", " ".join(f"{v:.4f}" for v in picked.flatten().tolist()))
