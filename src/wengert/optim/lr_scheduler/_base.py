"""The base class of learning-rate schedules, and how they read and write parameter groups."""

import warnings
from functools import wraps
from weakref import ref

import wengert as wg

from ..optimizer import Optimizer

EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being "
    "deprecated where possible. Please use `scheduler.step()` to step the "
    "scheduler. During the deprecation, if epoch is different from None, the "
    "closed form is used instead of the new chainable form, where available. "
    "Please open an issue if you are unable to replicate your use case: "
    "https://github.com/pytorch/pytorch/issues/new/choose."
)
_HOW_TO = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def check_optimizer(optimizer):
    """Refuses anything that is not an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def copied(value):
    """A tensor is copied, so that a stored rate does not follow later changes in place."""
    return value.clone() if isinstance(value, wg.Tensor) else value


def per_group(name, optimizer, value):
    """One value for each parameter group, from one value or a list of them."""
    if isinstance(value, (list, tuple)):
        if len(value) != len(optimizer.param_groups):
            raise ValueError(
                f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
                f"param_groups has {len(optimizer.param_groups)}."
            )
    else:
        value = [value] * len(optimizer.param_groups)
    return [copied(v) for v in value]


def group_values(optimizer, key):
    """The present value of an option in every group."""
    return [copied(group[key]) for group in optimizer.param_groups]


def set_value(group, key, value):
    """Sets an option of a group; a tensor is filled in place, so that others who hold it see the change."""
    if isinstance(group[key], wg.Tensor):
        group[key].fill_(value.squeeze() if isinstance(value, wg.Tensor) else value)
    else:
        group[key] = value


def call_state(fn):
    """What a checkpoint keeps of a function of the user: the attributes of a callable object, else nothing."""
    from types import FunctionType

    return None if fn is None or isinstance(fn, FunctionType) else fn.__dict__.copy()


def _watch_step(optimizer):
    """Wraps ``optimizer.step`` so that the scheduler can tell whether it was called."""
    step = optimizer.step
    if hasattr(step, "_wrapped_by_lr_sched"):
        return
    function = step.__func__
    # Weak: the wrapper is stored on the optimizer itself and must not keep it alive.
    owner = ref(optimizer)

    @wraps(function)
    def watched(*args, **kwargs):
        opt = owner()
        opt._opt_called = True
        return function(opt, *args, **kwargs)

    watched._wrapped_by_lr_sched = True
    optimizer.step = watched


class LRScheduler:
    """Base class of schedules; a subclass defines ``get_lr``, which returns the next rate of every group.

    Args:
        optimizer: the optimizer whose rates are set.
        last_epoch: the index of the last epoch when resuming, -1 for a fresh start.

    Raises:
        TypeError: ``optimizer`` is not an Optimizer.
        KeyError: resuming, but a group has no ``initial_lr``.

    Example::

        >>> import wengert as wg
        >>> from wengert.optim.lr_scheduler import LRScheduler
        >>> class Halving(LRScheduler):
        ...     def get_lr(self):
        ...         return [lr * 0.5**self.last_epoch for lr in self.base_lrs]
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = Halving(opt)
        >>> opt.step()
        >>> schedule.step()
        >>> schedule.get_last_lr()
        [0.5]
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer, last_epoch=-1):
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with "
                    "last_epoch >= 0.\nThis typically happens when:\n"
                    "1. You're trying to resume training from a checkpoint but haven't properly loaded the "
                    "optimizer state\n"
                    "2. You're using last_epoch >= 0 for a fresh training run (not recommended)"
                )
        self.base_lrs = group_values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        _watch_step(optimizer)
        self._initial_step()

    def _initial_step(self):
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self):
        """Everything but the optimizer, as a dict."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Takes over a dict made by ``state_dict``, of this library or of torch."""
        self.__dict__.update(state_dict)

    def get_last_lr(self):
        """The rates that the last ``step`` set, one for each group."""
        return self._last_lr

    def get_lr(self):
        """Computes the next rates; called by ``step``."""
        raise NotImplementedError

    def step(self, epoch=None):
        """Moves to the next epoch, or to ``epoch`` (deprecated), and sets the rates."""
        if self._step_count == 1:
            if not hasattr(self.optimizer.step, "_wrapped_by_lr_sched"):
                warnings.warn(
                    "Seems like `optimizer.step()` has been overridden after learning rate scheduler "
                    "initialization. Please, make sure to call `optimizer.step()` before "
                    f"`lr_scheduler.step()`. {_HOW_TO}",
                    UserWarning,
                    stacklevel=2,
                )
            elif not getattr(self.optimizer, "_opt_called", False):
                warnings.warn(
                    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. "
                    "In PyTorch 1.1.0 and later, you should call them in the opposite order: "
                    "`optimizer.step()` before `lr_scheduler.step()`.  Failure to do this "
                    "will result in PyTorch skipping the first value of the learning rate schedule. "
                    f"{_HOW_TO}",
                    UserWarning,
                    stacklevel=2,
                )
        self._step_count += 1
        if epoch is not None:
            warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _next_lrs(self, closed_form=False):
        self._get_lr_called_within_step = True
        try:
            if closed_form and hasattr(self, "_get_closed_form_lr"):
                return self._get_closed_form_lr()
            return self.get_lr()
        finally:
            self._get_lr_called_within_step = False

    def _set_lrs(self, lrs):
        for group, lr in zip(self.optimizer.param_groups, lrs):
            set_value(group, "lr", lr)
        self._last_lr = group_values(self.optimizer, "lr")

    def _update_lr(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._set_lrs(self._next_lrs(closed_form=epoch is not None))

    def _warn_outside_step(self):
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _present(self):
        return group_values(self.optimizer, "lr")

    def _scaled(self, factor):
        return [group["lr"] * factor for group in self.optimizer.param_groups]


class FactorLR(LRScheduler):
    """A schedule by factors: ``_change()`` takes the last rate to the next, ``_total()`` the initial rate to this one."""

    def get_lr(self):
        """The next rate of every group."""
        self._warn_outside_step()
        factor = self._change()
        return self._present() if factor is None else self._scaled(factor)

    def _get_closed_form_lr(self):
        total = self._total()
        return [base * total for base in self.base_lrs]

    def _change(self):
        """The factor of this epoch; None to leave the rates alone."""
        raise NotImplementedError

    def _total(self):
        """The product of all factors until this epoch, in closed form."""
        raise NotImplementedError


class _LRScheduler(LRScheduler):
    """The name of the base class in old programs."""
