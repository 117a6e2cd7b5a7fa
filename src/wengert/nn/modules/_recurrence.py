"""The steps of recurrent layers over time: one native op, or tensor ops where derivatives of all kinds are wanted."""

import wengert as wg

from ..functional import dropout
from ..functional._native import native

_linear = native("linear")
_all_steps = native("_all_steps")
_stacked_steps = native("_stacked_steps")
_layer_steps = native("_layer_steps")


def rnn_tanh_step(gates_in, state, w_hh, b_hh):
    """h' = tanh(x-part + W h + b)."""
    return ((gates_in + _linear(state[0], w_hh, b_hh)).tanh(),)


def rnn_relu_step(gates_in, state, w_hh, b_hh):
    """h' = relu(x-part + W h + b)."""
    return ((gates_in + _linear(state[0], w_hh, b_hh)).relu(),)


@wg.elementwise
def lstm_cell_state(i, f, new, cell):
    """The gates' effect on the cell: forget some of it, add some that is new."""
    return wg.sigmoid(f) * cell + wg.sigmoid(i) * wg.tanh(new)


@wg.elementwise
def lstm_hidden(o, cell):
    """What the output gate lets out of the cell."""
    return wg.sigmoid(o) * wg.tanh(cell)


@wg.elementwise
def gru_hidden(in_r, h_r, in_z, h_z, in_n, h_n, hidden):
    """The mixture of the old state and the new one."""
    new = wg.tanh(in_n + wg.sigmoid(h_r + in_r) * h_n)
    return (hidden - new) * wg.sigmoid(h_z + in_z) + new


def lstm_step(gates_in, state, w_hh, b_hh, w_hr=None):
    """(h', c') with the gates in the order input, forget, cell, output; w_hr projects h'."""
    hidden, cell = state
    i, f, new, o = (gates_in + _linear(hidden, w_hh, b_hh)).chunk(4, 1)
    cell = lstm_cell_state(i, f, new, cell)
    hidden = lstm_hidden(o, cell)
    return (hidden if w_hr is None else _linear(hidden, w_hr)), cell


def gru_step(gates_in, state, w_hh, b_hh):
    """h' with the gates in the order reset, update, new."""
    hidden = state[0]
    in_r, in_z, in_n = gates_in.chunk(3, 1)
    h_r, h_z, h_n = _linear(hidden, w_hh, b_hh).chunk(3, 1)
    return (gru_hidden(in_r, h_r, in_z, h_z, in_n, h_n, hidden),)


GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}
STEPS = {"RNN_TANH": rnn_tanh_step, "RNN_RELU": rnn_relu_step, "LSTM": lstm_step, "GRU": gru_step}


def _run_packed(step, gates, sizes, state, weights):
    """Steps over a list of (alive sequences, G) gate inputs, fewer alive with every step; (outputs, last state)."""
    outputs, finished = [], []
    for gates_in, size in zip(gates, sizes):
        alive = state[0].size(0)
        if size < alive:
            finished.append(tuple(s[size:] for s in state))
            state = tuple(s[:size] for s in state)
        state = step(gates_in, state, *weights)
        outputs.append(state[0])
    finished.append(state)
    return outputs, tuple(wg.cat(parts[::-1]) for parts in zip(*finished)) if len(finished) > 1 else state


def _run_packed_reverse(step, gates, sizes, initial, weights):
    """_run_packed from the last step on: more and more sequences come alive."""
    outputs = []
    state = tuple(s[: sizes[-1]] for s in initial)
    for gates_in, size in zip(reversed(gates), reversed(sizes)):
        alive = state[0].size(0)
        if size > alive:
            state = tuple(wg.cat([s, first[alive:size]]) for s, first in zip(state, initial))
        state = step(gates_in, state, *weights)
        outputs.append(state[0])
    return outputs[::-1], state


def composed(mode, gates, sizes, state, weights, reverse):
    """All steps in one direction, made of ops, from the input's part of the sums: a row for every sequence and step.

    `weights` are w_hh, b_hh and, for a projection, w_hr. Returns the outputs, rows again, and the last state.
    """
    run = _run_packed_reverse if reverse else _run_packed
    outputs, state = run(STEPS[mode], gates.split(sizes), sizes, state, weights)
    return wg.cat(outputs), state


def run_steps(mode, gates, sizes, state, weights, reverse):
    """`composed` in one native call where that is possible: whole weights of one dtype, and no transform around."""
    w_hh, b_hh, *projection = weights
    parts = [t for t in (gates, *state, w_hh, b_hh) if t is not None]
    dtype = gates.dtype
    native_can = dtype in (wg.float32, wg.float64) and not projection
    if not native_can or any(t._wrapped or t.dtype != dtype for t in parts):
        return composed(mode, gates, sizes, state, weights, reverse)
    cell = state[1] if len(state) > 1 else None
    keep = wg.is_grad_enabled() and any(t.requires_grad for t in parts)
    found = _all_steps(gates, state[0], cell, w_hh, b_hh, mode, sizes, reverse, keep)
    return found[0], found[1 : 1 + len(state)]


def _run_direction(mode, x, sizes, state, weights, reverse):
    """One layer in one direction; x is (T, N, F), or packed rows with `sizes`; returns (outputs, last state)."""
    w_ih, w_hh, b_ih, b_hh, *projection = weights
    gates = _linear(x, w_ih, b_ih)
    rest = (w_hh, b_hh, *projection)
    if sizes is not None:
        return run_steps(mode, gates, sizes, state, rest, reverse)
    steps, batch = x.shape[:2]
    if steps == 0:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    out, state = run_steps(mode, gates.flatten(0, 1), [batch] * steps, state, rest, reverse)
    whole = mode == "LSTM" and x.dtype == wg.float32 and not projection  # torch's node is another one then
    return (_layer_steps if whole else _stacked_steps)(out, [steps, batch, out.size(-1)]), state


def run_layers(mode, x, sizes, states, layer_weights, bidirectional, p, training):
    """All layers: `states` and `layer_weights` hold one entry for each layer and direction.

    Returns the output of the last layer and the final states, a tuple of (layers * directions, N, H) tensors.
    """
    directions = 2 if bidirectional else 1
    finals = []
    n_layers = len(layer_weights) // directions
    for layer in range(n_layers):
        outputs = []
        for d in range(directions):
            k = layer * directions + d
            out, state = _run_direction(mode, x, sizes, states[k], layer_weights[k], d == 1)
            outputs.append(out)
            finals.append(state)
        x = outputs[0] if directions == 1 else wg.cat(outputs, -1)
        if p and training and layer < n_layers - 1:
            x = dropout(x, p, True)
    return x, tuple(wg.stack(parts) for parts in zip(*finals))
