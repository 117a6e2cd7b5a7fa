"""torch.fft against NumPy: values, adjoints, shapes, refusals; stft and back."""

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(1)
NORMS = [None, "backward", "ortho", "forward"]


def same(tensor, array, tolerance=1e-10):
    assert tuple(tensor.shape) == array.shape
    np.testing.assert_allclose(tensor.detach().numpy(), array, rtol=tolerance, atol=tolerance)


def data(shape, complex_):
    a = RNG.standard_normal(shape)
    return a + 1j * RNG.standard_normal(shape) if complex_ else a


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("n", [None, 3, 4, 9])
@pytest.mark.parametrize("name", ["fft", "ifft", "rfft", "irfft", "hfft", "ihfft"])
def test_one_dim(name, n, norm):
    a = data((2, 6, 3), name not in ("rfft", "ihfft"))
    for dim in (1, -1):
        same(getattr(wg.fft, name)(wg.from_numpy(a), n, dim, norm), getattr(np.fft, name)(a, n, dim, norm))


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("name", ["fftn", "ifftn", "rfftn", "irfftn", "fft2", "ifft2", "rfft2", "irfft2"])
def test_many_dims(name, norm):
    a = data((2, 5, 4), not name.startswith("rfft"))
    x = wg.from_numpy(a)
    f, g = getattr(wg.fft, name), getattr(np.fft, name)
    same(f(x, None, (-2, -1), norm), g(a, None, (-2, -1), norm))
    same(f(x, (3, 6), (0, 1), norm), g(a, (3, 6), (0, 1), norm))


@pytest.mark.parametrize("norm", NORMS)
def test_hermitian_transforms_invert_each_other(norm):
    a = wg.from_numpy(data((3, 8), False))
    same(wg.fft.hfftn(wg.fft.ihfftn(a, norm=norm), a.shape, norm=norm), a.numpy())


def test_dtypes():
    assert wg.fft.fft(wg.ones(4)).dtype == wg.complex64
    assert wg.fft.rfft(wg.ones(4, dtype=wg.float64)).dtype == wg.complex128
    assert wg.fft.irfft(wg.ones(4, dtype=wg.complex64)).dtype == wg.float32
    assert wg.fft.fft(wg.ones(4, dtype=wg.int64)).dtype == wg.complex64


CASES = {
    "fft": lambda x: wg.fft.fft(x, 5),
    "ifft": lambda x: wg.fft.ifft(x, norm="ortho"),
    "rfft": lambda x: wg.fft.rfft(x, 7),
    "irfft even": lambda x: wg.fft.irfft(x, 6),
    "irfft odd": lambda x: wg.fft.irfft(x, 5),
    "hfft": lambda x: wg.fft.hfft(x, norm="forward"),
    "ihfft": wg.fft.ihfft,
    "fftn": wg.fft.fftn,
    "irfft2": wg.fft.irfft2,
    "hfft2": wg.fft.hfft2,
    "ihfft2": wg.fft.ihfft2,
    "stft": lambda x: wg.stft(x.repeat(1, 3), 4, window=wg.hann_window(4, dtype=wg.float64), return_complex=True),
}


@pytest.mark.parametrize("name", CASES)
def test_the_gradient_is_the_adjoint(name):
    """Transforms are linear: <u, F v> = <F* u, v> for real v."""
    f = CASES[name]
    v = wg.from_numpy(data((2, 4), False)).requires_grad_()
    y = f(v)
    u = wg.from_numpy(data(tuple(y.shape), y.is_complex()))
    product = (u.conj() * y).real.sum() if y.is_complex() else (u * y).sum()
    (g,) = wg.autograd.grad(product, v, create_graph=True)
    assert (g * v).sum().item() == pytest.approx(product.item(), rel=1e-9, abs=1e-9)
    assert wg.autograd.gradcheck(f, (v,))


def test_frequencies_and_shifts():
    same(wg.fft.fftfreq(5, 0.5, dtype=wg.float64), np.fft.fftfreq(5, 0.5))
    same(wg.fft.rfftfreq(6, dtype=wg.float64), np.fft.rfftfreq(6))
    a = data((5, 4), False)
    same(wg.fft.fftshift(wg.from_numpy(a)), np.fft.fftshift(a))
    same(wg.fft.ifftshift(wg.from_numpy(a), 0), np.fft.ifftshift(a, 0))


@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("normalized", [True, False])
@pytest.mark.parametrize("onesided", [True, False])
def test_istft_inverts_stft(center, normalized, onesided):
    x = wg.from_numpy(data((2, 40), False))
    window = wg.hamming_window(8, dtype=wg.float64)
    s = wg.stft(x, 8, 2, window=window, center=center, normalized=normalized, onesided=onesided, return_complex=True)
    back = wg.istft(s, 8, 2, window=window, center=center, normalized=normalized, onesided=onesided, length=40)
    same(back, x.numpy(), 1e-9)


MESSAGES = [
    (lambda: wg.fft.fft(wg.ones(4), 0), RuntimeError, "Invalid number of data points (0) specified"),
    (lambda: wg.fft.fft(wg.ones(4), norm="x"), RuntimeError, 'Invalid normalization mode: "x"'),
    (lambda: wg.fft.rfft(wg.ones(4) + 0j), RuntimeError, "rfft expects a real input tensor, but got ComplexFloat"),
    (
        lambda: wg.fft.fft(wg.ones(4), dim=2),
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 2)",
    ),
    (lambda: wg.fft.fftn(wg.ones(4, 4), dim=(0, 0)), RuntimeError, "FFT dims must be unique"),
    (
        lambda: wg.fft.fftn(wg.ones(4, 4), s=(2,), dim=(0, 1)),
        RuntimeError,
        "When given, dim and shape arguments must have the same length",
    ),
    (
        lambda: wg.stft(wg.ones(16), 8),
        RuntimeError,
        "stft requires the return_complex parameter be given for real inputs, and will "
        "further require that return_complex=True in a future PyTorch release.",
    ),
    (
        lambda: wg.istft(wg.ones(5, 9), 8),
        RuntimeError,
        "istft requires a complex-valued input tensor matching the output from stft with return_complex=True.",
    ),
]


@pytest.mark.parametrize("k", range(len(MESSAGES)))
def test_refusals_have_torchs_words(k):
    call, kind, message = MESSAGES[k]
    with pytest.raises(kind) as error:
        call()
    assert str(error.value) == message
