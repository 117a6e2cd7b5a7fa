"""The class of sparse tensors: indices and values, in torch's coordinate layout or compressed by rows."""

import re

import wengert as wg

from .._core import Tensor
from .._types import sparse_coo, sparse_csr

RULES = {}  # torch's name of a function: what it does when an argument is sparse
_OF_SHELL = frozenset((
    "__get__", "size", "dim", "ndimension", "numel", "nelement", "is_floating_point", "is_complex", "is_signed",
    "element_size", "__len__", "is_same_size", "get_device", "__hash__", "is_tensor", "is_inference",
))  # fmt: skip


def rule(*names):
    """A decorator: the function is what these functions and methods of torch's do to sparse tensors."""

    def enter(function):
        RULES.update(dict.fromkeys(names, function))
        return function

    return enter


class SparseTensor(Tensor):
    """A tensor of which only the entries at `indices` (sparse_dim, nnz) are kept, as `values` (nnz, *dense dims).

    Gradients belong to the values, which are an ordinary tensor of the graph. The tensor underneath has the size and
    the dtype, and a single element that is not a number, for whoever would read it as a dense tensor.
    """

    def __new__(cls, indices, values, size, coalesced=False, layout=sparse_coo):
        nothing = float("nan") if values.is_floating_point() or values.is_complex() else 0
        made = Tensor._make_subclass(cls, wg.full((), nothing, dtype=values.dtype).expand(tuple(size)))
        made._set(indices, values, coalesced)
        made._layout = layout
        return made

    def _set(self, indices, values, coalesced):
        self._entries = indices, values
        self._coalesced = coalesced

    def __init__(self, *args, **kwargs):
        pass

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        """The rule for this function; NotImplementedError, in torch's words, where there is none."""
        name = func.__name__
        found = RULES.get(name)
        if found is not None:
            return found(*args, **(kwargs or {}))
        if name in _OF_SHELL:
            return super().__torch_function__(func, types, args, kwargs)
        raise NotImplementedError(
            f"Could not run 'aten::{name.strip('_')}' with arguments from the 'SparseCPU' backend. Use to_dense() first: "
            "wengert has the operations on sparse tensors that graphs and sparse gradients need"
        )

    def __getattribute__(self, name):
        found = None if name.startswith("__") else RULES.get(name)
        if found is not None:
            return found.__get__(self)
        return object.__getattribute__(self, name)

    layout = property(lambda self: self._layout)
    is_sparse = property(lambda self: self.layout is sparse_coo)
    is_sparse_csr = property(lambda self: self.layout is sparse_csr)
    is_leaf = property(lambda self: self._entries[1].is_leaf)
    grad_fn = property(lambda self: self._entries[1].grad_fn)
    data = property(lambda self: self.detach())
    T = property(lambda self: self.t())

    @property
    def requires_grad(self):
        """Whether the values want a gradient."""
        return self._entries[1].requires_grad

    @requires_grad.setter
    def requires_grad(self, wanted):
        self._entries[1].requires_grad_(wanted)

    @property
    def grad(self):
        """The gradient of a leaf, at the same indices; None before backward."""
        grad = self._entries[1].grad
        return None if grad is None else self._like(grad)

    @grad.setter
    def grad(self, value):
        self._entries[1].grad = None if value is None else value._entries[1]

    def _like(self, values):
        """A tensor of the same indices with other values."""
        return SparseTensor(self._entries[0], values, self.shape, self._coalesced, self.layout)

    def __repr__(self, *, tensor_contents=None):
        indices, values = self._entries
        parts = [("indices", indices.detach())]
        if self.layout is sparse_csr:
            parts = [("crow_indices", self.crow_indices()), ("col_indices", self.col_indices())]
        parts.append(("values", values.detach()))
        texts = []
        for name, tensor in parts:
            text = re.sub(r",\s+dtype=[\w.]+(?=\)$)", "", repr(tensor))  # the dtype stands at the end
            if tensor.numel() == 0:  # the size says what the empty brackets cannot
                text = f"tensor([], size={tuple(tensor.shape)})"
            texts.append(f"{name}={text}".replace("\n", "\n" + " " * (len(name) + 1)))
        tail = [f"size={tuple(self.shape)}", f"nnz={values.shape[0]}"]
        if values.dtype not in (wg.get_default_dtype(), wg.int64, wg.bool):
            tail.append(f"dtype={values.dtype}")
        tail.append(f"layout={self.layout}")
        if values.grad_fn is not None:
            tail.append(f"grad_fn=<{values.grad_fn.name()}>")
        elif values.requires_grad:
            tail.append("requires_grad=True")
        text = "tensor(" + ",\n".join(texts).replace("\n", "\n" + " " * 7)
        broken = self.layout is sparse_coo  # the size begins a line there
        for part in tail:
            wide = len(text) - text.rfind("\n") + 3 + len(part) > wg.get_printoptions()["linewidth"]
            text += (",\n" + " " * 7 if broken or wide else ", ") + part
            broken = False
        return text + ")"

    __str__ = __repr__

    def __format__(self, spec):
        return repr(self)

    def __deepcopy__(self, memo):
        copied = self._like(self._entries[1].detach().clone())
        copied.requires_grad = self.requires_grad
        memo[id(self)] = copied
        return copied


def flat(indices, size):
    """The row-major number of each entry (nnz), from its indices (sparse_dim, nnz)."""
    number = wg.zeros(indices.shape[1], dtype=wg.int64)
    for row, extent in zip(indices, size):
        number = number * extent + row
    return number


def unflat(number, size):
    """Indices (len(size), nnz) from row-major numbers."""
    rows = []
    for extent in reversed(tuple(size)):
        rows.append(number % max(extent, 1))
        number = wg.div(number, max(extent, 1), rounding_mode="floor")
    return wg.stack(rows[::-1]) if rows else wg.zeros(0, number.numel(), dtype=wg.int64)


@rule("coalesce")
def coalesce(self):
    """The same tensor with sorted indices, each once, its values added up."""
    if self._coalesced:
        return self
    indices, values = self._entries
    size = self.shape[: indices.shape[0]]
    number, place = wg.unique(flat(indices, size), return_inverse=True)
    summed = wg.zeros(number.numel(), *values.shape[1:], dtype=values.dtype).index_add(0, place, values)
    return SparseTensor(unflat(number, size), summed, self.shape, True, self.layout)


@rule("to_dense")
def to_dense(self, dtype=None, *, masked_grad=None):
    """The dense tensor; entries of the same index are added up."""
    indices, values = self._entries
    dense = wg.zeros(self.shape, dtype=values.dtype).index_put(tuple(indices), values, accumulate=True)
    return dense if dtype is None else dense.to(dtype)


@rule("to_sparse", "to_sparse_coo")
def to_sparse(self, *args, layout=None, **kwargs):
    """The tensor in the coordinate layout, or in the one that is named."""
    wanted = layout or sparse_coo
    if self.layout is wanted:
        return self
    sorted_ = self.coalesce()
    return SparseTensor(*sorted_._entries, self.shape, True, wanted)


@rule("to_sparse_csr")
def to_sparse_csr(self, dense_dim=None):
    """The tensor compressed by rows."""
    if self.dim() != 2:
        raise NotImplementedError("to_sparse_csr: wengert compresses matrices only")
    return to_sparse(self, layout=sparse_csr)


def _needs_coalesced(name):
    def part(self):
        if not self._coalesced:
            raise RuntimeError(f"Cannot get {name} on an uncoalesced tensor, please call .coalesce() first")
        return self._entries[name == "values"]

    part.__doc__ = f"The {name}; RuntimeError while the tensor is not coalesced."
    return rule(name)(part)


indices, values = _needs_coalesced("indices"), _needs_coalesced("values")
rule("_indices")(lambda self: self._entries[0])
rule("_values")(lambda self: self._entries[1].detach())  # without a history, as torch's
rule("_nnz")(lambda self: self._entries[1].shape[0])
rule("is_coalesced")(lambda self: self._coalesced)
rule("sparse_dim")(lambda self: self._entries[0].shape[0])
rule("dense_dim")(lambda self: self.dim() - self._entries[0].shape[0])
rule("col_indices")(lambda self: self._entries[0][1])


@rule("_coalesced_")
def set_coalesced(self, coalesced):
    """Declares the tensor coalesced or not; the tensor."""
    self._coalesced = coalesced
    return self


@rule("crow_indices")
def crow_indices(self):
    """Where each row begins among the values, and their number (rows + 1)."""
    counts = wg.bincount(self._entries[0][0], minlength=self.shape[0])
    return wg.cat((wg.zeros(1, dtype=wg.int64), counts.cumsum(0)))
