"""An energy-based model by Langevin sampling, denoising and sliced score matching, and a restricted Boltzmann machine."""

import torch, torch.nn as nn, torch.autograd as autograd

torch.manual_seed(0)
data = torch.cat([torch.randn(64, 2) * 0.3 + torch.tensor([2.0, 0]), torch.randn(64, 2) * 0.3 - torch.tensor([2.0, 0])])
E = nn.Sequential(nn.Linear(2, 24), nn.SiLU(), nn.Linear(24, 24), nn.Softplus(beta=5), nn.Linear(24, 1))
optimizer = torch.optim.Adam(E.parameters(), 1e-3, betas=(0.0, 0.99))


def langevin(x, n=10, eps=0.1):
    for _ in range(n):
        x = x.detach().requires_grad_()
        g = autograd.grad(E(x).sum(), x)[0]
        x = x - eps / 2 * g + eps**0.5 * 0.3 * torch.randn_like(x)
    return x.detach()


buf = torch.rand(128, 2) * 4 - 2
for i in range(8):
    idx = torch.randperm(128)[:32]
    re = torch.rand(32, 1) < 0.05
    x0 = torch.where(re, torch.rand(32, 2) * 4 - 2, buf[idx])
    E.requires_grad_(False)
    neg = langevin(x0)
    E.requires_grad_(True)
    buf[idx] = neg
    pos = data[torch.randint(128, (32,))]
    ep, en = E(pos), E(neg)
    loss = ep.mean() - en.mean() + 0.1 * (ep**2 + en**2).mean()
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(E.parameters(), 0.1, norm_type="inf")
    optimizer.step()
    if i % 3 == 0:
        print(i, "%.4f" % loss)
# sliced score matching + denoising score matching
S = nn.Sequential(nn.Linear(3, 32), nn.ELU(), nn.Linear(32, 32), nn.CELU(0.5), nn.Linear(32, 2))
os = torch.optim.AdamW(S.parameters(), 2e-3)
sig = torch.logspace(0, -1, 5)
for i in range(10):
    s = sig[torch.randint(5, (64,))][:, None]
    n = torch.randn(64, 2)
    x = data[torch.randint(128, (64,))]
    loss = ((S(torch.cat([x + s * n, s.log()], 1)) + n) ** 2).sum(1).mean()
    os.zero_grad()
    loss.backward()
    os.step()
print("dsm %.4f" % loss)
x = data[:16].clone().requires_grad_()
v = torch.randn(16, 2)
sc = S(torch.cat([x, torch.zeros(16, 1)], 1))
g = autograd.grad((sc * v).sum(), x, create_graph=True)[0]
print("ssm %.4f" % (((g * v).sum(1) + 0.5 * (sc * v).sum(1) ** 2).mean()))
div = torch.stack([autograd.grad(sc[:, i].sum(), x, retain_graph=True)[0][:, i] for i in range(2)]).sum(0)
print(div[:4].detach())
j = torch.func.vmap(torch.func.jacrev(lambda z: S(torch.cat([z, z.new_zeros(1)]))))(x.detach())
print(torch.allclose(div, j.diagonal(dim1=1, dim2=2).sum(-1), atol=1e-5))
x = torch.randn(50, 2) * 2
for s in sig:
    for _ in range(3):
        x = (
            x
            + 0.05 * s * S(torch.cat([x, s.log().expand(50, 1)], 1)).detach() / s
            + (0.1 * s) ** 0.5 * torch.randn_like(x) * 0.1
        )
print(x.mean(0), x.std(0))
RBM_W = torch.randn(6, 4) * 0.1
vb, hb = torch.zeros(6), torch.zeros(4)
D = (torch.rand(20, 6) > 0.5).float()
for _ in range(5):
    ph = torch.sigmoid(D @ RBM_W + hb)
    h = torch.bernoulli(ph)
    pv = torch.sigmoid(h @ RBM_W.t() + vb)
    ph2 = torch.sigmoid(pv @ RBM_W + hb)
    RBM_W += 0.1 * (D.t() @ ph - pv.t() @ ph2) / 20
    vb += 0.1 * (D - pv).mean(0)
    hb += 0.1 * (ph - ph2).mean(0)
print(RBM_W.sum(), -(D @ vb).sum() - nn.functional.softplus(D @ RBM_W + hb).sum())
