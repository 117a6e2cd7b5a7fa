"""Attention of several heads in one call, as torch's modules call it when they only evaluate."""

import wengert as wg

_DIVIDES = (
    "Expected D % num_head == 0 to be true, but got false.  (Could this error message be improved?  If so, please "
    "report an enhancement request to PyTorch.)"
)


def _need(condition, message):
    if not condition:
        raise RuntimeError(message)


def _transform_bias_rescale_qkv(qkv, qkv_bias, num_heads):
    """Queries, keys and values (B, heads, T, D) from (B, T, 3 * heads * D): with their bias, queries over sqrt(D).

    >>> q, k, v = _transform_bias_rescale_qkv(wg.ones(1, 2, 12), wg.zeros(12), 1)
    >>> q[0, 0, 0]
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    batch, length, width = qkv.size(0), qkv.size(1), qkv.size(2) // 3
    _need(width % num_heads == 0, _DIVIDES)
    parts = (qkv + qkv_bias).reshape(batch, length, 3, num_heads, width // num_heads).permute(2, 0, 3, 1, 4)
    q, k, v = (part.contiguous() for part in parts.unbind(0))
    return q / (width // num_heads) ** 0.5, k, v


def _check(query, key, value, embed_dim, num_head, qkv_weight, qkv_bias):
    _need(query.dim() == 3, f"expected 3-D `query`, got {query.dim()}-D tensor")
    _need(
        query.size(2) == embed_dim,
        f"passed-in embed_dim {embed_dim} didn't match last dim of query {query.size(2)}",
    )
    _need(key.dim() == 3, f"expected 3-D `key`, got {key.dim()}-D tensor")
    _need(value.dim() == 3, f"expected 3-D `value`, got {value.dim()}-D tensor")
    _need(query.shape == key.shape == value.shape, "expected `query`/`key`/`value` shapes to match")
    _need(qkv_weight.dim() == 2, f"expected 2-D `qkv_weight`, got {qkv_weight.dim()}-D tensor")
    _need(embed_dim * 3 == qkv_weight.size(0), "expected `qkv_weight` first dim to be 3x embed_dim")
    _need(embed_dim == qkv_weight.size(1), "expected `qkv_weight` second dim to be embed_Dim")
    _need(qkv_bias.dim() == 1, f"expected 1-D `qkv_bias`, got {qkv_bias.dim()}-D tensor")
    _need(qkv_bias.size(0) == 3 * embed_dim, "expected `qkv_bias` first dim and first dim of query to be equal")
    _need(embed_dim % num_head == 0, "`embed_dim` must divide evenly by `num_heads`")


def _hidden(scores, mask, mask_type):
    """scores (B, heads, T, T) with -inf where the mask is set: (T, T), (B, T) of keys or (B, heads, T, T) for the types
    0, 1 and 2."""
    _need(mask_type is not None, "Mask Type should be defined")
    if mask_type == 1:
        mask = mask[:, None, None, :]
    return scores.masked_fill(mask.bool(), float("-inf"))


def _native_multi_head_attention(
    query, key, value, embed_dim, num_head, qkv_weight, qkv_bias, proj_weight, proj_bias, mask=None, need_weights=True,
    average_attn_weights=True, mask_type=None,
):  # fmt: skip
    """(Attention of query, key and value (B, T, E) projected again, its weights or None). mask: True hides.

    mask_type: 0 for (T, T), 1 for padding (B, T), 2 for one with all dims. RuntimeError when sizes do not fit.

    >>> x = wg.ones(1, 2, 2)
    >>> out, weights = _native_multi_head_attention(x, x, x, 2, 1, wg.ones(6, 2), wg.zeros(6), wg.eye(2), wg.zeros(2))
    >>> out.shape, weights.shape
    (torch.Size([1, 2, 2]), torch.Size([1, 2, 2]))
    """
    from . import linear
    from .attention import _in_projection_packed

    _check(query, key, value, embed_dim, num_head, qkv_weight, qkv_bias)
    projected = wg.cat(_in_projection_packed(query, key, value, qkv_weight), -1)
    q, k, v = _transform_bias_rescale_qkv(projected, qkv_bias, num_head)
    scores = q @ k.mT
    weights = (scores if mask is None else _hidden(scores, mask, mask_type)).softmax(-1)
    joined = (weights @ v).transpose(1, 2).reshape(query.shape)
    if not need_weights:
        weights = None
    elif average_attn_weights:
        weights = weights.mean(1)
    return linear(joined, proj_weight, proj_bias), weights
