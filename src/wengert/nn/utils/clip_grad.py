"""Norms of gradients, and clipping by norm or value."""

import warnings

import wengert as wg

__all__ = ["clip_grad_norm", "clip_grad_norm_", "clip_grad_value_", "clip_grads_with_norm_", "get_total_norm"]


def _tensor_list(tensors):
    return [tensors] if isinstance(tensors, wg.Tensor) else list(tensors)


def get_total_norm(tensors, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """The norm of all tensors taken as one long vector.

    RuntimeError with error_if_nonfinite when it is infinite or nan.

    >>> get_total_norm([wg.tensor([3.0]), wg.tensor([4.0])])
    tensor(5.)
    """
    tensors = _tensor_list(tensors)
    norm_type = float(norm_type)
    if not tensors:
        return wg.tensor(0.0)
    with wg.no_grad():
        norms = [t.norm(norm_type) for t in tensors]
        total = wg.stack(norms).norm(norm_type)
    if error_if_nonfinite and not bool(total.isfinite()):
        raise RuntimeError(
            f"The total norm of order {norm_type} for gradients from `parameters` is non-finite, so it cannot be "
            "clipped. To disable this error and scale the gradients by the non-finite norm anyway, set "
            "`error_if_nonfinite=False`"
        )
    return total


def clip_grads_with_norm_(parameters, max_norm, total_norm, foreach=None):
    """Scale the gradients in place by max_norm / (total_norm + 1e-6) where that is below 1.

    >>> p = wg.zeros(1, requires_grad=True)
    >>> p.grad = wg.tensor([4.0])
    >>> clip_grads_with_norm_(p, 1.0, wg.tensor(4.0))
    >>> p.grad
    tensor([1.0000])
    """
    grads = [p.grad for p in _tensor_list(parameters) if p.grad is not None]
    if not grads:
        return
    with wg.no_grad():
        factor = (float(max_norm) / (total_norm + 1e-6)).clamp(max=1.0)
        for grad in grads:
            grad.mul_(factor)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Clip the norm of all gradients together to max_norm, in place; returns the norm before.

    >>> p = wg.zeros(2, requires_grad=True)
    >>> p.grad = wg.tensor([3.0, 4.0])
    >>> clip_grad_norm_([p], 1.0)
    tensor(5.)
    """
    if not isinstance(parameters, wg.Tensor):
        is_generator = hasattr(parameters, "send")
        parameters = list(parameters)
        if is_generator and not parameters:
            warnings.warn("`parameters` is an empty generator, no gradient clipping will occur.", stacklevel=3)
    parameters = _tensor_list(parameters)
    grads = [p.grad for p in parameters if p.grad is not None]
    total_norm = get_total_norm(grads, norm_type, error_if_nonfinite, foreach)
    clip_grads_with_norm_(parameters, max_norm, total_norm, foreach)
    return total_norm


def clip_grad_norm(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False, foreach=None):
    """Deprecated name of clip_grad_norm_."""
    warnings.warn(
        "`torch.nn.utils.clip_grad_norm` is now deprecated in favor of `torch.nn.utils.clip_grad_norm_`.",
        FutureWarning,
        stacklevel=2,
    )
    return clip_grad_norm_(parameters, max_norm, norm_type, error_if_nonfinite, foreach)


def clip_grad_value_(parameters, clip_value, foreach=None):
    """Clamp every gradient element to [-clip_value, clip_value], in place.

    >>> p = wg.zeros(1, requires_grad=True)
    >>> p.grad = wg.tensor([4.0])
    >>> clip_grad_value_([p], 1.0)
    >>> p.grad
    tensor([1.])
    """
    clip_value = float(clip_value)
    with wg.no_grad():
        for p in _tensor_list(parameters):
            if p.grad is not None:
                p.grad.clamp_(min=-clip_value, max=clip_value)
