"""Averages of weights over training: stochastic weight averaging and exponential moving averages."""

import math
from copy import deepcopy
from itertools import chain

import wengert as wg
from wengert.nn import Module

from ._rule import number
from .lr_scheduler._base import LRScheduler, per_group

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay):
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def _continuous(t):
    return t.is_floating_point() or t.is_complex()


def get_ema_multi_avg_fn(decay=0.999):
    """A function of (averages, present values, count) that moves lists of averages by ``1 - decay``, in place.

    Example::

        >>> import wengert as wg
        >>> mean = wg.zeros(1)
        >>> wg.optim.swa_utils.get_ema_multi_avg_fn(0.75)([mean], [wg.ones(1)], None)
        >>> mean
        tensor([0.2500])
    """
    _check_decay(decay)

    @wg.no_grad()
    def ema_update(ema_param_list, current_param_list, _):
        lerp = _continuous(ema_param_list[0])
        for mean, value in zip(ema_param_list, current_param_list):
            if lerp:
                mean.lerp_(value, 1 - decay)
            else:
                mean.copy_(mean * decay + value * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn():
    """A function of (averages, present values, count) that makes lists of averages running means, in place.

    Example::

        >>> import wengert as wg
        >>> mean = wg.zeros(1)
        >>> wg.optim.swa_utils.get_swa_multi_avg_fn()([mean], [wg.ones(1)], 1)
        >>> mean
        tensor([0.5000])
    """

    @wg.no_grad()
    def swa_update(averaged_param_list, current_param_list, num_averaged):
        lerp = _continuous(averaged_param_list[0])
        for mean, value in zip(averaged_param_list, current_param_list):
            if lerp:
                mean.lerp_(value, number(1 / (num_averaged + 1)))
            else:
                mean.add_((value - mean) / (num_averaged + 1))

    return swa_update


def get_ema_avg_fn(decay=0.999):
    """A function of (average, present value, count) that returns the exponential moving average.

    Example::

        >>> import wengert as wg
        >>> wg.optim.swa_utils.get_ema_avg_fn(0.75)(wg.zeros(1), wg.ones(1), None)
        tensor([0.2500])
    """
    _check_decay(decay)

    @wg.no_grad()
    def ema_update(ema_param, current_param, num_averaged):
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn():
    """A function of (average, present value, count) that returns the running mean.

    Example::

        >>> import wengert as wg
        >>> wg.optim.swa_utils.get_swa_avg_fn()(wg.zeros(1), wg.ones(1), 1)
        tensor([0.5000])
    """

    @wg.no_grad()
    def swa_update(averaged_param, current_param, num_averaged):
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


class AveragedModel(Module):
    """A copy of a model whose parameters are averages of those of the model.

    Args:
        model: the model to copy.
        device: where the copy lives; that of the model when None.
        avg_fn: a function of (average, present value, count) that returns the next average; running mean when None.
        multi_avg_fn: the same for lists, in place; only one of the two may be given.
        use_buffers: average buffers too, instead of copying them.

    Example::

        >>> import wengert as wg
        >>> model = wg.nn.Linear(2, 1)
        >>> averaged = wg.optim.swa_utils.AveragedModel(model)
        >>> averaged.update_parameters(model)
        >>> averaged.n_averaged
        tensor(1)
    """

    def __init__(self, model, device=None, avg_fn=None, multi_avg_fn=None, use_buffers=False):
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", wg.tensor(0, dtype=wg.long, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args, **kwargs):
        """Runs the averaged model."""
        return self.module(*args, **kwargs)

    def _pairs(self, model):
        if self.use_buffers:
            means = chain(self.module.parameters(), self.module.buffers())
            values = chain(model.parameters(), model.buffers())
        else:
            means, values = self.parameters(), model.parameters()
        return [(mean.detach(), value.detach().to(mean.device)) for mean, value in zip(means, values)]

    def update_parameters(self, model):
        """Takes the present parameters of ``model`` into the averages."""
        pairs = self._pairs(model)
        if self.n_averaged == 0:
            for mean, value in pairs:
                mean.copy_(value)
        elif self.multi_avg_fn is not None:
            # As in torch a list holds tensors of one dtype.
            for dtype in dict.fromkeys(mean.dtype for mean, _ in pairs):
                same = [pair for pair in pairs if pair[0].dtype == dtype]
                self.multi_avg_fn([mean for mean, _ in same], [value for _, value in same], self.n_averaged)
        else:
            average = self.avg_fn or get_swa_avg_fn()
            for mean, value in pairs:
                mean.copy_(average(mean, value, self.n_averaged))
        if not self.use_buffers:
            for mean, value in zip(self.module.buffers(), model.buffers()):
                mean.detach().copy_(value.detach().to(mean.device))
        self.n_averaged += 1


@wg.no_grad()
def update_bn(loader, model, device=None):
    """Computes the running statistics of all BatchNorm layers anew in one pass over ``loader``.

    Args:
        loader: batches; of a tuple or list the first element is the input.
        model: the model.
        device: moves the inputs there, if given.

    Example::

        >>> import wengert as wg
        >>> model = wg.nn.BatchNorm1d(2)
        >>> wg.optim.swa_utils.update_bn([wg.zeros(4, 2)], model)
        >>> model.running_mean
        tensor([0., 0.])
    """
    from wengert.nn.modules.batchnorm import _BatchNorm

    momenta = {}
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        # Without momentum the statistics are plain averages over all batches.
        module.momentum = None
    for batch in loader:
        if isinstance(batch, (list, tuple)):
            batch = batch[0]
        if device is not None:
            batch = batch.to(device)
        model(batch)
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


def _initial_lr(lr, swa_lr, alpha):
    return swa_lr if alpha == 1 else (lr - alpha * swa_lr) / (1 - alpha)


class SWALR(LRScheduler):
    """Moves the rate to ``swa_lr`` and keeps it there.

    Args:
        optimizer: the optimizer whose rates are set.
        swa_lr: the last rate, or a list of one for each group.
        anneal_epochs: epochs until it is reached.
        anneal_strategy: ``"cos"`` or ``"linear"``.
        last_epoch: -1, or where to resume.

    Example::

        >>> import wengert as wg
        >>> opt = wg.optim.SGD([wg.zeros(1, requires_grad=True)], lr=1.0)
        >>> schedule = wg.optim.swa_utils.SWALR(opt, swa_lr=0.5, anneal_epochs=1)
        >>> opt.step()
        >>> schedule.step()
        >>> schedule.get_last_lr()
        [0.5]
    """

    def __init__(self, optimizer, swa_lr, anneal_epochs=10, anneal_strategy="cos", last_epoch=-1):
        for lr, group in zip(per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def _alpha(self, step):
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2

    def get_lr(self):
        """The next rate of every group."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        # Undo the last mixture first: rates may have been changed by others in between.
        before, alpha = self._alpha(step - 1), self._alpha(step)
        lrs = []
        for group in self.optimizer.param_groups:
            initial = _initial_lr(group["lr"], group["swa_lr"], before)
            lrs.append(group["swa_lr"] * alpha + initial * (1 - alpha))
        return lrs
