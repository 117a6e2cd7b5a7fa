"""A graph convolutional network on a sparse adjacency matrix, and what sparse tensors can do."""

import torch, torch.nn as nn

torch.manual_seed(0)


def norm_adj(edges, n):
    i = torch.cat([edges, edges.flip(0), torch.arange(n).repeat(2, 1)], 1)
    v = torch.ones(i.shape[1])
    A = torch.sparse_coo_tensor(i, v, (n, n)).coalesce()
    d = torch.sparse.sum(A, 1).to_dense().pow(-0.5)
    r, c = A.indices()
    return torch.sparse_coo_tensor(A.indices(), A.values() * d[r] * d[c], A.size())


edges = torch.tensor([[0, 1, 2, 3, 4, 5, 6, 7, 0, 4], [1, 2, 3, 0, 5, 6, 7, 4, 2, 6]])
A = norm_adj(edges, 8)
print(A.coalesce().values()[:4], A.is_sparse, A.shape)


class GraphConvolution(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.FloatTensor(i, o))
        self.bias = nn.Parameter(torch.zeros(o))
        nn.init.uniform_(self.weight, -1 / o**0.5, 1 / o**0.5)

    def forward(self, x, adj):
        return torch.spmm(adj, torch.mm(x, self.weight)) + self.bias


class GCN(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = GraphConvolution(8, 4)
        self.b = GraphConvolution(4, 2)

    def forward(self, x, a):
        return self.b(torch.relu(self.a(x, a)), a).log_softmax(1)


m = GCN()
optimizer = torch.optim.Adam(m.parameters(), lr=0.05)
x = torch.eye(8)
y = torch.tensor([0] * 4 + [1] * 4)
for i in range(10):
    optimizer.zero_grad()
    loss = nn.functional.nll_loss(m(x, A)[[0, 4]], y[[0, 4]])
    loss.backward()
    optimizer.step()
print("%.4f" % loss, m(x, A).argmax(1).tolist())
v = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
S = torch.sparse_coo_tensor(torch.tensor([[0, 1, 1], [2, 0, 2]]), v, (2, 3))
y = torch.sparse.mm(S, torch.arange(6.0).view(3, 2))
y.sum().backward()
print(y.detach(), v.grad)
print(S.detach())
print(S.detach().to_dense())
print((S @ torch.ones(3)).detach(), torch.mv(S.detach(), torch.ones(3)))

d = torch.tensor([[0.0, 1.0], [2.0, 0.0]]).to_sparse()
print(d, d.indices(), d.values(), d._nnz(), d.sparse_dim(), d.dense_dim(), d.is_coalesced())
print((d * 2).to_dense(), (d + d).to_dense(), d.t().to_dense(), (torch.ones(2, 2) + d))
c = torch.sparse_csr_tensor(torch.tensor([0, 1, 2]), torch.tensor([1, 0]), torch.tensor([1.0, 2.0]))
print(c @ torch.ones(2, 1))
