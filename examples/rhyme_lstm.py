"""An LSTM cell written by hand learns a rhyme letter by letter, and then says it."""

import itertools

import wengert as torch
from wengert import nn

RHYME = "the tape remembers every step it took, and reads itself in reverse like a book. "


class Cell(nn.Module):
    """One step of an LSTM: input, forget and output gates around a memory."""

    def __init__(self, letters, width):
        super().__init__()
        self.width = width
        self.table = nn.Embedding(letters, width)
        self.gates = nn.Linear(2 * width, 4 * width)
        self.out = nn.Linear(width, letters)

    def forward(self, letter, state):
        """Letters of shape (batch,) and a state of two (batch, width) give scores and the next state."""
        h, c = state
        i, f, g, o = self.gates(torch.cat([self.table(letter), h], dim=1)).chunk(4, dim=1)
        c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        return self.out(h), (h, c)

    def start(self):
        """The state before the first letter."""
        return torch.zeros(1, self.width), torch.zeros(1, self.width)


def say(cell, alphabet, first, length):
    """The letters that the cell finds likeliest, one after the other."""
    letter, state, said = torch.tensor([alphabet.index(first)]), cell.start(), first
    with torch.no_grad():
        for _ in range(length - 1):
            scores, state = cell(letter, state)
            letter = scores.argmax(1)
            said += alphabet[letter.item()]
    return said


def main(short=False):
    """Learn until the rhyme is known by heart; the short form only learns its first words."""
    torch.manual_seed(0)
    text = RHYME[:19] if short else RHYME
    alphabet = sorted(set(text))
    letters = torch.tensor([alphabet.index(a) for a in text])
    cell = Cell(len(alphabet), 48)
    optimizer = torch.optim.Adam(cell.parameters(), lr=0.01)
    for step in range(120 if short else 300):
        state, loss = cell.start(), 0.0
        for now, after in itertools.pairwise(letters):
            scores, state = cell(now.reshape(1), state)
            loss = loss + nn.functional.cross_entropy(scores, after.reshape(1))
        optimizer.zero_grad()
        (loss / len(text)).backward()
        nn.utils.clip_grad_norm_(cell.parameters(), 1.0)
        optimizer.step()
        if step % 30 == 0:
            print(f"step {step:3d}  loss {loss.item() / len(text):.3f}  {say(cell, alphabet, text[0], 40)!r}")
    said = say(cell, alphabet, text[0], len(text))
    print(said)
    assert said == text


if __name__ == "__main__":
    main()
