"""Scaled dot-product attention."""

from .. import _core
from ._declare import composite, primitive

HIDDEN = {"function": False, "method": False}


@primitive(
    "_attention(Tensor query, Tensor key, Tensor value, Index? mask, bool causal, float scale) "
    "-> (Tensor output, Index log_sums)",
    grad_name="ScaledDotProductFlashAttentionForCpuBackward0",
    **HIDDEN,
)
def _attention(g, query, key, value, mask, causal, scale, output, log_sums):
    """softmax(query @ key.mT * scale + mask) @ value, without keeping the weights; and the logarithms of the sums."""
    return _attention_backward(g, query, key, value, output, log_sums, mask, causal, scale)


@primitive(
    "_attention_backward(Tensor grad, Tensor query, Tensor key, Tensor value, Index output, Index log_sums, "
    "Index? mask, bool causal, float scale) -> (Tensor query_grad, Tensor key_grad, Tensor value_grad)",
    eager=True,
    **HIDDEN,
)
def _attention_backward(g0, g1, g2, grad, query, key, value, mask, causal, scale):
    """The gradients of _attention."""
    from .. import autograd, enable_grad, is_grad_enabled

    again = is_grad_enabled()
    with enable_grad():
        inputs = [t if t.requires_grad else _core.let_require_grad(t.detach()) for t in (grad, query, key, value)]
        out = _attention_math(*inputs[1:], mask, 0.0, causal, scale)
        first = autograd.grad(out, inputs[1:], inputs[0], create_graph=True)
        return autograd.grad(first, inputs, (g0, g1, g2), create_graph=again)


@composite(
    "_attention_math(Tensor query, Tensor key, Tensor value, Tensor? mask, float dropout_p, bool causal, float scale)",
    **HIDDEN,
)
def _attention_math():
    """Attention made of products and a softmax."""


@composite(
    "scaled_dot_product_attention(Tensor query, Tensor key, Tensor value, Tensor? attn_mask=None, "
    "float dropout_p=0.0, bool is_causal=False, *, float? scale=None, bool enable_gqa=False)",
    **HIDDEN,
)
def scaled_dot_product_attention():
    """softmax(query @ key.mT * scale + attn_mask) @ value for query (..., L, E), key (..., S, E), value (..., S, Ev);
    scale is 1 / sqrt(E) unless given; attn_mask is added, or, if boolean, False hides."""
