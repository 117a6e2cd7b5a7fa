"""Graph attention in plain operations: softmax over each node's edges with scatter_reduce and index_add."""

import torch
from torch import nn, Tensor

torch.manual_seed(1)


def scatter_softmax(src: Tensor, index: Tensor, n: int) -> Tensor:
    m = torch.full((n, src.size(1)), float("-inf")).scatter_reduce(
        0, index[:, None].expand_as(src), src, reduce="amax", include_self=False
    )
    e = (src - m[index]).exp()
    z = torch.zeros(n, src.size(1)).index_add_(0, index, e)
    return e / (z[index] + 1e-16)


class GATConv(nn.Module):
    def __init__(self, i, o, heads=2, concat=True, negative_slope=0.2):
        super().__init__()
        self.h, self.o, self.concat = heads, o, concat
        self.lin = nn.Linear(i, heads * o, bias=False)
        self.att_src = nn.Parameter(torch.empty(1, heads, o))
        self.att_dst = nn.Parameter(torch.empty(1, heads, o))
        self.bias = nn.Parameter(torch.zeros(heads * o if concat else o))
        self.s = negative_slope
        nn.init.xavier_uniform_(self.lin.weight, gain=nn.init.calculate_gain("leaky_relu", 0.2))
        nn.init.xavier_normal_(self.att_src)
        nn.init.xavier_normal_(self.att_dst)

    def forward(self, x, ei: Tensor):
        h = self.lin(x).view(-1, self.h, self.o)
        src, dst = ei
        a = (h * self.att_src).sum(-1)[src] + (h * self.att_dst).sum(-1)[dst]
        a = scatter_softmax(torch.nn.functional.leaky_relu(a, self.s), dst, x.size(0))
        out = torch.zeros_like(h).index_add(0, dst, h[src] * a.unsqueeze(-1))
        return (out.flatten(1) if self.concat else out.mean(1)) + self.bias


n = 30
y = torch.arange(n) % 3
adj = (torch.rand(n, n) < torch.where(y[:, None].eq(y[None]), 0.35, 0.04)).float()
adj = torch.maximum(adj, adj.t())
adj.fill_diagonal_(1)
ei = adj.nonzero().t().contiguous()
print(ei.shape, torch.bincount(ei[1], minlength=n)[:5])
x = torch.eye(n)[:, torch.randperm(n)[:12]] + 0.1 * torch.randn(n, 12)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = GATConv(12, 4, 4)
        self.b = GATConv(16, 3, 1, concat=False)

    def forward(self, x, e):
        return self.b(torch.nn.functional.elu(self.a(torch.dropout(x, 0.2, self.training), e)), e).log_softmax(-1)


net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=0.02, weight_decay=5e-4)
mask = torch.zeros(n, dtype=torch.bool)
mask[:12] = True
for ep in range(30):
    net.train()
    optimizer.zero_grad()
    loss = nn.functional.nll_loss(net(x, ei)[mask], y[mask])
    loss.backward()
    optimizer.step()
    if ep % 10 == 9:
        net.eval()
        pred = net(x, ei).argmax(-1)
        print(ep, round(loss.item(), 4), "acc %.3f" % (pred[~mask] == y[~mask]).float().mean())
deg = torch.zeros(n, dtype=torch.long).scatter_add_(0, ei[1], torch.ones_like(ei[1]))
print(deg.tolist())
p = torch.zeros(n, n).index_put_((ei[0], ei[1]), torch.tensor(1.0))
print(p.sum().item(), torch.unique(deg, return_counts=True))
v, c = torch.unique_consecutive(deg.sort()[0], return_counts=True)
print(v, c)
src = torch.randn(6, 2, requires_grad=True)
idx = torch.tensor([0, 0, 1, 1, 1, 2])
for r in ("sum", "mean", "amax", "amin", "prod"):
    out = torch.zeros(3, 2).scatter_reduce(0, idx[:, None].expand(-1, 2), src, reduce=r, include_self=False)
    (g,) = torch.autograd.grad(out.pow(2).sum(), src)
    print(r, out.detach().numpy().round(4).tolist(), g.sum().item().__round__(3))
out = torch.zeros(3, 2).index_reduce(0, idx, src.detach(), "mean")
print(out)
print(torch.segment_reduce(src.detach(), "max", lengths=torch.tensor([2, 3, 1]), axis=0))
