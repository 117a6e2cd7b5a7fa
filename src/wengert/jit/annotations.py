"""torch.jit.annotations: the types that signatures of scripted functions name."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: F401, UP035 (names of the module)

from .._jit_internal import BroadcastingList1, BroadcastingList2, BroadcastingList3  # noqa: F401
from . import Future  # noqa: F401
