"""torch.fft: discrete Fourier transforms, under the names of NumPy's fft."""

from .ops._declare import FUNCTIONS as _FUNCTIONS

_NAMES = {name.partition(".")[2]: function for name, function in _FUNCTIONS.items() if name.startswith("fft.")}
globals().update(_NAMES)
__all__ = sorted(_NAMES)  # noqa: PLE0605 (a list of names, as it should be)
