"""Schedules that follow a curve: constant warm-up, lines, powers and cosines."""

import math

from ._base import FactorLR, LRScheduler


def _swing(low, high, angle):
    """From ``high`` at angle 0 along a cosine to ``low`` at pi."""
    return low + (high - low) * (1 + math.cos(angle)) / 2


class ConstantLR(FactorLR):
    """Rate times ``factor`` for the first ``total_iters`` epochs, then the full rate.

    Args:
        optimizer: the optimizer whose rates are set.
        factor: between 0 and 1.
        total_iters: epochs with the smaller rate.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.lr_scheduler.ConstantLR(opt, factor=0.5)
        >>> schedule.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer, factor=1.0 / 3, total_iters=5, last_epoch=-1):
        if factor > 1.0 or factor < 0:
            raise ValueError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor = factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _change(self):
        if self.last_epoch == 0:
            return self.factor
        return 1.0 / self.factor if self.last_epoch == self.total_iters else None

    def _total(self):
        return self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)


class LinearLR(FactorLR):
    """Rate times a factor that goes on a line from ``start_factor`` to ``end_factor`` in ``total_iters`` epochs.

    Args:
        optimizer: the optimizer whose rates are set.
        start_factor: above 0, at most 1.
        end_factor: between 0 and 1.
        total_iters: epochs until the end.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.lr_scheduler.LinearLR(opt, start_factor=0.5)
        >>> schedule.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer, start_factor=1.0 / 3, end_factor=1.0, total_iters=5, last_epoch=-1):
        if start_factor > 1.0 or start_factor <= 0:
            raise ValueError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if end_factor > 1.0 or end_factor < 0:
            raise ValueError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor = start_factor
        self.end_factor = end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def _change(self):
        if self.last_epoch == 0:
            return self.start_factor
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        rise = self.end_factor - self.start_factor
        return 1.0 + rise / (self.total_iters * self.start_factor + (self.last_epoch - 1) * rise)

    def _total(self):
        done = min(self.total_iters, self.last_epoch)
        return self.start_factor + (self.end_factor - self.start_factor) * done / self.total_iters


class PolynomialLR(FactorLR):
    """Rate falls to zero in ``total_iters`` epochs as ``(1 - epoch / total_iters) ** power``.

    Args:
        optimizer: the optimizer whose rates are set.
        total_iters: epochs until zero.
        power: the power.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.lr_scheduler.PolynomialLR(opt, total_iters=2)
        >>> opt.step()
        >>> schedule.step()
        >>> schedule.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer, total_iters=5, power=1.0, last_epoch=-1):
        self.total_iters = total_iters
        self.power = power
        super().__init__(optimizer, last_epoch)

    def _left(self, epoch):
        return 1.0 - min(self.total_iters, epoch) / self.total_iters

    def _change(self):
        if self._is_initial or self.last_epoch > self.total_iters:
            return None
        return (self._left(self.last_epoch) / self._left(self.last_epoch - 1)) ** self.power

    def _total(self):
        return self._left(self.last_epoch) ** self.power


class CosineAnnealingLR(LRScheduler):
    """Rate swings from the initial one to ``eta_min`` and back along a cosine, half a period in ``T_max`` epochs.

    Args:
        optimizer: the optimizer whose rates are set.
        T_max: epochs from the largest to the smallest rate.
        eta_min: the smallest rate.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=2)
        >>> opt.step()
        >>> schedule.step()
        >>> [round(lr, 6) for lr in schedule.get_last_lr()]
        [0.5]
    """

    def __init__(self, optimizer, T_max, eta_min=0.0, last_epoch=-1):
        self.T_max = T_max
        self.eta_min = eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """The next rate of every group."""
        self._warn_outside_step()
        if self._is_initial:
            return self._present()
        low, epoch, half = self.eta_min, self.last_epoch, self.T_max
        groups = self.optimizer.param_groups
        if self._step_count == 1 and epoch > 0:
            return [_swing(low, base, epoch * math.pi / half) for base in self.base_lrs]
        if (epoch - 1 - half) % (2 * half) == 0:
            # The last rate was the smallest, so the quotient below would divide zero by zero.
            rise = 1 - math.cos(math.pi / half)
            return [g["lr"] + (base - low) * rise / 2 for base, g in zip(self.base_lrs, groups)]
        quotient = (1 + math.cos(math.pi * epoch / half)) / (1 + math.cos(math.pi * (epoch - 1) / half))
        return [quotient * (g["lr"] - low) + low for g in groups]

    def _get_closed_form_lr(self):
        angle = math.pi * self.last_epoch / self.T_max
        return [_swing(self.eta_min, base, angle) for base in self.base_lrs]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Rate falls from the initial one to ``eta_min`` along a cosine, then starts again at the top.

    Args:
        optimizer: the optimizer whose rates are set.
        T_0: epochs until the first restart.
        T_mult: each run is this many times longer than the one before.
        eta_min: the smallest rate.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, T_0=2)
        >>> schedule.step(0.5)
        >>> [round(lr, 6) for lr in schedule.get_last_lr()]
        [0.853553]
    """

    def __init__(self, optimizer, T_0, T_mult=1, eta_min=0.0, last_epoch=-1):
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            message = f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}"
            raise ValueError(message)
        self.T_0 = T_0
        self.T_i = T_0
        self.T_mult = T_mult
        self.eta_min = eta_min
        self.T_cur = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self):
        """The next rate of every group."""
        self._warn_outside_step()
        angle = math.pi * self.T_cur / self.T_i
        return [_swing(self.eta_min, base, angle) for base in self.base_lrs]

    def step(self, epoch=None):
        """Moves to the next epoch, or to ``epoch``, which may be a fraction: call it after every batch.

        Raises:
            ValueError: ``epoch`` is negative.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0
        if epoch is None:
            epoch = self.last_epoch + 1
            self.T_cur = self.T_cur + 1
            if self.T_cur >= self.T_i:
                self.T_cur = self.T_cur % self.T_i
                self.T_i = self.T_i * self.T_mult
        else:
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            self._seek(epoch)
        self.last_epoch = math.floor(epoch)
        self._set_lrs(self._next_lrs())

    def _seek(self, epoch):
        if epoch < self.T_0:
            self.T_i = self.T_0
            self.T_cur = epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            n = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**n - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**n
