"""A variational autoencoder of blurred blobs on a 12x12 grid."""

import torch
import torch.utils.data
from torch import nn, optim
from torch.nn import functional as F

torch.manual_seed(1)


def blobs(count):
    centre = torch.rand(count, 2, 1, 1) * 8 + 2
    grid = torch.arange(12.0)
    rows, columns = torch.meshgrid(grid, grid, indexing="ij")
    return torch.exp(-((rows - centre[:, 0]) ** 2 + (columns - centre[:, 1]) ** 2) / 4.0)


class VAE(nn.Module):
    def __init__(self):
        super(VAE, self).__init__()
        self.fc1 = nn.Linear(144, 48)
        self.fc21 = nn.Linear(48, 4)
        self.fc22 = nn.Linear(48, 4)
        self.fc3 = nn.Linear(4, 48)
        self.fc4 = nn.Linear(48, 144)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x.view(-1, 144))
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x.view(-1, 144), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD, BCE.item(), KLD.item()


loader = torch.utils.data.DataLoader(blobs(320), batch_size=32, shuffle=True)
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(1, 7):
    model.train()
    total, parts = 0.0, [0.0, 0.0]
    for data in loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(data)
        loss, bce, kld = loss_function(recon, data, mu, logvar)
        loss.backward()
        total += loss.item()
        parts[0] += bce
        parts[1] += kld
        optimizer.step()
    n = len(loader.dataset)
    print(f"====> Epoch: {epoch} Average loss: {total / n:.4f} BCE {parts[0] / n:.4f} KLD {parts[1] / n:.4f}")

model.eval()
with torch.no_grad():
    sample = model.decode(torch.randn(3, 4)).view(3, 12, 12)
    print("samples", list(sample.shape), " ".join(f"{v:.4f}" for v in sample.mean(dim=(1, 2)).tolist()))
