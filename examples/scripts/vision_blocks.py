"""Blocks of vision networks at work: a U-Net for masks, inverted residuals with squeeze and excitation, a small ViT."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)


def discs(n, size=16):
    """Pictures of one disc each, the disc's mask, and in which quarter its centre lies."""
    grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")).float()
    centre = torch.rand(n, 2, 1, 1) * (size - 6) + 3
    mask = ((grid - centre) ** 2).sum(1, keepdim=True).sqrt() < torch.rand(n, 1, 1, 1) * 3 + 2
    quarter = (centre.flatten(1) >= size / 2).long()
    return mask.float() + 0.3 * torch.randn(n, 1, size, size), mask.float(), quarter[:, 0] * 2 + quarter[:, 1]


class Double(nn.Sequential):
    def __init__(self, a, b):
        parts = [nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True)]
        super().__init__(*parts, nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, widths=(8, 16, 24)):
        super().__init__()
        self.downs = nn.ModuleList(Double(a, b) for a, b in zip((1,) + widths[:-1], widths))
        self.pool = nn.MaxPool2d(2)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths[-2::-1], widths[:0:-1]))
        self.merges = nn.ModuleList(Double(2 * a, a) for a in widths[-2::-1])
        self.head = nn.Conv2d(widths[0], 1, 1)

    def forward(self, x):
        skips = []
        for k, down in enumerate(self.downs):
            x = down(self.pool(x) if k else x)
            skips.append(x)
        for up, merge, skip in zip(self.ups, self.merges, skips[-2::-1]):
            x = up(x)
            dy, dx = skip.shape[2] - x.shape[2], skip.shape[3] - x.shape[3]
            x = merge(torch.cat([skip, F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2])], dim=1))
        return self.head(x)


def dice(logits, mask, smooth=1.0):
    p = torch.sigmoid(logits).flatten(1)
    m = mask.flatten(1)
    return (1 - (2 * (p * m).sum(1) + smooth) / (p.sum(1) + m.sum(1) + smooth)).mean()


unet = UNet()
optimizer = torch.optim.RMSprop(unet.parameters(), lr=1e-3, momentum=0.5)
for step in range(9):
    x, mask, _ = discs(8, 18)
    logits = unet(x)
    loss = F.binary_cross_entropy_with_logits(logits, mask, pos_weight=torch.tensor(2.0)) + dice(logits, mask)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 4 == 0:
        both = ((logits > 0) & (mask > 0)).sum() / ((logits > 0) | (mask > 0)).sum()
        print(f"U-Net {step}: loss {loss.item():.4f}")
print("levels", [tuple(d(torch.zeros(1, d[0].in_channels, 9, 9)).shape) for d in unet.downs.eval()], f"{both.dim()}")


class Inverted(nn.Module):
    """Widen, filter each channel, weigh the channels, narrow; some samples skip the block in training."""

    def __init__(self, a, b, stride, drop=0.1):
        super().__init__()
        wide = 4 * a
        self.widen = nn.Sequential(nn.Conv2d(a, wide, 1, bias=False), nn.GroupNorm(4, wide), nn.SiLU())
        self.filter = nn.Sequential(
            nn.Conv2d(wide, wide, 5, stride, 2, groups=wide, bias=False), nn.GroupNorm(4, wide), nn.Hardswish()
        )
        self.weigh = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), nn.Conv2d(wide, a, 1), nn.ReLU6(), nn.Conv2d(a, wide, 1), nn.Hardsigmoid()
        )
        self.narrow = nn.Conv2d(wide, b, 1)
        self.skips, self.drop = stride == 1 and a == b, drop

    def forward(self, x):
        h = self.filter(self.widen(x))
        h = self.narrow(h * self.weigh(h))
        if not self.skips:
            return h
        if self.training:
            keep = torch.empty(len(x), 1, 1, 1).bernoulli_(1 - self.drop)
            h = h.div(1 - self.drop) * keep
        return x + h


class Patches(nn.Module):
    def __init__(self, size=16, patch=4, dim=24, heads=3):
        super().__init__()
        self.embed = nn.Conv2d(1, dim, patch, patch)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.place = nn.Parameter(nn.init.trunc_normal_(torch.empty(1, (size // patch) ** 2 + 1, dim), std=0.02))
        layer = nn.TransformerEncoderLayer(
            dim, heads, 2 * dim, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
        )
        self.body = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(dim), enable_nested_tensor=False)
        self.head = nn.Linear(dim, 4)

    def forward(self, x):
        x = self.embed(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.place
        return self.head(self.body(x)[:, 0])


mobile = nn.Sequential(
    nn.Conv2d(1, 8, 3, 2, 1), Inverted(8, 8, 1), Inverted(8, 12, 2), Inverted(12, 12, 1), nn.AdaptiveMaxPool2d(2),
    nn.Flatten(), nn.Dropout(0.1), nn.Linear(48, 4),
)  # fmt: skip
for name, model in (("mobile", mobile), ("ViT", Patches())):
    torch.manual_seed(2)
    plain = [p for p in model.parameters() if p.ndim < 2]
    groups = [{"params": [p for p in model.parameters() if p.ndim > 1]}, {"params": plain, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=3e-3, weight_decay=0.05)
    warm = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda k: min(1.0, (k + 1) / 5) * (1 + math.cos(k / 20 * math.pi)) / 2
    )
    for step in range(17):
        x, _, y = discs(24)
        lam, order = float(torch.distributions.Beta(0.4, 0.4).sample()), torch.randperm(len(x))
        logits = model(lam * x + (1 - lam) * x[order])
        loss = lam * F.cross_entropy(logits, y, label_smoothing=0.1) + (1 - lam) * F.cross_entropy(logits, y[order])
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        warm.step()
        if step % 8 == 0:
            print(f"{name} {step}: loss {loss.item():.4f} norm {norm.item():.3f} rate {warm.get_last_lr()[0]:.5f}")
    print(name, sum(p.numel() for p in model.parameters()), "parameters")
