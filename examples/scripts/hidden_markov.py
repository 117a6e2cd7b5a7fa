"""A hidden Markov model: forward algorithm, Viterbi, and expectation-maximisation from the gradient of log likelihood."""

import torch

torch.manual_seed(3)
K, M, T = 3, 4, 25
A = torch.softmax(torch.randn(K, K) * 2, -1)
B = torch.softmax(torch.randn(K, M) * 2, -1)
pi = torch.full((K,), 1 / K)
z = [torch.multinomial(pi, 1)]
x = [torch.multinomial(B[z[0]].squeeze(0), 1)]
for t in range(T - 1):
    z.append(torch.multinomial(A[z[-1]].squeeze(0), 1))
    x.append(torch.multinomial(B[z[-1]].squeeze(0), 1))
x = torch.cat(x)
z = torch.cat(z)
print(x.tolist(), z.tolist())


def forward(lA, lB, lpi):
    a = lpi + lB[:, x[0]]
    for t in range(1, T):
        a = torch.logsumexp(a[:, None] + lA, 0) + lB[:, x[t]]
    return torch.logsumexp(a, 0)


print("ll %.4f" % forward(A.log(), B.log(), pi.log()))


def viterbi(lA, lB, lpi):
    d = lpi + lB[:, x[0]]
    bp = []
    for t in range(1, T):
        v, i = (d[:, None] + lA).max(0)
        d = v + lB[:, x[t]]
        bp.append(i)
    p = [d.argmax()]
    for b in bp[::-1]:
        p.append(b[p[-1]])
    return torch.stack(p[::-1])


print((viterbi(A.log(), B.log(), pi.log()) == z).float().mean())
# baum-welch by gradient: expected counts are derivatives of the log likelihood
W = [torch.randn(K, K, requires_grad=True), torch.randn(K, M, requires_grad=True), torch.zeros(K, requires_grad=True)]
optimizer = torch.optim.Rprop(W, lr=0.05)
for i in range(20):
    loss = -forward(*[w.log_softmax(-1) for w in W])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("%.4f" % loss)
lA = A.log().requires_grad_()
(g,) = torch.autograd.grad(forward(lA, B.log(), pi.log()), lA)
print(g, g.sum())


def em(A, B, pi):
    lA, lB, lp = (v.log().detach().requires_grad_() for v in (A, B, pi))
    ll = forward(lA, lB, lp)
    ga, gb, gp = torch.autograd.grad(ll, (lA, lB, lp))
    return ga / ga.sum(1, keepdim=True), gb / gb.sum(1, True), gp / gp.sum(), ll


P = (torch.softmax(torch.randn(K, K), -1), torch.softmax(torch.randn(K, M), -1), pi)
for i in range(5):
    *P, ll = em(*P)
    print("%.4f" % ll, end=" ")
print()
print(
    torch.logcumsumexp(x.float(), 0)[-1],
    torch.cummax(x, 0)[0][-3:],
    torch.cummin(x, 0).values[:3],
    torch.diff(x)[:5],
    torch.kthvalue(x, 3),
    torch.mode(x),
    x.median(),
)
