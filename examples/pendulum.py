"""A network that solves y'' = -y with y(0) = 0, y'(0) = 1: derivatives of a network by its input, and through them."""

import math

import wengert as torch
from wengert import nn


def derivative(y, t):
    """dy/dt at each point, itself differentiable."""
    return torch.autograd.grad(y.sum(), t, create_graph=True)[0]


def main(short=False):
    """Train until the residual of the equation is small, then compare with the sine."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 1))
    optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
    t = torch.linspace(0, math.pi, 32).reshape(-1, 1).requires_grad_()
    losses = []
    for step in range(150 if short else 2000):
        optimizer.zero_grad()
        y = t + t**2 * net(t)  # whatever the network says, y(0) = 0 and y'(0) = 1 hold
        residual = derivative(derivative(y, t), t) + y
        loss = residual.pow(2).mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 250 == 0:
            print(f"step {step:4d}  residual {loss.item():.2e}")
    error = (y - torch.sin(t)).abs().max().item()
    print(f"largest distance from the sine: {error:.4f}")
    assert losses[-1] < 0.05 * losses[0] if short else error < 0.05


if __name__ == "__main__":
    main()
