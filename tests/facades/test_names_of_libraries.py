"""Names that third-party libraries take from torch when they are imported."""

import subprocess
import sys

import pytest

import wengert as wg
from wengert.overrides import TorchFunctionMode, resolve_name


class Placed(wg.nn.Parameter):
    """A parameter with an option of its own, as geometry libraries have."""

    def __new__(cls, data, requires_grad=True, place=None):
        made = wg.Tensor._make_subclass(cls, data, requires_grad)
        made.place = place
        return made


def test_a_parameter_class_may_have_its_own_arguments():
    assert Placed(wg.ones(2), place="sphere").place == "sphere"


def test_limits_of_types_known_by_name():
    limits = wg.finfo(wg.float8_e4m3fn)
    assert (limits.bits, limits.max, limits.min, limits.tiny) == (8, 448.0, -448.0, 0.015625)
    assert wg.finfo(wg.float8_e8m0fnu).min == 2.0**-127


def test_names():
    from wengert._subclasses import FakeTensor, is_fake

    assert not is_fake(wg.ones(1)) and not isinstance(wg.ones(1), FakeTensor)
    assert wg.Future[int].__origin__ is wg.futures.Future
    assert isinstance(wg.Tensor, wg._C._TensorMeta)


def test_names_can_be_resolved_within_a_mode():
    found = []

    class Names(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            found.append(resolve_name(func))
            return func(*args, **(kwargs or {}))

    with Names():
        wg.nn.functional.relu(wg.ones(2))
    assert found[0] == "torch.ones" and "torch.nn.functional.relu" in found


def test_types_of_values_in_containers():
    from typing import Optional

    from wengert.jit import isinstance as is_a

    assert is_a([1, 2], list[int]) and not is_a([1, "a"], list[int])
    assert is_a({"a": 1}, dict[str, int]) and is_a((1, "a"), tuple[int, str]) and not is_a((1,), tuple[int, str])
    assert is_a(None, Optional[int]) and is_a(2, int | None) and not is_a("a", Optional[int])  # noqa: UP045


def test_quantised_values_have_the_gradient_of_the_identity_inside():
    x = wg.tensor([[0.05, 0.26, 9.0], [-0.26, -9.0, 0.1]], requires_grad=True)
    wg.fake_quantize_per_tensor_affine(x, 0.1, 0, -8, 7).sum().backward()
    assert x.grad.tolist() == [[1.0, 1.0, 0.0], [1.0, 0.0, 1.0]]
    channels = wg.fake_quantize_per_channel_affine(x, wg.tensor([0.1, 0.5]), wg.tensor([0, 1]).int(), 0, -8, 7)
    wg.testing.assert_close(channels.detach(), wg.tensor([[0.0, 0.3, 0.7], [-0.5, -4.5, 0.0]]))


def test_the_class_of_errors_of_linear_algebra_has_its_name():
    assert wg.linalg.LinAlgError is wg._C._LinAlgError and wg.linalg.LinAlgError.__name__ == "_LinAlgError"


def test_only_scripted_modules_are_script_modules():
    plain, scripted = wg.nn.Linear(1, 1), wg.jit.script(wg.nn.Linear(1, 1))
    assert not isinstance(plain, wg.jit.ScriptModule) and isinstance(scripted, wg.jit.ScriptModule)

    class Own(wg.jit.ScriptModule):
        def __init__(self):
            super().__init__()
            self.inner = wg.nn.Linear(2, 1)

    own = Own()
    assert isinstance(own, wg.jit.ScriptModule) and isinstance(own, wg.nn.Module) and own.original_name == "Own"
    assert own.inner(wg.ones(3, 2)).shape == (3, 1)


def test_private_modules_that_libraries_import():
    from wengert._C import Value  # noqa: F401 (spiking networks)
    from wengert._vmap_internals import _vmap
    from wengert.cuda.random import set_rng_state_all  # noqa: F401 (attacks)
    from wengert.utils._foreach_utils import _group_tensors_by_device_and_dtype, _has_foreach_support

    total, nothing = _vmap(lambda x: (x.sum(), None), allow_none_pass_through=True)(wg.ones(2, 3))
    assert total.tolist() == [3, 3] and nothing is None
    with pytest.raises(ValueError, match="must only return Tensors, got type <class 'NoneType'>"):
        _vmap(lambda x: (x.sum(), None))(wg.ones(2, 3))
    a, b = wg.ones(1), wg.ones(1, dtype=wg.float64)
    groups = _group_tensors_by_device_and_dtype([[a, b, a], [], [b, a, None]], with_indices=True)
    assert list(groups) == [(a.device, wg.float32), (a.device, wg.float64)]
    (first, _, third), positions = groups[a.device, wg.float32]
    assert first[0] is a and third == [b, None] and positions == [0, 2]
    assert _has_foreach_support([a, None], a.device) and not _has_foreach_support([wg.nn.Parameter(a)], a.device)


def test_meshes_of_processes_can_be_named():
    assert not isinstance(1, wg.distributed.device_mesh.DeviceMesh)
    with pytest.raises(NotImplementedError, match="is not in wengert"):
        wg.distributed.DeviceMesh("cpu", [0])
    assert not isinstance(wg.nn.Linear(1, 1), wg.distributed.fsdp.FSDPModule)
    with pytest.raises(NotImplementedError, match="is not in wengert"):
        wg.distributed.fsdp.MixedPrecisionPolicy()


def test_memory_is_not_pinned_without_a_device():
    with pytest.raises(RuntimeError, match="^Cannot access accelerator device when none is available.$"):
        wg.ops.aten._pin_memory.default(wg.ones(2))


def test_lists_take_numbers_for_extremes():
    rows = [wg.tensor([1.0, float("nan")]), wg.tensor([3.0])]
    assert wg._foreach_maximum(rows, 2.0)[1].tolist() == [3] and wg._foreach_minimum(rows, [0.0, 2.0])[1].tolist() == [
        2
    ]
    assert wg._foreach_maximum_(rows, [wg.zeros(2), wg.ones(1) * 4]) is rows
    assert rows[0][0] == 1 and rows[0][1].isnan() and rows[1].tolist() == [4]


def test_unit_vectors_for_several_tensors():
    a, b = wg.autograd.functional._construct_standard_basis_for((wg.ones(2), wg.ones(1, dtype=wg.float64)), (2, 1))
    assert a.tolist() == [[1, 0], [0, 1], [0, 0]] and b.tolist() == [[0], [0], [1]] and b.dtype == wg.float64


def test_private_rooms_of_distributed_can_be_imported_but_not_used(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "from torch.distributed._composable.fsdp import FSDPModule\n"
        "from torch.distributed._tensor.experimental import implicit_replication\n"
        "print(isinstance(1, (int, FSDPModule)), isinstance(None, FSDPModule))\n"
        "implicit_replication()\n"
    )
    run = subprocess.run([sys.executable, "-m", "wengert", "run", str(program)], capture_output=True, text=True)
    assert run.stdout == "True False\n" and "implicit_replication is not in wengert" in run.stderr
