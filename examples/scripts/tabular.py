"""A table with categories and numbers: embeddings per column, dropout, batch normalisation, class weights, metrics."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(14)
CARDINALITIES = [("colour", 6), ("town", 11), ("month", 12)]
rows = 400
categories = torch.stack([torch.randint(0, n, (rows,)) for _, n in CARDINALITIES], dim=1)
numbers = torch.stack(
    [
        torch.empty(rows).exponential_(0.5),
        torch.empty(rows).log_normal_(0, 0.5),
        torch.poisson(torch.full((rows,), 3.0)),
    ],
    dim=1,
)
numbers[torch.rand(rows, 3) < 0.05] = float("nan")
score = 0.6 * (categories[:, 0] == 2) + 0.1 * categories[:, 2] + torch.nan_to_num(numbers)[:, 0] * 0.3
labels = (score + 0.3 * torch.randn(rows) > 1.5).long()
print("positives", labels.sum().item(), "missing", torch.isnan(numbers).sum().item())

filled = torch.where(numbers.isnan(), numbers.nanmean(0, keepdim=True), numbers)
low, high = filled.quantile(0.05, dim=0), filled.quantile(0.95, dim=0)
filled = torch.maximum(torch.minimum(filled, high), low)
filled = (filled - filled.mean(0)) / filled.std(0)
print("quantiles", " ".join(f"{v:.4f}" for v in torch.cat([low, high]).tolist()))


class Tabular(nn.Module):
    def __init__(self, cardinalities, n_numbers, sizes=(32, 16)):
        super().__init__()
        self.embeddings = nn.ModuleDict({name: nn.Embedding(n, min(8, (n + 1) // 2)) for name, n in cardinalities})
        self.emb_drop = nn.Dropout(0.1)
        self.bn = nn.BatchNorm1d(n_numbers)
        width = sum(e.embedding_dim for e in self.embeddings.values()) + n_numbers
        layers = []
        for size in sizes:
            layers.extend([nn.Linear(width, size), nn.ReLU(inplace=True), nn.BatchNorm1d(size), nn.Dropout(0.2)])
            width = size
        self.layers = nn.Sequential(*layers, nn.Linear(width, 2))

    def forward(self, x_cat, x_cont):
        x = torch.cat([e(x_cat[:, i]) for i, e in enumerate(self.embeddings.values())], 1)
        return self.layers(torch.cat([self.emb_drop(x), self.bn(x_cont)], 1))


model = Tabular(CARDINALITIES, 3)
print(model)
weight = rows / (2.0 * torch.bincount(labels, minlength=2).float())
criterion = nn.CrossEntropyLoss(weight=weight)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
order = torch.randperm(rows)
train, test = order[:320], order[320:]
for epoch in range(6):
    model.train()
    losses = []
    for index in train[torch.randperm(len(train))].split(64):
        loss = criterion(model(categories[index], filled[index]), labels[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.detach())
    print(f"epoch {epoch}: {torch.stack(losses).mean().item():.4f}")
model.eval()
with torch.no_grad():
    probability = F.softmax(model(categories[test], filled[test]), dim=1)[:, 1]
    ranks = probability.argsort().argsort().float() + 1
    positive = labels[test] == 1
    n_pos, n_neg = positive.sum(), (~positive).sum()
    auc = (ranks[positive].sum() - n_pos * (n_pos + 1) / 2) / (n_pos * n_neg)
    print(f"auc {auc.item():.3f} brier {((probability - positive.float()) ** 2).mean().item():.4f}")
