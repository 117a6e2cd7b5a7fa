"""Ops of activations and attention written in other ops, for a core that has no kernel of their own for them."""

import math

import wengert as wg


def glu(self, dim=-1):
    size = self.size(dim)
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {dim % self.dim()} is size {size}")
    first, second = self.chunk(2, dim)
    return first * second.sigmoid()


def scaled_dot_product_attention(
    query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, *, scale=None, enable_gqa=False
):
    if attn_mask is not None and is_causal:
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")
    if enable_gqa:
        repeats = query.size(-3) // key.size(-3)
        key, value = key.repeat_interleave(repeats, -3), value.repeat_interleave(repeats, -3)
    root = math.sqrt(1.0 / math.sqrt(query.size(-1)) if scale is None else scale)
    scores = (query * root) @ (key * root).transpose(-2, -1)
    if is_causal:
        attn_mask = wg.ones(query.size(-2), key.size(-2), dtype=wg.bool).tril()
    if attn_mask is not None:
        if attn_mask.dtype == wg.bool:
            scores = scores.masked_fill(~attn_mask, float("-inf"))
        else:
            scores = scores + attn_mask
    weights = scores.softmax(-1)
    if attn_mask is not None:
        # A row that may look at nothing gives zeros, not nan.
        dead = (scores == float("-inf")).all(-1, keepdim=True)
        weights = weights.masked_fill(dead, 0.0)
    if dropout_p > 0.0:
        weights = wg.dropout(weights, dropout_p, True)
    return weights @ value
