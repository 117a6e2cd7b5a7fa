"""Gaussian process regression: hyperparameters by autograd through a Cholesky factor, then predictions."""

import math

import torch

torch.manual_seed(0)
torch.set_default_dtype(torch.float64)
X = torch.linspace(0, 1, 30)
Y = torch.sin(X * (2 * math.pi)) + torch.randn(X.size()) * 0.2


class ExactGP(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.log_length = torch.nn.Parameter(torch.tensor(0.0))
        self.log_scale = torch.nn.Parameter(torch.tensor(0.0))
        self.log_noise = torch.nn.Parameter(torch.tensor(-1.0))
        self.mean = torch.nn.Parameter(torch.zeros(()))

    def kernel(self, a, b):
        distance = (a.unsqueeze(-1) - b.unsqueeze(-2)) / self.log_length.exp()
        return self.log_scale.exp() * torch.exp(-0.5 * distance.pow(2))

    def factor(self):
        K = self.kernel(X, X) + (self.log_noise.exp() + 1e-6) * torch.eye(len(X))
        return torch.linalg.cholesky(K)

    def forward(self):
        """The negative log marginal likelihood per point."""
        L = self.factor()
        centred = (Y - self.mean).unsqueeze(-1)
        alpha = torch.cholesky_solve(centred, L)
        fit = 0.5 * (centred.mT @ alpha).squeeze()
        complexity = L.diagonal().log().sum()
        return (fit + complexity + 0.5 * len(X) * math.log(2 * math.pi)) / len(X)

    @torch.no_grad()
    def predict(self, new):
        L, cross = self.factor(), self.kernel(X, new)
        alpha = torch.cholesky_solve((Y - self.mean).unsqueeze(-1), L)
        v = torch.linalg.solve_triangular(L, cross, upper=False)
        variance = self.log_scale.exp() - v.square().sum(0)
        return self.mean + (cross.T @ alpha).squeeze(-1), variance


gp = ExactGP()
optimizer = torch.optim.Adam(gp.parameters(), lr=0.1)
for i in range(41):
    optimizer.zero_grad()
    loss = gp()
    loss.backward()
    optimizer.step()
    if i % 8 == 0:
        print(
            f"Iter {i} - Loss: {loss.item():.4f} lengthscale: {gp.log_length.exp().item():.4f} "
            f"noise: {gp.log_noise.exp().item():.4f}"
        )
new = torch.tensor([0.1, 0.25, 0.5, 0.8, 1.2])
mean, variance = gp.predict(new)
for point, m, v in zip(new, mean, variance):
    print(f"f({point:.2f}) = {m:.4f} +- {2 * v.sqrt():.4f}")
K = gp.kernel(X, X).detach() + 0.1 * torch.eye(30)
sign, logdet = torch.linalg.slogdet(K)
w, V = torch.linalg.eigh(K)
print(
    f"logdet {logdet.item():.4f} = {w.log().sum().item():.4f}, sign {sign.item():.1f}, rebuilt "
    f"{torch.allclose(V @ torch.diag(w) @ V.T, K)}"
)
