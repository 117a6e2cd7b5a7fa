"""Optimizer state to plain dicts and back: parameters are replaced by their running number over all groups."""

from collections import defaultdict
from copy import deepcopy

import wengert as wg


def pack(groups, state):
    """Returns the checkpoint dict of ``groups`` and ``state``; tensors are shared, not copied."""
    number = {}
    packed_groups = []
    start = 0
    for group in groups:
        params = group["params"]
        for i, p in enumerate(params, start):
            number.setdefault(id(p), i)
        packed = {key: value for key, value in group.items() if key != "params"}
        packed["params"] = [number[id(p)] for p in params]
        packed_groups.append(packed)
        start += len(params)
    packed_state = {(number[id(k)] if isinstance(k, wg.Tensor) else k): v for k, v in state.items()}
    return {"state": packed_state, "param_groups": packed_groups}


def unpack(groups, state_dict):
    """Returns ``(state, param_groups)`` for an optimizer whose present groups are ``groups``."""
    saved = deepcopy(state_dict["param_groups"])
    if len(groups) != len(saved):
        raise ValueError("loaded state dict has a different number of parameter groups")
    if any(len(group["params"]) != len(other["params"]) for group, other in zip(groups, saved)):
        raise ValueError(
            "loaded state dict contains a parameter group that doesn't match the size of optimizer's group"
        )
    owner = {}
    for group, other in zip(groups, saved):
        for p, number in zip(group["params"], other["params"]):
            owner[number] = (p, other)
    state = defaultdict(dict)
    for key, value in state_dict["state"].items():
        if key in owner:
            param, group = owner[key]
            on_device = bool(group.get("fused", False) or group.get("capturable", False))
            state[param] = _cast(value, param, on_device)
        else:
            state[key] = value
    for group, other in zip(groups, saved):
        other["params"] = group["params"]
        if "param_names" in group:
            other.setdefault("param_names", group["param_names"])
    return state, saved


def _cast(value, param, on_device, key=None):
    """Copies nested containers, casting the tensors in them to what ``param`` needs."""
    if isinstance(value, wg.Tensor):
        if key == "step":
            # Step counters stay as they are, float32 or float64, except where torch would move them to the device.
            return value.to(dtype=wg.float32, device=param.device) if on_device else value
        if param.is_floating_point():
            return value.to(dtype=param.dtype, device=param.device)
        return value.to(device=param.device)
    if isinstance(value, dict):
        return {k: _cast(v, param, on_device, k) for k, v in value.items()}
    if hasattr(value, "__iter__") and not isinstance(value, str):
        return type(value)(_cast(v, param, on_device) for v in value)
    return value
