"""Two spirals that no straight line can part: a small network, Adam and a cosine schedule."""

import math

import wengert as torch
from wengert import nn


def spirals(count):
    """``count`` points on each of two spirals: coordinates (2·count, 2) and labels 0 and 1."""
    turn = torch.rand(count).sqrt() * 3 * math.pi
    arm = torch.stack([turn * torch.cos(turn), turn * torch.sin(turn)], dim=1) / 10
    points = torch.cat([arm, -arm]) + 0.02 * torch.randn(2 * count, 2)
    return points, torch.arange(2).repeat_interleave(count)


def main(short=False):
    """Train on 200 points, measure on 200 others."""
    torch.manual_seed(0)
    (x, t), (x_test, t_test) = spirals(200), spirals(200)
    net = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    steps = 250 if short else 800
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x), t)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(f"step {step:3d}  loss {loss.item():.4f}")
    with torch.no_grad():
        accuracy = (net(x_test).argmax(1) == t_test).float().mean().item()
    print(f"held-out accuracy {accuracy:.1%}")
    assert accuracy > (0.85 if short else 0.95)


if __name__ == "__main__":
    main()
