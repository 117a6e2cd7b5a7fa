"""Learning without labels from slow copies of an encoder: BYOL with a predictor, MoCo with a queue, Barlow twins."""

import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(23)
prototypes = torch.randn(6, 1, 12, 12)


def views(n):
    labels = torch.randint(0, 6, (n,))
    x = prototypes[labels] + 0.4 * torch.randn(n, 1, 12, 12)

    def augment(x):
        x = torch.where(torch.rand(n, 1, 1, 1) < 0.5, x.flip(-1), x)
        top = int(torch.randint(0, 5, ()))
        return F.interpolate(x[:, :, top : top + 8, 2:10], size=12, mode="bilinear", align_corners=False)

    return augment(x), augment(x), labels


def encoder(out=16):
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1, bias=False), nn.GroupNorm(2, 8), nn.ReLU(),
        nn.Conv2d(8, 16, 3, stride=2, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(16, out),
    )  # fmt: skip


@torch.no_grad()
def follow(slow, fast, tau):
    for s, f in zip(slow.parameters(), fast.parameters()):
        s.data = s.data * tau + f.data * (1.0 - tau)


class MoCo(nn.Module):
    def __init__(self, size=48, dim=16, temperature=0.2):
        super().__init__()
        self.q = encoder(dim)
        self.k = copy.deepcopy(self.q)
        for p in self.k.parameters():
            p.requires_grad = False
        self.temperature = temperature
        self.register_buffer("queue", F.normalize(torch.randn(dim, size), dim=0))
        self.register_buffer("pointer", torch.zeros(1, dtype=torch.long))

    def forward(self, x1, x2):
        q = F.normalize(self.q(x1), dim=1)
        with torch.no_grad():
            follow(self.k, self.q, 0.95)
            order = torch.randperm(len(x2))
            k = F.normalize(self.k(x2[order]), dim=1)[torch.argsort(order)]
        positive = torch.einsum("nc,nc->n", q, k).unsqueeze(-1)
        logits = torch.cat([positive, torch.einsum("nc,ck->nk", q, self.queue.clone().detach())], dim=1)
        at = int(self.pointer)
        self.queue[:, at : at + len(k)] = k.T
        self.pointer[0] = (at + len(k)) % self.queue.shape[1]
        return F.cross_entropy(logits / self.temperature, torch.zeros(len(q), dtype=torch.long))


moco = MoCo()
optimizer = torch.optim.SGD(moco.q.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True)
for step in range(24):
    x1, x2, _ = views(16)
    loss = moco(x1, x2)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(f"MoCo {step}: {loss.item():.4f}, queue at {moco.pointer.item()}")
print("state", {k: tuple(v.shape) for k, v in moco.state_dict().items() if not k.startswith(("q.", "k."))})

online = encoder()
slow = copy.deepcopy(online).requires_grad_(False)
predictor = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(inplace=True), nn.Linear(32, 16))
optimizer = torch.optim.Adam([*online.parameters(), *predictor.parameters()], lr=2e-3)


def regression(p, z):
    return 2 - 2 * F.cosine_similarity(p, z.detach(), dim=-1)


for step in range(24):
    x1, x2, _ = views(16)
    loss = (regression(predictor(online(x1)), slow(x2)) + regression(predictor(online(x2)), slow(x1))).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    follow(slow, online, 0.97)
    if step % 8 == 0:
        apart = sum((a - b).pow(2).sum() for a, b in zip(slow.parameters(), online.parameters()))
        print(f"BYOL {step}: {loss.item():.4f}, apart {apart.item():.5f}")

twin = encoder(8)
optimizer = torch.optim.Adam(twin.parameters(), lr=2e-3)
for step in range(24):
    x1, x2, _ = views(32)
    z1, z2 = ((z - z.mean(0)) / z.std(0) for z in (twin(x1), twin(x2)))
    c = z1.T @ z2 / len(z1)
    off = c.flatten()[:-1].view(7, 9)[:, 1:].flatten()
    loss = (torch.diagonal(c) - 1).pow(2).sum() + 0.05 * off.pow(2).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 8 == 0:
        print(f"twins {step}: {loss.item():.4f}")
with torch.no_grad():
    a, _, y = views(60)
    bank, labels = F.normalize(online(a), dim=1), y
    b, _, y = views(40)
    near = (F.normalize(online(b), dim=1) @ bank.T).topk(5, dim=1).indices
    print(f"nearest neighbours: {(labels[near].mode(dim=1).values == y).float().mean():.2f}")
