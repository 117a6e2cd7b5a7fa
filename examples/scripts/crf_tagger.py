"""A BiLSTM tagger under a linear-chain CRF: log partition by scan over time, masks for padding, Viterbi's best path."""

import torch
import torch.nn as nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(8)
TAGS = ["O", "B", "I"]


class CRF(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.start, self.end = nn.Parameter(torch.zeros(n)), nn.Parameter(torch.zeros(n))
        self.move = nn.Parameter(torch.empty(n, n))
        nn.init.uniform_(self.move, -0.1, 0.1)
        never = torch.zeros(n, n, dtype=torch.bool)
        never[0, 2] = True  # an I does not follow an O
        self.register_buffer("never", never)

    def moves(self):
        return self.move.masked_fill(self.never, -1e4)

    def score(self, emissions, tags, mask):
        move, m = self.moves(), mask.float()
        total = self.start[tags[:, 0]] + emissions[:, 0].gather(1, tags[:, :1]).squeeze(1)
        for t in range(1, tags.shape[1]):
            step = move[tags[:, t - 1], tags[:, t]] + emissions[:, t].gather(1, tags[:, t : t + 1]).squeeze(1)
            total = total + step * m[:, t]
        last = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
        return total + self.end[last]

    def partition(self, emissions, mask):
        alpha = self.start + emissions[:, 0]
        for t in range(1, emissions.shape[1]):
            step = torch.logsumexp(alpha.unsqueeze(2) + self.moves() + emissions[:, t].unsqueeze(1), dim=1)
            alpha = torch.where(mask[:, t, None], step, alpha)
        return torch.logsumexp(alpha + self.end, dim=1)

    def decode(self, emissions, mask):
        paths = []
        for e, length in zip(emissions, mask.sum(1).tolist()):
            best, came = self.start + e[0], []
            for t in range(1, length):
                best, back = (best.unsqueeze(1) + self.moves() + e[t]).max(dim=0)
                came.append(back)
            path = [int((best + self.end).argmax())]
            for back in reversed(came):
                path.append(int(back[path[-1]]))
            paths.append(path[::-1])
        return paths


class Tagger(nn.Module):
    def __init__(self, words=12, tags=3):
        super().__init__()
        self.embed = nn.Embedding(words, 8, padding_idx=0)
        self.lstm = nn.LSTM(8, 8, bidirectional=True, batch_first=True)
        self.out = nn.Linear(16, tags)
        self.crf = CRF(tags)

    def emissions(self, x, lengths):
        packed = pack_padded_sequence(self.embed(x), lengths, batch_first=True, enforce_sorted=False)
        return self.out(pad_packed_sequence(self.lstm(packed)[0], batch_first=True)[0])

    def forward(self, x, tags, lengths, mask):
        e = self.emissions(x, lengths)
        return (self.crf.partition(e, mask) - self.crf.score(e, tags, mask)).mean()


def batch(n=16):
    """Words 8 and more begin a span that goes on over words 5 to 7."""
    xs, ys = [], []
    for length in torch.randint(3, 10, (n,)).tolist():
        x = torch.randint(1, 12, (length,))
        y = torch.zeros(length, dtype=torch.long)
        for t in range(length):
            if x[t] >= 8:
                y[t] = 1
            elif x[t] >= 5 and t and y[t - 1] > 0:
                y[t] = 2
        xs.append(x)
        ys.append(y)
    lengths = torch.tensor([len(x) for x in xs])
    x, y = pad_sequence(xs, batch_first=True), pad_sequence(ys, batch_first=True)
    return x, y, lengths, torch.arange(x.shape[1])[None] < lengths[:, None]


model = Tagger()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-2, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=3e-2, total_steps=61)
for step in range(61):
    x, y, lengths, mask = batch()
    optimizer.zero_grad()
    loss = model(x, y, lengths, mask)
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    optimizer.step()
    schedule.step()
    if step % 15 == 0:
        print(f"step {step}: negative log likelihood {loss.item():.4f}, norm {norm.item():.3f}")
model.eval()
with torch.no_grad():
    x, y, lengths, mask = batch(6)
    paths = model.crf.decode(model.emissions(x, lengths), mask)
for path, tags, length in zip(paths, y, lengths.tolist()):
    print("".join(TAGS[t] for t in path), "".join(TAGS[t] for t in tags[:length].tolist()))
print("moves", [[round(v, 2) for v in row] for row in model.crf.move.tolist()])
