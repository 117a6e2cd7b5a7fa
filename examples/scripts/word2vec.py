"""Skip-gram word vectors with negative sampling, two Embedding tables and a sparse vocabulary."""

from collections import Counter

import torch
import torch.nn as nn
import torch.nn.functional as F

TEXT = """the king rules the land and the queen rules the land the man works the field and the woman works the field
the king and the queen live in the castle the man and the woman live in the village a dog runs in the field a cat sleeps
in the castle the dog and the cat live in the village the queen feeds the cat the man feeds the dog""".split()
torch.manual_seed(2)
counts = Counter(TEXT)
vocab = sorted(counts, key=lambda w: (-counts[w], w))
index = {w: i for i, w in enumerate(vocab)}
ids = [index[w] for w in TEXT]
pairs = [(ids[i], ids[j]) for i in range(len(ids)) for j in range(max(0, i - 2), min(len(ids), i + 3)) if i != j]
pairs = torch.tensor(pairs)
print(len(vocab), "words", len(pairs), "pairs", vocab[:3])
frequency = torch.tensor([counts[w] for w in vocab], dtype=torch.float) ** 0.75


class SkipGram(nn.Module):
    def __init__(self, size, dim):
        super().__init__()
        self.centre, self.context = nn.Embedding(size, dim), nn.Embedding(size, dim)
        nn.init.uniform_(self.centre.weight, -0.5 / dim, 0.5 / dim)
        nn.init.zeros_(self.context.weight)

    def forward(self, centre, context, negatives):
        v, u, n = self.centre(centre), self.context(context), self.context(negatives)
        positive = F.logsigmoid((v * u).sum(1))
        negative = F.logsigmoid(-torch.bmm(n, v.unsqueeze(2)).squeeze(2)).sum(1)
        return -(positive + negative).mean()


model = SkipGram(len(vocab), 16)
optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
for epoch in range(12):
    total = 0.0
    shuffled = pairs[torch.randperm(len(pairs))]
    for batch in torch.split(shuffled, 64):
        negatives = torch.multinomial(frequency, len(batch) * 5, replacement=True).view(len(batch), 5)
        loss = model(batch[:, 0], batch[:, 1], negatives)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    if epoch % 3 == 2:
        print(f"epoch {epoch}: {total / len(pairs):.4f}")

with torch.no_grad():
    vectors = F.normalize(model.centre.weight, dim=1)
    for one, two in (("king", "queen"), ("man", "woman"), ("dog", "cat"), ("king", "runs")):
        print(f"{one} . {two} = {torch.dot(vectors[index[one]], vectors[index[two]]).item():.4f}")
    bag = nn.EmbeddingBag.from_pretrained(model.centre.weight, mode="mean")
    sentence = torch.tensor([index[w] for w in "the queen feeds the dog".split()])
    print(f"bag {bag(sentence, torch.tensor([0, 3])).norm().item():.4f}")
