"""A physics-informed network solves u'' + u = 0 and the heat equation with derivatives from autograd.grad."""

import math

import torch
import torch.nn as nn

torch.manual_seed(123)


def mlp(inputs, hidden):
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1)
    )


def derivative(y, x):
    return torch.autograd.grad(y, x, grad_outputs=torch.ones_like(y), create_graph=True)[0]


# The oscillator: u(0) = 1, u'(0) = 0 on [0, 2]; the exact answer is the cosine.
net = mlp(1, 16)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
t = torch.linspace(0, 2, 40).view(-1, 1).requires_grad_(True)
t0 = torch.zeros(1, 1, requires_grad=True)
for step in range(61):
    optimizer.zero_grad()
    u = net(t)
    du = derivative(u, t)
    d2u = derivative(du, t)
    physics = torch.mean((d2u + u) ** 2)
    u0 = net(t0)
    boundary = (torch.squeeze(u0) - 1) ** 2 + torch.squeeze(derivative(u0, t0)) ** 2
    loss = physics + boundary
    loss.backward()
    optimizer.step()
    if step % 15 == 0:
        print(f"oscillator {step}: loss {loss.item():.4f} physics {physics.item():.4f} boundary {boundary.item():.4f}")
with torch.no_grad():
    print(f"error {(net(t) - torch.cos(t)).abs().max().item():.4f}")

# The heat equation: u_t = u_xx / 10, zero at both ends, a sine at the start.
net = mlp(2, 16)
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3)
for step in range(31):
    xt = torch.rand(64, 2, requires_grad=True)
    u = net(xt)
    grad = derivative(u, xt)
    u_x, u_t = grad[:, 0:1], grad[:, 1:2]
    u_xx = derivative(u_x, xt)[:, :1]
    residual = (u_t - 0.1 * u_xx).pow(2).mean()
    x0 = torch.rand(32, 1)
    start = (net(torch.cat([x0, torch.zeros_like(x0)], 1)) - torch.sin(math.pi * x0)).pow(2).mean()
    edge = torch.rand(32, 1)
    sides = sum(net(torch.cat([torch.full_like(edge, side), edge], 1)).pow(2).mean() for side in (0.0, 1.0))
    loss = residual + start + sides
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"heat {step}: {loss.item():.4f} = {residual.item():.4f} + {start.item():.4f} + {sides.item():.4f}")
