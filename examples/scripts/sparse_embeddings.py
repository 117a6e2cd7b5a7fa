"""Word vectors whose gradients are sparse: SparseAdam, SGD and Adagrad touch only the rows that were looked up."""

import torch, torch.nn as nn
from collections import Counter

torch.manual_seed(0)
text = (
    "a small boat left the harbour before the sun was up and the gulls followed the boat past the light "
    "and past the rocks where the old nets hang and the sun came up over the nets and the gulls"
).split()
vocab = [w for w, _ in Counter(text).most_common()]
ix = {w: i for i, w in enumerate(vocab)}
emb = nn.Embedding(len(vocab), 6, sparse=True)
out = nn.Embedding(len(vocab), 6, sparse=True)
nn.init.uniform_(emb.weight, -0.5 / 6, 0.5 / 6)
opt = torch.optim.SparseAdam(list(emb.parameters()) + list(out.parameters()), lr=0.01)
freq = torch.tensor([Counter(text)[w] for w in vocab]).float() ** 0.75
for ep in range(3):
    tot = 0
    for i in range(2, len(text) - 2):
        c = torch.tensor([ix[text[i]]])
        ctx = torch.tensor([ix[text[j]] for j in (i - 2, i - 1, i + 1, i + 2)])
        neg = torch.multinomial(freq, 5)
        e = emb(c)
        loss = -(
            nn.functional.logsigmoid((out(ctx) * e).sum(-1)).sum()
            + nn.functional.logsigmoid(-(out(neg) * e).sum(-1)).sum()
        )
        opt.zero_grad()
        loss.backward()
        opt.step()
        tot += loss.item()
    print(ep, "%.4f" % tot)
g = emb.weight.grad
print(g.is_sparse, g.layout, tuple(g.shape))
print(g.coalesce().indices(), g._nnz(), g.to_dense().norm())
bag = nn.EmbeddingBag(10, 3, mode="sum", sparse=True)
optimizer = torch.optim.SGD(bag.parameters(), lr=0.1)
bag(torch.tensor([1, 2, 4, 5, 4]), torch.tensor([0, 2])).sum().backward()
print(bag.weight.grad.is_sparse)
optimizer.step()
print(bag.weight.sum())
for Opt in (torch.optim.SGD, torch.optim.Adagrad):
    torch.manual_seed(1)
    e = nn.Embedding(6, 2, sparse=True)
    oo = Opt(e.parameters(), lr=0.1)
    for _ in range(3):
        oo.zero_grad()
        e(torch.tensor([1, 3, 3])).pow(2).sum().backward()
        oo.step()
    print(e.weight.detach())
try:
    oo = torch.optim.Adam(e.parameters())
    oo.step()
except RuntimeError as err:
    print(err)
