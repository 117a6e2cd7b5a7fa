"""The table of ops: one declaration each. Loading it registers every op with the machine."""

import sys

_TABLE = (
    "basic",
    "arithmetic",
    "compare",
    "math",
    "special",
    "activation",
    "rectifiers",
    "shuffles",
    "create",
    "shape",
    "split",
    "combine",
    "index",
    "restructure",
    "lookup",
    "distance",
    "sampled",
    "reduce",
    "scan",
    "sort",
    "softmax",
    "matmul",
    "linalg_ops",
    "decompositions",
    "solvers",
    "factored",
    "householder",
    "linalg_composed",
    "triangular",
    "fft",
    "fft_dims",
    "stft",
    "native_names",
    "exchange",
    "random",
    "loss",
    "norm",
    "conv",
    "pool",
    "attention",
    "recurrence",
    "upsample",
    "nn",
)


def _load():
    from importlib import import_module

    for name in _TABLE:
        import_module(f"{__name__}.{name}")


def __getattr__(name):
    if name == "aten":
        from .namespaces import aten

        return aten
    if name == "profiler":
        from ..profiler import _NativeNames

        return _NativeNames
    if name in ("load_library", "loaded_libraries"):
        from .. import library

        return getattr(library, name)
    library = sys.modules.get("wengert.library")  # without it nothing can have been defined
    found = library and library.namespace(name)
    if found:
        return found
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
