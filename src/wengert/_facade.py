"""Names of `torch` itself that live in modules loaded when they are first asked for: name to module."""

HOMES = {
    "save": "serialization",
    "load": "serialization",
    "compile": "compiler",
    "autocast": "amp",
    "GradScaler": "amp",
    **dict.fromkeys(
        (
            "autocast_decrement_nesting",
            "autocast_increment_nesting",
            "clear_autocast_cache",
            "get_autocast_dtype",
            "is_autocast_cache_enabled",
            "is_autocast_enabled",
            "set_autocast_cache_enabled",
            "set_autocast_dtype",
            "set_autocast_enabled",
        ),
        "amp.autocast_mode",
    ),
    **dict.fromkeys(
        (
            "TypedStorage",
            "FloatStorage",
            "DoubleStorage",
            "HalfStorage",
            "BFloat16Storage",
            "LongStorage",
            "IntStorage",
            "ShortStorage",
            "CharStorage",
            "ByteStorage",
            "BoolStorage",
            "ComplexFloatStorage",
            "ComplexDoubleStorage",
            "StorageBase",
            "_storage_classes",
        ),
        "storage",
    ),
    **dict.fromkeys(
        (
            "FloatTensor",
            "DoubleTensor",
            "HalfTensor",
            "BFloat16Tensor",
            "LongTensor",
            "IntTensor",
            "ShortTensor",
            "CharTensor",
            "ByteTensor",
            "BoolTensor",
        ),
        "_legacy_types",
    ),
    **dict.fromkeys(("DisableTorchFunction", "DisableTorchFunctionSubclass"), "overrides"),
    **dict.fromkeys(
        ("cond", "sym_float", "sym_int", "sym_ite", "sym_max", "sym_min", "sym_not", "sym_sqrt"), "_control"
    ),
    "lobpcg": "_lobpcg",
    "thread_safe_generator": "random",
    **dict.fromkeys(
        (
            "AcceleratorError",
            "OutOfMemoryError",
            "_assert",
            "_assert_async",
            "adaptive_max_pool1d",
            "are_deterministic_algorithms_enabled",
            "cosine_embedding_loss",
            "detach_",
            "get_default_device",
            "get_deterministic_debug_mode",
            "get_device",
            "get_float32_matmul_precision",
            "get_num_interop_threads",
            "has_cuda",
            "has_lapack",
            "has_mkl",
            "has_mps",
            "has_openmp",
            "has_spectral",
            "hinge_embedding_loss",
            "is_deterministic_algorithms_warn_only_enabled",
            "is_distributed",
            "is_vulkan_available",
            "is_warn_always_enabled",
            "margin_ranking_loss",
            "max_pool1d_with_indices",
            "set_default_device",
            "set_default_dtype",
            "set_default_tensor_type",
            "set_deterministic_debug_mode",
            "set_float32_matmul_precision",
            "set_flush_denormal",
            "set_num_interop_threads",
            "set_warn_always",
            "triplet_margin_loss",
            "typename",
            "use_deterministic_algorithms",
            "zero_",
        ),
        "_settings",
    ),
    **dict.fromkeys(
        (
            "adaptive_avg_pool1d",
            "avg_pool1d",
            "bilinear",
            "channel_shuffle",
            "cosine_similarity",
            "max_pool1d",
            "max_pool2d",
            "max_pool3d",
            "pairwise_distance",
            "pixel_shuffle",
            "pixel_unshuffle",
            "rrelu",
            "rrelu_",
        ),
        "nn.functional",
    ),
    "grid_sampler": "nn.functional._resample",
    **dict.fromkeys(
        ("_pack_padded_sequence", "_weight_norm", "gru", "lstm", "rnn_relu", "rnn_tanh"), "nn.recurrent_calls"
    ),
    "Storage": "storage",
    "Future": "futures",
    **dict.fromkeys(("fake_quantize_per_channel_affine", "fake_quantize_per_tensor_affine"), "_quantize"),
    **dict.fromkeys(("_convert_indices_from_coo_to_csr", "_convert_indices_from_csr_to_coo"), "sparse._compressed"),
    "_segment_reduce": "ops.native_names",
    "from_file": "_storage_memory",
    "_grouped_mm": "nn.functional.grouped",
    **dict.fromkeys(("SymBool", "SymFloat", "SymInt"), "types"),
    "TorchVersion": "torch_version",
    "torch_version": "torch_version",
    "Stream": "cpu",
    "Event": "cpu",
    **dict.fromkeys(
        (
            "PyTorchFileReader",
            "PyTorchFileWriter",
            "_check",
            "_check_index",
            "_check_is_size",
            "_check_not_implemented",
            "_check_tensor_all",
            "_check_type",
            "_check_value",
            "_check_with",
            "eig",
            "lstsq",
            "matrix_rank",
            "solve",
            "symeig",
        ),
        "_old_names",
    ),
    **dict.fromkeys(("sparse_bsc", "sparse_bsr", "sparse_csc", "sparse_csr"), "_types"),
    **dict.fromkeys(
        (
            "dsmm",
            "hsmm",
            "hspmm",
            "saddmm",
            "smm",
            "spmm",
            "sparse_bsc_tensor",
            "sparse_bsr_tensor",
            "sparse_compressed_tensor",
            "sparse_coo_tensor",
            "sparse_csc_tensor",
            "sparse_csr_tensor",
            "sspaddmm",
        ),
        "sparse",
    ),
}


def __getattr__(name):
    import importlib

    if name == "torch":
        return importlib.import_module("wengert")  # torch.torch is torch
    home = HOMES.get(name)
    if name.startswith("_foreach_"):
        found = importlib.import_module("wengert.ops.foreach").find(name)
        if found is not None:
            return found
    if home is None:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    module = importlib.import_module(f"wengert.{home}")
    return module if name == home else getattr(module, name)


def get_device_module(device=None):
    """The module for a kind of device, `torch.cpu` by default; RuntimeError for an unknown one."""
    import importlib

    kind = "cpu" if device is None else getattr(device, "type", str(device)).partition(":")[0]
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(f"Invalid device string: '{device}'")
    return importlib.import_module(f"wengert.{kind}")


def _deprecated(old, new, *arguments):
    import importlib
    import warnings

    shown = ", ".join(repr(argument) if isinstance(argument, str) else "..." for argument in arguments)
    warnings.warn(
        f"torch.{old}() is deprecated. Please use torch.{new}({shown}) instead.", DeprecationWarning, stacklevel=3
    )
    return getattr(importlib.import_module("wengert.amp.autocast_mode"), new)(*arguments)


def is_autocast_cpu_enabled():
    """Old form of is_autocast_enabled("cpu")."""
    return _deprecated("is_autocast_cpu_enabled", "is_autocast_enabled", "cpu")


def set_autocast_cpu_enabled(enabled):
    """Old form of set_autocast_enabled("cpu", enabled)."""
    _deprecated("set_autocast_cpu_enabled", "set_autocast_enabled", "cpu", enabled)


def get_autocast_cpu_dtype():
    """Old form of get_autocast_dtype("cpu")."""
    return _deprecated("get_autocast_cpu_dtype", "get_autocast_dtype", "cpu")


def get_autocast_gpu_dtype():
    """Old form of get_autocast_dtype("cuda")."""
    return _deprecated("get_autocast_gpu_dtype", "get_autocast_dtype", "cuda")


def set_autocast_cpu_dtype(dtype):
    """Old form of set_autocast_dtype("cpu", dtype)."""
    _deprecated("set_autocast_cpu_dtype", "set_autocast_dtype", "cpu", dtype)


def set_autocast_gpu_dtype(dtype):
    """Old form of set_autocast_dtype("cuda", dtype)."""
    _deprecated("set_autocast_gpu_dtype", "set_autocast_dtype", "cuda", dtype)


def compiled_with_cxx11_abi():
    """True."""
    return True
