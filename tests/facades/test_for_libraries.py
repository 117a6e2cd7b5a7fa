"""Small names that widely used libraries ask for when they are imported: torchvision, timm, monai, fastai, transformers."""

import typing
import warnings

import pytest

import wengert as wg


def test_a_condition_on_all_elements_raises_the_kind_that_was_named():
    wg._check_tensor_all_with(ValueError, wg.tensor([True, True]))
    with pytest.raises(ValueError, match="^no$"):
        wg._check_tensor_all_with(ValueError, wg.tensor([True, False]), lambda: "no")
    with pytest.raises(TypeError, match="cond must be a tensor, but got <class 'bool'>"):
        wg._check_tensor_all_with(ValueError, True)
    with pytest.raises(TypeError, match="cond tensor must have dtype torch.bool, but got torch.float32"):
        wg._check_tensor_all(wg.ones(1))


def test_a_library_that_does_not_load_is_an_os_error(tmp_path):
    path = str(tmp_path / "ops.so")
    with pytest.raises(OSError, match=f"^Could not load this library: {path}$"):
        wg.ops.load_library(path)
    assert path not in wg.ops.loaded_libraries


def test_shapes_of_operations_in_a_compiled_library_may_be_told():
    def shapes(x):
        return x

    assert wg.library.register_fake("not_here::nms")(shapes) is shapes
    assert wg.library.register_fake("not_here::nms", shapes) is shapes
    with pytest.raises(RuntimeError, match="Could not find the operator not_here::nms"):
        wg.library.register_autograd("not_here::nms", shapes)
    assert wg.library.get_ctx() is None


def test_sets_of_dispatch_keys():
    key, keys = wg._C.DispatchKey, wg._C.DispatchKeySet
    both = keys(key.AutocastCPU) | keys(key.CPU)
    assert repr(both) == "DispatchKeySet(CPU, AutocastCPU)" and repr(key.CPU) == "<DispatchKey.CPU: 49>"
    assert both.has(key.CPU) and both - keys(key.CPU) == keys(key.AutocastCPU) and both & keys(key.CPU) == keys(key.CPU)


def test_autocast_is_off_where_its_key_is_left_out():
    x = wg.ones(2, 2)
    keys = wg._C.DispatchKeySet(wg._C.DispatchKey.AutocastCPU)
    with wg.autocast("cpu", dtype=wg.bfloat16):
        with wg._C._ExcludeDispatchKeyGuard(keys):
            assert (x @ x).dtype is wg.float32
        with wg._C._ExcludeDispatchKeyGuard(wg._C.DispatchKeySet(wg._C.DispatchKey.CPU)):
            assert (x @ x).dtype is wg.bfloat16
        assert (x @ x).dtype is wg.bfloat16


def test_how_operations_would_be_exported_can_be_told():
    from wengert.onnx import symbolic_opset11
    from wengert.onnx.symbolic_helper import parse_args

    @parse_args("v", "f")
    def symbolic(g, x, threshold):
        return symbolic_opset11.unsqueeze(g, x, 0)

    wg.onnx.register_custom_op_symbolic("mine::nms", symbolic, 11)
    wg.onnx.unregister_custom_op_symbolic("mine::nms", 11)
    with pytest.raises(
        wg.onnx.OnnxExporterError, match="Failed to register operator bad. The symbolic name must match"
    ):
        wg.onnx.register_custom_op_symbolic("bad", symbolic, 11)
    with pytest.raises(NotImplementedError, match="models are not exported to ONNX"):
        symbolic(None, None, 1.0)
    assert wg.onnx.TrainingMode.EVAL == 0


def test_a_module_has_type_hints():
    assert typing.get_type_hints(wg.nn.CrossEntropyLoss())["training"] is bool


def test_pieces_of_a_tensor_by_torchs_names_of_the_arguments():
    torch = pytest.importorskip("torch")
    for given in ({"indices": (2, 4)}, {"sections": 3}, {"sections": 4, "dim": 0}):
        theirs = [p.tolist() for p in torch.tensor_split(torch.arange(6), **given)]
        assert [p.tolist() for p in wg.tensor_split(wg.arange(6), **given)] == theirs
    pieces = wg.tensor_split(wg.arange(6), tensor_indices_or_sections=wg.tensor([1, 4]))
    assert [p.tolist() for p in pieces] == [[0], [1, 2, 3], [4, 5]]
    with pytest.raises(TypeError):
        wg.tensor_split(wg.arange(6), indices_or_sections=3)


@pytest.mark.parametrize(
    "size, pad", [((1, 1, 4, 5), (5, 5, 5, 5)), ((1, 1, 9, 5), (1, 1, 9, 9)), ((1, 3, 4, 5), (5, 1))]
)
def test_reflecting_too_far_names_the_first_pad_that_does(size, pad):
    torch = pytest.importorskip("torch")
    pad = pad + (0,) * (4 - len(pad))
    with pytest.raises(RuntimeError) as theirs:
        torch.nn.functional.pad(torch.ones(size), pad, mode="reflect")
    with pytest.raises(RuntimeError) as ours:
        wg.nn.functional.pad(wg.ones(size), pad, mode="reflect")
    assert str(ours.value) == str(theirs.value)


def test_names_that_are_imported_only():
    from wengert._custom_ops import get_ctx  # noqa: F401
    from wengert._dynamo.utils import is_compile_supported
    from wengert.distributions.transforms import _clipped_sigmoid
    from wengert.fx.graph_module import _USER_PRESERVED_ATTRIBUTES_KEY
    from wengert.hub import urlparse
    from wengert.utils.checkpoint import get_device_states
    from wengert.utils.data._utils.collate import np_str_obj_array_pattern

    assert is_compile_supported("cpu") and get_device_states(wg.ones(1)) == ([], [])
    assert np_str_obj_array_pattern.search("<U3") and not np_str_obj_array_pattern.search("<f4")
    assert urlparse("https://a.b/c").path == "/c" and _USER_PRESERVED_ATTRIBUTES_KEY == "_user_preserved_attributes"
    assert 0 < _clipped_sigmoid(wg.tensor(-1e4)).item() and _clipped_sigmoid(wg.tensor(1e4)).item() < 1
    assert issubclass(wg.jit.TracerWarning, Warning)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=wg.jit.TracerWarning)


def test_stick_breaking_stays_inside_the_simplex():
    torch = pytest.importorskip("torch")
    x = [40.0, -200.0, 3.0]
    ours = wg.distributions.StickBreakingTransform()(wg.tensor(x))
    theirs = torch.distributions.StickBreakingTransform()(torch.tensor(x))
    assert ours.tolist() == pytest.approx(theirs.tolist(), rel=1e-5, abs=1e-30)


def test_settings_of_backends_can_be_changed_in_the_block_that_allows_it():
    with wg.backends.__allow_nonbracketed_mutation():
        wg.backends.cudnn.deterministic = wg.backends.cudnn.deterministic


def test_pinning_a_batch_is_as_in_torch():
    pytest.importorskip("torch")
    from torch.utils.data._utils.pin_memory import pin_memory as theirs

    from wengert.utils.data._utils.pin_memory import pin_memory

    class Batch:
        def pin_memory(self):
            return "pinned"

    for batch in ({"a": [1, "b", (2, 3)], "c": Batch()}, (Batch(), b"x"), [Batch(), None]):
        assert pin_memory(batch) == theirs(batch)
