"""Meta-learning of sines: inner steps with functional_call, the outer gradient through them, vmapped over tasks."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.func import functional_call, grad, vmap

torch.manual_seed(17)
net = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 1))


def tasks(count, shots):
    amplitude = torch.rand(count, 1, 1) * 4.9 + 0.1
    phase = torch.rand(count, 1, 1) * math.pi
    x1, x2 = torch.rand(count, shots, 1) * 10 - 5, torch.rand(count, shots, 1) * 10 - 5
    return x1, amplitude * torch.sin(x1 + phase), x2, amplitude * torch.sin(x2 + phase)


def loss_of(params, x, y):
    return F.mse_loss(functional_call(net, params, (x,)), y)


def adapted_loss(params, x1, y1, x2, y2, alpha=0.02, steps=2):
    for _ in range(steps):
        grads = grad(loss_of)(params, x1, y1)
        params = {k: params[k] - alpha * grads[k] for k in params}
    return loss_of(params, x2, y2)


def adapted_by_hand(x1, y1, x2, y2, alpha=0.02, steps=2):
    params = dict(net.named_parameters())
    for _ in range(steps):
        loss = loss_of(params, x1, y1)
        grads = torch.autograd.grad(loss, list(params.values()), create_graph=True)
        params = {k: p - alpha * g for (k, p), g in zip(params.items(), grads)}
    return loss_of(params, x2, y2)


optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for iteration in range(13):
    batch = tasks(6, 10)
    params = dict(net.named_parameters())
    loss = vmap(lambda a, b, c, d: adapted_loss(params, a, b, c, d))(*batch).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if iteration % 3 == 0:
        print(f"vmap iteration {iteration}: {loss.item():.4f}")
for iteration in range(7):
    losses = torch.stack([adapted_by_hand(*[part[0] for part in tasks(1, 10)]) for _ in range(3)])
    optimizer.zero_grad()
    losses.mean().backward()
    optimizer.step()
    if iteration % 3 == 0:
        print(f"by hand iteration {iteration}: {losses.mean().item():.4f}")

params = {k: v.detach() for k, v in net.named_parameters()}
x1, y1, x2, y2 = tasks(4, 5)
per_task = vmap(grad(loss_of), in_dims=(None, 0, 0))(params, x1, y1)
print({k: tuple(v.shape) for k, v in per_task.items()})
print("gradient norms", " ".join(f"{v:.4f}" for v in per_task["4.weight"].flatten(1).norm(dim=1).tolist()))
