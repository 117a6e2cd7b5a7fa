"""L-BFGS with and without a line search: Rosenbrock's valley, a sum of two decays, and logistic regression."""

import torch

torch.manual_seed(0)


def rosenbrock(p):
    return (1 - p[0]) ** 2 + 100 * (p[1] - p[0] ** 2) ** 2


for search in (None, "strong_wolfe"):
    p = torch.tensor([-1.2, 1.0], dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([p], lr=1.0 if search else 0.1, max_iter=10, history_size=5, line_search_fn=search)

    def closure():
        optimizer.zero_grad()
        loss = rosenbrock(p)
        loss.backward()
        return loss

    for step in range(5):
        loss = optimizer.step(closure)
        print(f"{search} step {step}: {loss.item():.4f} at ({p[0].item():.4f}, {p[1].item():.4f})")

t = torch.linspace(0, 4, 80, dtype=torch.float64)
data = 2.0 * torch.exp(-1.5 * t) + 0.7 * torch.exp(-0.2 * t) + 0.005 * torch.randn(80, dtype=torch.float64)
amplitudes = torch.tensor([1.0, 1.0], dtype=torch.float64, requires_grad=True)
log_rates = torch.tensor([0.0, -1.0], dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.LBFGS([amplitudes, log_rates], max_iter=30, line_search_fn="strong_wolfe")


def residual():
    if torch.is_grad_enabled():
        optimizer.zero_grad()
    model = (amplitudes[:, None] * torch.exp(-log_rates.exp()[:, None] * t)).sum(0)
    loss = ((model - data) ** 2).mean() * 1e3
    if loss.requires_grad:
        loss.backward()
    return loss


for step in range(3):
    optimizer.step(residual)
    with torch.no_grad():
        print(f"decays {step}: {residual().item():.4f}")
print("amplitudes", [f"{v:.3f}" for v in amplitudes.tolist()], "rates", [f"{v:.3f}" for v in log_rates.exp().tolist()])

x = torch.randn(200, 3)
y = (x @ torch.tensor([1.5, -2.0, 0.5]) + 0.3 * torch.randn(200) > 0).float()
model = torch.nn.Linear(3, 1)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=4)
for step in range(4):

    def objective():
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(model(x).squeeze(1), y)
        loss = loss + 1e-2 * sum(p.square().sum() for p in model.parameters())
        loss.backward()
        return loss

    print(f"logistic {step}: {optimizer.step(objective).item():.4f}")
print("weights", " ".join(f"{v:.3f}" for v in model.weight[0].tolist()))
