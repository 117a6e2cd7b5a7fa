"""WGAN with a gradient penalty on rings of points, and a cycle of two generators between two clouds of them."""

import itertools
import random

import torch
import torch.nn as nn
from torch import autograd
from torch.nn.utils.parametrizations import spectral_norm

random.seed(4)
torch.manual_seed(4)


def ring(n):
    angle = torch.randint(0, 8, (n,)) * (torch.pi / 4)
    return torch.stack([angle.cos(), angle.sin()], 1) * 2 + 0.05 * torch.randn(n, 2)


def net(inputs, outputs, norm=False, wrap=lambda layer: layer):
    layers = [wrap(nn.Linear(inputs, 32)), nn.LayerNorm(32) if norm else nn.Identity(), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, wrap(nn.Linear(32, 32)), nn.SiLU(), wrap(nn.Linear(32, outputs)))


def gradient_penalty(critic, real, fake, weight=10.0):
    mix = torch.rand(real.size(0), 1).expand_as(real)
    between = (mix * real + (1 - mix) * fake).requires_grad_(True)
    score = critic(between)
    (slope,) = autograd.grad(score, between, grad_outputs=torch.ones_like(score), create_graph=True, retain_graph=True)
    return weight * ((slope.norm(2, dim=1) - 1) ** 2).mean()


generator, critic = net(4, 2), net(2, 1, norm=True)
g_step = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
c_step = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.5, 0.9))
for step in range(16):
    for p in critic.parameters():
        p.requires_grad_(True)
    for _ in range(3):
        real, fake = ring(48), generator(torch.randn(48, 4)).detach()
        c_step.zero_grad()
        penalty = gradient_penalty(critic, real, fake)
        distance = critic(real).mean() - critic(fake).mean()
        (penalty - distance).backward()
        c_step.step()
    for p in critic.parameters():
        p.requires_grad_(False)
    g_step.zero_grad()
    loss = -critic(generator(torch.randn(48, 4))).mean()
    loss.backward()
    g_step.step()
    if step % 5 == 0:
        print(f"WGAN {step}: distance {distance.item():.4f} penalty {penalty.item():.4f} generator {loss.item():.4f}")


class Pool:
    """Fakes of before, half of which are given to the discriminator in place of new ones."""

    def __init__(self, size=24):
        self.size, self.kept = size, []

    def query(self, batch):
        out = []
        for x in batch.detach().unsqueeze(1):
            if len(self.kept) < self.size:
                self.kept.append(x)
            elif random.random() > 0.5:
                k = random.randrange(self.size)
                self.kept[k], x = x.clone(), self.kept[k]
            out.append(x)
        return torch.cat(out)


there, back = net(2, 2), net(2, 2)
judges = [net(2, 1, wrap=spectral_norm) for _ in range(2)]
gan, cycle, same = nn.MSELoss(), nn.L1Loss(), nn.L1Loss()
g_step = torch.optim.Adam(itertools.chain(there.parameters(), back.parameters()), lr=2e-3, betas=(0.5, 0.999))
d_steps = [torch.optim.Adam(d.parameters(), lr=2e-3, betas=(0.5, 0.999)) for d in judges]
decay = torch.optim.lr_scheduler.LambdaLR(g_step, lr_lambda=lambda epoch: 1.0 - max(0, epoch - 8) / 8)
pools = Pool(), Pool()
for step in range(16):
    a, b = ring(24), torch.randn(24, 2) * torch.tensor([1.0, 0.3]) + 1
    fake_b, fake_a = there(a), back(b)
    g_step.zero_grad()
    adversarial = gan(judges[1](fake_b), torch.ones(24, 1)) + gan(judges[0](fake_a), torch.ones(24, 1))
    loss = (
        adversarial
        + 10 * (cycle(back(fake_b), a) + cycle(there(fake_a), b))
        + 5 * (same(there(b), b) + same(back(a), a))
    )
    loss.backward()
    g_step.step()
    judged = []
    for judge, opt, pool, real, fake in zip(judges, d_steps, pools, (a, b), (fake_a, fake_b)):
        opt.zero_grad()
        d = 0.5 * (gan(judge(real), torch.ones(24, 1)) + gan(judge(pool.query(fake)), torch.zeros(24, 1)))
        d.backward()
        opt.step()
        judged.append(d.item())
    decay.step()
    if step % 5 == 0:
        print(
            f"cycle {step}: generators {loss.item():.4f} judges {judged[0]:.4f} {judged[1]:.4f} rate {decay.get_last_lr()[0]:.5f}"
        )
print(f"largest singular value {torch.linalg.matrix_norm(judges[0][0].weight, 2).item():.3f}")
