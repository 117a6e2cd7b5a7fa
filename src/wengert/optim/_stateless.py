"""An optimizer lent to other parameters and another state for a while."""

from collections import defaultdict
from contextlib import contextmanager

import wengert as wg

_NAME = "swap_in_optimizer_params_and_state"


def _check(fine, message):
    if not fine:
        raise RuntimeError(message)


def _checked_state(state):
    _check(
        isinstance(state, dict),
        f"{_NAME} requires swapin_optim_state['state'] to be a dict mapping packed parameter ids to per-param state "
        f"dicts, got {type(state).__name__}.",
    )
    _check(
        not any(isinstance(key, wg.Tensor) for key in state),
        f"{_NAME} requires optimizer.state_dict()-style state keyed by packed parameter ids.",
    )
    _check(
        all(isinstance(value, dict) for key, value in state.items() if isinstance(key, int)),
        f"{_NAME} requires per-parameter optimizer state entries to be dictionaries.",
    )
    return state


def _checked_groups(optimizer, groups):
    _check(
        isinstance(groups, list),
        f"{_NAME} requires swapin_optim_state['param_groups'] to be a list of param-group dicts, "
        f"got {type(groups).__name__}.",
    )
    _check(
        len(optimizer.param_groups) == len(groups),
        "swapin_optim_state has a different number of parameter groups than the live optimizer.",
    )
    for i, (live, group) in enumerate(zip(optimizer.param_groups, groups)):
        _check(isinstance(group, dict), f"{_NAME} requires each optimizer param group to be a dictionary.")
        numbers = group.get("params")
        _check(
            isinstance(numbers, list) and all(isinstance(number, int) for number in numbers),
            f"{_NAME} requires optimizer.state_dict()-style param_groups[*]['params'] entries keyed by packed "
            "parameter ids.",
        )
        _check(
            len(live["params"]) == len(numbers),
            f"swapin_optim_state param group {i} has a different number of params than the live optimizer param group.",
        )
        new, old = [key for key in group if key not in live], [key for key in live if key not in group]
        _check(
            not new and not old,
            f"{_NAME} requires optimizer.state_dict()-style param group keys to exactly match the live optimizer group "
            f"keys for group {i}. Keys only in swap-in: {new}. Keys only in live: {old}.",
        )
    return groups


@contextmanager
def swap_in_optimizer_params_and_state(optimizer, swapin_parameters, swapin_optim_state):
    """Within the block ``optimizer`` works on other parameters with another state; then it is as before.

    Args:
        optimizer: an optimizer that has a state.
        swapin_parameters: a dict of tensors, in the order of the optimizer's parameters.
        swapin_optim_state: a dict as ``state_dict`` makes it. Its tensors are changed in place; what is assigned
            within the block is dropped.

    Raises:
        RuntimeError: the optimizer has no state yet, or the dict is not of the optimizer's form.

    Example::

        >>> import wengert as wg
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = wg.optim.SGD([x], lr=0.5, momentum=0.9)
        >>> x.grad = wg.ones(1)
        >>> opt.step()
        >>> y = wg.tensor([8.0], requires_grad=True)
        >>> y.grad = wg.ones(1)
        >>> with wg.optim.swap_in_optimizer_params_and_state(opt, {"y": y}, opt.state_dict()):
        ...     opt.step()
        >>> x.item(), y.item()
        (0.5, 7.050000190734863)
    """
    _check(optimizer.state, f"{_NAME} requires initialized optimizer state.")
    _check(isinstance(swapin_optim_state, dict), f"{_NAME} requires a DCP-style optimizer state_dict.")
    packed = _checked_state(swapin_optim_state.get("state"))
    groups = _checked_groups(optimizer, swapin_optim_state.get("param_groups"))
    numbers = [number for group in groups for number in group["params"]]
    params = list(swapin_parameters.values())
    _check(
        len(numbers) <= len(params),
        f"{_NAME} requires the explicit parameter state to match optimizer.param_groups ordering.",
    )
    extra = [key for key in packed if key not in numbers]
    _check(
        not extra,
        f"{_NAME} requires swapin_optim_state['state'] to be keyed only by packed parameter ids from "
        f"param_groups[*]['params']; got extra keys {extra!r}.",
    )
    state, before = optimizer.state, [dict(group) for group in optimizer.param_groups]
    rest = iter(params)
    try:
        optimizer.state = defaultdict(dict, {p: dict(packed.get(n, {})) for p, n in zip(params, numbers)})
        for live, group in zip(optimizer.param_groups, groups):
            live.update(group, params=[next(rest) for _ in group["params"]])
        yield
    finally:
        for live, old in zip(optimizer.param_groups, before):
            live.clear()
            live.update(old)
        optimizer.state = state
