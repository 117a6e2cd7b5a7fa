"""Recurrent layers."""

import math
import warnings

import wengert as wg

from .. import init
from .._lazy_names import lazy_names
from ..parameter import Parameter
from ..utils.rnn import PackedSequence
from ._recurrence import GATES, run_layers
from .module import Module

__all__ = ["GRU", "LSTM", "RNN", "RNNBase"]

# torch has these here too.
_ELSEWHERE = {
    "rnn_cells": ("GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"),
}  # fmt: skip
__getattr__ = lazy_names(__package__, _ELSEWHERE)[0]


def apply_permutation(tensor, permutation, dim=1):
    """`tensor` with the entries of `dim` in the order of `permutation`."""
    warnings.warn(
        "`apply_permutation` is deprecated, please use `tensor.index_select(dim, permutation)` instead",
        FutureWarning,
        stacklevel=2,
    )
    return tensor.index_select(dim, permutation)


def _check_arguments(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size):
    if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1] representing the probability of an element being zeroed"
        )
    for name, value in (("bias", bias), ("batch_first", batch_first)):
        if not isinstance(value, bool):
            raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
        if not isinstance(value, int):
            raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
        if value <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if proj_size >= hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout expects num_layers"
            f" greater than 1, but got dropout={dropout} and num_layers={num_layers}",
            stacklevel=4,
        )


class RNNBase(Module):
    """What RNN, LSTM and GRU share; `mode` names the cell."""

    def __init__(
        self, mode, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
        bidirectional=False, proj_size=0, device=None, dtype=None,
    ):  # fmt: skip
        super().__init__()
        _check_arguments(input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        if mode not in GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        self._all_weights = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse") if bidirectional else ("",):
                self._add_weights(layer, suffix, device, dtype)
        self.reset_parameters()

    def _add_weights(self, layer, suffix, device, dtype):
        """Register the parameters of one layer in one direction."""
        out = self.proj_size if self.proj_size > 0 else self.hidden_size
        rows = GATES[self.mode] * self.hidden_size
        width = self.input_size if layer == 0 else out * (2 if self.bidirectional else 1)
        shapes = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
        if self.bias:
            shapes.update(bias_ih=(rows,), bias_hh=(rows,))
        if self.proj_size > 0:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        names = []
        for name, shape in shapes.items():
            names.append(f"{name}_l{layer}{suffix}")
            setattr(self, names[-1], Parameter(wg.empty(shape, device=device, dtype=dtype)))
        self._all_weights.append(names)

    @property
    def all_weights(self):
        """The parameters as a list for each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    @property
    def _flat_weights_names(self):
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self):
        """The weights in one list, which is in use from here on: what is put into it, forward takes."""
        now = [getattr(self, name, None) for name in self._flat_weights_names]
        given, seen = self.__dict__.setdefault("_weights_in_use", (list(now), now))
        for k, weight in enumerate(now):
            if weight is not seen[k]:  # an attribute that was set since
                given[k] = seen[k] = weight
        return given

    @_flat_weights.setter
    def _flat_weights(self, weights):
        now = [getattr(self, name, None) for name in self._flat_weights_names]
        self.__dict__["_weights_in_use"] = (weights, now)

    def _rows(self):
        """The weights that forward takes, a list for each layer and direction."""
        if "_weights_in_use" not in self.__dict__:
            return self.all_weights
        flat = iter(self._flat_weights)
        return [[next(flat) for _ in names] for names in self._all_weights]

    def flatten_parameters(self):
        """Without effect: the parameters need no common memory on a CPU."""

    def reset_parameters(self):
        """Draw all parameters anew from U(-1 / sqrt(hidden_size), 1 / sqrt(hidden_size))."""
        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -stdv, stdv)

    # -- checks --------------------------------------------------------------------------------------------------

    def check_input(self, input, batch_sizes):
        """Refuse an input of a wrong rank, width or dtype."""
        dtype = self._flat_weights[0].dtype
        if input.dtype != dtype and not wg.is_autocast_enabled("cpu"):
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({dtype}). "
                f"Convert input: input.to({dtype}), or convert model: model.to({input.dtype})"
            )
        expected = 2 if batch_sizes is not None else 3
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.size(-1):
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got {input.size(-1)}"
            )

    def _expected_state(self, batch, width):
        return self.num_layers * (2 if self.bidirectional else 1), batch, width

    def get_expected_hidden_size(self, input, batch_sizes):
        """The shape h_0 has to have."""
        return self._expected_state(self._batch(input, batch_sizes), self.proj_size or self.hidden_size)

    def _batch(self, input, batch_sizes):
        if batch_sizes is not None:
            return int(batch_sizes[0])
        return input.size(0) if self.batch_first else input.size(1)

    def check_hidden_size(self, hx, expected_hidden_size, msg="Expected hidden size {}, got {}"):
        """Refuse a state of a wrong shape."""
        if hx.size() != expected_hidden_size:
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.size())))

    def check_forward_args(self, input, hidden, batch_sizes):
        """check_input and check_hidden_size."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx, permutation):
        """The state with its samples in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # -- running -------------------------------------------------------------------------------------------------

    def _kind(self):
        return "RNN" if self.mode.startswith("RNN") else self.mode

    def _initial(self, input, batch):
        """A zero state, in the form the user would give."""
        shape = self._expected_state(batch, self.proj_size or self.hidden_size)
        return wg.zeros(shape, dtype=input.dtype, device=input.device)

    def _unbatched_state(self, hx, batched):
        """Check the rank of a given state against the input's; returns it with a batch dimension."""
        if batched and hx.dim() != 3:
            raise RuntimeError(f"For batched 3-D input, hx should also be 3-D but got {hx.dim()}-D tensor")
        if not batched and hx.dim() != 2:
            raise RuntimeError(f"For unbatched 2-D input, hx should also be 2-D but got {hx.dim()}-D tensor")
        return hx if batched else hx.unsqueeze(1)

    def _parts(self, hx):
        """The tensors of a state."""
        return (hx,)

    def _whole(self, parts):
        return parts[0]

    def _run(self, x, sizes, hx):
        """All layers on (T, N, F) or packed rows."""
        parts = self._parts(hx)
        count = len(self._all_weights)
        states = [tuple(part[k] for part in parts) for k in range(count)]
        weights = [self._with_biases(row) for row in self._rows()]
        out, finals = run_layers(self.mode, x, sizes, states, weights, self.bidirectional, self.dropout, self.training)
        return out, self._whole(finals)

    def _with_biases(self, row):
        """A row of all_weights with None for biases the layer does not have."""
        return row if self.bias else [*row[:2], None, None, *row[2:]]

    def forward(self, input, hx=None):
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in (2, 3):
            tail = "D tensor instead" if self._kind() == "RNN" else "D instead"
            raise ValueError(f"{self._kind()}: Expected input to be 2D or 3D, got {input.dim()}{tail}")
        batched = input.dim() == 3
        if not batched:
            input = input.unsqueeze(0 if self.batch_first else 1)
        if hx is None:
            hx = self._initial(input, self._batch(input, None))
        else:
            hx = self._unbatched_state(hx, batched)
        self.check_forward_args(input, hx, None)
        x = input.transpose(0, 1) if self.batch_first else input
        out, hidden = self._run(x, None, hx)
        if self.batch_first:
            out = out.transpose(0, 1)
        if batched:
            return out, hidden
        parts = tuple(part.squeeze(1) for part in self._parts(hidden))
        return out.squeeze(0 if self.batch_first else 1), self._whole(parts)

    def _forward_packed(self, packed, hx):
        data, batch_sizes, sorted_indices, unsorted_indices = packed
        sizes = batch_sizes.tolist()
        hx = self._initial(data, sizes[0]) if hx is None else self.permute_hidden(hx, sorted_indices)
        self.check_forward_args(data, hx, batch_sizes)
        out, hidden = self._run(data, sizes, hx)
        out = PackedSequence(out, batch_sizes, sorted_indices, unsorted_indices)
        return out, self.permute_hidden(hidden, unsorted_indices)

    def extra_repr(self):
        s = f"{self.input_size}, {self.hidden_size}"
        if self.proj_size != 0:
            s += f", proj_size={self.proj_size}"
        if self.num_layers != 1:
            s += f", num_layers={self.num_layers}"
        if self.bias is not True:
            s += f", bias={self.bias}"
        if self.batch_first is not False:
            s += f", batch_first={self.batch_first}"
        if self.dropout != 0:
            s += f", dropout={self.dropout}"
        if self.bidirectional is not False:
            s += f", bidirectional={self.bidirectional}"
        return s


class RNN(RNNBase):
    """h_t = tanh(W x_t + b + U h_(t-1) + c), layer upon layer; nonlinearity "tanh" or "relu".

    Input (T, N, input_size), (N, T, input_size) with batch_first, or packed; returns (output, h_n).

    >>> out, h = RNN(2, 3)(wg.zeros(5, 1, 2))
    >>> out.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        if len(args) > 3:
            self_nonlinearity = args[3]
            args = args[:3] + args[4:]
        else:
            self_nonlinearity = kwargs.pop("nonlinearity", "tanh")
        mode = {"tanh": "RNN_TANH", "relu": "RNN_RELU"}.get(self_nonlinearity)
        if mode is None:
            raise ValueError(f"Unknown nonlinearity '{self_nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(mode, *args, **kwargs)
        self.nonlinearity = self_nonlinearity


class GRU(RNNBase):
    """Gated recurrent units, layer upon layer; shapes as in RNN.

    >>> out, h = GRU(2, 3)(wg.zeros(5, 1, 2))
    >>> out.shape, h.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]))
    """

    def __init__(self, *args, **kwargs):
        if "proj_size" in kwargs:
            raise ValueError("proj_size argument is only supported for LSTM, not RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory, layer upon layer; shapes as in RNN, the state is (h, c).

    >>> out, (h, c) = LSTM(2, 3)(wg.zeros(5, 1, 2))
    >>> out.shape, h.shape, c.shape
    (torch.Size([5, 1, 3]), torch.Size([1, 1, 3]), torch.Size([1, 1, 3]))
    """

    def __init__(self, *args, **kwargs):
        super().__init__("LSTM", *args, **kwargs)

    def get_expected_cell_size(self, input, batch_sizes):
        """The shape c_0 has to have."""
        return self._expected_state(self._batch(input, batch_sizes), self.hidden_size)

    def check_forward_args(self, input, hidden, batch_sizes):
        self.check_input(input, batch_sizes)
        expected = self.get_expected_hidden_size(input, batch_sizes), self.get_expected_cell_size(input, batch_sizes)
        for i in (0, 1):
            self.check_hidden_size(hidden[i], expected[i], f"Expected hidden[{i}] size {{}}, got {{}}")

    def permute_hidden(self, hx, permutation):
        return hx if permutation is None else tuple(part.index_select(1, permutation) for part in hx)

    def _parts(self, hx):
        return hx

    def _whole(self, parts):
        return tuple(parts)

    def _run(self, x, sizes, hx):
        """All of it in the short type under autocast, where torch hands the layer to one function of its own."""
        if not wg.is_autocast_enabled("cpu") or sizes is not None or self.proj_size:
            return super()._run(x, sizes, hx)
        short = wg.get_autocast_dtype("cpu")
        if x.dtype not in (wg.float32, short):
            return super()._run(x, sizes, hx)
        weights = [[w.to(short) for w in self._with_biases(row) if w is not None] for row in self._rows()]
        rows = [row if self.bias else [*row, None, None] for row in weights]
        states = list(zip(*(part.to(short) for part in hx)))
        x = x.to(short)
        out, finals = run_layers("LSTM", x, None, states, rows, self.bidirectional, self.dropout, self.training)
        return out, self._whole(finals)

    def _initial(self, input, batch):
        cell = wg.zeros(self._expected_state(batch, self.hidden_size), dtype=input.dtype, device=input.device)
        return super()._initial(input, batch), cell

    def _unbatched_state(self, hx, batched):
        rank = 3 if batched else 2
        if hx[0].dim() != rank or hx[1].dim() != rank:
            kind = "batched" if batched else "unbatched"
            raise RuntimeError(
                f"For {kind} {rank}-D input, hx and cx should also be {rank}-D but got "
                f"({hx[0].dim()}-D, {hx[1].dim()}-D) tensors"
            )
        return hx if batched else tuple(part.unsqueeze(1) for part in hx)
