"""torch.func: functions of functions — grad, vjp, jvp, jacrev, jacfwd, hessian, vmap; models as functions."""

from ._jacobians import hessian, jacfwd, jacrev
from ._model import functional_call, replace_all_batch_norm_modules_, stack_module_state
from ._transforms import debug_unwrap, functionalize, grad, grad_and_value, jvp, linearize, vjp
from ._vmap import vmap

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]
