"""torch.linalg: linear algebra, under the names of NumPy's linalg."""

from .ops._declare import FUNCTIONS as _FUNCTIONS
from .ops.linalg_host import LinAlgError

_NAMES = {name.partition(".")[2]: function for name, function in _FUNCTIONS.items() if name.startswith("linalg.")}
globals().update(_NAMES)
__all__ = ["LinAlgError", *sorted(_NAMES)]
