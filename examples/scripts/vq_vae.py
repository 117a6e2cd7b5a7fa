"""A vector-quantised autoencoder and a Gumbel one: straight-through gradients, a custom Function, codebook updates."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Function
from torch.autograd.function import once_differentiable


class StraightThrough(Function):
    """Nearest codes forward; backward the gradient passes, and the codes get the sums of theirs."""

    @staticmethod
    def forward(ctx, values, codes):
        nearest = torch.cdist(values, codes).argmin(dim=1)
        ctx.save_for_backward(nearest)
        ctx.count = codes.size(0)
        ctx.mark_non_differentiable(nearest)
        return codes.index_select(0, nearest), nearest

    @staticmethod
    @once_differentiable
    def backward(ctx, gradient, _):
        (nearest,) = ctx.saved_tensors
        codes = gradient.new_zeros(ctx.count, gradient.size(1)).index_add_(0, nearest, gradient)
        return gradient, codes


class VQ(nn.Module):
    def __init__(self, codes=8, width=4):
        super().__init__()
        self.encode = nn.Sequential(nn.Linear(10, 16), nn.ELU(), nn.Linear(16, width))
        self.decode = nn.Sequential(nn.Linear(width, 16), nn.ELU(), nn.Linear(16, 10))
        self.codes = nn.Parameter(torch.randn(codes, width) * 0.5)

    def forward(self, x):
        z = self.encode(x)
        q, nearest = StraightThrough.apply(z, self.codes)
        commitment = F.mse_loss(z, self.codes[nearest].detach())
        return self.decode(q), commitment, nearest


class GumbelVQ(VQ):
    def __init__(self):
        super().__init__(width=8)
        self.table = nn.Embedding(8, 4)
        self.decode = nn.Linear(4, 10)

    def forward(self, x, tau=1.0):
        logits = self.encode(x)
        soft = F.gumbel_softmax(logits, tau=tau, hard=True)
        divergence = (logits.softmax(-1) * (logits.log_softmax(-1) + torch.tensor(8.0).log())).sum(-1).mean()
        return self.decode(soft @ self.table.weight), 0.01 * divergence, soft.argmax(-1)


torch.manual_seed(9)
centres = torch.randn(5, 10)
for kind in (VQ, GumbelVQ):
    model = kind()
    optimizer = torch.optim.RAdam(model.parameters(), lr=1e-2)
    for step in range(30):
        x = centres[torch.randint(0, 5, (32,))] + 0.1 * torch.randn(32, 10)
        out, extra, nearest = model(x)
        loss = F.smooth_l1_loss(out, x) + extra
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 6 == 0:
            print(
                f"{kind.__name__} {step}: loss {loss.item():.4f} extra {extra.item():.4f} grad_fn {type(out.grad_fn).__name__}"
            )
    used = torch.bincount(nearest, minlength=8)
    print("used codes:", (used > 0).sum().item() <= 8, used.sum().item())
