"""Tensors made of sizes and numbers: zeros, arange, eye, windows …"""

from .. import _core
from ._declare import composite, constant, primitive
from .arithmetic import imag, real

_LIKE = "*, ScalarType? dtype=None, any layout=None, any device=None, bool? pin_memory=False, bool requires_grad=False"
_LIKE_FORMAT = f"{_LIKE}, MemoryFormat? memory_format=None"


@constant(f"empty(int[] size, {_LIKE_FORMAT})", method=False)
def empty():
    """A tensor whose elements are whatever was in memory."""


@constant(f"zeros(int[] size, {_LIKE})", method=False)
def zeros():
    """Zeros.

    >>> wengert.zeros(2)
    tensor([0., 0.])
    """


@constant(f"ones(int[] size, {_LIKE})", method=False)
def ones():
    """Ones.

    >>> wengert.ones(2, dtype=wengert.int64)
    tensor([1, 1])
    """


@constant(f"full(int[] size, Scalar fill_value, {_LIKE})", method=False)
def full():
    """One number everywhere; its type decides the dtype.

    >>> wengert.full((2,), 7)
    tensor([7, 7])
    """


@constant(f"empty_like(Index self, {_LIKE_FORMAT})", method=False)
def empty_like():
    """An uninitialised tensor of the shape and dtype of self."""


@constant(f"zeros_like(Index self, {_LIKE_FORMAT})", method=False)
def zeros_like():
    """Zeros in the shape and dtype of self."""


@constant(f"ones_like(Index self, {_LIKE_FORMAT})", method=False)
def ones_like():
    """Ones in the shape and dtype of self."""


@constant(f"full_like(Index self, Scalar fill_value, {_LIKE_FORMAT})", method=False)
def full_like():
    """One number in the shape and dtype of self."""


@constant(f"new_empty(Index self, int[] size, {_LIKE})", function=False)
def new_empty():
    """An uninitialised tensor of self's dtype."""


@constant(f"new_zeros(Index self, int[] size, {_LIKE})", function=False)
def new_zeros():
    """Zeros of self's dtype."""


@constant(f"new_ones(Index self, int[] size, {_LIKE})", function=False)
def new_ones():
    """Ones of self's dtype."""


@constant(f"new_full(Index self, int[] size, Scalar fill_value, {_LIKE})", function=False)
def new_full():
    """One number everywhere, of self's dtype."""


@constant(f"empty_strided(int[] size, int[] stride, {_LIKE})", method=False)
def empty_strided():
    """An uninitialised tensor of given strides."""


@constant(f"new_empty_strided(Index self, int[] size, int[] stride, {_LIKE})", function=False)
def new_empty_strided():
    """An uninitialised tensor of given strides and self's dtype."""


@constant(f"empty_permuted(int[] size, int[] physical_layout, {_LIKE})", method=False)
def empty_permuted():
    """An uninitialised tensor whose dims lie in memory in the given order, outermost first."""


@constant(f"scalar_tensor(Scalar s, {_LIKE})", method=False)
def scalar_tensor():
    """A number as a tensor without dims, of the default dtype."""


@constant(f"arange(Scalar end, {_LIKE})", method=False)
def arange():
    """0, 1, 2 … below end; or from start on, in steps.

    >>> wengert.arange(1, 2, 0.5)
    tensor([1.0000, 1.5000])
    """


@constant(f"arange.start_step(Scalar start, Scalar end, Scalar step=1, {_LIKE})", method=False)
def arange_start():
    """start, start + step … short of end."""


@constant(f"range(Scalar start, Scalar end, Scalar step=1, {_LIKE})", method=False)
def range():
    """start, start + step … up to end, which is included."""


@constant(f"linspace(Scalar start, Scalar end, int steps, {_LIKE})", method=False)
def linspace():
    """`steps` numbers evenly spaced from start to end.

    >>> wengert.linspace(0, 1, 3)
    tensor([0.0000, 0.5000, 1.0000])
    """


@constant(f"logspace(Scalar start, Scalar end, int steps, float base=10.0, {_LIKE})", method=False)
def logspace():
    """Powers of base whose exponents are evenly spaced."""


@constant(f"eye(int n, {_LIKE})", method=False)
def eye():
    """The identity matrix, n by n or n by m."""


@constant(f"eye.m(int n, int m, {_LIKE})", method=False)
def eye_m():
    """Ones on the diagonal of an n by m matrix."""


@primitive("complex(Tensor real, Tensor imag)", method=False)
def complex(g):
    """Complex numbers from their real and imaginary parts.

    >>> wengert.complex(wengert.tensor(1.0), wengert.tensor(2.0))
    tensor(1.+2.j)
    """
    return real(g), imag(g)


@composite(method=False, out=True)
def polar(abs, angle):
    """Complex numbers from their modulus and argument."""
    for name, value, position in (("abs", abs, 1), ("angle", angle, 2)):
        if not isinstance(value, _core.Tensor):
            raise TypeError(
                f"polar(): argument '{name}' (position {position}) must be Tensor, not {type(value).__name__}"
            )
    kinds = abs.dtype._torch_name, angle.dtype._torch_name
    if not (abs.is_floating_point() and angle.is_floating_point()):
        raise RuntimeError(
            f"Expected both inputs to be Half, Float or Double tensors but got {kinds[0]} and {kinds[1]}"
        )
    if kinds[0] != kinds[1]:
        raise RuntimeError(
            f"Expected object of scalar type {kinds[0]} but got scalar type {kinds[1]} for second argument"
        )
    if kinds[0] in ("Half", "BFloat16"):
        raise NotImplementedError(f"\"polar_cpu\" not implemented for '{kinds[0]}'")
    return complex(abs * angle.cos(), abs * angle.sin())


@primitive("fill.Tensor(Tensor self, Tensor value)", inplace=True, grad_name="FillBackward1")
def fill_tensor(g, self):
    """A 0-dim tensor everywhere, in the shape of self."""
    return new_zeros(g, self.shape), g.sum()


@primitive("fill.Scalar(Tensor self, Scalar value)", inplace=True)
def fill(g, self):
    """A number everywhere, in the shape of self."""
    return new_zeros(g, self.shape)


@primitive("zero_(Tensor self)")
def zero_(g, self):
    """Writes zeros everywhere, in place."""
    return new_zeros(g, self.shape)


_CPP_NAMES = {
    "torch.bool": "bool",
    "torch.uint8": "unsigned char",
    "torch.int8": "signed char",
    "torch.int16": "short int",
    "torch.int32": "int",
    "torch.int64": "long int",
    "torch.complex64": "c10::complex<float>",
    "torch.complex128": "c10::complex<double>",
}


def _window_options(name, length, dtype):
    from .. import get_default_dtype

    dtype = dtype or get_default_dtype()
    if not dtype.is_floating_point:
        options = f"dtype={_CPP_NAMES.get(str(dtype), dtype)}, device=cpu, layout=Strided (default), "
        options += "requires_grad=false (default), pinned_memory=false, memory_format=(nullopt)"
        raise RuntimeError(f"{name} expects floating point dtypes, got: TensorOptions({options})")
    if length < 0:
        raise RuntimeError(f"{name} requires non-negative window_length, got window_length={length}")
    return dtype


def _window(name, length, periodic, dtype, values):
    """values(i, last): the window at positions i = 0 … last; a periodic one is one longer, without its end."""
    dtype = _window_options(name, length, dtype)
    if length < 2:
        return ones([length], dtype=dtype)
    last = length if periodic else length - 1
    return values(arange(last + 1, dtype=dtype), last)[:length].clone()


def _raised_cosine(name, length, periodic, alpha, beta, dtype):
    from math import pi

    return _window(name, length, periodic, dtype, lambda i, last: (i * (2 * pi / last)).cos() * -beta + alpha)


@composite(method=False)
def hamming_window(window_length, periodic=True, alpha=0.54, beta=0.46, *, dtype=None, requires_grad=False, **_):
    """alpha - beta * cos of one turn."""
    return _core.let_require_grad(
        _raised_cosine("hamming_window", window_length, periodic, alpha, beta, dtype), requires_grad
    )


@composite(method=False)
def hann_window(window_length, periodic=True, *, dtype=None, requires_grad=False, **_):
    """0.5 - 0.5 * cos of one turn.

    >>> wengert.hann_window(4)
    tensor([0.0000, 0.5000, 1.0000, 0.5000])
    """
    return _core.let_require_grad(
        _raised_cosine("hann_window", window_length, periodic, 0.5, 0.5, dtype), requires_grad
    )


@composite(method=False)
def blackman_window(window_length, periodic=True, *, dtype=None, requires_grad=False, **_):
    """0.42 - 0.5 * cos of one turn + 0.08 * cos of two."""
    from math import pi

    def values(i, last):
        half = i * (pi / last)
        return (half * 4).cos() * 0.08 - (half * 2).cos() * 0.5 + 0.42

    return _core.let_require_grad(_window("blackman_window", window_length, periodic, dtype, values), requires_grad)


@composite(method=False)
def bartlett_window(window_length, periodic=True, *, dtype=None, requires_grad=False, **_):
    """A triangle from 0 to 1 and back."""

    def values(i, last):
        rising = i * (2 / last)
        return rising.minimum(2 - rising)

    return _core.let_require_grad(_window("bartlett_window", window_length, periodic, dtype, values), requires_grad)


@composite(method=False)
def kaiser_window(window_length, periodic=True, beta=12.0, *, dtype=None, requires_grad=False, **_):
    """The Bessel function i0 over an arc, 1 in the middle."""

    def values(i, last):
        x = i if i.dtype is _core.float64 else i.float()
        arc = (1 - ((x - last / 2) / (last / 2)) ** 2).clamp(min=0).sqrt() * beta
        return (arc.i0() / x.new_full([], beta).i0()).to(i.dtype)

    return _core.let_require_grad(_window("kaiser_window", window_length, periodic, dtype, values), requires_grad)
