"""The names of `torch` itself that are loaded when they are first asked for: which module each is in."""

from importlib import import_module

_NAMES_IN = {
    "_facade.checks": (
        "_assert _assert_async _check _check_index _check_is_size _check_not_implemented _check_tensor_all "
        "_check_tensor_all_with _check_type _check_value _check_with"
    ),
    "_facade.autocast_forms": (
        "get_autocast_cpu_dtype get_autocast_gpu_dtype is_autocast_cpu_enabled "
        "set_autocast_cpu_dtype set_autocast_cpu_enabled set_autocast_gpu_dtype"
    ),
    "_facade.fake_quantize": "fake_quantize_per_channel_affine fake_quantize_per_tensor_affine",
    "_facade.functions": (
        "AcceleratorError adaptive_max_pool1d compiled_with_cxx11_abi cosine_embedding_loss DeviceObjType detach_ get_device "
        "get_device_module hinge_embedding_loss "
        "is_distributed is_vulkan_available margin_ranking_loss max_pool1d_with_indices OutOfMemoryError "
        "triplet_margin_loss typename zero_"
    ),
    "_facade.questions": (
        "is_complex is_conj is_floating_point is_inference is_neg is_signed is_storage is_tensor numel"
    ),
    "_facade.removed": "eig lstsq matrix_rank PyTorchFileReader PyTorchFileWriter solve symeig",
    "_facade.settings": (
        "are_deterministic_algorithms_enabled get_default_device get_deterministic_debug_mode "
        "get_float32_matmul_precision get_num_interop_threads has_cuda has_lapack has_mkl has_mps has_openmp "
        "has_spectral is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled set_default_device "
        "set_default_dtype set_default_tensor_type set_deterministic_debug_mode set_float32_matmul_precision "
        "set_flush_denormal set_num_interop_threads set_warn_always use_deterministic_algorithms"
    ),
    "_facade.symbolic": "cond sym_float sym_int sym_ite sym_max sym_min sym_not sym_sqrt",
    "_facade.typed_tensors": (
        "BFloat16Tensor BoolTensor ByteTensor CharTensor DoubleTensor FloatTensor HalfTensor IntTensor LongTensor "
        "ShortTensor"
    ),
    "_lobpcg": "lobpcg",
    "_tensor_str": "get_printoptions set_printoptions",
    "_types": "sparse_bsc sparse_bsr sparse_csc sparse_csr",
    "amp": "autocast GradScaler",
    "amp.autocast_mode": (
        "autocast_decrement_nesting autocast_increment_nesting clear_autocast_cache get_autocast_dtype "
        "is_autocast_cache_enabled is_autocast_enabled set_autocast_cache_enabled set_autocast_dtype "
        "set_autocast_enabled"
    ),
    "autograd._why": "why",
    "autograd.anomaly_mode": "is_anomaly_check_nan_enabled is_anomaly_enabled set_anomaly_enabled",
    "compiler": "compile",
    "cuda": "Event Stream",
    "func": "vmap",
    "amp.scaling": "_amp_foreach_non_finite_check_and_unscale_ _amp_update_scale_",
    "futures": "Future",
    "nn.functional": (
        "adaptive_avg_pool1d avg_pool1d bilinear channel_shuffle cosine_similarity max_pool1d max_pool2d max_pool3d "
        "native_channel_shuffle pairwise_distance pixel_shuffle pixel_unshuffle rrelu rrelu_"
    ),
    "nn.functional._resample": "grid_sampler",
    "nn.functional.grouped": "_grouped_mm",
    "nn.functional.native_attention": "_native_multi_head_attention _transform_bias_rescale_qkv",
    "nn.recurrent_calls": "_pack_padded_sequence _weight_norm gru lstm rnn_relu rnn_tanh",
    "ops._user": "elementwise",
    "ops.native_names": "_segment_reduce",
    "ops.random": "get_rng_state initial_seed manual_seed seed set_rng_state",
    "overrides": "DisableTorchFunction DisableTorchFunctionSubclass",
    "random": "thread_safe_generator",
    "serialization": "load save",
    "sparse": (
        "dsmm hsmm hspmm saddmm smm sparse_bsc_tensor sparse_bsr_tensor sparse_compressed_tensor sparse_coo_tensor "
        "sparse_csc_tensor sparse_csr_tensor spmm sspaddmm"
    ),
    "sparse._compressed": "_convert_indices_from_coo_to_csr _convert_indices_from_csr_to_coo",
    "storage": (
        "_storage_classes BFloat16Storage BoolStorage ByteStorage CharStorage ComplexDoubleStorage "
        "ComplexFloatStorage DoubleStorage FloatStorage HalfStorage IntStorage LongStorage ShortStorage Storage "
        "StorageBase TypedStorage UntypedStorage"
    ),
    "storage._memory": "from_file",
    "torch_version": "torch_version TorchVersion",
    "types": "SymBool SymFloat SymInt",
}
HOMES = {name: home for home, names in _NAMES_IN.items() for name in names.split()}


def find(name):
    """What torch calls by this name; AttributeError if it is not here."""
    if name == "torch":
        return import_module("wengert")  # torch.torch is torch
    if name.startswith("_foreach_"):
        found = import_module("wengert.ops.foreach").find(name)
        if found is not None:
            return found
    home = HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    module = import_module(f"wengert.{home}")
    return module if name == home else getattr(module, name)
