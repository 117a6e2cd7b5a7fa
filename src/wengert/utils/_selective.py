"""Checkpoints that keep the results of some ops: policies, and the two modes that ask them."""

import enum
from collections import defaultdict

from .. import _core
from ..ops.namespaces import Overload, aten
from ._python_dispatch import TorchDispatchMode
from ._pytree import tree_map

__all__ = [
    "SAC_IGNORED_OPS",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "create_selective_checkpoint_contexts",
]

SAC_IGNORED_OPS = {aten.detach.default}  # always computed: they make nothing new


class CheckpointPolicy(enum.Enum):
    """What is done with the result of an op: kept, or computed again; there is nothing to offload it to."""

    MUST_SAVE = 0
    PREFER_SAVE = 1
    MUST_RECOMPUTE = 2
    PREFER_RECOMPUTE = 3
    MUST_CPU_OFFLOAD = 4
    PREFER_CPU_OFFLOAD = 5


_KEPT = (CheckpointPolicy.MUST_SAVE, CheckpointPolicy.PREFER_SAVE)
_COMPUTED, _TAKEN = "computed again", "taken"  # what stands for a result that is not kept, or not any more
_MISMATCH = (
    "This can happen if the operations in the checkpointed region are nondeterministic or depend on global state that changed between "
    "forward and backward."
)


class SelectiveCheckpointContext:
    """What a policy is told besides the op: its result, op_output. is_recompute is False: only the first computation asks."""

    def __init__(self, *, is_recompute, op_output=None):
        self.is_recompute, self.op_output = is_recompute, op_output


class _Copy:
    """A result and the version at which it was kept."""

    def __init__(self, value):
        self.tensor = isinstance(value, _core.Tensor)
        self.val = value.detach() if self.tensor else value
        self.version = value._version if self.tensor else None

    def get(self, may_have_changed):
        if self.tensor and not may_have_changed and self.val._version != self.version:
            raise RuntimeError("Tensor cached during selective activation checkpoint has been mutated")
        return self.val


class _CachingTorchDispatchMode(TorchDispatchMode):
    """The first computation: keeps what the policy says, by op, in the order of its calls."""

    def __init__(self, policy, storage):
        self.policy, self.storage = policy, storage

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        if func not in SAC_IGNORED_OPS:
            policy = self.policy(SelectiveCheckpointContext(is_recompute=False, op_output=out), func, *args, **kwargs)
            kept = policy if isinstance(policy, bool) else policy in _KEPT
            self.storage[func].append(tree_map(_Copy, out) if kept else _COMPUTED)
        return out


class _CachedTorchDispatchMode(TorchDispatchMode):
    """The second computation: takes what was kept."""

    def __init__(self, policy, storage, may_have_changed):
        self.storage, self.may_have_changed = storage, may_have_changed
        self.calls = defaultdict(int)

    def __enter__(self):
        self.calls.clear()
        return super().__enter__()

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func in SAC_IGNORED_OPS:
            return func(*args, **kwargs)
        at, kept = self.calls[func], self.storage.get(func)
        self.calls[func] += 1
        if kept is None:
            raise RuntimeError(f"{func} encountered during backward but not found in storage. {_MISMATCH}")
        if at >= len(kept):
            raise RuntimeError(
                f"{func} invocation index {at} encountered during backward but not found in storage. {_MISMATCH}"
            )
        if kept[at] is _TAKEN:
            raise RuntimeError(
                "Trying to backward an extra time. You are only allowed to backward once on any region computed under "
                "selective activation checkpoint."
            )
        if kept[at] is _COMPUTED:
            return func(*args, **kwargs)
        found, kept[at] = kept[at], _TAKEN
        return tree_map(lambda copy: copy.get(self.may_have_changed), found)


def create_selective_checkpoint_contexts(policy_fn_or_list, allow_cache_entry_mutation=False):
    """Two modes for checkpoint's context_fn: the results of the ops that are chosen are kept, not computed again.

    policy_fn_or_list: overloads whose results are kept, or a function of (context, op, *args, **kwargs) that gives a
    CheckpointPolicy; allow_cache_entry_mutation: kept results may be written in place meanwhile. TypeError and
    ValueError for anything else.

    >>> import functools
    >>> import wengert
    >>> from wengert.utils.checkpoint import checkpoint
    >>> context = functools.partial(create_selective_checkpoint_contexts, [wengert.ops.aten.exp.default])
    >>> x = wengert.ones(1, requires_grad=True)
    >>> checkpoint(lambda x: x.exp().sin(), x, use_reentrant=False, context_fn=context).backward()
    >>> x.grad
    tensor([-2.4783])
    """
    policy = policy_fn_or_list
    if isinstance(policy, list):
        for op in policy:
            if not isinstance(op, Overload):
                packet = type(op).__name__ == "Packet"
                hint = (
                    "Please update the OpOverloadPacket to a specific OpOverload.For example, if you have `torch.ops.aten.mm`, "
                    "change it to `torch.ops.aten.mm.default`."
                )
                raise ValueError(
                    f"Expected op in `op_list` to be an OpOverload but got: {op} of type {type(op)}. {hint if packet else ''}"
                )
        chosen = policy_fn_or_list

        def policy(context, op, *args, **kwargs):
            return CheckpointPolicy.MUST_SAVE if op in chosen else CheckpointPolicy.PREFER_RECOMPUTE

    elif not callable(policy):
        raise TypeError("policy_fn_or_list must be either a function or a list of ops.")
    storage = defaultdict(list)
    return _CachingTorchDispatchMode(policy, storage), _CachedTorchDispatchMode(
        policy, storage, allow_cache_entry_mutation
    )
