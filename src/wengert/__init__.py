"""wengert: PyTorch's autograd as a light, fast library. `import wengert as torch` runs PyTorch code on the CPU."""

from importlib import import_module as _import

from . import _core
from ._core import (
    Generator,
    Tensor,
    bfloat16,
    bool,
    can_cast,
    complex32,
    complex64,
    complex128,
    default_generator,
    dtype,
    float8_e4m3fn,
    float8_e4m3fnuz,
    float8_e5m2,
    float8_e5m2fnuz,
    float8_e8m0fnu,
    float16,
    float32,
    float64,
    get_default_dtype,
    get_num_threads,
    int8,
    int16,
    int32,
    int64,
    is_grad_enabled,
    is_inference_mode_enabled,
    promote_types,
    result_type,
    set_num_threads,
    uint8,
    uint16,
    uint32,
    uint64,
)
from ._types import (
    Size,
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    finfo,
    iinfo,
    layout,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from .ops import _declare, _setup
from .ops._declare import Namespace as _Namespace

float, double, half, long, int, short, cfloat, cdouble = (
    float32,
    float64,
    float16,
    int64,
    int32,
    int16,
    complex64,
    complex128,
)
chalf = complex32
inf, nan, pi, e, newaxis = _setup.inf, _setup.nan, _setup.pi, _setup.e, None
_ops = _Namespace()

_setup.connect()
from ._tensor.from_data import as_tensor, asarray, from_dlpack, from_numpy, frombuffer, tensor
from .autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .torch_version import TorchVersion

globals().update({name: _declare.FUNCTIONS[name] for name in _declare.EXPORTED})

__version__ = TorchVersion("2.13.0+wengert.0.1.0")

# Names that live in modules of their own, imported when first used.
_MODULES = frozenset((
    "_C", "_VF", "__config__", "__future__", "_dynamo", "_jit_internal", "_lobpcg", "_lowrank", "_utils",
    "_vmap_internals", "accelerator", "amp", "autograd", "backends", "compiler", "cpu", "cuda", "demo",
    "distributed", "distributions", "fft", "func", "functional", "futures", "fx", "hub", "io", "jit", "library",
    "linalg", "masked", "mps", "multiprocessing", "nn", "onnx", "ops", "optim", "overrides", "profiler", "quasirandom",
    "random", "return_types", "serialization", "signal", "sparse", "special", "storage", "testing", "types", "utils",
    "version", "viz", "xpu",
))  # fmt: skip


def __getattr__(name):
    if name in _MODULES:
        return _import(f"{__package__}.{name}")
    value = _import(f"{__package__}._facade").find(name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_MODULES, *_import(f"{__package__}._facade").HOMES})
