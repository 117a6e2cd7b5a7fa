"""Double precision: an inverse heat problem through unrolled finite differences, and mixed types on the way."""

import torch

torch.manual_seed(9)
torch.set_printoptions(precision=4, sci_mode=False)
n, steps, dt = 32, 40, 0.2
grid = torch.linspace(0, 1, n, dtype=torch.float64)
true_conductivity = 0.5 + 0.4 * torch.sin(3 * torch.pi * grid) ** 2
start = torch.exp(-50 * (grid - 0.4) ** 2)


def simulate(conductivity, state):
    for _ in range(steps):
        face = 0.5 * (conductivity[1:] + conductivity[:-1])
        flux = face * torch.diff(state)
        padded = torch.nn.functional.pad(flux, (1, 1))
        state = state + dt * torch.diff(padded)
    return state


target = simulate(true_conductivity, start)
print("heat kept:", f"{target.sum().item() - start.sum().item():.6f}", target.dtype)
raw = torch.zeros(n, dtype=torch.float64, requires_grad=True)
optimizer = torch.optim.Adam([raw], lr=0.1, eps=1e-12)
for iteration in range(31):
    conductivity = torch.nn.functional.softplus(raw)
    misfit = (simulate(conductivity, start) - target).square().sum()
    smooth = torch.diff(conductivity, n=2).square().sum()
    loss = 1e3 * misfit + 1e-3 * smooth
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if iteration % 6 == 0:
        print(f"{iteration}: {loss.item():.4f} misfit {misfit.item():.4f}")
print(torch.nn.functional.softplus(raw).detach()[::4])

single = raw.detach().float().requires_grad_()
mixed = (single * grid).sum()
print(
    mixed.dtype,
    (single * 2).dtype,
    (single * torch.tensor(2.0, dtype=torch.float64)).dtype,
    (torch.arange(3) / 2).dtype,
    (torch.arange(3) * 2.5).dtype,
    torch.result_type(single, 1j),
)
mixed.backward()
print(single.grad.dtype, f"{single.grad.sum().item():.4f}")
print(torch.finfo(torch.float64).eps, torch.finfo(torch.bfloat16).max, torch.iinfo(torch.int16).min)
half = torch.tensor([1.0, 3.14159, 1000.1]).to(torch.bfloat16)
print(half, half.float(), half.to(torch.float16).double())
model = torch.nn.Linear(3, 2).double()
print({k: v.dtype for k, v in model.state_dict().items()}, model(torch.ones(1, 3, dtype=torch.float64)).dtype)
try:
    model(torch.ones(1, 3))
except RuntimeError as error:
    print("RuntimeError:", error)
