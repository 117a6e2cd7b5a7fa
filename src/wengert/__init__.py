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
from ._make import as_tensor, asarray, from_dlpack, from_numpy, frombuffer, tensor
from .autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled
from .torch_version import TorchVersion

globals().update({name: _declare.FUNCTIONS[name] for name in _declare.EXPORTED})

__version__ = TorchVersion("2.13.0+wengert.0.1.0")

# Names that live in modules of their own, imported when first used.
_MODULES = frozenset(
    (
        "_C",
        "_VF",
        "_dynamo",
        "_jit_internal",
        "_lobpcg",
        "_lowrank",
        "_utils",
        "_vmap_internals",
        "accelerator",
        "amp",
        "autograd",
        "backends",
        "compiler",
        "cpu",
        "cuda",
        "demo",
        "distributed",
        "distributions",
        "fft",
        "func",
        "functional",
        "fx",
        "futures",
        "hub",
        "io",
        "jit",
        "library",
        "linalg",
        "mps",
        "multiprocessing",
        "nn",
        "onnx",
        "ops",
        "optim",
        "overrides",
        "profiler",
        "random",
        "return_types",
        "serialization",
        "signal",
        "special",
        "storage",
        "testing",
        "types",
        "utils",
        "version",
        "viz",
        "xpu",
        "mtia",
        "masked",
        "sparse",
        "_C",
        "__config__",
        "__future__",
    )
)
_NAMES = {
    "save": "serialization",
    "load": "serialization",
    "set_printoptions": "_tensor_str",
    "get_printoptions": "_tensor_str",
    "compile": "compiler",
    "UntypedStorage": "storage",
    "TypedStorage": "storage",
    "vmap": "func",
    "autocast": "amp",
    "get_rng_state": "ops.random",
    "set_rng_state": "ops.random",
    "manual_seed": "ops.random",
    "seed": "ops.random",
    "initial_seed": "ops.random",
    "is_tensor": "_questions",
    "is_storage": "_questions",
    "is_floating_point": "_questions",
    "is_complex": "_questions",
    "is_signed": "_questions",
    "is_inference": "_questions",
    "is_conj": "_questions",
    "is_neg": "_questions",
    "numel": "_questions",
    "elementwise": "_elementwise",
    "why": "_why",
    "is_anomaly_enabled": "autograd.anomaly_mode",
    "is_anomaly_check_nan_enabled": "autograd.anomaly_mode",
    "set_anomaly_enabled": "autograd.anomaly_mode",
    "Stream": "cuda",
    "Event": "cuda",
    "GradScaler": "amp",
}


def __getattr__(name):
    if name in _MODULES:
        try:
            return _import(f"{__package__}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{__package__}.{name}":
                raise
            raise AttributeError(f"module 'torch' has no attribute '{name}'") from None
    if name in _NAMES:
        value = getattr(_import(f"{__package__}.{_NAMES[name]}"), name)
    else:
        _facade = _import(
            f"{__package__}._facade"
        )  # what few programs use; `from . import` would ask for it here again
        try:
            value = getattr(_facade, name)
        except AttributeError:
            raise AttributeError(f"module 'torch' has no attribute '{name}'") from None
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *_MODULES, *_NAMES})
