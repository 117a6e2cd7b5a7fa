"""A bigram model of made-up names in makemore's style: counted, then learnt by gradient descent, then sampled."""

import torch
import torch.nn.functional as F

words = [
    "anna",
    "mara",
    "tarin",
    "osko",
    "nila",
    "ramon",
    "lina",
    "soren",
    "milan",
    "karol",
    "marek",
    "nora",
    "rina",
    "otto",
    "alma",
    "tamar",
    "kiran",
    "selma",
    "ronan",
    "elin",
    "matti",
    "arno",
    "silas",
    "loran",
    "nikos",
]
chars = sorted(set("".join(words)))
stoi = {s: i + 1 for i, s in enumerate(chars)}
stoi["."] = 0
itos = {i: s for s, i in stoi.items()}
size = len(stoi)

N = torch.zeros((size, size), dtype=torch.int32)
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        N[stoi[ch1], stoi[ch2]] += 1
print(
    "most frequent:",
    [
        (itos[int(i) // size], itos[int(i) % size])
        for i in N.flatten().float().add(-1e-4 * torch.arange(size * size)).topk(3).indices
    ],
)

P = (N + 1).float()
P /= P.sum(1, keepdim=True)
log_likelihood, n = 0.0, 0
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        log_likelihood += torch.log(P[stoi[ch1], stoi[ch2]])
        n += 1
print(f"nll={-log_likelihood.item():.4f} mean={-log_likelihood / n:.4f}")

g = torch.Generator().manual_seed(2147483647)
for _ in range(4):
    out, ix = [], 0
    while True:
        ix = torch.multinomial(P[ix], num_samples=1, replacement=True, generator=g).item()
        out.append(itos[ix])
        if ix == 0:
            break
    print("".join(out))

xs, ys = [], []
for w in words:
    chs = ["."] + list(w) + ["."]
    for ch1, ch2 in zip(chs, chs[1:]):
        xs.append(stoi[ch1])
        ys.append(stoi[ch2])
xs, ys = torch.tensor(xs), torch.tensor(ys)
num = xs.nelement()
print("number of examples:", num)
g = torch.Generator().manual_seed(2147483647)
W = torch.randn((size, size), generator=g, requires_grad=True)
for k in range(60):
    xenc = F.one_hot(xs, num_classes=size).float()
    logits = xenc @ W
    counts = logits.exp()
    probs = counts / counts.sum(1, keepdims=True)
    loss = -probs[torch.arange(num), ys].log().mean() + 0.01 * (W**2).mean()
    W.grad = None
    loss.backward()
    W.data += -20 * W.grad
    if k % 10 == 0:
        print(f"{k}: {loss.item():.4f}")
print(f"final {loss.item():.4f}")
