"""A neural ODE: a small network learns a spiral through Euler and Runge-Kutta steps, with checkpoints in between."""

import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

torch.manual_seed(12)
true_A = torch.tensor([[-0.1, 2.0], [-2.0, -0.1]])
times = torch.linspace(0.0, 2.0, 41)


def euler(f, y, t, h):
    return y + h * f(t, y)


def rk4(f, y, t, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def odeint(f, y0, times, step):
    ys = [y0]
    for t0, t1 in zip(times[:-1], times[1:]):
        ys.append(step(f, ys[-1], t0, t1 - t0))
    return torch.stack(ys)


class ODEFunc(nn.Module):
    def __init__(self):
        super(ODEFunc, self).__init__()
        self.net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 2))
        for m in self.net.modules():
            if isinstance(m, nn.Linear):
                nn.init.normal_(m.weight, mean=0, std=0.1)
                nn.init.constant_(m.bias, val=0)

    def forward(self, t, y):
        return self.net(y**3)


with torch.no_grad():
    true_y = odeint(lambda t, y: (y**3) @ true_A, torch.tensor([[2.0, 0.0]]), times, rk4)
print("end of the spiral", " ".join(f"{v:.4f}" for v in true_y[-1, 0].tolist()))

for name, step in (("euler", euler), ("rk4", rk4)):
    torch.manual_seed(3)
    func = ODEFunc()
    optimizer = torch.optim.RMSprop(func.parameters(), lr=2e-3)
    for iteration in range(21):
        starts = torch.randint(0, 31, (8,))
        batch_y0 = true_y[starts]
        batch_y = torch.stack([true_y[starts + i] for i in range(6)], dim=0)
        optimizer.zero_grad()
        pred_y = odeint(func, batch_y0, times[:6], step)
        loss = torch.mean(torch.abs(pred_y - batch_y))
        loss.backward()
        optimizer.step()
        if iteration % 5 == 0:
            print(f"{name} iter {iteration}: {loss.item():.4f}")

y0 = torch.tensor([[2.0, 0.0]], requires_grad=True)
plain = odeint(func, y0, times[:5], euler)[-1].sum()
(expected,) = torch.autograd.grad(plain, y0)
y = y0
for t0, t1 in zip(times[:4], times[1:5]):
    y = checkpoint(lambda y, t0=t0, t1=t1: euler(func, y, t0, t1 - t0), y, use_reentrant=False)
(found,) = torch.autograd.grad(y.sum(), y0)
print("checkpointed gradient", torch.allclose(found, expected), f"{found.norm().item():.4f}")
