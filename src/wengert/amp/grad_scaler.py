"""`GradScaler`: scales a loss so that small gradients survive in a short floating type."""

import enum
import inspect
import math
import warnings
from collections.abc import Iterable

import wengert as wg


class OptState(enum.Enum):
    """How far an optimizer's step has come."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


def _rounded(value):
    """A number as the scale holds it: in float32."""
    return wg.tensor(float(value), dtype=wg.float32).item()


class GradScaler:
    """Scales losses, unscales gradients, skips steps with inf or nan, and adapts the scale (65536 at first).

    Without CUDA a scaler for "cuda" is disabled, as in torch: every call passes its argument through.

    >>> import wengert
    >>> GradScaler("cpu").scale(wengert.tensor(2.0))
    tensor(131072.)
    """

    def __init__(
        self,
        device="cuda",
        init_scale=2.0**16,
        growth_factor=2.0,
        backoff_factor=0.5,
        growth_interval=2000,
        enabled=True,
    ):
        self._device = str(device)
        self._enabled = enabled
        if enabled and self._device == "cuda":
            warnings.warn("torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling.", stacklevel=2)
            self._enabled = False
        if self._enabled:
            if growth_factor <= 1.0:
                raise AssertionError("The growth factor must be > 1.0.")
            if backoff_factor >= 1.0:
                raise AssertionError("The backoff factor must be < 1.0.")
            self._scale, self._has_scaled = _rounded(init_scale), False
            self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
            self._growth_interval, self._growth_tracker = growth_interval, 0
            self._stages, self._found_inf = {}, {}

    def is_enabled(self):
        """Whether the scaler does anything."""
        return self._enabled

    def scale(self, outputs):
        """A tensor, or nested lists and tuples of tensors, times the scale."""
        if not self._enabled:
            return outputs
        self._has_scaled = True
        if isinstance(outputs, wg.Tensor):
            return outputs * self._scale
        if isinstance(outputs, (list, tuple)):
            return type(outputs)(map(self.scale, outputs))
        if isinstance(outputs, Iterable):
            return map(self.scale, outputs)
        raise ValueError("outputs must be a Tensor or an iterable of Tensors")

    def _check_scaled(self, call):
        if not self._has_scaled:
            raise AssertionError(
                f"Attempted {call} but _scale is None.  This may indicate your script did not use "
                "scaler.scale(loss or outputs) earlier in the iteration."
            )

    def unscale_(self, optimizer):
        """Divide the gradients of an optimizer's parameters by the scale, once before each step."""
        if not self._enabled:
            return
        self._check_scaled("unscale_")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.UNSCALED:
            raise RuntimeError("unscale_() has already been called on this optimizer since the last update().")
        if stage is OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        self._unscale(optimizer)
        self._stages[id(optimizer)] = OptState.UNSCALED

    def _unscale(self, optimizer, inverse=None):
        """Record whether the gradients are finite, and multiply them by `inverse`, by default that of the scale."""
        found, short = None, inverse is not None
        inverse = inverse if short else _rounded(1.0 / self._scale)
        with wg.no_grad():
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is None:
                        continue
                    if parameter.grad.dtype is wg.float16 and not short:
                        raise ValueError("Attempting to unscale FP16 gradients.")
                    found = found or not bool(wg.isfinite(parameter.grad).all())
                    parameter.grad.mul_(inverse)
        if found is not None:
            self._found_inf[id(optimizer)] = found

    def step(self, optimizer, *args, **kwargs):
        """Step the optimizer unless a gradient is inf or nan; returns what its step returns."""
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scaled("step")
        stage = self._stages.get(id(optimizer), OptState.READY)
        if stage is OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if getattr(optimizer, "_step_supports_amp_scaling", False):
            return self._step_that_unscales(optimizer, stage, args, kwargs)
        if stage is OptState.READY:
            self._unscale(optimizer)
        if id(optimizer) not in self._found_inf:
            raise AssertionError("No inf checks were recorded for this optimizer.")
        self._stages[id(optimizer)] = OptState.STEPPED
        return None if self._found_inf[id(optimizer)] else optimizer.step(*args, **kwargs)

    def _step_that_unscales(self, optimizer, stage, args, kwargs):
        """The step of an optimizer that unscales by itself: it gets the scaler if it takes one, else two attributes."""
        if "grad_scaler" in inspect.signature(optimizer.step).parameters:
            warnings.warn(
                "GradScaler is going to stop passing itself as a keyword argument to the passed "
                "optimizer. In the near future GradScaler registers `grad_scale: Tensor` and "
                "`found_inf: Tensor` to the passed optimizer and let the optimizer use them directly.",
                FutureWarning,
                stacklevel=3,
            )
            result = optimizer.step(*args, **{**kwargs, "grad_scaler": self})
        else:
            if stage is OptState.READY:
                self._unscale(optimizer, 1.0)
                optimizer.grad_scale = wg.tensor(self._scale) * getattr(optimizer, "grad_scale", 1)
            else:
                optimizer.grad_scale = getattr(optimizer, "grad_scale", None)
            optimizer.found_inf = wg.tensor(float(self._found_inf.get(id(optimizer), False)))
            result = optimizer.step(*args, **kwargs)
            del optimizer.grad_scale, optimizer.found_inf
        self._stages[id(optimizer)] = OptState.STEPPED
        return result

    def update(self, new_scale=None):
        """Shrink the scale after a skipped step, let it grow after many good ones, or set it."""
        if not self._enabled:
            return
        self._check_scaled("update")
        if new_scale is not None:
            if isinstance(new_scale, wg.Tensor) and (new_scale.numel() != 1 or new_scale.requires_grad):
                raise AssertionError(
                    "new_scale should be a float or a 1-element torch.cuda.FloatTensor or "
                    "torch.FloatTensor with requires_grad=False."
                )
            self._scale = _rounded(new_scale)
        elif not self._found_inf:
            raise AssertionError("No inf checks were recorded prior to update.")
        elif any(self._found_inf.values()):
            self._scale = _rounded(self._scale * self._backoff_factor)
            self._growth_tracker = 0
        else:
            self._growth_tracker += 1
            if self._growth_tracker == self._growth_interval:
                grown = _rounded(self._scale * self._growth_factor)
                self._scale = grown if math.isfinite(grown) else self._scale
                self._growth_tracker = 0
        self._stages, self._found_inf = {}, {}

    def get_scale(self):
        """The scale; 1.0 when disabled."""
        return self._scale if self._enabled else 1.0

    def get_growth_factor(self):
        """What the scale grows by."""
        return self._growth_factor

    def set_growth_factor(self, new_factor):
        """Set what the scale grows by."""
        self._growth_factor = new_factor

    def get_backoff_factor(self):
        """What the scale shrinks by."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor):
        """Set what the scale shrinks by."""
        self._backoff_factor = new_factor

    def get_growth_interval(self):
        """After how many good steps the scale grows."""
        return self._growth_interval

    def set_growth_interval(self, new_interval):
        """Set after how many good steps the scale grows."""
        self._growth_interval = new_interval

    def state_dict(self):
        """The scaler's state, empty when disabled."""
        if not self._enabled:
            return {}
        return {
            "scale": self._scale,
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def __getstate__(self):
        if self._enabled and self._stages:
            raise AssertionError(
                "A GradScaler instance may only be pickled at the beginning of an iteration, "
                "or at the end after scaler.update()."
            )
        return self.__dict__.copy()

    def load_state_dict(self, state_dict):
        """Take over a state; RuntimeError for an empty one."""
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled instance of GradScaler."
            )
        self._scale = state_dict["scale"]
        self._growth_factor, self._backoff_factor = state_dict["growth_factor"], state_dict["backoff_factor"]
        self._growth_interval, self._growth_tracker = state_dict["growth_interval"], state_dict["_growth_tracker"]
