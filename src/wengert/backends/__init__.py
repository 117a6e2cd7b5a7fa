"""torch.backends: settings of libraries, most of which are not there; they are kept and change nothing."""

import contextlib

from . import cpu, cuda, cudnn, mha, mkl, mkldnn, mps, nnpack, openmp, opt_einsum, quantized

__all__ = ["cpu", "cuda", "cudnn", "mha", "mkl", "mkldnn", "mps", "nnpack", "openmp", "opt_einsum", "quantized"]

fp32_precision = "none"


@contextlib.contextmanager
def __allow_nonbracketed_mutation():
    """A block in which settings can be changed even where they were frozen; here they never are."""
    yield
