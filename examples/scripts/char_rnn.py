"""Character models of one sentence: a plain RNN, a GRU and an LSTM, trained the same way, then asked to continue."""

import torch
from torch import nn

TEXT = "she sells sea shells by the sea shore and the shells she sells are sea shells for sure. " * 4
chars = sorted(set(TEXT))
stoi = {c: i for i, c in enumerate(chars)}
encoded = torch.tensor([stoi[c] for c in TEXT])


class CharModel(nn.Module):
    def __init__(self, kind, vocabulary, hidden=32, layers=1):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, 16)
        self.rnn = getattr(nn, kind)(16, hidden, num_layers=layers, batch_first=True)
        self.output = nn.Linear(hidden, vocabulary)

    def forward(self, x, state=None):
        out, state = self.rnn(self.embedding(x), state)
        return self.output(out), state


def detach(state):
    return tuple(s.detach() for s in state) if isinstance(state, tuple) else state.detach()


def generate(model, start, length):
    model.eval()
    out, state = list(start), None
    x = torch.tensor([[stoi[c] for c in start]])
    with torch.no_grad():
        for _ in range(length):
            logits, state = model(x, state)
            x = logits[:, -1].argmax(-1, keepdim=True)
            out.append(chars[x.item()])
    return "".join(out)


for kind, layers in (("RNN", 1), ("GRU", 1), ("LSTM", 2)):
    torch.manual_seed(1337)
    model = CharModel(kind, len(chars), layers=layers)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
    criterion = nn.CrossEntropyLoss()
    print(kind, sum(p.numel() for p in model.parameters()), "parameters")
    steps = 16
    streams = encoded[: len(encoded) // 4 * 4].view(4, -1)
    for epoch in range(4):
        state, losses = None, []
        for start in range(0, streams.size(1) - steps, steps):
            x = streams[:, start : start + steps]
            y = streams[:, start + 1 : start + steps + 1]
            logits, state = model(x, state)
            state = detach(state)
            loss = criterion(logits.reshape(-1, len(chars)), y.reshape(-1))
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            losses.append(loss.item())
        print(f"{kind} epoch {epoch} loss {sum(losses) / len(losses):.4f} norm {norm.item():.4f}")
    print(repr(generate(model, "she ", 12)))
