"""nn.TransformerEncoder classifies sequences of unequal length, with positional encoding and a warm-up schedule."""

import math

import torch
import torch.nn as nn

torch.manual_seed(23)
VOCAB, CLASSES, MAX = 12, 3, 10


def batch(count):
    lengths = torch.randint(4, MAX + 1, (count,))
    tokens = torch.randint(1, VOCAB, (count, MAX))
    padding = torch.arange(MAX).unsqueeze(0) >= lengths.unsqueeze(1)
    tokens = tokens.masked_fill(padding, 0)
    return tokens, padding, tokens.sum(1) % CLASSES * 0 + (tokens > 8).sum(1).clamp(max=2)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=64):
        super().__init__()
        self.dropout = nn.Dropout(p=dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(1, max_len, d_model)
        pe[0, :, 0::2] = torch.sin(position * div_term)
        pe[0, :, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return self.dropout(x + self.pe[:, : x.size(1)])


class Classifier(nn.Module):
    def __init__(self, d_model=16, heads=4, layers=2):
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, d_model, padding_idx=0)
        self.position = PositionalEncoding(d_model)
        layer = nn.TransformerEncoderLayer(
            d_model, heads, dim_feedforward=32, dropout=0.1, batch_first=True, activation="gelu", norm_first=False
        )
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.head = nn.Linear(d_model, CLASSES)
        self.scale = math.sqrt(d_model)

    def forward(self, tokens, padding):
        x = self.position(self.embedding(tokens) * self.scale)
        x = self.encoder(x, src_key_padding_mask=padding)
        keep = (~padding).unsqueeze(-1).float()
        return self.head((x * keep).sum(1) / keep.sum(1))


model = Classifier()
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
optimizer = torch.optim.Adam(model.parameters(), lr=1.0, betas=(0.9, 0.98), eps=1e-9)
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda step: 0.3 * 16**-0.5 * min((step + 1) ** -0.5, (step + 1) * 20**-1.5)
)
for step in range(41):
    tokens, padding, labels = batch(32)
    logits = model(tokens, padding)
    loss = nn.functional.cross_entropy(logits, labels)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    optimizer.step()
    scheduler.step()
    if step % 8 == 0:
        print(f"step {step} loss {loss.item():.4f} lr {scheduler.get_last_lr()[0]:.6f}")

layer = nn.TransformerDecoderLayer(16, 2, 24, dropout=0.0, batch_first=True)
memory, queries = torch.randn(2, 5, 16), torch.randn(2, 3, 16)
mask = nn.Transformer.generate_square_subsequent_mask(3)
decoded = layer(queries, memory, tgt_mask=mask)
print("decoder", tuple(decoded.shape), f"{decoded.abs().mean().item():.4f}")
attention = nn.MultiheadAttention(16, 4, batch_first=True)
out, weights = attention(queries, memory, memory, average_attn_weights=False)
print("attention", tuple(weights.shape), f"{weights.std().item():.4f} {out.norm().item():.4f}")
