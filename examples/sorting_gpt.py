"""A small transformer learns to sort: it reads six digits and continues with the same digits in order."""

import wengert as torch
from wengert import nn

LENGTH, DIGITS = 6, 4


class Block(nn.Module):
    """Causal self-attention and a two-layer network, each behind a layer norm and beside a shortcut."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x):
        """(batch, length, width) to the same."""
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).split(width, dim=2)
        q, k, v = (t.view(batch, length, self.heads, -1).transpose(1, 2) for t in (q, k, v))
        y = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.mlp(self.norm2(x))


class GPT(nn.Module):
    """Token and position tables, a stack of blocks, and scores for the next token."""

    def __init__(self, width=48, layers=2, heads=3):
        super().__init__()
        self.tokens = nn.Embedding(DIGITS, width)
        self.places = nn.Embedding(2 * LENGTH, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(layers)])
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, DIGITS, bias=False)

    def forward(self, tokens):
        """(batch, length) tokens to (batch, length, DIGITS) scores."""
        x = self.tokens(tokens) + self.places(torch.arange(tokens.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def batch(size):
    """Digits, the same digits sorted, side by side: (size, 2·LENGTH)."""
    digits = torch.randint(0, DIGITS, (size, LENGTH))
    return torch.cat([digits, digits.sort(dim=1).values], dim=1)


def share_sorted(model, size=200):
    """The share of fresh rows that the model continues without a mistake."""
    rows = batch(size)
    tokens = rows[:, :LENGTH]
    with torch.no_grad():
        for _ in range(LENGTH):
            tokens = torch.cat([tokens, model(tokens)[:, -1:].argmax(2)], dim=1)
    return (tokens == rows).all(dim=1).float().mean().item()


def main(short=False):
    """Train until sorting is learnt; the short form only sees that it is being learnt."""
    torch.manual_seed(0)
    model = GPT()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    losses = []
    for step in range(60 if short else 600):
        rows = batch(64)
        scores = model(rows[:, :-1])[:, LENGTH - 1 :]
        loss = nn.functional.cross_entropy(scores.reshape(-1, DIGITS), rows[:, LENGTH:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 100 == 0:
            print(f"step {step:3d}  loss {loss.item():.4f}")
    share = share_sorted(model)
    print(f"sorted without a mistake: {share:.1%}")
    assert losses[-1] < 0.6 * losses[0] if short else share > 0.95


if __name__ == "__main__":
    main()
