"""Methods of Tensor that few programs use: questions with one answer on a CPU, element-by-element calls, old forms."""

import warnings

from .._core import Tensor

_NEVER = ("is_xla", "is_xpu", "is_ipu", "is_maia", "is_mkldnn", "is_vulkan", "is_mtia", "is_sparse_csr")


def _no_deleting(name, instead):
    def refuse(self):
        raise RuntimeError(f"Deletion of {name} not allowed{instead}")

    return refuse


def _put_grad_fn(self, value):
    if value is not None:
        raise RuntimeError("_grad_fn can be only set to None")
    self.detach_()


def _volatile(self):
    warnings.warn("volatile was removed (Variable.volatile is always False)", stacklevel=2)
    return False


def _put_volatile(self, value):
    warnings.warn("volatile was removed and now has no effect. Use `with torch.no_grad():` instead.", stacklevel=2)


def is_signed(self):
    """Whether the dtype has a sign."""
    return self.dtype.is_signed


def is_conj(self):
    """False: conjugates are computed at once."""
    return False


def new_tensor(self, data, *, dtype=None, device=None, requires_grad=False):
    """A tensor of the data, of this tensor's dtype unless another is given.

    >>> import wengert
    >>> wengert.zeros(1, dtype=wengert.float64).new_tensor([1, 2])
    tensor([1., 2.], dtype=torch.float64)
    """
    import wengert as wg

    if isinstance(data, wg.Tensor):
        from . import warn_copy_construct
        from .from_data import _requiring_grad

        warn_copy_construct("tensor.new_tensor")
        made = data.detach().to(device or data.device, dtype or self.dtype, copy=True)
        return _requiring_grad(made) if requires_grad else made
    return wg.tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def new(self, *args, **options):
    """The old form of new_empty (of numbers or a Size) and new_tensor (of anything else, tuples too).

    >>> import wengert
    >>> wengert.zeros(1).new((1, 2))
    tensor([1., 2.])
    """
    from .._facade.typed_tensors import construct

    return construct(self.dtype, *args, **options)


def _number(value, like):
    if not hasattr(value, "__index__") and (isinstance(value, str) or not hasattr(value, "__float__")):
        raise TypeError(
            f"must be real number, not {type(value).__name__}"
            if like.is_floating_point()
            else f"'{type(value).__name__}' object cannot be interpreted as an integer"
        )
    return value


def apply_(self, callable):
    """Replaces each element by what callable makes of it.

    >>> import wengert
    >>> wengert.tensor([1.0, 4.0]).apply_(lambda v: v + 1)
    tensor([2., 5.])
    """
    if self.requires_grad:
        raise RuntimeError("Can't call apply_() on Variable that requires grad. Use var.detach().apply_() instead.")
    values = [_number(callable(v), self) for v in self.reshape(-1).tolist()]
    return self.copy_(self.new_tensor(values).reshape(self.shape))


def map_(self, other, callable):
    """Replaces each element by what callable makes of it and of other's, broadcast to this shape."""
    if self.requires_grad or other.requires_grad:
        raise RuntimeError("Can't call map_() on Variable that requires grad. Use var.detach().map_() instead.")
    pairs = zip(self.reshape(-1).tolist(), other.expand(self.shape).reshape(-1).tolist())
    return self.copy_(self.new_tensor([callable(a, b) for a, b in pairs]).reshape(self.shape))


def to_dense(self, dtype=None, *, masked_grad=None):
    """This tensor: it is dense already."""
    return self if dtype is None else self.to(dtype)


def map2_(self, x, y, callable):
    """Replaces each element by what callable makes of it, of x's and of y's, broadcast to this shape."""
    if self.requires_grad or x.requires_grad or y.requires_grad:
        raise RuntimeError("Can't call map2_() on Variable that requires grad. Use var.detach().map2_() instead.")
    columns = [self.reshape(-1).tolist()] + [t.expand(self.shape).reshape(-1).tolist() for t in (x, y)]
    return self.copy_(self.new_tensor([callable(*row) for row in zip(*columns)]).reshape(self.shape))


def module_load(self, other, assign=False):
    """What load_state_dict exchanges a parameter with, when wengert.__future__ says so: other, or self filled from it."""
    return other.detach() if assign else self.copy_(other).detach()


def chalf(self, memory_format=None):
    """The tensor as complex32: pairs of halves."""
    import wengert as wg

    return self.to(wg.complex32) if memory_format is None else self.to(wg.complex32, memory_format=memory_format)


def sparse_dim(self):
    """0: every dim of a strided tensor is dense."""
    return 0


def dense_dim(self):
    """The number of dims."""
    return self.dim()


_SPARSE = {
    "coalesce": "sparse coordinate tensor",
    "is_coalesced": "sparse coordinate tensor",
    "indices": "sparse coordinate tensor",
    "values": "sparse tensor",
    "crow_indices": "sparse row compressed tensor",
    "col_indices": "sparse row compressed tensor",
    "ccol_indices": "sparse column compressed tensor",
    "row_indices": "sparse column compressed tensor",
}


def _of_sparse(name, layout):
    def method(self):
        raise RuntimeError(f"{name} expected {layout} layout but got Strided")

    method.__name__, method.__doc__ = name, "RuntimeError: this tensor is not sparse."
    return method


def _make_wrapper_subclass(cls, size, *args, **kwargs):
    """A tensor of a class with a ``__torch_dispatch__``, without data of its own."""
    from ..overrides._dispatch import make_wrapper_subclass

    return make_wrapper_subclass(cls, size, *args, **kwargs)


def attach():
    """Gives Tensor the methods of this file."""
    Tensor._make_wrapper_subclass = staticmethod(_make_wrapper_subclass)
    methods = is_signed, is_conj, new_tensor, new, apply_, map_, map2_, module_load, to_dense, chalf
    for method in (*methods, sparse_dim, dense_dim):
        setattr(Tensor, method.__name__, method)
    Tensor.is_neg = Tensor.is_distributed = is_conj
    for name, layout in _SPARSE.items():
        setattr(Tensor, name, _of_sparse(name, layout))
    Tensor._grad_fn = property(
        lambda self: self.grad_fn, _put_grad_fn, _no_deleting("_grad_fn", ". Detach tensor instead!")
    )
    Tensor.volatile = property(_volatile, _put_volatile)
    for name in _NEVER:
        setattr(Tensor, name, property(lambda self: False))
