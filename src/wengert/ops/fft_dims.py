"""Fourier transforms over several dims, frequencies and shifts."""

from .. import _core
from ._declare import composite
from .fft import _FFT, _check_points, _promoted, _wrapped, fft_c2c, fft_c2r, fft_r2c, resized, scale
from .linalg_checks import kind, refuse, write


def _dims(x, s, dim):
    """The dims to transform and the sizes asked for (-1: as they are)."""
    if isinstance(dim, int):
        dim = (dim,)
    if isinstance(s, int):
        s = (s,)
    if dim is not None:
        dims = [_wrapped(d, x.ndim) for d in dim]
        if len(set(dims)) != len(dims):
            refuse("FFT dims must be unique")
        if s is not None and len(s) != len(dims):
            refuse("When given, dim and shape arguments must have the same length")
    elif s is not None:
        if len(s) > x.ndim:
            refuse(f"Got shape with {len(s)} values but input tensor only has {x.ndim} dimensions.")
        dims = list(range(x.ndim - len(s), x.ndim))
    else:
        dims = list(range(x.ndim))
    return dims, [-1] * len(dims) if s is None else list(s)


def _fitted(x, dims, sizes):
    for d, n in zip(dims, sizes):
        if n == -1:
            n = x.shape[d]
        _check_points(n)
        x = resized(x, d, n)
    return x


def _some(dims, name):
    if not dims:
        refuse(f"{name} must transform at least one axis")


def _all_c2c(x, s, dim, norm, forward):
    x = _promoted(x, True)
    dims, sizes = _dims(x, s, dim)
    return fft_c2c(_fitted(x, dims, sizes), dims, scale(norm, forward), forward)


def _last_size(x, dims, sizes):
    size = x.shape[dims[-1]]
    if sizes[-1] == -1:
        _check_points(size)
    n = 2 * (size - 1) if sizes[-1] == -1 else sizes[-1]
    _check_points(n)
    return n, [*sizes[:-1], n // 2 + 1]


@composite("fft_fftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def fftn(input, s=None, dim=None, norm=None):
    """fft over all dims, or the last len(s), or those in dim.

    >>> wengert.fft.fftn(wengert.ones(2, 2))[0, 0]
    tensor(4.+0.j)
    """
    return _all_c2c(input, s, dim, norm, True)


@composite("fft_ifftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def ifftn(input, s=None, dim=None, norm=None):
    """The inverse of fftn."""
    return _all_c2c(input, s, dim, norm, False)


@composite("fft_rfftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def rfftn(input, s=None, dim=None, norm=None):
    """fftn of real input, without the redundant half of the last transformed dim."""
    if input.is_complex():
        refuse(f"rfftn expects a real-valued input tensor, but got {kind(input)}")
    x = _promoted(input, False)
    dims, sizes = _dims(x, s, dim)
    _some(dims, "rfftn")
    return fft_r2c(_fitted(x, dims, sizes), dims, scale(norm, True), True)


@composite("fft_irfftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def irfftn(input, s=None, dim=None, norm=None):
    """The inverse of rfftn."""
    x = _promoted(input, True)
    dims, sizes = _dims(x, s, dim)
    _some(dims, "irfftn")
    n, sizes = _last_size(x, dims, sizes)
    return fft_c2r(_fitted(x, dims, sizes), dims, scale(norm, False), n)


@composite("fft_hfftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def hfftn(input, s=None, dim=None, norm=None):
    """fftn of a Hermitian signal, of whose last transformed dim input has one half; real output."""
    x = _promoted(input, True)
    dims, sizes = _dims(x, s, dim)
    _some(dims, "hfftn")
    n, sizes = _last_size(x, dims, sizes)
    code = scale(norm, True)
    x = fft_c2c(_fitted(x, dims, sizes), dims[:-1], code, True)
    return fft_c2r(x.conj(), dims[-1:], code, n)


@composite("fft_ihfftn(Tensor self, any s=None, any dim=None, str? norm=None)", **_FFT, out=True)
def ihfftn(input, s=None, dim=None, norm=None):
    """The inverse of hfftn."""
    if input.is_complex():
        refuse(f"Only supports floating-point dtypes, but found: {kind(input)}")
    x = _promoted(input, False)
    dims, sizes = _dims(x, s, dim)
    _some(dims, "ihfftn")
    code = scale(norm, False)
    half = fft_r2c(_fitted(x, dims, sizes), dims[-1:], code, True).conj()
    return fft_c2c(half, dims[:-1], code, False)


def _over_two(name, function):
    def over_two(input, s=None, dim=(-2, -1), norm=None, *, out=None):
        return function(input, s, dim, norm, out=out)

    over_two.__name__, over_two.__doc__ = name, f"{function.__name__} over the last two dims."
    return composite(**_FFT)(over_two)


fft2, ifft2 = _over_two("fft2", fftn), _over_two("ifft2", ifftn)
rfft2, irfft2 = _over_two("rfft2", rfftn), _over_two("irfft2", irfftn)
hfft2, ihfft2 = _over_two("hfft2", hfftn), _over_two("ihfft2", ihfftn)


def _frequencies(positions, n, d, dtype, requires_grad, name):
    from .. import get_default_dtype, tensor

    dtype = dtype or get_default_dtype()
    if not (dtype.is_floating_point or dtype.is_complex):
        refuse(f"{name} requires a floating point or complex dtype")
    if n < 0:
        refuse(f"Trying to create tensor with negative dimension {n}: [{n}]")
    made = tensor(positions, dtype=dtype) * (1.0 / (n * d) if n else 1.0)
    return _core.let_require_grad(made) if requires_grad else made


def _into(out, dtype, made, name):
    """A row of frequencies in out, of its dtype if no other was asked for."""
    dtype = out.dtype if dtype is None and out is not None else dtype
    return made(dtype) if out is None else write(made(dtype), out, name)


@composite(**_FFT)
def fftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequency of each point of an fft of n points that are d apart.

    >>> wengert.fft.fftfreq(4)
    tensor([ 0.0000,  0.2500, -0.5000, -0.2500])
    """
    middle = (n + 1) // 2
    places = [*range(middle), *range(-(n // 2), 0)]
    return _into(out, dtype, lambda kind: _frequencies(places, n, d, kind, requires_grad, "fftfreq"), "fftfreq")


@composite(**_FFT)
def rfftfreq(n, d=1.0, *, out=None, dtype=None, layout=None, device=None, requires_grad=False):
    """The frequency of each point of an rfft."""
    places = list(range(n // 2 + 1))
    return _into(out, dtype, lambda kind: _frequencies(places, n, d, kind, requires_grad, "rfftfreq"), "rfftfreq")


def _shift(x, dim, half):
    dims = range(x.ndim) if dim is None else [dim] if isinstance(dim, int) else dim
    dims = [_wrapped(d, x.ndim) for d in dims]
    return x.roll([half(x.shape[d]) for d in dims], dims) if dims else x


@composite("fft_fftshift(Tensor self, any dim=None)", **_FFT)
def fftshift(input, dim=None):
    """Points reordered so that frequency 0 is in the middle."""
    return _shift(input, dim, lambda n: n // 2)


@composite("fft_ifftshift(Tensor self, any dim=None)", **_FFT)
def ifftshift(input, dim=None):
    """The inverse of fftshift."""
    return _shift(input, dim, lambda n: (n + 1) // 2)
