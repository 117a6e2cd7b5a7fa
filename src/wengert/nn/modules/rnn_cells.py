"""Single steps of recurrent layers."""

import math

import wengert as wg

from .. import init
from ..functional import linear as _linear
from ..parameter import Parameter
from ._recurrence import GATES, run_steps
from .module import Module

__all__ = ["GRUCell", "LSTMCell", "RNNCell", "RNNCellBase"]


class RNNCellBase(Module):
    """What the cells share: weights for num_chunks gates."""

    def __init__(self, input_size, hidden_size, bias, num_chunks, device=None, dtype=None):
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih = Parameter(wg.empty((rows, input_size), device=device, dtype=dtype))
        self.weight_hh = Parameter(wg.empty((rows, hidden_size), device=device, dtype=dtype))
        for name in ("bias_ih", "bias_hh"):
            self.register_parameter(name, Parameter(wg.empty(rows, device=device, dtype=dtype)) if bias else None)
        self.reset_parameters()

    def extra_repr(self):
        s = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            s += f", bias={self.bias}"
        if self.__dict__.get("nonlinearity", "tanh") != "tanh":
            s += f", nonlinearity={self.nonlinearity}"
        return s

    def reset_parameters(self):
        """Draw all parameters anew from U(-1 / sqrt(hidden_size), 1 / sqrt(hidden_size))."""
        stdv = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -stdv, stdv)

    def _check(self, input, states):
        name = type(self).__name__
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        for label, state in states:
            if state.dim() not in (1, 2):
                raise ValueError(f"{name}: Expected {label} to be 1D or 2D, got {state.dim()}D instead")

    def _check_sizes(self, mode, input, states):
        if input.size(1) != self.input_size:
            raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {self.input_size}")
        for i, state in enumerate(states):
            if input.size(0) != state.size(0):
                raise RuntimeError(
                    f"Input batch size {input.size(0)} doesn't match hidden{i} batch size {state.size(0)}"
                )
            if state.size(1) != self.hidden_size:
                raise RuntimeError(
                    f"hidden{i} has inconsistent hidden_size: got {state.size(1)}, expected {self.hidden_size}"
                )
        rows = GATES[mode] * self.hidden_size
        for name in ("weight_ih", "weight_hh"):
            found = getattr(self, name).size(0)
            if found != rows:
                raise RuntimeError(f"{name} first dim must be {GATES[mode]} * hidden_size = {rows}, but got {found}")

    def _step(self, mode, input, states):
        """One step for (N, F) or (F,) inputs; `states` None means zeros."""
        batched = input.dim() == 2
        if not batched:
            input = input.unsqueeze(0)
        count = 2 if mode == "LSTM" else 1
        if states is None:
            zeros = wg.zeros(input.size(0), self.hidden_size, dtype=input.dtype, device=input.device)
            states = (zeros,) * count
        else:
            states = tuple(s if batched else s.unsqueeze(0) for s in states)
        self._check_sizes(mode, input, states)
        gates = _linear(input, self.weight_ih, self.bias_ih)
        _, out = run_steps(mode, gates, [gates.size(0)], states, (self.weight_hh, self.bias_hh), False)
        return out if batched else tuple(s.squeeze(0) for s in out)


class RNNCell(RNNCellBase):
    """h' = tanh(W x + b + U h + c), or relu: input (N, input_size), state (N, hidden_size).

    >>> RNNCell(2, 3)(wg.zeros(1, 2)).shape
    torch.Size([1, 3])
    """

    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else [("hidden", hx)])
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        mode = "RNN_TANH" if self.nonlinearity == "tanh" else "RNN_RELU"
        return self._step(mode, input, None if hx is None else (hx,))[0]


class LSTMCell(RNNCellBase):
    """One step of an LSTM: returns (h', c').

    >>> h, c = LSTMCell(2, 3)(wg.zeros(1, 2))
    >>> h.shape, c.shape
    (torch.Size([1, 3]), torch.Size([1, 3]))
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else [(f"hx[{i}]", s) for i, s in enumerate(hx)])
        return self._step("LSTM", input, hx)


class GRUCell(RNNCellBase):
    """One step of a GRU.

    >>> GRUCell(2, 3)(wg.zeros(1, 2)).shape
    torch.Size([1, 3])
    """

    def __init__(self, input_size, hidden_size, bias=True, device=None, dtype=None):
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input, hx=None):
        self._check(input, [] if hx is None else [("hidden", hx)])
        return self._step("GRU", input, None if hx is None else (hx,))[0]
