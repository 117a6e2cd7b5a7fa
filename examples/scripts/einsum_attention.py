"""Attention written with einsum: rotary positions, a sliding window, linear attention, and the fused function."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(29)


def rotary(x):
    half = x.shape[-1] // 2
    frequency = 100.0 ** (-torch.arange(half) / half)
    angle = torch.einsum("t,f->tf", torch.arange(x.shape[-2]).float(), frequency)
    a, b = x.chunk(2, dim=-1)
    return torch.cat([a * angle.cos() - b * angle.sin(), a * angle.sin() + b * angle.cos()], dim=-1)


class EinsumAttention(nn.Module):
    def __init__(self, width, heads, window=None, linear=False):
        super().__init__()
        self.qkv = nn.Parameter(torch.empty(3, heads, width, width // heads))
        self.out = nn.Parameter(torch.empty(heads, width // heads, width))
        nn.init.xavier_uniform_(self.qkv)
        nn.init.orthogonal_(self.out.view(width, width))
        self.window, self.linear = window, linear

    def forward(self, x):
        q, k, v = torch.einsum("btc,nhcd->nbhtd", x, self.qkv).unbind(0)
        if self.linear:
            q, k = F.elu(q) + 1, F.elu(k) + 1
            state = torch.einsum("bhtd,bhte->bhtde", k, v).cumsum(2)
            norm = torch.einsum("bhtd,bhtd->bht", q, k.cumsum(2))
            mixed = torch.einsum("bhtd,bhtde->bhte", q, state) / norm.unsqueeze(-1)
        else:
            q, k = rotary(q), rotary(k)
            scores = torch.einsum("bhid,bhjd->bhij", q, k) * q.shape[-1] ** -0.5
            t = torch.arange(x.shape[1])
            allowed = t[:, None] >= t[None, :]
            if self.window:
                allowed &= t[:, None] - t[None, :] < self.window
            scores = scores.masked_fill(~allowed, -torch.inf)
            mixed = torch.einsum("bhij,bhjd->bhid", scores.softmax(-1), v)
        return torch.einsum("bhtd,hdc->btc", mixed, self.out)


def copy_task(count, length=12, delay=3):
    x = torch.randn(count, length, 8)
    return x, F.pad(x, (0, 0, delay, 0))[:, :length]


for name, options in (("full", {}), ("window", {"window": 5}), ("linear", {"linear": True})):
    torch.manual_seed(1)
    layer = EinsumAttention(8, 2, **options)
    optimizer = torch.optim.Adam(layer.parameters(), lr=2e-2)
    for step in range(31):
        x, y = copy_task(16)
        loss = F.mse_loss(layer(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 0:
            print(f"{name} {step}: {loss.item():.4f}")

q, k, v = (torch.randn(2, 2, 6, 4, requires_grad=True) for _ in range(3))
fused = F.scaled_dot_product_attention(q, k, v, is_causal=True)
scores = torch.einsum("...id,...jd->...ij", q, k) / 2
plain = torch.einsum(
    "...ij,...jd->...id", scores.masked_fill(torch.ones(6, 6).triu(1).bool(), -torch.inf).softmax(-1), v
)
print(torch.allclose(fused, plain, atol=1e-5), f"{fused.sum().item():.4f}")
g1 = torch.autograd.grad(fused.square().sum(), (q, k, v))
g2 = torch.autograd.grad(plain.square().sum(), (q, k, v))
print([torch.allclose(a, b, atol=1e-4) for a, b in zip(g1, g2)])
print(torch.einsum("ii->", torch.arange(9.0).view(3, 3)), torch.einsum("i,j->ij", torch.arange(3), torch.arange(2)))
A, B, C = torch.randn(3, 4), torch.randn(4, 5), torch.randn(5, 2)
print(f"{torch.einsum('ij,jk,kl->il', A, B, C).sum().item():.4f} {(A @ B @ C).sum().item():.4f}")
