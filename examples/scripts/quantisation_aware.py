"""Training with fake quantisation: a straight-through Function, observers as buffers, packed integers."""

import torch, torch.nn as nn

torch.manual_seed(0)


class FakeQuant(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, scale, qmin, qmax):
        q = torch.round(x / scale)
        ctx.save_for_backward((q >= qmin) & (q <= qmax))
        return q.clamp(qmin, qmax) * scale

    @staticmethod
    def backward(ctx, g):
        (m,) = ctx.saved_tensors
        return g * m, None, None, None


class Observer(nn.Module):
    def __init__(self, m=0.1):
        super().__init__()
        self.m = m
        self.register_buffer("mx", torch.tensor(1.0))
        self.register_buffer("n", torch.zeros((), dtype=torch.long), persistent=False)

    def forward(self, x):
        if self.training:
            self.mx.lerp_(x.detach().abs().amax(), self.m)
            self.n.add_(1)
        return FakeQuant.apply(x, self.mx / 127, -128, 127)


class QLinear(nn.Linear):
    def __init__(self, *a, **k):
        super().__init__(*a, **k)
        self.obs = Observer()

    def forward(self, x):
        return nn.functional.linear(
            self.obs(x), FakeQuant.apply(self.weight, self.weight.abs().max().item() / 7, -8, 7), self.bias
        )


net = nn.Sequential(QLinear(4, 16), nn.Hardtanh(), QLinear(16, 2))
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
x = torch.randn(64, 4)
y = (x[:, 0] * x[:, 1] > 0).long()
for i in range(15):
    loss = nn.functional.multi_margin_loss(net(x), y, p=2, margin=0.5)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("%.4f" % loss, net[0].obs.mx, net[0].obs.n, [k for k in net.state_dict()])
net.eval()
w = net[0].weight.detach()
s = w.abs().max() / 127
q = torch.clamp((w / s).round(), -128, 127).to(torch.int8)
print(q.dtype, q.float().mul(s).sub(w).abs().max() < s, q[:2])
print(torch.fake_quantize_per_tensor_affine(w, s.item(), 0, -128, 127)[0])
packed = (q[:, ::2] & 15) | (q[:, 1::2] << 4)
print(packed.dtype, packed.sum())
