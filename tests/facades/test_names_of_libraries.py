"""Names that third-party libraries take from torch when they are imported."""

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
