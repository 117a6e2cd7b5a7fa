"""Hamiltonian Monte Carlo in double precision: leapfrog with autograd.grad, then statistics of the samples."""

import torch

torch.set_default_dtype(torch.float64)
torch.manual_seed(11)
g = torch.Generator().manual_seed(5)
A = torch.tensor([[2.0, 0.6], [0.6, 1.0]])
P = torch.linalg.inv(A)
mu = torch.tensor([1.0, -1.0])


def logp(q):
    d = q - mu
    return -0.5 * torch.einsum("...i,ij,...j->...", d, P, d)


def grad_logp(q):
    q = q.detach().requires_grad_()
    return torch.autograd.grad(logp(q).sum(), q)[0]


def leapfrog(q, p, eps, L):
    p = p + 0.5 * eps * grad_logp(q)
    for i in range(L):
        q = q + eps * p
        if i != L - 1:
            p = p + eps * grad_logp(q)
    return q, -(p + 0.5 * eps * grad_logp(q))


q = torch.zeros(50, 2)
acc = 0
keep = []
for i in range(60):
    p = torch.randn(q.shape, generator=g)
    q1, p1 = leapfrog(q, p, 0.3, 8)
    da = logp(q1) - 0.5 * p1.square().sum(-1) - logp(q) + 0.5 * p.square().sum(-1)
    ok = torch.rand(50, generator=g).log() < da
    q = torch.where(ok[:, None], q1, q)
    acc += ok.double().mean().item()
    if i >= 20:
        keep.append(q.clone())
s = torch.cat(keep)
print("accept %.4f" % (acc / 60))
print(s.mean(0))
print(torch.cov(s.T))
print(torch.corrcoef(s.T))
print(torch.quantile(s, torch.tensor([0.05, 0.5, 0.95]), dim=0))
h = torch.histc(s[:, 0], bins=8, min=-4, max=6)
print(h)
hist, edges = torch.histogram(s[:, 1], 5)
print(hist, edges)
c = torch.fft.rfft(s[:256, 0] - s[:256, 0].mean())
print(torch.fft.irfft(c.abs() ** 2)[:3])
print(torch.trapezoid(h), torch.cumulative_trapezoid(h)[:3])
print(
    torch.bucketize(s[:5, 0], edges),
    torch.searchsorted(edges, s[:3, 1], right=True),
    torch.nanmean(s),
    torch.std_mean(s, 0),
    torch.var_mean(s, 1, correction=0)[0][:2],
)
