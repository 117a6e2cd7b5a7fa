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
