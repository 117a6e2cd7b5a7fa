"""Derivatives compared with finite differences: gradcheck and gradgradcheck."""

import sys
import types

from ._batched_checks import backward_batched, forward_batched
from ._derivative_checks import (
    Check,
    backward_agrees,
    check_inputs,
    fast,
    forward_agrees,
    linear,
    slow,
    undefined,
)
from ._jacobians import GradcheckError, Tensor, as_tuple, differentiable
from .grad_mode import enable_grad

__all__ = ["GradcheckError", "gradcheck", "gradgradcheck"]


def _run(check, func, inputs, flags, fast_mode):
    check_inputs(inputs)
    outputs = func(*inputs)
    wanted, compare = differentiable(outputs), fast if fast_mode else slow
    if flags["backward"]:
        backward_agrees(check, func, inputs, outputs, compare)
    if flags["forward"]:
        forward_agrees(check, func, inputs, outputs, compare, flags["undefined"])
    if flags["batched_forward"]:
        forward_batched(func, inputs)
    if not flags["backward"] or not wanted:
        return True
    if flags["batched"]:
        for o in wanted:
            backward_batched(inputs, o)
    linear(func, inputs)
    if flags["undefined"]:
        undefined(func, inputs)
    return True


def gradcheck(
    func,
    inputs,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_batched_forward_grad=False,
    check_forward_ad=False,
    check_backward_ad=True,
    fast_mode=False,
    masked=None,
):
    """Whether the gradients of func at inputs agree with central differences of step eps (GradcheckError when not).

    inputs: a tensor or a tuple; those of float64 or complex128 that require grad are checked. fast_mode compares one random direction
    instead of whole Jacobians; raise_exception=False returns False instead.

    >>> import wengert
    >>> gradcheck(wengert.sin, wengert.ones(2, dtype=wengert.float64, requires_grad=True))
    True
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    check = Check(eps, atol, rtol, nondet_tol, check_grad_dtypes)
    flags = {
        "undefined": check_undefined_grad,
        "batched": check_batched_grad,
        "batched_forward": check_batched_forward_grad,
        "forward": check_forward_ad,
        "backward": check_backward_ad,
    }
    try:
        return _run(check, func, as_tuple(inputs), flags, fast_mode)
    except GradcheckError:
        if raise_exception:
            raise
        return False


def gradgradcheck(
    func,
    inputs,
    grad_outputs=None,
    *,
    eps=1e-6,
    atol=1e-5,
    rtol=1e-3,
    gen_non_contig_grad_outputs=False,
    raise_exception=True,
    nondet_tol=0.0,
    check_undefined_grad=True,
    check_grad_dtypes=False,
    check_batched_grad=False,
    check_fwd_over_rev=False,
    check_rev_over_rev=True,
    fast_mode=False,
    masked=False,
):
    """gradcheck of the gradient of func: by its inputs and by grad_outputs (random where they are not given).

    >>> import wengert
    >>> gradgradcheck(wengert.sin, wengert.ones(2, dtype=wengert.float64, requires_grad=True))
    True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    from .. import rand
    from . import grad

    inputs = as_tuple(inputs)
    if grad_outputs is None:
        grad_outputs = []
        for o in differentiable(func(*inputs)):
            g = rand((*o.shape, 2) if gen_non_contig_grad_outputs else o.shape, dtype=o.dtype) * 2 - 1
            grad_outputs.append((g[..., 0] if gen_non_contig_grad_outputs else g).requires_grad_())
    grad_outputs = as_tuple(grad_outputs)
    count = len(grad_outputs)
    tracked = [k for k, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]
    tracked_outputs = [k for k, g in enumerate(grad_outputs) if g.requires_grad]

    def first_derivative(*args):
        moved = [
            t if k not in tracked or t.requires_grad else t.requires_grad_()
            for k, t in enumerate(args[: len(args) - count])
        ]
        weights = [
            t if k not in tracked_outputs or t.requires_grad else t.requires_grad_()
            for k, t in enumerate(args[len(args) - count :])
        ]
        with enable_grad():
            outputs = differentiable(func(*moved))
            found = grad(outputs, [moved[k] for k in tracked], weights, create_graph=True, allow_unused=True)
        return tuple(g for g in found if g is not None)

    return gradcheck(
        first_derivative,
        (*inputs, *grad_outputs),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        fast_mode=fast_mode,
        masked=masked,
    )


class _Callable(types.ModuleType):
    """torch.autograd.gradcheck is a module to import from and a function to call, whichever came first."""

    def __call__(self, *args, **kwargs):
        return gradcheck(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
