"""DLPack, old spellings of resize, and the way to sparse tensors."""

from .. import _core
from ._declare import composite

_METHOD = {"function": False}


@composite(**_METHOD)
def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy=None):
    """A DLPack capsule over this tensor's memory; BufferError for tensors that require grad.

    >>> import numpy
    >>> numpy.from_dlpack(wengert.ones(2))
    array([1., 1.], dtype=float32)
    """
    if stream is not None and type(stream) is not int:
        raise TypeError("stream must be ``int`` or ``none``")
    if stream not in (None, -1):
        raise AssertionError("stream should be None on cpu.")
    if self.requires_grad:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    array = self.numpy()
    return array.copy().__dlpack__() if copy else array.__dlpack__()


@composite(**_METHOD)
def __dlpack_device__(self):
    """(kDLCPU, 0)."""
    from ..utils.dlpack import DLDeviceType

    return DLDeviceType.kDLCPU, 0


@composite(method=False)
def to_dlpack(tensor):
    """A DLPack capsule over a tensor's memory."""
    return tensor.detach().__dlpack__()


@composite(**_METHOD)
def as_subclass(self, cls):
    """This tensor as an instance of a subclass of Tensor: an alias, with the same history."""
    return _core.as_subclass(self, cls)


@composite(**_METHOD)
def resize(self, *sizes):
    """resize_ under its old name, which warned: the same elements in other sizes, as reshape gives them."""
    return self.reshape(*sizes)


@composite(**_METHOD)
def resize_as(self, tensor):
    """resize to the sizes of another tensor."""
    return self.reshape(tensor.shape)


@composite(**_METHOD)
def record_stream(self, stream):
    """Does nothing: there is one stream on a CPU."""


@composite(**_METHOD)
def to_sparse(self, sparse_dim=None, *, layout=None, blocksize=None, dense_dim=None):
    """The entries that are not zero, in coordinates, or compressed by rows if the layout says so."""
    from .. import sparse

    made = sparse.from_dense(self, sparse_dim)
    return made if layout is None else made.to_sparse(layout=layout)


@composite(**_METHOD)
def to_sparse_csr(self, dense_dim=None):
    """The entries of a matrix that are not zero, compressed by rows."""
    from .. import sparse

    return sparse.from_dense(self).to_sparse_csr()


@composite(**_METHOD)
def sparse_mask(self, mask):
    """The entries at the indices of a sparse tensor."""
    from ..sparse._rules import sparse_mask as at

    return at(self, mask)


def _refusing(name):
    def refuse(self, *args, **kwargs):
        from .._facade.refusal import refuse

        return refuse(f"torch.Tensor.{name}", "sparse tensors are kept in coordinates, or compressed by rows")()

    refuse.__name__, refuse.__doc__ = name, "NotImplementedError: there is no such layout here."
    return composite(**_METHOD)(refuse)


for _name in ("to_sparse_csc", "to_sparse_bsr", "to_sparse_bsc"):
    _refusing(_name)


def _check_weights(gates, input, states, w_ih, w_hh):
    rows = gates * w_hh.size(1)
    for name, weight in (("weight_ih", w_ih), ("weight_hh", w_hh)):
        if weight.size(0) != rows:
            raise RuntimeError(f"{name} first dim must be {gates} * hidden_size = {rows}, but got {weight.size(0)}")


def _check_input(gates, input, states, w_ih, w_hh):
    if input.size(1) != w_ih.size(1):
        raise RuntimeError(f"input has inconsistent input_size: got {input.size(1)} expected {w_ih.size(1)}")


def _check_states(gates, input, states, w_ih, w_hh):
    for k, state in enumerate(states):
        if input.size(0) != state.size(0):
            raise RuntimeError(f"Input batch size {input.size(0)} doesn't match hidden{k} batch size {state.size(0)}")
        if state.size(1) != w_hh.size(1):
            raise RuntimeError(f"hidden{k} has inconsistent hidden_size: got {state.size(1)}, expected {w_hh.size(1)}")


# Of several mistakes torch names another one first for each kind of cell, which has so many gates.
_CHECKS = {
    1: (_check_weights, _check_input, _check_states),
    3: (_check_input, _check_states, _check_weights),
    4: (_check_input, _check_weights, _check_states),
}


def _gates(count, input, states, w_ih, w_hh, b_ih, b_hh):
    """What the input and the hidden state say to `count` gates."""
    from ..nn.functional import linear

    for check in _CHECKS[count]:
        check(count, input, states, w_ih, w_hh)
    return linear(input, w_ih, b_ih), linear(states[0], w_hh, b_hh)


@composite(method=False)
def rnn_tanh_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next hidden state of a recurrent cell with tanh."""
    from_input, from_hidden = _gates(1, input, (hx,), w_ih, w_hh, b_ih, b_hh)
    return (from_input + from_hidden).tanh()


@composite(method=False)
def rnn_relu_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next hidden state of a recurrent cell with relu."""
    from_input, from_hidden = _gates(1, input, (hx,), w_ih, w_hh, b_ih, b_hh)
    return (from_input + from_hidden).relu()


@composite(method=False)
def gru_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next hidden state of a gated recurrent unit."""
    from_input, from_hidden = _gates(3, input, (hx,), w_ih, w_hh, b_ih, b_hh)
    reset, update, new = from_input.chunk(3, 1)
    old_reset, old_update, old_new = from_hidden.chunk(3, 1)
    update = (update + old_update).sigmoid()
    new = (new + (reset + old_reset).sigmoid() * old_new).tanh()
    return new + update * (hx - new)


@composite(method=False)
def lstm_cell(input, hx, w_ih, w_hh, b_ih=None, b_hh=None):
    """The next hidden and cell states of a long short-term memory; hx is (h, c)."""
    if len(hx) != 2:
        raise RuntimeError("lstm_cell expects two hidden states")
    from_input, from_hidden = _gates(4, input, hx, w_ih, w_hh, b_ih, b_hh)
    cell = hx[1]
    keep_new, keep_old, new, out = (from_input + from_hidden).chunk(4, 1)
    cell = keep_old.sigmoid() * cell + keep_new.sigmoid() * new.tanh()
    return out.sigmoid() * cell.tanh(), cell
