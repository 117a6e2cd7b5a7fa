"""Connectionist temporal classification: a convolution and a GRU spell sequences whose alignment nobody knows."""

import torch, torch.nn as nn, torch.nn.functional as F
from torch.nn.utils.rnn import pad_sequence, pack_padded_sequence, pad_packed_sequence, pack_sequence, unpad_sequence

torch.manual_seed(0)


class M(nn.Module):
    def __init__(self):
        super().__init__()
        self.c = nn.Conv1d(6, 12, 3, padding=1)
        self.g = nn.GRU(12, 10, 2, batch_first=True, bidirectional=True, dropout=0.1)
        self.o = nn.Linear(20, 5)
        self.ln = nn.LayerNorm(12)

    def forward(self, x, l):
        h = F.gelu(self.ln(self.c(x.transpose(1, 2)).transpose(1, 2)), approximate="tanh")
        p = pack_padded_sequence(h, l, batch_first=True, enforce_sorted=False)
        h, _ = self.g(p)
        h, _ = pad_packed_sequence(h, batch_first=True, total_length=x.size(1))
        return self.o(h).log_softmax(-1)


m = M()
crit = nn.CTCLoss(blank=0, zero_infinity=True)
optimizer = torch.optim.RMSprop(m.parameters(), lr=3e-3, momentum=0.5, centered=True)
codes = torch.randn(5, 6)


def sample():
    n = int(torch.randint(2, 4, ()))
    y = torch.randint(1, 5, (n,))
    x = torch.cat([codes[k].expand(int(torch.randint(2, 5, ())), -1) for k in y])
    return x + 0.1 * torch.randn_like(x), y


for it in range(12):
    xs, ys = zip(*[sample() for _ in range(4)])
    xl = torch.tensor([len(x) for x in xs])
    yl = torch.tensor([len(y) for y in ys])
    lp = m(pad_sequence(xs, batch_first=True, padding_value=0.0), xl)
    loss = crit(lp.transpose(0, 1), torch.cat(ys), xl, yl)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if it % 4 == 3:
        print(
            it,
            "%.4f" % loss,
            F.ctc_loss(lp.transpose(0, 1), pad_sequence(ys, batch_first=True), xl, yl, reduction="none").detach(),
        )
m.eval()
x, y = sample()
g = m(x[None], torch.tensor([len(x)])).argmax(-1)[0]
d = torch.unique_consecutive(g)
print(d[d != 0].tolist(), y.tolist())
ps = pack_sequence([torch.arange(3.0), torch.arange(2.0)])
print(ps, ps.data, ps.batch_sizes)
print(unpad_sequence(*[pad_sequence([torch.arange(3.0), torch.arange(2.0)]), torch.tensor([3, 2])]))
