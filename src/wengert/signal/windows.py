"""Window functions of M points; symmetric unless sym=False, then one period of a periodic window."""

from math import pi, sqrt

import wengert as wg

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _options(name, M, dtype, layout, device, requires_grad):
    dtype = dtype or wg.get_default_dtype()
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    if layout is not wg.strided:
        raise ValueError(f"{name} is implemented for strided tensors only, got: {layout}")
    if dtype not in (wg.float32, wg.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    return {"dtype": dtype, "device": device, "requires_grad": requires_grad}


def _window(name, M, dtype, layout, device, requires_grad, ends, values):
    """values of M points evenly spaced between ends(); windows of no or one point are the same for all."""
    options = _options(name, M, dtype, layout, device, requires_grad)
    if M == 0:
        return wg.empty((0,), **options)
    if M == 1:
        return wg.ones((1,), **options)
    first, last = ends()
    return values(wg.linspace(first, last, M, **options))


def general_cosine(M, *, a, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """The sum of (-1)^i a[i] cos(i x) over one turn.

    >>> wengert.signal.windows.general_cosine(3, a=[0.5, 0.5])
    tensor([0., 1., 0.])
    """
    options = _options("general_cosine", M, dtype, layout, device, requires_grad)
    if M < 2:
        return wg.empty((0,), **options) if M == 0 else wg.ones((1,), **options)
    if not isinstance(a, (tuple, list)):
        raise TypeError("Coefficients must be a list/tuple")
    if not a:
        raise ValueError("Coefficients cannot be empty")
    step = 2 * pi / (M - 1 if sym else M)
    x = wg.linspace(0, (M - 1) * step, M, **options)
    signed = wg.tensor([(-1) ** i * w for i, w in enumerate(a)], dtype=x.dtype)
    order = wg.arange(len(a), dtype=x.dtype)
    return (signed.unsqueeze(-1) * (order.unsqueeze(-1) * x).cos()).sum(0)


def general_hamming(M, *, alpha=0.54, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """alpha - (1 - alpha) * cos of one turn."""
    return general_cosine(
        M, a=[alpha, 1.0 - alpha], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def hamming(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """0.54 - 0.46 * cos of one turn."""
    return general_hamming(M, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def hann(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """0.5 - 0.5 * cos of one turn."""
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def blackman(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """Three cosine terms: 0.42, 0.5, 0.08."""
    return general_cosine(
        M, a=[0.42, 0.5, 0.08], sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad
    )


def nuttall(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """Four cosine terms, with small side lobes."""
    a = [0.3635819, 0.4891775, 0.1365995, 0.0106411]
    return general_cosine(M, a=a, sym=sym, dtype=dtype, layout=layout, device=device, requires_grad=requires_grad)


def bartlett(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """A triangle from 0 to 1 and back."""

    def ends():
        return -1, -1 + (M - 1) * 2 / (M - 1 if sym else M)

    return _window("bartlett", M, dtype, layout, device, requires_grad, ends, lambda x: 1 - x.abs())


def cosine(M, *, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """Half a period of a sine."""

    def ends():
        step = pi / (M if sym else M + 1)
        return 0.5 * step, (M - 0.5) * step

    return _window("cosine", M, dtype, layout, device, requires_grad, ends, lambda x: x.sin())


def exponential(M, *, center=None, tau=1.0, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """exp(-|x - center| / tau)."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def ends():
        middle = (M - 1 if sym else M) / 2 if center is None else center
        return -middle / tau, (M - 1 - middle) / tau

    return _window("exponential", M, dtype, layout, device, requires_grad, ends, lambda x: (-x.abs()).exp())


def gaussian(M, *, std=1.0, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """exp(-x^2 / (2 std^2)) around the middle."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")

    def ends():
        start, scale = -(M - 1 if sym else M) / 2, 1 / (std * sqrt(2))
        return start * scale, (start + M - 1) * scale

    return _window("gaussian", M, dtype, layout, device, requires_grad, ends, lambda x: (-(x**2)).exp())


def kaiser(M, *, beta=12.0, sym=True, dtype=None, layout=wg.strided, device=None, requires_grad=False):
    """The Bessel function i0 over an arc, 1 in the middle."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def ends():
        return -beta, min(beta, -beta + (M - 1) * 2.0 * beta / (M - 1 if sym else M))

    def values(x):
        return (beta * beta - x * x).sqrt().i0() / x.new_full((), beta).i0()

    return _window("kaiser", M, dtype, layout, device, requires_grad, ends, values)
