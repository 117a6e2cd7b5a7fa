"""SimCLR-style contrastive learning: two views of each example, NT-Xent, then a linear probe on frozen features."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(19)
basis = torch.randn(4, 16)


def sample(count):
    labels = torch.randint(0, 4, (count,))
    return basis[labels] * (0.8 + 0.4 * torch.rand(count, 1)) + 0.3 * torch.randn(count, 16), labels


def augment(x):
    keep = torch.bernoulli(torch.full_like(x, 0.85))
    return x * keep + 0.1 * torch.randn_like(x)


class SimCLR(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 16))
        self.projector = nn.Sequential(nn.ReLU(), nn.Linear(16, 8, bias=False))

    def forward(self, x):
        return self.projector(self.encoder(x))


def nt_xent(z1, z2, temperature=0.5):
    n = z1.shape[0]
    z = F.normalize(torch.cat([z1, z2], dim=0), dim=1)
    similarity = z @ z.t() / temperature
    similarity.fill_diagonal_(float("-inf"))
    targets = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(similarity, targets)


model = SimCLR()
optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)
for step in range(41):
    x, _ = sample(32)
    loss = nt_xent(model(augment(x)), model(augment(x)))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"pretrain {step}: {loss.item():.4f}")

for parameter in model.encoder.parameters():
    parameter.requires_grad_(False)
probe = nn.Linear(16, 4)
optimizer = torch.optim.SGD(probe.parameters(), lr=0.3)
for step in range(21):
    x, y = sample(64)
    loss = F.multi_margin_loss(probe(model.encoder(x)), y) + F.cross_entropy(probe(model.encoder(x)), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"probe {step}: {loss.item():.4f}")
with torch.no_grad():
    x, y = sample(100)
    print(f"accuracy {(probe(model.encoder(x)).argmax(-1) == y).float().mean():.2f}")
    gram = torch.corrcoef(model.encoder(x).T)
    print(f"feature correlation {gram.abs().mean().item():.4f}")
