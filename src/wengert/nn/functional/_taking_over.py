"""Names of torch.nn.functional that layers written elsewhere reach for."""

from ...overrides import (  # noqa: F401 (names of the module)
    handle_torch_function,
    has_torch_function,
    has_torch_function_unary,
    has_torch_function_variadic,
)
from .. import _reduction as _Reduction  # noqa: F401
from .. import grad  # noqa: F401
