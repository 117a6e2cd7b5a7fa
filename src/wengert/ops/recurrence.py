"""All time steps of a recurrent layer in one direction."""

from .. import _core
from ._declare import constant, primitive
from .shape import reshape

HIDDEN = {"function": False, "method": False}
HOW = "Tensor h0, Tensor? c0, Tensor w_hh, Tensor? b_hh, str mode, int[] sizes, bool reverse"


@primitive(
    f"_all_steps(Tensor gates_in, {HOW}, bool keep=True) -> "
    "(Tensor output, Tensor hn, Tensor cn, Index gates, Index extra, Index before)",
    eager=True,
    grad_name="CatBackward0",
    **HIDDEN,
)
def _all_steps(
    g0, g1, g2, gates_in, h0, c0, w_hh, b_hh, mode, sizes, reverse, keep, output, gates, extra, before
):  # fmt: skip
    """The hidden states after every step, one row a sequence and step, and the last states, from the input's part of
    the sums; sizes: how many sequences are alive at every step; mode: LSTM, GRU, RNN_TANH or RNN_RELU;
    keep: what a gradient needs is among the outputs."""
    from .. import is_grad_enabled

    if is_grad_enabled():
        found = _composed_gradients((g0, g1, g2), gates_in, h0, c0, w_hh, b_hh, mode, sizes, reverse)
    else:
        found = _all_steps_backward(g0, g1, g2, output, gates, extra, before, w_hh, mode, sizes, reverse)
    g_gates, g_h0, g_c0, g_w, g_b = found
    return g_gates, g_h0, g_c0 if mode == "LSTM" else None, g_w, None if b_hh is None else g_b


@primitive("_stacked_steps(Tensor self, int[] size)", grad_name="StackBackward0", **HIDDEN)
def _stacked_steps(g, self):
    """The rows of _all_steps as (steps, batch, features)."""
    return reshape(g, self.shape)


@primitive("_layer_steps(Tensor self, int[] size)", grad_name="MkldnnRnnLayerBackward0", **HIDDEN)
def _layer_steps(g, self):
    """The same where torch runs a whole layer in one operation."""
    return reshape(g, self.shape)


@constant(
    "_all_steps_backward(Tensor? grad, Tensor? hn_grad, Tensor? cn_grad, Tensor output, Tensor gates, Tensor extra, "
    "Tensor before, Tensor w_hh, str mode, int[] sizes, bool reverse) -> "
    "(Tensor gates_grad, Tensor h0_grad, Tensor c0_grad, Tensor w_hh_grad, Tensor b_hh_grad)",
    **HIDDEN,
)
def _all_steps_backward():
    """The gradients of the inputs of _all_steps, when no derivative of them is wanted."""


def _composed_gradients(grads, gates_in, h0, c0, w_hh, b_hh, mode, sizes, reverse):
    """The same with a history: the layer is run again, made of other ops."""
    from .. import autograd
    from ..nn.modules._recurrence import composed

    inputs = [t for t in (gates_in, h0, c0, w_hh, b_hh) if t is not None]
    roots = [t if t.requires_grad else _core.let_require_grad(t.detach()) for t in inputs]
    named = iter(roots)
    given = [None if t is None else next(named) for t in (gates_in, h0, c0, w_hh, b_hh)]
    out, states = composed(mode, given[0], sizes, tuple(t for t in given[1:3] if t is not None), given[3:], reverse)
    pairs = [(y, g) for y, g in zip((out, *states), grads) if g is not None]
    found = iter(autograd.grad([y for y, _ in pairs], roots, [g for _, g in pairs], create_graph=True))
    return [None if t is None else next(found) for t in given]
