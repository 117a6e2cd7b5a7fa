"""What the optimizers that are an update rule share: options and their checks, state, and the step around the rule."""

import contextlib
import sys

import wengert as wg

from .._core import _optim_step
from .optimizer import Optimizer

_DEVICES = ("cuda", "xpu", "hpu", "privateuseone")


def number(value):
    """A hyper-parameter as a Python number: one-element tensors are read."""
    return value.item() if isinstance(value, wg.Tensor) else value


def scalar(value):
    """A one-element tensor without dimensions; anything else as it is."""
    return value.squeeze() if isinstance(value, wg.Tensor) and value.dim() != 0 else value


def counter(value=0, fused=False):
    """A state of one element such as ``step``: float32, or float64 where that is the default dtype."""
    wide = not fused and wg.get_default_dtype() == wg.float64
    return wg.tensor(float(value), dtype=wg.float64 if wide else wg.float32)


def zeros(p, names):
    """States of the shape of ``p``, all zero, by name."""
    return {name: wg.zeros_like(p) for name in names.split()}


def pick(given, names):
    """The options of an optimizer: these arguments of its ``__init__``, in torch's order."""
    return {name: given[name] for name in names.split()}


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


def next_step(state):
    """Counts a step; returns the number of steps as a float."""
    return state["step"].add_(1).item()


def learning_rate(group):
    """The rate as a number; in a recorded step a tensor stays one, so that gradients flow to it."""
    return scalar(group["lr"]) if group.get("differentiable") else number(group["lr"])


def with_decay(group, p, grad):
    """The gradient that a rule goes by: turned round to climb, and with the weight decay, unless that shrinks ``p``."""
    if group["maximize"]:
        grad = -grad
    decay = group["weight_decay"]
    if decay == 0:
        return grad
    if group.get("decoupled_weight_decay"):
        p.mul_(1 - learning_rate(group) * decay)
        return grad
    return grad.add(p, alpha=decay)


class RuleOptimizer(Optimizer):
    """An optimizer that updates each parameter by itself, from its gradient and state.

    A subclass defines ``_new_state(group, p, grad)``, the state before the first step, and the static
    ``_update(group, p, grad, state)``, the rule in ops. ``_rule`` names the loop of the core that does the same for
    all parameters at once; it leaves to the ops what is not plain: first steps, strided tensors, tensor options,
    recorded steps. Nothing is kept between steps, because users may replace parameters and state.
    """

    _rule = None
    _added = (("foreach", None), ("maximize", False), ("differentiable", False), ("capturable", False))
    _counters = ("step",)
    _by_parts = True
    _capturable = "params and state_steps"
    _devices = (*_DEVICES, "xla")

    def __setstate__(self, state):
        super().__setstate__(state)
        for group in self.param_groups:
            # Checkpoints of old versions lack options, and hold counters as plain numbers.
            for name, default in self._added:
                group.setdefault(name, default)
            for p in group["params"]:
                entries = self.state.get(p)
                for name in self._counters if entries else ():
                    if not isinstance(entries[name], wg.Tensor):
                        entries[name] = counter(entries[name], group.get("fused"))

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
        if "wengert.sparse._tensor" in sys.modules:
            with _dense_gradients(self):
                self._step_groups()
        else:
            self._step_groups()
        return loss

    def _step_groups(self):
        rule = self._rule
        for group in self.param_groups:
            if rule is None or not _optim_step(rule, group, self.state):
                self._step_in_ops(group)

    def _step_in_ops(self, group):
        with wg.set_grad_enabled(self.defaults.get("differentiable", False)):
            params = [p for p in group["params"] if p.grad is not None]
            self._check_params(params)
            for p in params:
                if not self.state.get(p) and (fresh := self._new_state(group, p, p.grad)):
                    self.state[p].update(fresh)
            self._apply(group, params, [p.grad for p in params], [self.state.get(p, {}) for p in params])

    @classmethod
    def _apply(cls, group, params, grads, states):
        if params and group.get("capturable"):
            raise AssertionError(
                f"If capturable=True, {cls._capturable} must be on supported devices: {list(cls._devices)}."
            )
        for p, grad, state in zip(params, grads, states):
            if cls._by_parts and p.is_complex():
                # The rules are defined on real and imaginary parts.
                p, grad, state = _real(p), _real(grad), {name: _real(value) for name, value in state.items()}
            cls._update(group, p, grad, state)

    def _check_params(self, params):
        pass

    def _check_sparse(self, group):
        """Refuses sparse gradients; the rules that take them say when."""
        raise RuntimeError(f"{type(self).__name__} does not support sparse gradients")

    def _new_state(self, group, p, grad):
        raise NotImplementedError

    @staticmethod
    def _update(group, p, grad, state):
        raise NotImplementedError


@contextlib.contextmanager
def _dense_gradients(optimizer):
    """Sparse gradients as dense ones while an optimizer steps: zeros change nothing in the rules that take them."""
    kept = []
    for group in optimizer.param_groups:
        for p in group["params"]:
            if p.grad is not None and p.grad.is_sparse:
                optimizer._check_sparse(group)
                kept.append((p, p.grad))
                p.grad = p.grad.to_dense()
    try:
        yield
    finally:
        for p, grad in kept:
            p.grad = grad


def _real(value):
    return wg.view_as_real(value) if isinstance(value, wg.Tensor) and value.is_complex() else value


def refuse_complex(name, params):
    """For the rules that look at whole tensors."""
    if any(p.is_complex() for p in params):
        raise RuntimeError(f"{name} does not support complex parameters")
