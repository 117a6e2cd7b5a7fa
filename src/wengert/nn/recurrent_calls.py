"""torch.lstm, torch.gru, torch.rnn_tanh, torch.rnn_relu: whole recurrent networks from a flat list of weights.

Each takes either `(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)` or, for
packed rows, `(data, batch_sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional)`.
"""

from .modules._recurrence import run_layers
from .utils.weight_norm import weight_from

_WRONG_NUMBER = "got an incorrect number of RNN parameters"


def _rows(params, has_biases, projected):
    """The flat list as one row a layer and direction; None for biases that are not there."""
    width = (4 if has_biases else 2) + projected
    if len(params) % width:
        raise RuntimeError(_WRONG_NUMBER)
    rows = [list(params[k : k + width]) for k in range(0, len(params), width)]
    return rows if has_biases else [[*row[:2], None, None, *row[2:]] for row in rows]


def _run(mode, x, sizes, hx, params, has_biases, num_layers, dropout, train, bidirectional):
    rows = _rows(params, has_biases, len(hx) == 2 and hx[0].size(-1) != hx[1].size(-1))
    if len(rows) != num_layers * (2 if bidirectional else 1):
        raise RuntimeError(_WRONG_NUMBER)
    states = [tuple(part[k] for part in hx) for k in range(len(rows))]
    out, finals = run_layers(mode, x, sizes, states, rows, bidirectional, dropout, train)
    return out, *finals


def _network(mode, input, second, third, fourth, *rest):
    """One of the two forms: the packed one has the states third."""
    packed = isinstance(fourth, (list, tuple))
    hx, params = (third, fourth) if packed else (second, third)
    hx = tuple(hx) if mode == "LSTM" else (hx,)
    if packed:
        return _run(mode, input, second.tolist(), hx, params, *rest)
    has_biases, batch_first = fourth, rest[-1]
    out, *finals = _run(mode, input.transpose(0, 1) if batch_first else input, None, hx, params, has_biases, *rest[:-1])
    return out.transpose(0, 1) if batch_first else out, *finals


def lstm(input, hx, params, has_biases, *rest):
    """(output, h_n, c_n) of an LSTM; hx is (h_0, c_0). Both forms are those of this file's first lines.

    >>> w = [wg.ones(4, 1), wg.ones(4, 1)]
    >>> zero = wg.zeros(1, 1, 1)
    >>> lstm(wg.ones(2, 1, 1), (zero, zero), w, False, 1, 0.0, False, False, False)[0].flatten()
    tensor([0.3696, 0.6505])
    """
    return _network("LSTM", input, hx, params, has_biases, *rest)


def gru(input, hx, params, has_biases, *rest):
    """(output, h_n) of a GRU; forms as in lstm, hx is one tensor.

    >>> w = [wg.ones(3, 1), wg.ones(3, 1)]
    >>> gru(wg.ones(1, 1, 1), wg.zeros(1, 1, 1), w, False, 1, 0.0, False, False, False)[1].flatten()
    tensor([0.2048])
    """
    return _network("GRU", input, hx, params, has_biases, *rest)


def rnn_tanh(input, hx, params, has_biases, *rest):
    """(output, h_n) of a plain network with tanh; forms as in gru."""
    return _network("RNN_TANH", input, hx, params, has_biases, *rest)


def rnn_relu(input, hx, params, has_biases, *rest):
    """(output, h_n) of a plain network with relu; forms as in gru."""
    return _network("RNN_RELU", input, hx, params, has_biases, *rest)


def _weight_norm(v, g, dim=0):
    """g * v / |v|, the norm over all dimensions but `dim`."""
    return weight_from(v, g, dim)


def _pack_padded_sequence(input, lengths, batch_first):
    """(data, batch sizes) of sequences in order of falling length."""
    from .utils.rnn import pack_padded_sequence

    packed = pack_padded_sequence(input, lengths, batch_first)
    return packed.data, packed.batch_sizes
