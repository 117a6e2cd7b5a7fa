"""Names for annotations, as in torch.types."""

import builtins
import os
from collections.abc import Sequence
from typing import IO, Union

import wengert as _wg

Number = Union[builtins.int, builtins.float, builtins.bool]  # noqa: UP007 (works on Python 3.10 in isinstance too)
Device = Union[_wg.device, str, builtins.int, None]  # noqa: UP007
FileLike = Union[str, os.PathLike, IO[bytes]]  # noqa: UP007
Size = _wg.Size
Tensor = _wg.Tensor
_size = Union[_wg.Size, list[builtins.int], tuple[builtins.int, ...]]  # noqa: UP007
_int, _float, _bool, _complex, _dtype, _device = (
    builtins.int,
    builtins.float,
    builtins.bool,
    builtins.complex,
    _wg.dtype,
    _wg.device,
)
_TensorOrTensors = Union[Tensor, Sequence[Tensor]]  # noqa: UP007


class SymInt:
    """A number that torch's tracers do not know yet; here sizes are numbers, so nothing is one."""


class SymFloat:
    """As SymInt, of a float."""


class SymBool:
    """As SymInt, of a truth value."""
