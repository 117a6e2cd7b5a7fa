"""A small denoising diffusion model of one-dimensional signals: noise schedule, time embedding, training, sampling."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

STEPS = 20


class TimeEmbedding(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.register_buffer("rates", torch.exp(-math.log(100.0) * torch.arange(width // 2) / (width // 2)))
        self.project = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t):
        angles = t[:, None].float() * self.rates[None]
        return self.project(torch.cat([angles.sin(), angles.cos()], dim=-1))


class Block(nn.Module):
    def __init__(self, inside, outside, width):
        super().__init__()
        self.norm = nn.GroupNorm(4, inside)
        self.conv1 = nn.Conv1d(inside, outside, 3, padding=1)
        self.conv2 = nn.Conv1d(outside, outside, 3, padding=1, padding_mode="circular")
        self.time = nn.Linear(width, outside)
        self.skip = nn.Conv1d(inside, outside, 1) if inside != outside else nn.Identity()

    def forward(self, x, t):
        h = self.conv1(F.silu(self.norm(x))) + self.time(t)[:, :, None]
        return self.conv2(F.silu(h)) + self.skip(x)


class UNet(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.time = TimeEmbedding(width)
        self.first = nn.Conv1d(1, width, 3, padding=1)
        self.down, self.middle = Block(width, width, width), Block(width, 2 * width, width)
        self.up = nn.ConvTranspose1d(2 * width, width, 2, stride=2)
        self.last = Block(2 * width, width, width)
        self.out = nn.Conv1d(width, 1, 1)

    def forward(self, x, t):
        t = self.time(t)
        kept = self.down(self.first(x), t)
        deep = self.middle(F.avg_pool1d(kept, 2), t)
        return self.out(self.last(torch.cat([self.up(deep), kept], dim=1), t))


torch.manual_seed(12)
beta = torch.linspace(1e-3, 0.2, STEPS)
kept = torch.cumprod(1 - beta, dim=0)
model = UNet()
print(sum(p.numel() for p in model.parameters()), [round(v, 4) for v in kept[::5].tolist()])
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=1e-3)
averaged = torch.optim.swa_utils.AveragedModel(model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9))
places = torch.linspace(0, 2 * math.pi, 16)
for step in range(25):
    phase = torch.rand(16, 1) * 2 * math.pi
    clean = torch.sin(places + phase).unsqueeze(1)
    t = torch.randint(0, STEPS, (16,))
    noise = torch.randn_like(clean)
    level = kept.gather(0, t).view(-1, 1, 1)
    loss = F.mse_loss(model(level.sqrt() * clean + (1 - level).sqrt() * noise, t), noise)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    averaged.update_parameters(model)
    if step % 6 == 0:
        print(f"{step}: loss {loss.item():.4f} norm {norm:.4f}")
x = torch.randn(2, 1, 16)
averaged.eval()
with torch.inference_mode():
    for t in reversed(range(STEPS)):
        predicted = averaged(x, torch.full((2,), t))
        x = (x - beta[t] / (1 - kept[t]).sqrt() * predicted) / (1 - beta[t]).sqrt()
        if t > 0:
            x = x + beta[t].sqrt() * torch.randn_like(x)
print(f"{x.mean().item():.3f} {x.std().item():.3f}")
