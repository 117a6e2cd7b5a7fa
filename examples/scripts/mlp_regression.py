"""A multi-layer perceptron fits a noisy sine wave with Adam and a held-out set."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(0)

x = torch.linspace(-math.pi, math.pi, 256).unsqueeze(1)
y = torch.sin(2 * x) + 0.1 * torch.randn_like(x)
order = torch.randperm(len(x))
train, test = order[:200], order[200:]


class MLP(nn.Module):
    def __init__(self, width=32, depth=3):
        super().__init__()
        layers = [nn.Linear(1, width), nn.Tanh()]
        for _ in range(depth - 1):
            layers += [nn.Linear(width, width), nn.Tanh()]
        self.body = nn.Sequential(*layers)
        self.head = nn.Linear(width, 1)

    def forward(self, x):
        return self.head(self.body(x))


model = MLP()
print(model)
print("parameters:", sum(p.numel() for p in model.parameters()))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)

for epoch in range(60):
    model.train()
    total = 0.0
    for batch in train.split(50):
        loss = F.mse_loss(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 10 == 0 or epoch == 59:
        model.eval()
        with torch.no_grad():
            held_out = F.mse_loss(model(x[test]), y[test])
        print(f"epoch {epoch:3d}  train {total / len(train):.4f}  test {held_out.item():.4f}")

with torch.no_grad():
    for value in (-2.0, -0.5, 0.0, 1.0):
        print(f"f({value:+.1f}) = {model(torch.tensor([[value]])).item():.4f}")
