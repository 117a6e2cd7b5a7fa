"""Global settings are kept, checked as torch checks them, and torch.__version__ compares as a version."""

import pytest

import wengert as torch
from wengert.torch_version import TorchVersion


@pytest.fixture(autouse=True)
def defaults():
    yield
    torch.set_default_dtype(torch.float32)
    torch.set_deterministic_debug_mode(0)
    torch.set_float32_matmul_precision("highest")


@pytest.mark.filterwarnings("ignore:torch.set_default_tensor_type")
def test_default_dtype():
    torch.set_default_dtype(torch.float64)
    assert torch.tensor(1.0).dtype is torch.float64 and torch.zeros(1).dtype is torch.float64
    torch.set_default_tensor_type(torch.FloatTensor)
    assert torch.tensor(1.0).dtype is torch.float32
    torch.set_default_tensor_type("torch.DoubleTensor")
    assert torch.tensor(1.0).dtype is torch.float64
    for wrong in (torch.int32, torch.int64):
        with pytest.raises(TypeError, match="only floating-point types are supported as the default type"):
            torch.set_default_dtype(wrong)
    with pytest.raises(TypeError, match="invalid dtype object: only floating-point types are supported as the default"):
        torch.set_default_dtype("x")
    with pytest.raises(TypeError, match=r"type torch\.cuda\.FloatTensor not available"):
        torch.set_default_tensor_type("torch.cuda.FloatTensor")


def test_determinism_and_precision():
    torch.use_deterministic_algorithms(True)
    assert torch.are_deterministic_algorithms_enabled() and torch.get_deterministic_debug_mode() == 2
    torch.use_deterministic_algorithms(True, warn_only=True)
    assert torch.is_deterministic_algorithms_warn_only_enabled()
    torch.set_deterministic_debug_mode("error")
    assert torch.get_deterministic_debug_mode() == 2
    for wrong, message in ((5, "expected 0, 1, or 2, but got 5"), ("x", "expected one of `default`, `warn`, `error`")):
        with pytest.raises(RuntimeError, match=message):
            torch.set_deterministic_debug_mode(wrong)
    torch.set_float32_matmul_precision("medium")
    assert torch.get_float32_matmul_precision() == "medium"


def test_devices_and_threads():
    torch.set_default_device("cpu")
    assert torch.get_default_device() == torch.device("cpu")
    with pytest.raises(AssertionError, match="Torch not compiled with CUDA enabled"):
        torch.set_default_device("cuda")
    assert torch.get_num_interop_threads() >= 1
    with pytest.raises(RuntimeError, match="set_num_interop_threads expects a positive integer"):
        torch.set_num_interop_threads(0)


def test_names_of_types():
    assert torch.typename(torch.ones(1)) == "torch.FloatTensor" and torch.typename(3) == "int"
    assert torch.typename(torch.nn.Linear) == "torch.nn.modules.linear.Linear"
    assert issubclass(torch.OutOfMemoryError, RuntimeError) and torch.Storage is torch.FloatStorage


def test_functions_that_torch_also_has_outside_functional():
    x = torch.arange(8.0).view(1, 2, 4)
    assert torch.max_pool1d(x, 2).tolist() == [[[1, 3], [5, 7]]]
    values, places = torch.adaptive_max_pool1d(x, 2)
    assert values.tolist() == [[[1, 3], [5, 7]]] and places.tolist() == [[[1, 3], [1, 3]]]
    assert torch.pixel_shuffle(torch.ones(1, 4, 1, 1), 2).shape == (1, 1, 2, 2)
    anchor, positive, negative = torch.zeros(3, 2), torch.ones(3, 2), torch.zeros(3, 2)
    expected = torch.nn.functional.triplet_margin_loss(anchor, positive, negative, reduction="sum")
    assert torch.triplet_margin_loss(anchor, positive, negative, reduction=2).item() == expected.item()


@pytest.mark.parametrize(
    "left, right, order",
    [
        ("2.13.0", "2.4", 1),
        ("2.13.0+wengert.0.1.0", "2.13", 0),
        ("2.13.0", (2, 4), 1),
        ("2.13.0", (3,), -1),
        ("1.9", "1.10", -1),
        ("2.13.0a0", "2.13.0", -1),
        ("2.13.0rc1", "2.12", 1),
        ("2.13.0", "2.13.0.dev2026", 1),
    ],
)
def test_versions_compare_as_versions(left, right, order):
    version = TorchVersion(left)
    assert (version > right, version == right, version < right) == (order > 0, order == 0, order < 0)
    assert (version >= right, version != right, version <= right) == (order >= 0, order != 0, order <= 0)


def test_the_version():
    assert isinstance(torch.__version__, TorchVersion) and torch.__version__ >= "2.4" and torch.__version__ >= (2, 13)
    assert torch.__version__.split("+")[0] == "2.13.0" and {torch.__version__: 1}[str(torch.__version__)] == 1
