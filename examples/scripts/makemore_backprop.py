"""Backpropagation by hand through an embedding, a linear layer, batch normalisation, tanh and cross entropy."""

import torch
import torch.nn.functional as F


def cmp(name, ours, tensor):
    """Compare a derivative written by hand with autograd's."""
    approximate = torch.allclose(ours, tensor.grad, rtol=1e-4, atol=1e-6)
    print(f"{name:15s} | approximate: {str(approximate):5s} | norm: {tensor.grad.norm().item():.4f}")


g = torch.Generator().manual_seed(2147483647)
vocab, n_embd, n_hidden, block, n = 12, 5, 16, 3, 32
Xb = torch.randint(0, vocab, (n, block), generator=g)
Yb = (Xb.sum(1) + torch.randint(0, 2, (n,), generator=g)) % vocab

C = torch.randn((vocab, n_embd), generator=g)
W1 = torch.randn((n_embd * block, n_hidden), generator=g) * (5 / 3) / ((n_embd * block) ** 0.5)
b1 = torch.randn(n_hidden, generator=g) * 0.1
W2 = torch.randn((n_hidden, vocab), generator=g) * 0.1
b2 = torch.randn(vocab, generator=g) * 0.1
bngain = torch.randn((1, n_hidden), generator=g) * 0.1 + 1.0
bnbias = torch.randn((1, n_hidden), generator=g) * 0.1
parameters = [C, W1, b1, W2, b2, bngain, bnbias]
for p in parameters:
    p.requires_grad = True

emb = C[Xb]
embcat = emb.view(emb.shape[0], -1)
hprebn = embcat @ W1 + b1
bnmeani = 1 / n * hprebn.sum(0, keepdim=True)
bndiff = hprebn - bnmeani
bnvar = 1 / (n - 1) * (bndiff**2).sum(0, keepdim=True)
bnvar_inv = (bnvar + 1e-5) ** -0.5
bnraw = bndiff * bnvar_inv
hpreact = bngain * bnraw + bnbias
h = torch.tanh(hpreact)
logits = h @ W2 + b2
logit_maxes = logits.max(1, keepdim=True).values
counts = (logits - logit_maxes).exp()
probs = counts * counts.sum(1, keepdims=True) ** -1
logprobs = probs.log()
loss = -logprobs[range(n), Yb].mean()
for t in [logprobs, probs, counts, logits, h, hpreact, bnraw, bnvar_inv, bnvar, bndiff, hprebn, embcat, emb]:
    t.retain_grad()
loss.backward()
print(f"loss {loss.item():.4f}, in one step {F.cross_entropy(logits, Yb).item():.4f}")

with torch.no_grad():
    dlogprobs = torch.zeros_like(logprobs)
    dlogprobs[range(n), Yb] = -1.0 / n
    dprobs = dlogprobs / probs
    dlogits = F.softmax(logits, 1)
    dlogits[range(n), Yb] -= 1
    dlogits /= n
    dh = dlogits @ W2.T
    dW2, db2 = h.T @ dlogits, dlogits.sum(0)
    dhpreact = (1.0 - h**2) * dh
    dbngain = (bnraw * dhpreact).sum(0, keepdim=True)
    dbnbias = dhpreact.sum(0, keepdim=True)
    dbnraw = bngain * dhpreact
    dbnvar_inv = (bndiff * dbnraw).sum(0, keepdim=True)
    dbnvar = -0.5 * (bnvar + 1e-5) ** -1.5 * dbnvar_inv
    dbndiff = bnvar_inv * dbnraw + 2.0 / (n - 1) * bndiff * dbnvar
    dhprebn = dbndiff - dbndiff.mean(0, keepdim=True)
    dembcat, dW1, db1 = dhprebn @ W1.T, embcat.T @ dhprebn, dhprebn.sum(0)
    demb = dembcat.view(emb.shape)
    dC = torch.zeros_like(C)
    dC.index_put_((Xb,), demb, accumulate=True)

for name, ours, tensor in (
    ("logprobs", dlogprobs, logprobs),
    ("probs", dprobs, probs),
    ("logits", dlogits, logits),
    ("h", dh, h),
    ("W2", dW2, W2),
    ("b2", db2, b2),
    ("hpreact", dhpreact, hpreact),
    ("bngain", dbngain, bngain),
    ("bnbias", dbnbias, bnbias),
    ("bnraw", dbnraw, bnraw),
    ("bnvar_inv", dbnvar_inv, bnvar_inv),
    ("bnvar", dbnvar, bnvar),
    ("bndiff", dbndiff, bndiff),
    ("hprebn", dhprebn, hprebn),
    ("embcat", dembcat, embcat),
    ("W1", dW1, W1),
    ("emb", demb, emb),
    ("C", dC, C),
):
    cmp(name, ours, tensor)
print(f"b1 vanishes behind the normalisation: {b1.grad.abs().max().item() < 1e-6}")
