"""Settings of CUDA, kept and without effect."""

import contextlib
import types
import warnings

matmul = types.SimpleNamespace(
    allow_tf32=False,
    allow_fp16_reduced_precision_reduction=True,
    allow_bf16_reduced_precision_reduction=True,
    allow_fp16_accumulation=False,
    fp32_precision="none",
)
_enabled = {"flash": True, "mem_efficient": True, "math": True, "cudnn": True}


def __getattr__(name):
    if name == "SDPBackend":
        from ..nn.attention import SDPBackend

        return SDPBackend
    raise AttributeError(f"module 'torch.backends.cuda' has no attribute '{name}'")


def is_built():
    """False: wengert has no CUDA.

    >>> is_built()
    False
    """
    return False


def _pair(kind):
    def is_enabled():
        return _enabled[kind]

    def enable(enabled):
        _enabled[kind] = bool(enabled)

    is_enabled.__doc__ = f"Whether {kind} attention is allowed."
    enable.__doc__ = f"Allow or forbid {kind} attention."
    return is_enabled, enable


flash_sdp_enabled, enable_flash_sdp = _pair("flash")
mem_efficient_sdp_enabled, enable_mem_efficient_sdp = _pair("mem_efficient")
math_sdp_enabled, enable_math_sdp = _pair("math")
cudnn_sdp_enabled, enable_cudnn_sdp = _pair("cudnn")


@contextlib.contextmanager
def sdp_kernel(enable_flash=True, enable_math=True, enable_mem_efficient=True, enable_cudnn=True):
    """A block with the given kinds of attention allowed (deprecated in torch)."""
    warnings.warn(
        "`torch.backends.cuda.sdp_kernel()` is deprecated. In the future, this context manager will be "
        "removed. Please see `torch.nn.attention.sdpa_kernel()` for the new context manager, with updated "
        "signature",
        FutureWarning,
        stacklevel=3,
    )
    before = dict(_enabled)
    _enabled.update(flash=enable_flash, math=enable_math, mem_efficient=enable_mem_efficient, cudnn=enable_cudnn)
    try:
        yield {}
    finally:
        _enabled.update(before)


def preferred_linalg_library(backend=None):
    """The library for linear algebra: always the default."""
    return "default"
