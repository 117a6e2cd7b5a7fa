"""Names of torch.optim.optimizer that optimizers written elsewhere import: no compiler and no other device is served."""

import functools
import math
from collections.abc import Iterable
from typing import Any

import wengert as wg

ParamsT = params_t = Iterable[wg.Tensor] | Iterable[dict[str, Any]] | Iterable[tuple[str, wg.Tensor]]
_foreach_doc = _fused_doc = _capturable_doc = _differentiable_doc = _maximize_doc = _params_doc = ""


def _use_grad_for_differentiable(func):
    """A decorator of `step`: gradients are recorded if the optimizer is differentiable, and not otherwise."""

    @functools.wraps(func)
    def step(self, *args, **kwargs):
        with wg.set_grad_enabled(self.defaults["differentiable"]):
            return func(self, *args, **kwargs)

    return step


def _get_value(x):
    """The number in a tensor of one element, or the number itself."""
    return x.item() if isinstance(x, wg.Tensor) else x


def _dispatch_sqrt(x):
    """The square root of a number or a tensor."""
    return x.sqrt() if isinstance(x, wg.Tensor) else math.sqrt(x)


def _stack_if_compiling(x):
    """The list itself."""
    return x


def _default_to_fused_or_foreach(params, differentiable, use_fused=False):
    """(False, False): on the CPU torch uses neither form unless it is asked to."""
    return False, False


def _disable_dynamo_if_unsupported(single_tensor_fn=None):
    """A decorator that changes nothing."""
    return lambda function: function


def _view_as_real(params, *state_and_grads):
    """Complex parameters in the list, and what belongs to them, become their real views."""
    for position, param in enumerate(params):
        if wg.is_complex(param):
            params[position] = wg.view_as_real(param)
            for values in state_and_grads:
                values[position] = wg.view_as_real(values[position])


def _get_scalar_dtype(is_fused=None):
    """The dtype of step counters."""
    if is_fused:
        return wg.float32
    return wg.float64 if wg.get_default_dtype() == wg.float64 else wg.float32


def _to_scalar(x):
    """A tensor of one element without dimensions; anything else as it is."""
    return x.squeeze() if isinstance(x, wg.Tensor) and x.dim() != 0 else x
