"""What modules for absent devices and services answer: the truth, in torch's words."""

import importlib
import subprocess
import sys
import warnings

import pytest

import wengert as torch

ANSWERS = [
    ("torch.cuda.is_available()", False),
    ("torch.cuda.device_count()", 0),
    ("torch.cuda.is_initialized()", False),
    ("torch.cuda.manual_seed(1)", None),
    ("torch.cuda.manual_seed_all(1)", None),
    ("torch.cuda.empty_cache()", None),
    ("torch.cuda.memory_allocated()", 0),
    ("torch.cuda.max_memory_reserved()", 0),
    ("torch.cuda.is_bf16_supported()", False),
    ("torch.cuda.get_rng_state_all()", []),
    ("torch.backends.cudnn.is_available()", False),
    ("torch.backends.cudnn.version()", None),
    ("torch.backends.mps.is_available()", False),
    ("torch.backends.mps.is_built()", False),
    ("torch.backends.cuda.is_built()", False),
    ("torch.backends.cuda.matmul.allow_tf32", False),
    ("torch.mps.is_available()", False),
    ("torch.xpu.is_available()", False),
    ("torch.xpu.device_count()", 0),
    ("torch.accelerator.is_available()", False),
    ("torch.accelerator.current_accelerator()", None),
    ("torch.accelerator.device_count()", 0),
    ("torch.cpu.is_available()", True),
    ("torch.cpu.device_count()", 1),
    ("torch.distributed.is_available()", False),
    ("torch.distributed.is_initialized()", False),
    ("torch.version.cuda", None),
    ("torch.version.hip", None),
    ("torch.jit.is_scripting()", False),
    ("torch.onnx.is_in_onnx_export()", False),
    ("torch.compiler.is_compiling()", False),
    ("torch.amp.is_autocast_available('cpu')", True),
    ("torch.is_autocast_enabled('cpu')", False),
    ("torch.get_autocast_dtype('cpu')", torch.bfloat16),
    ("torch.get_autocast_dtype('cuda')", torch.float16),
]


@pytest.fixture(scope="module", autouse=True)
def modules():
    for name in (
        "cuda",
        "backends",
        "mps",
        "xpu",
        "accelerator",
        "cpu",
        "distributed",
        "version",
        "jit",
        "onnx",
        "compiler",
        "amp",
        "hub",
        "random",
        "overrides",
        "profiler",
        "__config__",
        "types",
    ):
        importlib.import_module(f"wengert.{name}")


@pytest.mark.parametrize("expression, answer", ANSWERS, ids=[expression for expression, _ in ANSWERS])
def test_answers(expression, answer):
    result = eval(expression, {"torch": torch})
    assert result == answer and type(result) is type(answer)


REFUSALS = [
    ("torch.cuda.current_device()", AssertionError, "Torch not compiled with CUDA enabled"),
    ("torch.cuda.get_device_name(0)", AssertionError, "Torch not compiled with CUDA enabled"),
    ("torch.cuda.synchronize()", AssertionError, "Torch not compiled with CUDA enabled"),
    ("torch.cuda.set_device(0)", AssertionError, "Torch not compiled with CUDA enabled"),
    ("torch.cuda.Stream()", RuntimeError, "torch.cuda.Stream requires CUDA support"),
    ("torch.cuda.Event()", RuntimeError, "Tried to instantiate dummy base class Event"),
    ("torch.cuda.FloatTensor()", TypeError, "type torch.cuda.FloatTensor not available. Torch not compiled with CUDA"),
    ("torch.cuda.device(0).__enter__()", RuntimeError, "PyTorch was compiled without CUDA support"),
    ("torch.cuda.nvtx.range_push('a')", RuntimeError, "NVTX functions not installed"),
    ("torch.mps.synchronize()", RuntimeError, "Cannot execute deviceSynchronize() without MPS backend."),
    ("torch.xpu.current_device()", AssertionError, "Torch not compiled with XPU enabled"),
    ("torch.accelerator.synchronize()", RuntimeError, "Cannot access accelerator device when none is available."),
    ("torch.accelerator.set_device_index(0)", RuntimeError, "Cannot access accelerator device when none is available."),
    ("torch.device('')", RuntimeError, "Device string must not be empty"),
    ("torch.device('not a device')", RuntimeError, "Invalid device string: 'not a device'"),
    ("torch.device('cpu:01')", RuntimeError, "Invalid device string: 'cpu:01'"),
    ("torch.device('cpu', -1)", RuntimeError, "Device index must not be negative"),
    ("torch.device('cpu', 'a')", TypeError, "device(): argument 'index' (position 2) must be int, not str"),
    ("torch.device(0)", RuntimeError, "Cannot access accelerator device when none is available."),
    ("torch.amp.is_autocast_available('no device')", RuntimeError, "Invalid device string: 'no device'"),
    ("torch.is_autocast_enabled('none')", RuntimeError, "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl"),
    ("torch.amp.autocast('foo')", RuntimeError, "Expected one of cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep"),
    ("torch.amp.autocast(3)", ValueError, "Expected `device_type` of type `str`, got: `<class 'int'>`"),
    ("torch.distributed.get_rank()", ValueError, "Default process group has not been initialized, please make sure to"),
    (
        "torch.distributed.init_process_group('gloo')",
        NotImplementedError,
        "torch.distributed.init_process_group is not",
    ),
    ("torch.hub.load('a/b', 'c')", NotImplementedError, "torch.hub.load is not in wengert"),
    ("torch.onnx.export(None, ())", NotImplementedError, "torch.onnx.export is not in wengert"),
    ("torch.jit.save(None, 'a')", NotImplementedError, "torch.jit.save is not in wengert"),
]


@pytest.mark.parametrize("expression, error, message", REFUSALS, ids=[row[0] for row in REFUSALS])
def test_refusals(expression, error, message):
    with pytest.raises(error) as caught:
        eval(expression, {"torch": torch})
    assert str(caught.value).startswith(message)


def test_settings_are_kept():
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=False, benchmark=True):
        assert (cudnn.enabled, cudnn.benchmark) == (False, True)
    assert (cudnn.enabled, cudnn.benchmark) == (True, False)
    torch.backends.cuda.enable_flash_sdp(False)
    assert not torch.backends.cuda.flash_sdp_enabled()
    torch.backends.cuda.enable_flash_sdp(True)


def test_compiled_and_scripted_functions_are_themselves():
    def double(x):
        return 2 * x

    assert torch.compile(double) is double and torch.compile(mode="max-autotune")(double) is double
    assert torch.jit.script(double) is double and torch.jit.trace(double, (1,)) is double
    model = torch.nn.Linear(2, 2)
    assert torch.compile(model, backend="eager") is model
    with pytest.raises(RuntimeError, match="Either mode or options can be specified"):
        torch.compile(double, mode="default", options={})


def test_autocast_keeps_its_state():
    from wengert.amp.autocast_mode import is_autocast_enabled

    with torch.autocast("cpu", dtype=torch.float16):
        assert is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is torch.float16
        with torch.autocast("cpu", enabled=False):
            assert not is_autocast_enabled("cpu")
        assert is_autocast_enabled("cpu")
    assert not is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") is torch.bfloat16

    @torch.autocast("cpu")
    def inside():
        return is_autocast_enabled("cpu")

    assert inside() and not is_autocast_enabled("cpu")
    with pytest.warns(UserWarning, match="CUDA is not available or torch_xla is imported. Disabling autocast."):
        assert not torch.autocast("cuda")._enabled
    with pytest.warns(UserWarning, match="In CPU autocast, but the target dtype is not supported"):
        torch.autocast("cpu", dtype=torch.float64)


def test_grad_scaler_on_the_cpu():
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
    scaler.scale((weight * torch.tensor([1.0, 2.0])).sum()).backward()
    assert weight.grad.tolist() == [8, 16]
    scaler.step(optimizer)
    with pytest.raises(RuntimeError, match="step\\(\\) has already been called since the last update"):
        scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [0, -1] and scaler.get_scale() == 16.0
    optimizer.zero_grad()
    scaler.scale((weight * float("inf")).sum()).backward()
    scaler.unscale_(optimizer)
    with pytest.raises(RuntimeError, match="unscale_\\(\\) has already been called on this optimizer since"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert weight.tolist() == [0, -1] and scaler.get_scale() == 8.0
    state = scaler.state_dict()
    assert state == {
        "scale": 8.0,
        "growth_factor": 2.0,
        "backoff_factor": 0.5,
        "growth_interval": 1,
        "_growth_tracker": 0,
    }
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(state)
    assert other.get_scale() == 8.0


def test_grad_scaler_without_cuda_passes_through():
    with pytest.warns(
        UserWarning, match="torch.cuda.amp.GradScaler is enabled, but CUDA is not available.  Disabling."
    ):
        scaler = torch.amp.GradScaler()
    value = torch.ones(1)
    assert not scaler.is_enabled() and scaler.scale(value) is value and scaler.get_scale() == 1.0
    assert scaler.state_dict() == {}
    scaler.update()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        torch.amp.GradScaler(enabled=False)


def test_profiler(tmp_path):
    from wengert.profiler import ProfilerActivity, profile, record_function, schedule

    with profile(activities=[ProfilerActivity.CPU]) as profiler:
        for _ in range(3):
            with record_function("step"):
                torch.ones(3).sum()
    (row,) = profiler.key_averages()
    assert (row.key, row.count) == ("step", 3) and row.cpu_time_total > 0
    assert "step" in profiler.key_averages().table(sort_by="cpu_time_total", row_limit=10)
    profiler.export_chrome_trace(str(tmp_path / "trace.json"))
    assert '"name": "step"' in (tmp_path / "trace.json").read_text()
    seen = []
    with profile(
        schedule=schedule(wait=1, warmup=1, active=2, repeat=1),
        on_trace_ready=lambda p: seen.append(p.key_averages()[0].count),
    ) as profiler:
        for _ in range(6):
            with record_function("step"):
                pass
            profiler.step()
    assert seen == [2]


def test_the_older_profiler():
    from wengert.autograd.profiler import profile, record_function

    for enabled in (True, False):
        with profile(enabled=enabled) as profiler, record_function("step"):
            pass
        assert [row.key for row in profiler.key_averages()] == ["step"] * enabled
        assert ("CPU total" in profiler.table()) == enabled


def test_blocks_lie_in_each_other():
    from wengert.autograd.profiler import profile, record_function

    with profile() as profiler, record_function("outer"):
        for _ in range(2):
            with record_function("inner"):
                pass
    outer, *inner = profiler.function_events
    assert (outer.name, [e.name for e in inner]) == ("outer", ["inner"] * 2)
    assert outer.cpu_children == inner and inner[0].cpu_parent is outer
    within = sum(e.cpu_time_total for e in inner)
    assert outer.self_cpu_time_total == pytest.approx(outer.cpu_time_total - within)
    assert str(profiler) == profiler.table() and "outer" in str(profiler)


def test_tables_are_torchs():
    theirs = pytest.importorskip("torch").autograd.profiler_util
    from wengert.autograd import profiler_util as mine

    shown = []
    for library in (mine, theirs):
        events = library.EventList(
            library.FunctionEvent(id=k, name=name, thread=0, start_us=start, end_us=end, stack=[])
            for k, (name, start, end) in enumerate(
                [("a", 0, 1500), ("b", 10, 600), ("x" * 80, 2000, 2001), ("b", 3000, 3004)]
            )
        )
        events._populate_cpu_children()
        events._tree_built = True
        averages = events.key_averages()
        shown.append(
            [
                events.table(),
                events.table(top_level_events_only=True),
                averages.table(sort_by="self_cpu_time_total", row_limit=2, header="Averages"),
                str(library.EventList()),
                [library._format_time(t) for t in (0, 999.99, 1000, 1234567.8)],
                events.total_average().cpu_time_total,
                events.self_cpu_time_total,
            ]
        )
    assert shown[0] == shown[1]


def test_spawn(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("""
import sys
import wengert.multiprocessing as mp

def work(index, base):
    if index == base:
        raise ValueError("child %d" % index)

if __name__ == "__main__":
    mp.spawn(work, (5,), nprocs=2)
    try:
        mp.spawn(work, (1,), nprocs=2)
    except mp.ProcessRaisedException as error:
        print(str(error).strip().splitlines()[0], str(error).strip().splitlines()[-1])
""")
    result = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert result.stdout == "-- Process 1 terminated with the following error: ValueError: child 1\n", result.stderr


def test_tensorboard_or_a_clear_error():
    try:
        import tensorboard
    except ImportError:
        with pytest.raises(ImportError, match="needs the tensorboard package"):
            importlib.import_module("wengert.utils.tensorboard")
    else:
        assert importlib.import_module("wengert.utils.tensorboard").tensorboard is tensorboard


def test_older_names_of_types():
    assert torch.FloatTensor([1, 2]).tolist() == [1.0, 2.0] and torch.LongTensor([1]).dtype is torch.int64
    assert torch.DoubleTensor(2, 3).shape == (2, 3) and torch.ByteTensor().numel() == 0
    value = torch.ones(2)
    assert isinstance(value, torch.FloatTensor) and not isinstance(value, torch.LongTensor)
    assert value.type(torch.LongTensor).dtype is torch.int64 and torch.FloatTensor(value).tolist() == [1, 1]
    with pytest.raises(TypeError, match=r"expected TensorOptions\(dtype=long int, .* \(got TensorOptions\(dtype=float"):
        torch.LongTensor(value)


def test_fork_rng_and_timer():
    torch.manual_seed(3)
    with torch.random.fork_rng():
        inside = torch.rand(2).tolist()
    assert torch.rand(2).tolist() == inside
    from wengert.utils.benchmark import Timer

    measured = Timer("x + 1", globals={"x": torch.ones(1)}).timeit(20)
    assert measured.number_per_run == 20 and measured.median > 0
    assert Timer("torch.ones(2)").adaptive_autorange(min_run_time=1e-3, max_run_time=2e-3).median > 0
    with pytest.raises(ValueError, match="global_setup is C\\+\\+ only"):
        Timer(global_setup="int x;")


MEASURED = """
from torch.utils.benchmark import Measurement, TaskSpec, Timer
few = Measurement(10, [2e-4], TaskSpec("x + 1", "pass"))
spread = Measurement(100, [1e-3, 2e-3, 3e-3, 4e-3, 7e-3], TaskSpec("f(x)", "x = 1", label="f", sub_label="big", num_threads=2))
near = Measurement(100, [10, 11, 12, 13], TaskSpec("a\\nb", "c\\nd", description="lines"))
for m in (few, spread, near, *Measurement.merge([few, few, near])):
    print(repr(m).partition("\\n")[2], f"{m.median:.3g} {m.mean:.3g} {m.iqr:.3g}", m.title, m.as_row_name, m.has_warnings, m.num_threads)
print(Timer("\\n  x\\n  y", "z", num_threads=3)._task_spec.summarize())
"""


def test_measurements_are_printed_as_torchs(tmp_path):
    pytest.importorskip("torch", reason="compares with torch")
    script = tmp_path / "measured.py"
    script.write_text(MEASURED)
    outputs = [
        subprocess.run([sys.executable, *how, str(script)], check=True, capture_output=True, text=True).stdout
        for how in ((), ("-m", "wengert", "run"))
    ]
    assert outputs[0] and outputs[0] == outputs[1]


def test_ops_are_copied_and_pickled_as_functions_are():
    import copy
    import pickle

    for function in (torch.add, torch.exp, torch.zeros):
        assert copy.deepcopy([function])[0] is function
        assert pickle.loads(pickle.dumps(function)) is function
