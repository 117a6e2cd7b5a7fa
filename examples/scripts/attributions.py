"""Why did the network say so? Grad-CAM, saliency, guided backpropagation, integrated gradients, an attack."""

import torch, torch.nn as nn
from collections import OrderedDict

torch.manual_seed(9)
net = nn.Sequential(
    OrderedDict(
        [
            ("conv1", nn.Conv2d(1, 4, 3, padding=1)),
            ("relu1", nn.ReLU()),
            ("conv2", nn.Conv2d(4, 6, 3, padding=1)),
            ("relu2", nn.ReLU()),
            ("pool", nn.AdaptiveAvgPool2d(1)),
            ("flat", nn.Flatten()),
            ("fc", nn.Linear(6, 3)),
        ]
    )
)
acts, grads = {}, {}


def fh(name):
    def hook(m, i, o):
        acts[name] = o.detach()

    return hook


def bh(name):
    def hook(m, gi, go):
        grads[name] = go[0]
        print("bw", name, [None if g is None else tuple(g.shape) for g in gi])

    return hook


hs = [
    net.conv2.register_forward_hook(fh("conv2")),
    net.conv2.register_full_backward_hook(bh("conv2")),
    net.relu1.register_forward_pre_hook(lambda m, i: print("pre", i[0].shape)),
    net.fc.register_full_backward_pre_hook(lambda m, g: print("fbpre", g[0].tolist())),
]
x = torch.randn(1, 1, 8, 8, requires_grad=True)
out = net(x)
c = out.argmax().item()
net.zero_grad()
out[0, c].backward()
w = grads["conv2"].mean((2, 3), keepdim=True)
cam = torch.relu((w * acts["conv2"]).sum(1))
cam = (cam - cam.min()) / (cam.max() - cam.min() + 1e-8)
print(c, cam[0, :2].numpy().round(3))
sal, _ = torch.max(x.grad.data.abs(), dim=1)
print("%.5f" % sal.sum())
for h in hs:
    h.remove()


class GuidedReLU(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * (x > 0).type_as(g) * (g > 0).type_as(g)


class Wrap(nn.Module):
    def forward(self, x):
        return GuidedReLU.apply(x)


for n, m in list(net.named_children()):
    if isinstance(m, nn.ReLU):
        setattr(net, n, Wrap())
x.grad = None
net(x)[0, c].backward()
print("guided %.5f" % x.grad.abs().sum())


def ig(f, x, base, steps=16):
    a = torch.linspace(0, 1, steps).view(-1, 1, 1, 1)
    p = (base + a * (x - base)).detach().requires_grad_()
    (g,) = torch.autograd.grad(f(p)[:, c].sum(), p)
    return (x - base).detach() * torch.trapz(g, dx=1 / (steps - 1), dim=0)


a = ig(net, x, torch.zeros_like(x))
print("ig %.5f vs %.5f" % (a.sum(), (net(x) - net(torch.zeros_like(x)))[0, c]))
sm = torch.stack(
    [
        torch.autograd.grad(net(xx := (x + 0.1 * torch.randn_like(x)).detach().requires_grad_())[0, c], xx)[0]
        for _ in range(5)
    ]
).mean(0)
print("smooth %.5f" % sm.norm())
eps = 0.1
adv = x + eps * x.grad.sign()
print(torch.clamp(adv, -2, 2).sum().item().__round__(4))
d = torch.zeros_like(x).uniform_(-eps, eps).requires_grad_()
for _ in range(3):
    loss = nn.functional.cross_entropy(net(x.detach() + d), torch.tensor([c]))
    loss.backward()
    d.data = (d + 0.03 * d.grad.detach().sign()).clamp(-eps, eps)
    d.grad.zero_()
    print("pgd %.4f" % loss)
occ = torch.zeros(4, 4)
with torch.no_grad():
    for i in range(4):
        for j in range(4):
            z = x.clone()
            z[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = 0
            occ[i, j] = net(z)[0, c]
print(occ)
