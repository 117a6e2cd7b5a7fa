"""Multi-head attention written in tensor ops, and the scaled dot product under it."""

import math
import warnings

import wengert as wg

from ._native import native
from .activation import softmax
from .dropouts import dropout
from .padding import pad

scaled_dot_product_attention = native("scaled_dot_product_attention")
_linear = native("linear")


def _need(condition, text):
    if not condition:
        raise AssertionError(text)


def _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads):
    """Whether the inputs are batched; AssertionError when ranks do not belong together."""
    rank = query.dim()
    if rank not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {rank}-D query tensor")
    kind = f"For {'batched' if rank == 3 else 'unbatched'} ({rank}-D) `query`, expected"
    _need(
        key.dim() == rank and value.dim() == rank,
        f"{kind} `key` and `value` to be {rank}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively",
    )
    if key_padding_mask is not None:
        _need(
            key_padding_mask.dim() == rank - 1,
            f"{kind} `key_padding_mask` to be `None` or {rank - 1}-D but found {key_padding_mask.dim()}-D tensor"
            " instead",
        )
    if attn_mask is not None:
        _need(
            attn_mask.dim() in (2, 3),
            f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {attn_mask.dim()}-D tensor instead",
        )
        if rank == 2 and attn_mask.dim() == 3:
            shape = (num_heads, query.shape[0], key.shape[0])
            _need(attn_mask.shape == shape, f"Expected `attn_mask` shape to be {shape} but got {attn_mask.shape}")
    return rank == 3


def _canonical_mask(mask, mask_name, other_type, other_name, target_type, check_other=True):
    """The mask as numbers to add: -inf where a boolean mask is True."""
    if mask is None:
        return None
    floating = mask.is_floating_point()
    _need(mask.dtype == wg.bool or floating, f"only bool and floating types of {mask_name} are supported")
    if check_other and other_type is not None and mask.dtype != other_type:
        warnings.warn(
            f"Support for mismatched {mask_name} and {other_name} is deprecated. Use same type for both instead.",
            stacklevel=2,
        )
    return mask if floating else wg.zeros_like(mask, dtype=target_type).masked_fill_(mask, float("-inf"))


def _none_or_dtype(input):
    if input is None:
        return None
    if isinstance(input, wg.Tensor):
        return input.dtype
    raise RuntimeError("input to _none_or_dtype() must be None or torch.Tensor")


def _split_linear(x, weight, bias, parts):
    """One linear map whose outputs are `parts` tensors of equal width."""
    width = weight.shape[0] // parts
    out = _linear(x, weight, bias).unflatten(-1, (parts, width))
    out = out.unsqueeze(0).transpose(0, -2).squeeze(-2).contiguous()
    return [out[i] for i in range(parts)]


def _in_projection_packed(q, k, v, w, b=None):
    """q, k and v through the stacked weights w (3E, E): one matrix product where inputs are the same."""
    width = q.size(-1)
    if k is v and q is k:
        return _split_linear(q, w, b, 3)
    if k is v:
        w_q, w_kv = w.split([width, width * 2])
        b_q, b_kv = (None, None) if b is None else b.split([width, width * 2])
        return [_linear(q, w_q, b_q), *_split_linear(k, w_kv, b_kv, 2)]
    weights, biases = w.chunk(3), (None,) * 3 if b is None else b.chunk(3)
    return [_linear(x, wx, bx) for x, wx, bx in zip((q, k, v), weights, biases)]


def _in_projection(q, k, v, w_q, w_k, w_v, b_q=None, b_k=None, b_v=None):
    """q, k and v through weights of their own, with their shapes checked."""
    width = q.size(-1)
    for name, weight, x in (("query", w_q, q), ("key", w_k, k), ("value", w_v, v)):
        shape = (width, x.size(-1))
        _need(weight.shape == shape, f"expecting {name} weights shape of {shape}, but got {weight.shape}")
    for name, bias in (("query", b_q), ("key", b_k), ("value", b_v)):
        if bias is not None:
            _need(bias.shape == (width,), f"expecting {name} bias shape of {(width,)}, but got {bias.shape}")
    return [_linear(q, w_q, b_q), _linear(k, w_k, b_k), _linear(v, w_v, b_v)]


def _project(query, key, value, packed, separate, bias, use_separate):
    """Checked projections of the three inputs."""
    if not use_separate:
        _need(key.shape == value.shape, f"key shape {key.shape} does not match value shape {value.shape}")
        _need(packed is not None, "use_separate_proj_weight is False but in_proj_weight is None")
        return _in_projection_packed(query, key, value, packed, bias)
    _need(
        key.shape[:2] == value.shape[:2],
        f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}",
    )
    for name, weight in zip("qkv", separate):
        _need(weight is not None, f"use_separate_proj_weight is True but {name}_proj_weight is None")
    biases = (None,) * 3 if bias is None else bias.chunk(3)
    return _in_projection(query, key, value, *separate, *biases)


def _checked_attn_mask(attn_mask, heads, tgt_len, src_len):
    """The attention mask as (1 or N * heads, L, S)."""
    if attn_mask is None:
        return None
    shape = {2: (tgt_len, src_len), 3: (heads, tgt_len, src_len)}.get(attn_mask.dim())
    if shape is None:
        raise RuntimeError(f"attn_mask's dimension {attn_mask.dim()} is not supported")
    if attn_mask.shape != shape:
        raise RuntimeError(
            f"The shape of the {attn_mask.dim()}D attn_mask is {attn_mask.shape}, but should be {shape}."
        )
    return attn_mask.unsqueeze(0) if attn_mask.dim() == 2 else attn_mask


def _append_bias(k, v, bias_k, bias_v, static_k, static_v, masks):
    """One more key and value, the same for all samples; the masks grow with them."""
    if bias_k is None or bias_v is None:
        _need(bias_k is None, "bias_k is set but bias_v is None")
        _need(bias_v is None, "bias_v is set but bias_k is None")
        return k, v, masks
    _need(static_k is None, "bias cannot be added to static key.")
    _need(static_v is None, "bias cannot be added to static value.")
    batch = k.shape[1]
    k = wg.cat([k, bias_k.repeat(1, batch, 1)])
    v = wg.cat([v, bias_v.repeat(1, batch, 1)])
    return k, v, _grow(masks)


def _grow(masks):
    return [None if mask is None else pad(mask, (0, 1)) for mask in masks]


def _by_head(x, static, name, heads, head_dim):
    """(S, N, E) as (N * heads, S, head_dim), or the given static tensor, checked."""
    if static is None:
        return x.reshape(x.shape[0], heads, head_dim).transpose(0, 1)
    _need(static.size(0) == heads, f"expecting static_{name}.size(0) of {heads}, but got {static.size(0)}")
    _need(static.size(2) == head_dim, f"expecting static_{name}.size(2) of {head_dim}, but got {static.size(2)}")
    return static


def _merge_masks(attn_mask, key_padding_mask, batch, num_heads, src_len):
    """Both masks as one to add, (N * heads or 1, L or 1, S)."""
    if key_padding_mask is None:
        return attn_mask
    _need(
        key_padding_mask.size(0) == batch,
        f"Expected key_padded_mask.shape[0] to be {batch}, but got {key_padding_mask.size(0)}",
    )
    _need(
        key_padding_mask.size(1) == src_len,
        f"Expected key_padded_mask.shape[1] to be {src_len}, but got {key_padding_mask.size(1)}",
    )
    spread = key_padding_mask.view(batch, 1, 1, src_len).expand(-1, num_heads, -1, -1)
    spread = spread.reshape(batch * num_heads, 1, src_len)
    return spread if attn_mask is None else attn_mask + spread


def _attend_with_weights(q, k, v, attn_mask, dropout_p, is_causal):
    """(output, weights) of attention by head, all (N * heads, ., .)."""
    q = q * math.sqrt(1.0 / float(q.shape[-1]))
    _need(not (is_causal and attn_mask is None), "FIXME: is_causal not implemented for need_weights")
    scores = wg.bmm(q, k.transpose(-2, -1)) if attn_mask is None else wg.baddbmm(attn_mask, q, k.transpose(-2, -1))
    weights = softmax(scores, dim=-1)
    if dropout_p > 0.0:
        weights = dropout(weights, p=dropout_p)
    return wg.bmm(weights, v), weights


def _attend_native(q, k, v, attn_mask, dropout_p, is_causal, batch, num_heads):
    """The output (N * heads, L, head_dim) without weights, through the fused kernel."""
    if attn_mask is not None:
        if attn_mask.size(0) == 1 and attn_mask.dim() == 3:
            attn_mask = attn_mask.unsqueeze(0)
        else:
            attn_mask = attn_mask.view(batch, num_heads, -1, k.size(1))
    q, k, v = (x.reshape(batch, num_heads, x.size(1), x.size(2)) for x in (q, k, v))
    out = scaled_dot_product_attention(q, k, v, attn_mask, dropout_p, is_causal)
    return out.reshape(batch * num_heads, out.size(2), out.size(3))


def multi_head_attention_forward(
    query, key, value, embed_dim_to_check, num_heads, in_proj_weight, in_proj_bias, bias_k, bias_v, add_zero_attn,
    dropout_p, out_proj_weight, out_proj_bias, training=True, key_padding_mask=None, need_weights=True, attn_mask=None,
    use_separate_proj_weight=False, q_proj_weight=None, k_proj_weight=None, v_proj_weight=None, static_k=None,
    static_v=None, average_attn_weights=True, is_causal=False,
):  # fmt: skip
    """Attention of query (L, N, E) over key and value (S, N, E); all may lack N.

    Returns the output (L, N, E) and, with need_weights, the weights (N, L, S), by head if not averaged.
    """
    batched = _mha_shape_check(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        query, key, value = query.unsqueeze(1), key.unsqueeze(1), value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    tgt_len, batch, embed_dim = query.shape
    padding_mask = _canonical_mask(
        key_padding_mask, "key_padding_mask", _none_or_dtype(attn_mask), "attn_mask", query.dtype
    )
    attn_mask, is_causal = _causal(attn_mask, padding_mask, is_causal, need_weights, query.dtype)
    _need(
        embed_dim == embed_dim_to_check,
        f"was expecting embedding dimension of {embed_dim_to_check}, but got {embed_dim}",
    )
    _need(embed_dim % num_heads == 0, f"embed_dim {embed_dim} not divisible by num_heads {num_heads}")
    separate = (q_proj_weight, k_proj_weight, v_proj_weight)
    q, k, v = _project(query, key, value, in_proj_weight, separate, in_proj_bias, use_separate_proj_weight)
    heads, head_dim = batch * num_heads, embed_dim // num_heads
    masks = [_checked_attn_mask(attn_mask, heads, tgt_len, key.shape[0]), padding_mask]
    k, v, masks = _append_bias(k, v, bias_k, bias_v, static_k, static_v, masks)
    q = _by_head(q, None, "q", heads, head_dim)
    k, v = _by_head(k, static_k, "k", heads, head_dim), _by_head(v, static_v, "v", heads, head_dim)
    if add_zero_attn:
        k, v = (wg.cat([x, wg.zeros(heads, 1, head_dim, dtype=x.dtype)], 1) for x in (k, v))
        masks = _grow(masks)
    mask = _merge_masks(*masks, batch, num_heads, k.size(1))
    dropout_p = dropout_p if training else 0.0
    weights = None
    if need_weights:
        out, weights = _attend_with_weights(q, k, v, mask, dropout_p, is_causal)
    else:
        out = _attend_native(q, k, v, mask, dropout_p, is_causal, batch, num_heads)
    out = _linear(out.transpose(0, 1).reshape(tgt_len * batch, embed_dim), out_proj_weight, out_proj_bias)
    out = out.view(tgt_len, batch, out.size(1))
    if weights is not None:
        weights = weights.view(batch, num_heads, tgt_len, k.size(1))
        weights = weights.mean(dim=1) if average_attn_weights else weights
        weights = weights if batched else weights.squeeze(0)
    return (out if batched else out.squeeze(1)), weights


def _causal(attn_mask, padding_mask, is_causal, need_weights, dtype):
    """The attention mask to use and whether the kernel may take the causal short cut instead of it."""
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    if is_causal and padding_mask is None and not need_weights:
        return None, True
    mask = _canonical_mask(attn_mask, "attn_mask", None, "", dtype, check_other=False)
    return mask, is_causal and padding_mask is None
