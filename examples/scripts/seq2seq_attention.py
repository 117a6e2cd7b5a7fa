"""Sequence to sequence with a GRU encoder and Bahdanau's attention: sort digits, with teacher forcing and packing."""

import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence

torch.manual_seed(21)
random.seed(21)
PAD, SOS, EOS, SIZE, HIDDEN = 0, 1, 2, 9, 24


def batch(count):
    sources = [torch.randint(3, SIZE, (random.randint(2, 5),)) for _ in range(count)]
    sources.sort(key=len, reverse=True)
    targets = [torch.cat([s.sort().values, torch.tensor([EOS])]) for s in sources]
    lengths = torch.tensor([len(s) for s in sources])
    return pad_sequence(sources, batch_first=True), lengths, pad_sequence(targets, batch_first=True, padding_value=PAD)


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(SIZE, 12, padding_idx=PAD)
        self.gru = nn.GRU(12, HIDDEN, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * HIDDEN, HIDDEN)

    def forward(self, x, lengths):
        packed = pack_padded_sequence(self.embedding(x), lengths, batch_first=True)
        outputs, hidden = self.gru(packed)
        outputs, _ = pad_packed_sequence(outputs, batch_first=True)
        return outputs, torch.tanh(self.bridge(torch.cat([hidden[0], hidden[1]], dim=1)))


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.Wa, self.Ua, self.Va = nn.Linear(HIDDEN, 16), nn.Linear(2 * HIDDEN, 16), nn.Linear(16, 1)

    def forward(self, query, keys, mask):
        scores = self.Va(torch.tanh(self.Wa(query).unsqueeze(1) + self.Ua(keys))).squeeze(2)
        weights = F.softmax(scores.masked_fill(~mask, -1e9), dim=-1)
        return torch.bmm(weights.unsqueeze(1), keys).squeeze(1), weights


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(SIZE, 12)
        self.attention = Attention()
        self.cell = nn.GRUCell(12 + 2 * HIDDEN, HIDDEN)
        self.out = nn.Linear(HIDDEN, SIZE)

    def forward(self, keys, hidden, mask, steps, target=None):
        token = torch.full((keys.size(0),), SOS)
        outputs = []
        for t in range(steps):
            context, weights = self.attention(hidden, keys, mask)
            hidden = self.cell(torch.cat([self.embedding(token), context], dim=1), hidden)
            logits = self.out(hidden)
            outputs.append(logits)
            token = target[:, t] if target is not None else logits.detach().argmax(1)
        return torch.stack(outputs, dim=1), weights


encoder, decoder = Encoder(), Decoder()
parameters = list(encoder.parameters()) + list(decoder.parameters())
optimizer = torch.optim.Adam(parameters, lr=8e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD, label_smoothing=0.05)
for step in range(41):
    source, lengths, target = batch(32)
    keys, hidden = encoder(source, lengths)
    mask = torch.arange(source.size(1))[None, :] < lengths[:, None]
    logits, weights = decoder(keys, hidden, mask, target.size(1), target if random.random() < 0.8 else None)
    loss = criterion(logits.transpose(1, 2), target)
    optimizer.zero_grad()
    loss.backward()
    norm = nn.utils.clip_grad_norm_(parameters, 2.0)
    optimizer.step()
    if step % 8 == 0:
        print(
            f"{step}: loss {loss.item():.4f} norm {norm.item():.4f} attention {weights.max(1).values.mean().item():.4f}"
        )
