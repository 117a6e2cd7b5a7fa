"""torch.func: per-sample gradients, an ensemble under vmap, Hessians, a neural tangent kernel."""

import torch, torch.nn as nn, torch.nn.functional as F
from torch.func import (
    functional_call,
    vmap,
    grad,
    stack_module_state,
    jacrev,
    jacfwd,
    hessian,
    vjp,
    jvp,
    grad_and_value,
)
import copy

torch.manual_seed(0)


class CNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv2d(1, 4, 3)
        self.f = nn.Linear(16, 3)

    def forward(self, x):
        return F.log_softmax(self.f(F.max_pool2d(F.relu(self.c(x)), 2).flatten(1)), 1)


m = CNN()
x = torch.randn(5, 1, 6, 6)
y = torch.randint(0, 3, (5,))
P = {k: v.detach() for k, v in m.named_parameters()}
B = {k: v.detach() for k, v in m.named_buffers()}


def loss(p, b, x, y):
    return F.nll_loss(functional_call(m, (p, b), (x[None],)), y[None])


g = vmap(grad(loss), in_dims=(None, None, 0, 0))(P, B, x, y)
print({k: tuple(v.shape) for k, v in g.items()})
ref = [torch.autograd.grad(F.nll_loss(m(x[i : i + 1]), y[i : i + 1]), list(m.parameters())) for i in range(5)]
print(all(torch.allclose(torch.stack([r[j] for r in ref]), v, atol=1e-5) for j, v in enumerate(g.values())))
nrm = torch.stack([v.flatten(1).norm(dim=1) for v in g.values()], 1).norm(dim=1)
print(nrm)
models = [CNN() for _ in range(3)]
params, buffers = stack_module_state(models)
base = copy.deepcopy(models[0])
pred = vmap(lambda p, b, x: functional_call(base, (p, b), (x,)), in_dims=(0, 0, None))(params, buffers, x)
print(pred.shape, torch.allclose(pred, torch.stack([k(x) for k in models]), atol=1e-5))
pred2 = vmap(lambda p, b, x: functional_call(base, (p, b), (x,)))(params, buffers, torch.randn(3, 5, 1, 6, 6))
print("%.4f" % pred2.sum())
f = lambda w: torch.tanh(w @ torch.arange(3.0)).sum()
w = torch.ones(2, 3) * 0.1
print(hessian(f)(w).shape, jacrev(f)(w).sum(), jacfwd(jacrev(f))(w).sum())
o, vf = vjp(lambda a, b: (a * b, a.sum()), torch.ones(3), torch.arange(3.0))
print(o, vf((torch.ones(3), torch.tensor(2.0))))
print(jvp(torch.sin, (torch.ones(2),), (torch.tensor([1.0, 2.0]),)))
print(grad_and_value(lambda z: (z**3).sum())(torch.tensor([2.0])))


# NTK
def ntk(x1, x2):
    fn = lambda p, x: functional_call(m, p, (x[None],)).squeeze(0)
    j1 = vmap(jacrev(fn), (None, 0))(P, x1)
    j2 = vmap(jacrev(fn), (None, 0))(P, x2)
    return sum(torch.einsum("Naf,Maf->NM", a.flatten(2), b.flatten(2)) for a, b in zip(j1.values(), j2.values()))


print(ntk(x, x[:2]))
print(vmap(lambda x: torch.rand(2) + x, randomness="different")(torch.zeros(3)).shape)


def mclf(p, x):
    return functional_call(m, p, (x,))


tr = {k: v.clone() for k, v in P.items()}
for i in range(5):
    gr, v = grad_and_value(lambda p: F.nll_loss(mclf(p, x), y))(tr)
    tr = {k: tr[k] - 0.5 * gr[k] for k in tr}
    print(i, "%.4f" % v)
print(
    vmap(torch.linalg.det)(torch.eye(3).expand(4, 3, 3) * 2),
    vmap(lambda a, b: a @ b, in_dims=(0, None), out_dims=1)(torch.ones(4, 2, 3), torch.ones(3, 5)).shape,
    torch.func.linearize(torch.cos, torch.tensor(1.0))[1](torch.tensor(1.0)),
)
