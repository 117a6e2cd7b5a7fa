"""torch.distributed: can be imported, says that it is not available, and refuses when used."""

import enum
import os
import types

from ._facade.refusal import refuse

__path__ = []
_REASON = "wengert trains in one process; torch.distributed.is_available() is False"
_REFUSED = """
all_gather all_gather_into_tensor all_gather_object all_reduce all_to_all all_to_all_single barrier broadcast
broadcast_object_list gather gather_object init_device_mesh init_process_group irecv isend monitored_barrier new_group
recv reduce reduce_scatter reduce_scatter_tensor scatter scatter_object_list send get_backend batch_isend_irecv
"""
globals().update({name: refuse(f"torch.distributed.{name}", _REASON) for name in _REFUSED.split()})


class ReduceOp(enum.IntEnum):
    """Ways to combine tensors of several processes."""

    SUM = 0
    AVG = 1
    PRODUCT = 2
    MIN = 3
    MAX = 4


class ProcessGroup:
    """A group of processes."""


class DeviceMesh:
    """A grid of processes: the name for annotations and isinstance; making one is refused."""

    __init__ = refuse("torch.distributed.DeviceMesh", _REASON)


class FSDPModule:
    """A module whose parameters are spread over processes: no module is one."""


class MixedPrecisionPolicy:
    """In which dtypes such a module computes: the name for annotations; making one is refused."""

    __init__ = refuse("torch.distributed.fsdp.MixedPrecisionPolicy", _REASON)


def _room(name, **parts):
    module = types.ModuleType(f"{__name__}.{name}", "Names of torch.distributed for annotations and isinstance.")
    vars(module).update(parts)
    return module


device_mesh = _room("device_mesh", DeviceMesh=DeviceMesh, init_device_mesh=globals()["init_device_mesh"])
fsdp = _room(
    "fsdp",
    FSDPModule=FSDPModule,
    MixedPrecisionPolicy=MixedPrecisionPolicy,
    fully_shard=refuse("torch.distributed.fsdp.fully_shard", _REASON),
)


class group:
    """The group of all processes."""

    WORLD = None


GroupMember = group


def is_available():
    """False.

    >>> is_available()
    False
    """
    return False


def is_initialized():
    """False."""
    return False


def is_nccl_available():
    """False."""
    return False


is_gloo_available = is_mpi_available = is_ucc_available = is_xccl_available = is_nccl_available


def is_torchelastic_launched():
    """Whether torchrun started this process."""
    return os.environ.get("TORCHELASTIC_RUN_ID") is not None


def get_rank(group=None):
    """Refuse, in torch's words for a process without a group."""
    raise ValueError("Default process group has not been initialized, please make sure to call init_process_group.")


get_world_size = get_rank


def destroy_process_group(group=None):
    """Nothing to destroy."""
