"""Exponential moving averages, stochastic weight averaging, gradient accumulation, clipping and frozen layers."""

import copy

import torch
import torch.nn as nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_multi_avg_fn, update_bn

torch.manual_seed(6)
truth = torch.randn(5)


def batches(count, size):
    for _ in range(count):
        x = torch.randn(size, 5)
        yield x, ((x @ truth).sin() + 0.2 * torch.randn(size)).unsqueeze(1)


class EMA:
    def __init__(self, model, decay):
        self.decay = decay
        self.shadow = copy.deepcopy(model).eval()
        for p in self.shadow.parameters():
            p.requires_grad_(False)

    @torch.no_grad()
    def update(self, model):
        for s, p in zip(self.shadow.parameters(), model.parameters()):
            s.mul_(self.decay).add_(p, alpha=1 - self.decay)
        for s, b in zip(self.shadow.buffers(), model.buffers()):
            s.copy_(b)


model = nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.Softplus(), nn.Linear(16, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
ema, ema_torch = EMA(model, 0.9), AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9))
swa, swa_scheduler = AveragedModel(model), SWALR(optimizer, swa_lr=0.02, anneal_epochs=3)
accumulate, loss_sum = 4, 0.0
for step, (x, y) in enumerate(batches(64, 16), 1):
    loss = nn.functional.mse_loss(model(x), y) / accumulate
    loss.backward()
    loss_sum += loss.item()
    if step % accumulate == 0:
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm=0.5)
        optimizer.step()
        optimizer.zero_grad()
        ema.update(model)
        ema_torch.update_parameters(model)
        if step > 32:
            swa.update_parameters(model)
            swa_scheduler.step()
        if step % 16 == 0:
            print(f"step {step}: loss {loss_sum / 4:.4f} norm {norm:.4f} lr {optimizer.param_groups[0]['lr']:.4f}")
            loss_sum = 0.0

update_bn(list(batches(8, 32)), swa)
model.eval(), swa.eval(), ema_torch.eval()
x, y = next(batches(1, 256))
with torch.no_grad():
    for name, net in (("model", model), ("ema", ema.shadow), ("ema_torch", ema_torch), ("swa", swa)):
        print(f"{name}: {nn.functional.mse_loss(net(x), y).item():.4f}")
print("averaged", int(swa.n_averaged), "times")

for p in model[0].parameters():
    p.requires_grad = False
head = torch.optim.Rprop(filter(lambda p: p.requires_grad, model.parameters()), lr=1e-3)
for step in range(4):
    head.zero_grad()
    loss = nn.functional.l1_loss(model(x), y)
    loss.backward()
    head.step()
    print(f"frozen {step}: {loss.item():.4f} {model[0].weight.grad is None or model[0].weight.grad.abs().sum().item()}")
vector = nn.utils.parameters_to_vector(model.parameters())
print(tuple(vector.shape), f"{vector.norm().item():.4f}")
