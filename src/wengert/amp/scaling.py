"""torch's two private functions under scalers of losses, which scalers of other libraries call."""

import math

import wengert as wg


def _check(tensor, name, dtype, word):
    if tensor.numel() != 1:
        raise RuntimeError(f"{name} must be a 1-element tensor.")
    if tensor.dtype is not dtype:
        raise RuntimeError(f"{name} must be {word} tensor.")


def _amp_foreach_non_finite_check_and_unscale_(self, found_inf, inv_scale):
    """Multiply the gradients of a list by inv_scale in place; found_inf becomes 1 if one of them holds inf or nan.

    >>> grads, found = [wg.tensor([2.0, float("inf")])], wg.zeros(1)
    >>> _amp_foreach_non_finite_check_and_unscale_(grads, found, wg.tensor(0.5))
    >>> found
    tensor([1.])
    """
    if not self:
        return
    _check(inv_scale, "inv_scale", wg.float32, "a float")
    _check(found_inf, "found_inf", wg.float32, "a float")
    with wg.no_grad():
        for grad in self:
            if not grad.is_floating_point():
                raise NotImplementedError(
                    '"_amp_foreach_non_finite_check_and_unscale_cpu" not implemented for '
                    f"'{grad.dtype._torch_name.strip()}'"
                )
            if not bool(wg.isfinite(grad).all()):
                found_inf.fill_(1.0)
            grad.mul_(inv_scale.item())


def _amp_update_scale_(self, growth_tracker, found_inf, scale_growth_factor, scale_backoff_factor, growth_interval):
    """Shrink the scale `self` if found_inf is not 0, else count, and let it grow at every growth_interval-th time.

    >>> _amp_update_scale_(wg.tensor(4.0), wg.zeros((), dtype=wg.int32), wg.tensor(1.0), 2.0, 0.5, 2)
    tensor(2.)
    """
    _check(growth_tracker, "growth_tracker", wg.int32, "an int")
    _check(self, "current_scale", wg.float32, "a float")
    _check(found_inf, "found_inf", wg.float32, "a float")
    with wg.no_grad():
        if found_inf.item():
            self.mul_(scale_backoff_factor)
            growth_tracker.zero_()
            return self
        growth_tracker.add_(1)
        if growth_tracker.item() == growth_interval:
            grown = self * scale_growth_factor
            if math.isfinite(grown.item()):
                self.copy_(grown)
            growth_tracker.zero_()
    return self
