"""A mixture of experts with a noisy gate, then low-rank adapters on its experts through parametrize."""

from __future__ import annotations
import torch, logging, sys
import torch.nn as nn
from dataclasses import dataclass, field, asdict
from torch.nn.utils import parametrize

logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stdout)
log = logging.getLogger("lora")


@dataclass
class Config:
    d_model: int = 16
    n_experts: int = 4
    k: int = 2
    r: int = 2
    alpha: float = 4.0
    sizes: list[int] = field(default_factory=lambda: [16, 32])


cfg = Config()
log.info("%s", asdict(cfg))
torch.manual_seed(42)


class LoRAParametrization(nn.Module):
    def __init__(self, fi, fo, rank=1, alpha=1):
        super().__init__()
        self.lora_A = nn.Parameter(torch.zeros((rank, fo)))
        self.lora_B = nn.Parameter(torch.zeros((fi, rank)))
        nn.init.normal_(self.lora_A, mean=0, std=1)
        self.scale = alpha / rank
        self.enabled = True

    def forward(self, W):
        return W + torch.matmul(self.lora_B, self.lora_A).view(W.shape) * self.scale if self.enabled else W


class Top2Gate(nn.Module):
    def __init__(self, d, n, k):
        super().__init__()
        self.w = nn.Linear(d, n, bias=False)
        self.noise = nn.Linear(d, n, bias=False)
        self.k = k
        nn.init.zeros_(self.noise.weight)

    def forward(self, x):
        lg = self.w(x)
        if self.training:
            lg = lg + torch.randn_like(lg) * nn.functional.softplus(self.noise(x))
        v, i = lg.topk(self.k, dim=-1)
        g = torch.full_like(lg, float("-inf")).scatter(-1, i, v).softmax(-1)
        return g, i


class MoE(nn.Module):
    def __init__(self, c: Config):
        super().__init__()
        self.gate = Top2Gate(c.d_model, c.n_experts, c.k)
        self.experts = nn.ModuleList(
            nn.Sequential(nn.Linear(c.d_model, 32), nn.SiLU(), nn.Linear(32, c.d_model)) for _ in range(c.n_experts)
        )

    def forward(self, x):
        g, i = self.gate(x)
        out = torch.zeros_like(x)
        for e, ex in enumerate(self.experts):
            rows, _ = torch.where(i == e)
            if rows.numel() == 0:
                continue
            out.index_add_(0, rows, ex(x[rows]) * g[rows, e, None])
        imp = g.sum(0)
        load = (g > 0).float().mean(0)
        return out, (imp.std() / imp.mean()) ** 2 + (load * g.mean(0)).sum()


m = MoE(cfg)
x = torch.randn(64, 16)
W = torch.randn(16, 16)
y = torch.tanh(x @ W)
opt = torch.optim.AdamW(
    [
        {"params": [p for n, p in m.named_parameters() if p.ndim >= 2], "weight_decay": 0.1},
        {"params": [p for p in m.parameters() if p.ndim < 2], "weight_decay": 0.0},
    ],
    lr=3e-3,
)
for i in range(10):
    out, aux = m(x)
    loss = nn.functional.huber_loss(out, y) + 0.01 * aux
    opt.zero_grad()
    loss.backward()
    opt.step()
    if i % 3 == 0:
        log.info("step %d loss %.4f aux %.4f", i, loss, aux)
for n, layer in m.named_modules():
    if isinstance(layer, nn.Linear) and "experts" in n:
        parametrize.register_parametrization(
            layer, "weight", LoRAParametrization(layer.weight.shape[0], layer.weight.shape[1], cfg.r, cfg.alpha)
        )
for n, p in m.named_parameters():
    p.requires_grad = "lora" in n
tr = [p for p in m.parameters() if p.requires_grad]
log.info("trainable %d of %d", sum(p.numel() for p in tr), sum(p.numel() for p in m.parameters()))
o2 = torch.optim.Adam(tr, lr=1e-2)
y2 = torch.roll(y, 1, 1)
m.eval()
for i in range(6):
    out, _ = m(x)
    loss = nn.functional.l1_loss(out, y2)
    o2.zero_grad()
    loss.backward()
    o2.step()
log.info("lora %.4f", loss)
print([k for k in m.state_dict() if "experts.0" in k])
print(parametrize.is_parametrized(m.experts[0][0]), type(m.experts[0][0]).__name__)
for layer in m.modules():
    if parametrize.is_parametrized(layer, "weight"):
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
with torch.no_grad():
    print("%.4f" % nn.functional.l1_loss(m(x)[0], y2))
    print(m.experts[0])
