"""A denoising convolutional autoencoder with upsampling, trained with a cosine schedule."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(5)


def squares(count):
    images = torch.zeros(count, 1, 12, 12)
    corner = torch.randint(1, 6, (count, 2))
    for i, (r, c) in enumerate(corner.tolist()):
        images[i, 0, r : r + 5, c : c + 5] = 1.0
    return images


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(8, 12, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(12 * 3 * 3, 10),
        )
        self.decoder = nn.Sequential(
            nn.Linear(10, 12 * 3 * 3),
            nn.ReLU(),
            nn.Unflatten(1, (12, 3, 3)),
            nn.Upsample(scale_factor=2, mode="nearest"),
            nn.Conv2d(12, 8, 3, padding=1),
            nn.ReLU(),
            nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
            nn.Conv2d(8, 1, 3, padding=1),
        )

    def forward(self, x):
        code = self.encoder(x)
        return torch.sigmoid(self.decoder(code)), code


model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=4e-3, weight_decay=1e-5)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=40, eta_min=1e-4)
for step in range(41):
    clean = squares(32)
    noisy = (clean + 0.3 * torch.randn_like(clean)).clamp(0, 1)
    output, code = model(noisy)
    loss = F.mse_loss(output, clean) + 1e-3 * code.abs().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 8 == 0:
        print(f"step {step} loss {loss.item():.4f} lr {scheduler.get_last_lr()[0]:.6f}")

model.eval()
with torch.no_grad():
    clean = squares(4)
    output, code = model(clean)
    mse = F.mse_loss(output, clean, reduction="none").flatten(1).mean(1)
    print("per image", " ".join(f"{v:.4f}" for v in mse.tolist()))
    print("code", tuple(code.shape), f"{code.norm(dim=1).mean().item():.4f}")
    sums = F.avg_pool2d(output, 4).squeeze(1)[0]
    print("pooled", " ".join(f"{v:.4f}" for v in sums.flatten().tolist()))
