"""The step shared by the built-in optimizers: gather one list per kind of tensor, then make one update call."""

import wengert as wg

from .optimizer import Optimizer

_DEVICES = ("cuda", "xpu", "hpu", "privateuseone")


def native(name):
    """The core's own step for whole groups, or None: a function of (group, state) that tells whether it did the work.

    It declines, having touched nothing, what is not plain: other tensors than contiguous float32 and float64 ones,
    missing state, tensor options, recorded steps.
    """
    return getattr(getattr(wg, "_core", None), name, None)


def number(value):
    """A hyper-parameter as a Python number: one-element tensors are read."""
    return value.item() if isinstance(value, wg.Tensor) else value


def scalar(value):
    """A one-element tensor without dimensions; anything else as it is."""
    return value.squeeze() if isinstance(value, wg.Tensor) and value.dim() != 0 else value


def scalar_tensor(value, fused=False):
    """A counter such as ``step``: float32, or float64 where that is the default dtype."""
    wide = not fused and wg.get_default_dtype() == wg.float64
    return wg.tensor(float(value), dtype=wg.float64 if wide else wg.float32)


def check_lr(lr, message="Invalid learning rate: {}"):
    """Refuses a learning rate that is negative, not a number, or a tensor of several elements."""
    if isinstance(lr, wg.Tensor) and lr.numel() != 1:
        raise ValueError("Tensor lr must be 1-element")
    if not 0.0 <= lr:
        raise ValueError(message.format(lr))


def check_positive(**values):
    """Refuses a negative hyper-parameter; torch's messages call ``eps`` "epsilon"."""
    for name, value in values.items():
        if not 0.0 <= value:
            raise ValueError(f"Invalid {'epsilon' if name == 'eps' else name} value: {value}")


def check_betas(betas):
    """Refuses decay rates outside [0, 1)."""
    for i in (0, 1):
        if not 0.0 <= betas[i] < 1.0:
            raise ValueError(f"Invalid beta parameter at index {i}: {betas[i]}")


def check_fused(fused, foreach, differentiable):
    """Refuses flags that contradict ``fused=True``."""
    if fused:
        if differentiable:
            raise RuntimeError("`fused` does not support `differentiable`")
        if foreach:
            raise RuntimeError("`fused` and `foreach` cannot be `True` together.")


class ListOptimizer(Optimizer):
    """An optimizer whose step is: for each group, gather lists, call ``_apply``.

    A subclass gives ``_keys`` (the state entries that ``_apply`` gets as lists, in order), ``_new_state`` and
    ``_apply``, and where the core has one its native step. Nothing is cached between steps, because users may
    replace parameters and state at any time.
    """

    _native = None
    _keys = ()
    _compat = (("foreach", None), ("maximize", False), ("differentiable", False), ("capturable", False))
    _counters = ("step",)
    _sparse_error = None
    _capturable = "params and state_steps"
    _devices = (*_DEVICES, "xla")

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            for name, default in self._compat:
                group.setdefault(name, default)
            for p in group["params"]:
                entries = self.state.get(p)
                if not entries:
                    continue
                # Checkpoints of old versions hold counters as plain numbers.
                for name in self._counters:
                    if not isinstance(entries[name], wg.Tensor):
                        entries[name] = scalar_tensor(entries[name], group.get("fused"))

    def step(self, closure=None):
        """Updates every parameter that has a gradient, once.

        Args:
            closure: a function without arguments that computes the loss and its gradients anew.

        Returns:
            What ``closure`` returned, or None.
        """
        loss = None
        if closure is not None:
            with wg.enable_grad():
                loss = closure()
        native = self._native
        for group in self.param_groups:
            if native is None or not native(group, self.state):
                self._step_group(group)
        return loss

    def _step_group(self, group):
        before = wg.is_grad_enabled()
        wg.set_grad_enabled(self.defaults.get("differentiable", False))
        try:
            params, grads, states = self._gather(group, self._group_keys(group))
            if params:
                self._apply(group, params, grads, states)
        finally:
            wg.set_grad_enabled(before)

    def _group_keys(self, group):
        return self._keys

    def _gather(self, group, keys):
        """Returns (params, grads, one list per key) of the parameters with a gradient, making missing state."""
        params, grads, states = [], [], [[] for _ in keys]
        is_complex = False
        for p in group["params"]:
            grad = p.grad
            if grad is None:
                continue
            if self._sparse_error is not None and grad.is_sparse:
                raise RuntimeError(self._sparse_error)
            is_complex = is_complex or p.is_complex()
            params.append(p)
            grads.append(grad)
            entries = self.state[p]
            if not entries:
                entries.update(self._new_state(group, p, grad))
            for column, key in zip(states, keys):
                column.append(entries[key])
        if params and group.get("capturable"):
            raise AssertionError(
                f"If capturable=True, {self._capturable} must be on supported devices: {list(self._devices)}."
            )
        if is_complex:
            # The updates are defined element by element on real and imaginary parts.
            params, grads, *states = [[_real(t) for t in column] for column in (params, grads, *states)]
        return params, grads, states

    def _new_state(self, group, p, grad):
        raise NotImplementedError

    def _apply(self, group, params, grads, states):
        raise NotImplementedError


def _real(t):
    return wg.view_as_real(t) if t.is_complex() else t
