"""Discrete Fourier transforms by NumPy: three ops with adjoints, and torch.fft's functions made of them."""

from ._declare import composite, host
from .linalg_checks import kind, refuse
from .linalg_host import array, tensor

_FFT = {"namespace": "fft"}
_HIDDEN = {"method": False, "function": False}
_NONE, _ROOT, _BY_N = 0, 1, 2
_FORWARD = {_NONE: "backward", _ROOT: "ortho", _BY_N: "forward"}  # NumPy's names for the scale of fft
_INVERSE = {_NONE: "forward", _ROOT: "ortho", _BY_N: "backward"}  # and of ifft


def _c2c(x, dim, normalization, forward):
    import numpy as np

    a = array(x)
    if dim:
        names = _FORWARD if forward else _INVERSE
        one, many = (np.fft.fft, np.fft.fftn) if forward else (np.fft.ifft, np.fft.ifftn)
        with np.errstate(all="ignore"):
            a = _over(one, many, a, dim, names[normalization]).astype(a.dtype, copy=False)
    return tensor(a)


def _over(one, many, a, dim, norm):
    """NumPy's function of one axis, where it is one: that of many looks at their sizes for longer than it works."""
    return one(a, axis=dim[0], norm=norm) if len(dim) == 1 else many(a, axes=tuple(dim), norm=norm)


def _r2c(x, dim, normalization, onesided):
    import numpy as np

    a = array(x)
    one, many = (np.fft.rfft, np.fft.rfftn) if onesided else (np.fft.fft, np.fft.fftn)
    with np.errstate(all="ignore"):
        result = _over(one, many, a, dim, _FORWARD[normalization])
    return tensor(result.astype(np.result_type(a.dtype, "complex64"), copy=False))


def _c2r(x, dim, normalization, last_dim_size):
    import numpy as np

    a = array(x)
    norm = _INVERSE[normalization]
    with np.errstate(all="ignore"):
        if len(dim) == 1:
            result = np.fft.irfft(a, last_dim_size, dim[0], norm)
        else:
            sizes = [a.shape[d] for d in dim[:-1]] + [last_dim_size]
            result = np.fft.irfftn(a, s=sizes, axes=tuple(dim), norm=norm)
    return tensor(result.astype(a.real.dtype, copy=False))


@host(
    "_fft_c2c(Tensor self, int[] dim, int normalization, bool forward) -> Tensor",
    forward=_c2c,
    grad_name="FftC2CBackward0",
    **_HIDDEN,
)
def fft_c2c(g, dim, normalization, forward):
    """The complex transform over dims; its adjoint is the other direction with the same scale."""
    return fft_c2c(g, dim, normalization, not forward)


@host(
    "_fft_r2c(Tensor self, int[] dim, int normalization, bool onesided) -> Tensor",
    forward=_r2c,
    grad_name="FftR2CBackward0",
    **_HIDDEN,
)
def fft_r2c(g, self_like, dim, normalization, onesided):
    """The transform of real input; onesided: without the half that is the conjugate of the other."""
    if onesided:
        g = resized(g, dim[-1], self_like.shape[dim[-1]])
    return fft_c2c(g, dim, normalization, False).real


@host(
    "_fft_c2r(Tensor self, int[] dim, int normalization, int last_dim_size) -> Tensor",
    forward=_c2r,
    grad_name="FftC2RBackward0",
    **_HIDDEN,
)
def fft_c2r(g, self_like, dim, normalization):
    """Real output from the half of a Hermitian spectrum."""
    from .. import ones

    last, n = dim[-1], g.shape[dim[-1]]
    half = self_like.shape[last]
    result = fft_r2c(g, dim, normalization, True)
    twice = n - half
    if twice > 0:
        shape = [1] * g.ndim
        shape[last] = half
        weight = ones(half, dtype=g.dtype)
        weight[1 : 1 + twice] = 2
        result = result * weight.reshape(shape)
    return result


def resized(x, dim, n):
    """x cut or padded with zeros at the end of a dim to size n."""
    from .. import cat

    size = x.shape[dim]
    if size > n:
        return x.narrow(dim, 0, n)
    if size < n:
        shape = list(x.shape)
        shape[dim] = n - size
        return cat([x, x.new_zeros(shape)], dim)
    return x


def scale(norm, forward):
    """The op's code of a normalization mode."""
    if norm is None or norm == "backward":
        return _NONE if forward else _BY_N
    if norm == "forward":
        return _BY_N if forward else _NONE
    if norm == "ortho":
        return _ROOT
    refuse(f'Invalid normalization mode: "{norm}"')


def _promoted(x, to_complex):
    from .. import complex64, complex128, float64, get_default_dtype

    if kind(x) in ("Half", "BFloat16"):
        refuse(f"Unsupported dtype {kind(x)}")
    if not (x.is_floating_point() or x.is_complex()):
        x = x.to(get_default_dtype())
    if to_complex and not x.is_complex():
        x = x.to(complex128 if x.dtype == float64 else complex64)
    return x


def _wrapped(dim, ndim):
    if ndim == 0:
        raise IndexError(f"Dimension specified as {dim} but tensor has no dimensions")
    if not -ndim <= dim < ndim:
        raise IndexError(f"Dimension out of range (expected to be in range of [{-ndim}, {ndim - 1}], but got {dim})")
    return dim % ndim


def _check_points(n):
    if n < 1:
        refuse(f"Invalid number of data points ({n}) specified")


def _number(n, name):
    if n is not None and not isinstance(n, int):
        raise TypeError(f"fft_{name}(): argument 'n' (position 2) must be int, not {type(n).__name__}")


def _one_c2c(name, x, n, dim, norm, forward):
    _number(n, name)
    x = _promoted(x, True)
    dim = _wrapped(dim, x.ndim)
    n = x.shape[dim] if n is None else n
    _check_points(n)
    return fft_c2c(resized(x, dim, n), [dim], scale(norm, forward), forward)


def _one_r2c(name, x, n, dim, norm, forward):
    _number(n, name)
    if x.is_complex():
        refuse(f"{name} expects a real input tensor, but got {kind(x)}")
    x = _promoted(x, False)
    dim = _wrapped(dim, x.ndim)
    n = x.shape[dim] if n is None else n
    _check_points(n)
    result = fft_r2c(resized(x, dim, n), [dim], scale(norm, forward), True)
    return result if forward else result.conj()


def _one_c2r(name, x, n, dim, norm, forward):
    _number(n, name)
    x = _promoted(x, True)
    dim = _wrapped(dim, x.ndim)
    n = 2 * (x.shape[dim] - 1) if n is None else n
    _check_points(n)
    x = resized(x, dim, n // 2 + 1)
    return fft_c2r(x.conj() if forward else x, [dim], scale(norm, forward), n)


@composite("fft_fft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def fft(input, n=None, dim=-1, norm=None):
    """The discrete Fourier transform over a dim, cut or padded with zeros to n points.

    norm: "backward" (default: no scale), "forward" (1/n), "ortho" (1/sqrt(n)).

    >>> wengert.fft.fft(wengert.ones(4))
    tensor([4.+0.j, 0.+0.j, 0.+0.j, 0.+0.j])
    """
    return _one_c2c("fft", input, n, dim, norm, True)


@composite("fft_ifft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def ifft(input, n=None, dim=-1, norm=None):
    """The inverse of fft."""
    return _one_c2c("ifft", input, n, dim, norm, False)


@composite("fft_rfft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def rfft(input, n=None, dim=-1, norm=None):
    """fft of real input, without the redundant half: n // 2 + 1 points.

    >>> wengert.fft.rfft(wengert.ones(4)).shape
    torch.Size([3])
    """
    return _one_r2c("rfft", input, n, dim, norm, True)


@composite("fft_irfft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def irfft(input, n=None, dim=-1, norm=None):
    """The inverse of rfft; n, the number of real points, is 2 * (size - 1) by default."""
    return _one_c2r("irfft", input, n, dim, norm, False)


@composite("fft_hfft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def hfft(input, n=None, dim=-1, norm=None):
    """fft of a Hermitian signal, of which input is one half; real output."""
    return _one_c2r("hfft", input, n, dim, norm, True)


@composite("fft_ihfft(Tensor self, int? n=None, int dim=-1, str? norm=None)", **_FFT, out=True)
def ihfft(input, n=None, dim=-1, norm=None):
    """The inverse of hfft."""
    return _one_r2c("ihfft", input, n, dim, norm, False)
