"""A Kolmogorov-Arnold network: learned B-splines on every edge, their grid as a buffer, fitted with L-BFGS."""

import torch
import torch.nn as nn


class KANLayer(nn.Module):
    def __init__(self, inside, outside, pieces=4, order=3):
        super().__init__()
        self.order = order
        step = 2.0 / pieces
        self.register_buffer("grid", torch.arange(-order, pieces + order + 1) * step - 1.0)
        self.spline = nn.Parameter(torch.randn(outside, inside, pieces + order) * 0.1)
        self.base = nn.Parameter(torch.empty(outside, inside))
        nn.init.kaiming_uniform_(self.base, a=5**0.5)

    def basis(self, x):
        x, g = x.unsqueeze(-1), self.grid
        b = ((x >= g[:-1]) & (x < g[1:])).to(x.dtype)
        for k in range(1, self.order + 1):
            left = (x - g[: -(k + 1)]) / (g[k:-1] - g[: -(k + 1)])
            right = (g[k + 1 :] - x) / (g[k + 1 :] - g[1:-k])
            b = left * b[..., :-1] + right * b[..., 1:]
        return b

    def forward(self, x):
        curves = torch.einsum("bik,oik->bo", self.basis(x), self.spline)
        return torch.nn.functional.silu(x) @ self.base.T + curves

    def extra_repr(self):
        return f"{self.base.size(1)} -> {self.base.size(0)}, {self.spline.size(-1)} basis functions"


torch.manual_seed(6)
torch.set_default_dtype(torch.float64)
model = nn.Sequential(KANLayer(2, 3), KANLayer(3, 1)).double()
print(model)
x = torch.rand(60, 2) * 1.8 - 0.9
y = torch.exp(torch.sin(torch.pi * x[:, :1]) + x[:, 1:] ** 2) / 4
optimizer = torch.optim.LBFGS(model.parameters(), lr=1.0, max_iter=6, line_search_fn="strong_wolfe")


def closure():
    optimizer.zero_grad()
    loss = (model(x) - y).pow(2).mean() + 1e-4 * sum(p.abs().mean() for p in model.parameters())
    loss.backward()
    return loss


for step in range(5):
    print(f"{step}: {optimizer.step(closure).item():.6f}")
sums = model[0].basis(torch.linspace(-0.99, 0.99, 7)).sum(-1)
print(sums)
jacobian = torch.func.vmap(torch.func.jacrev(lambda point: model(point[None])[0]))(x[:3])
print(jacobian.shape, torch.func.hessian(lambda point: model(point[None]).sum())(x[0]).shape)
