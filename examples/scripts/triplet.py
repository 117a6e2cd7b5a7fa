"""A siamese network with a contrastive loss, then the same embedding with triplets."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(11)
prototypes = torch.randn(6, 20)


def examples(labels):
    return prototypes[labels] + 0.6 * torch.randn(len(labels), 20)


class Embed(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(20, 32), nn.PReLU(), nn.Linear(32, 4))

    def forward(self, x):
        return F.normalize(self.net(x), p=2, dim=1)


class ContrastiveLoss(nn.Module):
    def __init__(self, margin=1.0):
        super().__init__()
        self.margin = margin

    def forward(self, a, b, different):
        distance = F.pairwise_distance(a, b, keepdim=True)
        return torch.mean(
            (1 - different) * distance.pow(2) + different * torch.clamp(self.margin - distance, min=0.0).pow(2)
        )


model, criterion = Embed(), ContrastiveLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, nesterov=True)
for step in range(31):
    first, second = torch.randint(0, 6, (64,)), torch.randint(0, 6, (64,))
    different = (first != second).float().unsqueeze(1)
    loss = criterion(model(examples(first)), model(examples(second)), different)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"siamese {step}: {loss.item():.4f}")

triplet = nn.TripletMarginLoss(margin=0.5, p=2)
cosine = nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: 1 - F.cosine_similarity(a, b), margin=0.3)
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.02)
for step in range(31):
    anchor = torch.randint(0, 6, (64,))
    negative = (anchor + torch.randint(1, 6, (64,))) % 6
    a, p, n = model(examples(anchor)), model(examples(anchor)), model(examples(negative))
    loss = triplet(a, p, n) + cosine(a, p, n)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 10 == 0:
        print(f"triplet {step}: {loss.item():.4f}")

with torch.no_grad():
    queries, gallery = model(examples(torch.arange(6))), model(prototypes)
    distances = torch.cdist(queries, gallery)
    print("nearest:", distances.argmin(1).tolist())
    print("diagonal:", " ".join(f"{d:.4f}" for d in distances.diag().tolist()))
