"""Prototypes, first- and second-order meta-learning, the gradient of a learning rate, an implicit fixed point."""

import torch, torch.nn as nn, torch.nn.functional as F
from collections import OrderedDict

torch.manual_seed(0)


class ProtoNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.e = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 4))

    def forward(self, sx, sy, qx):
        z = self.e(sx)
        protos = torch.stack([z[sy == c].mean(0) for c in sy.unique()])
        return -(torch.cdist(self.e(qx), protos) ** 2)


def task():
    c = torch.randn(3, 6) * 2
    y = torch.arange(3).repeat_interleave(5)
    x = c[y] + 0.5 * torch.randn(15, 6)
    p = torch.randperm(15)
    return x[p][:9], y[p][:9], x[p][9:], y[p][9:]


net = ProtoNet()
optimizer = torch.optim.RAdam(net.parameters(), 1e-2)
for i in range(15):
    sx, sy, qx, qy = task()
    if len(sy.unique()) < 3:
        continue
    loss = F.cross_entropy(net(sx, sy, qx), qy)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if i % 5 == 0:
        print(i, "%.4f" % loss)
# reptile + implicit (iMAML style) + fomaml
meta = nn.Linear(6, 3)
for it in range(3):
    w = OrderedDict((k, v.clone()) for k, v in meta.named_parameters())
    sx, sy, qx, qy = task()
    for _ in range(3):
        loss = F.cross_entropy(F.linear(sx, w["weight"], w["bias"]), sy)
        g = torch.autograd.grad(loss, w.values(), create_graph=True)
        w = OrderedDict((k, v - 0.1 * gg) for (k, v), gg in zip(w.items(), g))
    lq = F.cross_entropy(F.linear(qx, **w), qy)
    full = torch.autograd.grad(lq, meta.parameters(), retain_graph=True)
    fo = torch.autograd.grad(lq, w.values())
    print(
        "%.5f %.5f cos %.4f"
        % (full[0].norm(), fo[0].norm(), F.cosine_similarity(full[0].flatten(), fo[0].flatten(), 0))
    )
    with torch.no_grad():
        for p, v in zip(meta.parameters(), w.values()):
            p.lerp_(v, 0.5)
print(meta.bias.detach())
# hypergradient of a learning rate, learned loss
lr = torch.tensor(0.1, requires_grad=True)
w = torch.ones(3, requires_grad=True)
v = w
for _ in range(5):
    (g,) = torch.autograd.grad((v**2).sum(), v, create_graph=True)
    v = v - lr * g
(v**2).sum().backward()
print(lr.grad, w.grad)
# fixed point with implicit differentiation
A = torch.randn(3, 3) * 0.2
A.requires_grad_()
b = torch.ones(3)


def solve(A):
    with torch.no_grad():
        z = torch.zeros(3)
        for _ in range(50):
            z = torch.tanh(A @ z + b)
    z = torch.tanh(A @ z + b)
    z0 = z.clone().detach().requires_grad_()
    f0 = torch.tanh(A @ z0 + b)

    def bw(grad):
        g = grad
        for _ in range(50):
            g = torch.autograd.grad(f0, z0, g, retain_graph=True)[0] + grad
        return g

    z.register_hook(bw)
    return z


solve(A).sum().backward()
print(A.grad)
