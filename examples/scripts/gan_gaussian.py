"""A generative adversarial network learns a one-dimensional Gaussian."""

import torch
import torch.nn as nn
import torch.optim as optim

torch.manual_seed(42)
MEAN, STD = 4.0, 1.25


class Generator(nn.Module):
    def __init__(self, noise=2, hidden=16):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(noise, hidden), nn.ELU(), nn.Linear(hidden, hidden), nn.SiLU(), nn.Linear(hidden, 1)
        )

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self, hidden=16):
        super().__init__()
        self.map1, self.map2 = nn.Linear(3, hidden), nn.Linear(hidden, 1)
        self.f = nn.LeakyReLU(0.2)

    def forward(self, x):
        moments = torch.cat([x, x**2 / 10, torch.sin(x)], dim=1)
        return self.map2(self.f(self.map1(moments)))


G, D = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
opt_g = optim.Adam(G.parameters(), lr=5e-3, betas=(0.5, 0.999))
opt_d = optim.Adam(D.parameters(), lr=5e-3, betas=(0.5, 0.999))

for step in range(121):
    real = torch.empty(64, 1).normal_(MEAN, STD)
    fake = G(torch.randn(64, 2))

    D.zero_grad()
    loss_real = criterion(D(real), torch.ones(64, 1))
    loss_fake = criterion(D(fake.detach()), torch.zeros(64, 1))
    (loss_real + loss_fake).backward()
    opt_d.step()

    G.zero_grad()
    for p in D.parameters():
        p.requires_grad_(False)
    loss_g = criterion(D(fake), torch.ones(64, 1))
    loss_g.backward()
    opt_g.step()
    for p in D.parameters():
        p.requires_grad_(True)

    if step % 20 == 0:
        print(
            f"{step}: D real {loss_real.item():.4f} fake {loss_fake.item():.4f} | G {loss_g.item():.4f} | "
            f"mean {fake.mean().item():.4f} std {fake.std().item():.4f}"
        )
