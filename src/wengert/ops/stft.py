"""Short-time Fourier transforms."""

from ._declare import composite
from .fft import _BY_N, _NONE, _ROOT, _promoted, fft_c2c, fft_c2r, fft_r2c
from .linalg_checks import kind, refuse


def _shown(t, old):
    if t is None:
        return "None"
    return f"torch.{kind(t)}Tensor{{{list(t.shape)}}}" if old else f"torch.{kind(t)}Tensor{list(t.shape)}"


def _flag(value):
    return "None" if value is None else int(value)


def _check_window(window, win_length, fail, message):
    if window is not None and (window.ndim != 1 or window.shape[0] != win_length):
        fail(message)


def _centred_window(window, win_length, n_fft, like):
    """The window with zeros on both sides, n_fft long."""
    from .. import cat, float32, float64, ones

    real = float64 if kind(like) in ("Double", "ComplexDouble") else float32
    window = ones(win_length, dtype=real) if window is None else window
    left = (n_fft - win_length) // 2
    right = n_fft - win_length - left
    if left or right:
        window = cat([window.new_zeros(left), window, window.new_zeros(right)])
    return window


def _padded(x, amount, mode):
    from ..nn import functional

    extra = 3 - x.ndim
    if mode == "reflect" and amount >= x.shape[-1]:
        shape = [1] * extra + list(x.shape)
        refuse(
            f"Argument #4: Padding size should be less than the corresponding input dimension, but got: padding "
            f"({amount}, {amount}) at dimension 2 of input {shape}"
        )
    wide = x.reshape((1,) * extra + tuple(x.shape))
    return functional.pad(wide, (amount, amount), mode).reshape(*x.shape[:-1], -1)


def _check_stft(x, n_fft, hop_length, win_length, window, fail):
    if not (x.is_floating_point() or x.is_complex()):
        fail("expected a tensor of floating point or complex values")
    if x.ndim > 2 or x.ndim < 1:
        fail("expected a 1D or 2D tensor")
    if not 0 < n_fft <= x.shape[-1]:
        fail(f"expected 0 < n_fft < {x.shape[-1]}, but got n_fft={n_fft}")
    if hop_length <= 0:
        fail(f"expected hop_length > 0, but got hop_length={hop_length}")
    if not 0 < win_length <= n_fft:
        fail(f"expected 0 < win_length <= n_fft, but got win_length={win_length}")
    _check_window(
        window,
        win_length,
        fail,
        f"expected a 1D window tensor of size equal to win_length={win_length}, but got "
        f"window with size {list(window.shape) if window is not None else []}",
    )


def _transformed(frames, normalized, onesided):
    """Fourier transforms of frames over the last dim."""
    onesided = not frames.is_complex() if onesided is None else onesided
    code = _ROOT if normalized else _NONE
    if not frames.is_complex():
        return fft_r2c(frames, [2], code, bool(onesided))
    if onesided:
        refuse("Cannot have onesided output if window or input is complex")
    return fft_c2c(frames, [2], code, True)


@composite
def stft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    pad_mode="reflect",
    normalized=False,
    onesided=None,
    return_complex=None,
    align_to_window=None,
):
    """Fourier transforms of windowed frames of a signal (L,) or (B, L): (B?, frequencies, frames).

    hop_length: n_fft // 4 by default; win_length: n_fft; onesided: for real signals; return_complex=False gives a last
    dim of 2.

    >>> wengert.stft(wengert.ones(16), 8, window=wengert.ones(8), return_complex=True).shape
    torch.Size([5, 9])
    """
    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    complex_in = input.is_complex() or (window is not None and window.is_complex())
    if return_complex is None:
        if not complex_in:
            refuse(
                "stft requires the return_complex parameter be given for real inputs, and will further require that "
                "return_complex=True in a future PyTorch release."
            )
        return_complex = True
    x = input if input.ndim != 1 else input.unsqueeze(0)
    if center and input.ndim <= 2:
        x = _padded(x, n_fft // 2, pad_mode)
    shown = x.squeeze(0) if input.ndim == 1 else x

    def fail(message):
        refuse(
            f"stft({_shown(shown, False)}, n_fft={n_fft}, hop_length={hop_length}, win_length={win_length}, "
            f"window={_shown(window, True)}, normalized={int(normalized)}, onesided={_flag(onesided)}, "
            f"return_complex={_flag(return_complex)}, align_to_window={_flag(align_to_window)}) : {message}"
        )

    _check_stft(x, n_fft, hop_length, win_length, window, fail)
    frames = x.unfold(-1, n_fft, hop_length)
    if window is not None or win_length < n_fft:
        frames = frames * _centred_window(window, win_length, n_fft, x)
    out = _transformed(frames, normalized, onesided).transpose(1, 2)
    out = out.squeeze(0) if input.ndim == 1 else out
    if return_complex:
        return out
    from .. import view_as_real

    return view_as_real(out)


def _overlapped(frames, hop_length):
    """Frames (B, count, n) added up at their places in a signal."""
    from .. import arange

    count, n = frames.shape[1:]
    places = (arange(count).unsqueeze(1) * hop_length + arange(n)).reshape(-1)
    length = n + hop_length * (count - 1)
    return frames.new_zeros(frames.shape[0], length).index_add(1, places, frames.reshape(frames.shape[0], -1))


def _check_istft(x, n_fft, hop_length, win_length, window, onesided, return_complex, fail):
    expected = n_fft // 2 + 1 if onesided else n_fft
    if x.shape[1] != expected:
        shown = "n_fft / 2 + 1 when onesided=True" if onesided else "n_fft when onesided=False"
        fail(
            f"expected the frequency dimension (3rd to the last) of the input tensor to match {shown}, but "
            f"got {x.shape[1]}"
        )
    if not 0 < hop_length <= win_length:
        fail("expected 0 < hop_length <= win_length")
    if not 0 < win_length <= n_fft:
        fail("expected 0 < win_length <= n_fft")
    _check_window(window, win_length, fail, "Invalid window shape. window has to be 1D and length of `win_length`")
    if return_complex and onesided:
        refuse("cannot have onesided output if window or input is complex")


@composite
def istft(
    input,
    n_fft,
    hop_length=None,
    win_length=None,
    window=None,
    center=True,
    normalized=False,
    onesided=None,
    length=None,
    return_complex=False,
):
    """The signal whose stft is input, by overlapping frames divided by the sum of squared windows."""
    from .. import cat

    hop_length = n_fft // 4 if hop_length is None else hop_length
    win_length = n_fft if win_length is None else win_length
    if not input.is_complex():
        refuse("istft requires a complex-valued input tensor matching the output from stft with return_complex=True.")

    asked = _flag(onesided)

    def fail(message, colon=" : "):
        refuse(
            f"istft(CPU{kind(input)}Type{list(input.shape)}, n_fft={n_fft}, hop_length={hop_length}, "
            f"win_length={win_length}, window={_shown(window, True)}, center={int(center)}, "
            f"normalized={int(normalized)}, "
            f"onesided={asked}, length={'None' if length is None else length}, "
            f"return_complex={int(return_complex)}){colon}{message}"
        )

    if input.numel() == 0:
        fail("input tensor cannot be empty.", " ")
    if input.ndim not in (2, 3):
        if input.ndim < 2:
            raise IndexError(f"Dimension out of range (expected to be in range of [-2, 1], but got {input.ndim - 4})")
        fail(f"expected a tensor with 3 or 4 dimensions, but got {input.ndim + 1}")
    x = input if input.ndim == 3 else input.unsqueeze(0)
    onesided = x.shape[1] != n_fft if onesided is None else onesided
    _check_istft(x, n_fft, hop_length, win_length, window, onesided, return_complex, fail)
    window = _centred_window(window, win_length, n_fft, x)
    frames, code = x.transpose(1, 2), _ROOT if normalized else _BY_N
    if return_complex:
        frames = fft_c2c(_promoted(frames, True), [2], code, False)
    else:
        frames = fft_c2r(frames if onesided else frames[..., : n_fft // 2 + 1], [2], code, n_fft)
    y = _overlapped(frames * window, hop_length)
    envelope = _overlapped((window * window).expand(1, frames.shape[1], n_fft), hop_length)
    start = n_fft // 2 if center else 0
    stop = start + length if length is not None else y.shape[-1] - n_fft // 2 if center else y.shape[-1]
    y, envelope = y[:, start:stop], envelope[:, start:stop]
    if float(envelope.detach().abs().min()) <= 1e-11:
        fail("window overlap add min: 1\n[ CPUBoolType{} ]", " ")
    y = y / envelope
    if length is not None and y.shape[-1] < length:
        _warn_padded()
        y = cat([y, y.new_zeros(y.shape[0], length - y.shape[-1])], -1)
    return y if input.ndim == 3 else y.squeeze(0)


def _warn_padded():
    import warnings

    warnings.warn(
        "The length of signal is shorter than the length parameter. Result is being padded with zeros in the tail. "
        "Please check your center and hop_length settings.",
        UserWarning,
        stacklevel=3,
    )
