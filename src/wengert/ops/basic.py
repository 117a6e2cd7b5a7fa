"""What every program needs: clone, contiguous, copy_, casts, sums back to a shape."""

from .. import _core
from ._batched import NO_RULE, refuse_batches
from ._declare import FUNCTIONS, composite, constant, primitive


@primitive("clone(Tensor self, MemoryFormat? memory_format=None)")
def clone(g):
    """A copy with memory of its own; gradients flow through.

    >>> import wengert
    >>> wengert.ones(2).clone()
    tensor([1., 1.])
    """
    return g


@composite("contiguous(Tensor self, MemoryFormat? memory_format=None)", function=False)
def contiguous():
    """Itself if row-major, else a row-major copy."""


@primitive(
    "copy_(Tensor self, TensorOrNumber other, bool non_blocking=False)", grad_name="CopyBackwards", function=False
)
def copy_(g, self):
    """Writes other, broadcast and cast, into this tensor."""
    return FUNCTIONS["zeros_like"](g), g


@primitive(
    "_to_copy(Tensor self, ScalarType dtype, MemoryFormat? memory_format=None)",
    grad_name="ToCopyBackward0",
    function=False,
)
def _to_copy(g):
    """A copy in another dtype."""
    return g


@composite("_to_format(Tensor self, MemoryFormat memory_format)", function=False)
def _to_format():
    """Itself where its strides suggest that memory format, else a copy with its strides."""


@constant("detach(Tensor self)")
def detach():
    """The same memory without history."""


@composite("sum_to_size(Tensor self, int[] size)", function=False)
def sum_to_size():
    """Sums over the dims along which `size` was broadcast to this shape."""


@composite("type_as(Tensor self, Tensor other)", function=False)
def type_as(self, other):
    """This tensor in the dtype of other."""
    return self.to(other.dtype)


@composite(function=True, method=True)
def is_same_size(self, other):
    """Whether both have the same shape."""
    return self.shape == other.shape


@composite
def is_nonzero(self):
    """Whether the single element is not zero."""
    if self.numel() != 1:
        what = "no values" if self.numel() == 0 else "more than one value"
        raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
    return bool(self)


@composite
def equal(self, other):
    """Whether both have the same shape and the same elements."""
    if not isinstance(other, _core.Tensor):
        raise TypeError(f"equal(): argument 'other' (position 2) must be Tensor, not {type(other).__name__}")
    refuse_batches(NO_RULE.format("equal"), self, other)
    return self.shape == other.shape and bool((self == other).all())


@composite("isclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)")
def isclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """|self - other| <= atol + rtol * |other|, elementwise; equal infinities are close."""
    if self.dtype != other.dtype:
        raise RuntimeError(f"{_core_name(self)} did not match {_core_name(other)}")
    if rtol < 0:
        raise RuntimeError(f"rtol must be greater than or equal to zero, but got {rtol}")
    if atol < 0:
        raise RuntimeError(f"atol must be greater than or equal to zero, but got {atol}")
    close = self == other
    floating = self.dtype.is_floating_point or self.dtype.is_complex
    if floating and equal_nan:
        close = close | (self.isnan() & other.isnan())
    if rtol == 0 and atol == 0:
        return close
    if not floating:
        self, other = self.double(), other.double()
    error, allowed = (self - other).abs(), atol + (rtol * other).abs()
    return close | (error.isfinite() & (error <= allowed))


def _core_name(t):
    return t.dtype._torch_name


@composite("allclose(Tensor self, Tensor other, float rtol=1e-05, float atol=1e-08, bool equal_nan=False)")
def allclose(self, other, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Whether all elements are close (isclose)."""
    refuse_batches(
        "vmap over torch.allclose isn't supported yet. Please file an issue at https://github.com/pytorch/pytorch/issues if you need "
        "this feature.",
        self,
        other,
    )
    return bool(isclose(self, other, rtol=rtol, atol=atol, equal_nan=equal_nan).all())


@primitive("_to_samples(Tensor self, int count, int level, int dim=0)", eager=True, function=False, method=False)
def _to_samples(g, level, dim):
    """What all samples of a vmap share, once for each. While the vmap runs, every sample has a gradient of its own; then their sum."""
    from ..func._history import gradient_of_shared

    return gradient_of_shared(g, level, dim)
