"""torch.masked: reductions and normalisations that leave out elements where a mask is false."""

from ._ops import (  # noqa: F401 (torch has them here too)
    _canonical_dim,
    _input_mask,
    _output_mask,
    _where,
    amax,
    amin,
    argmax,
    argmin,
    cumprod,
    cumsum,
    log_softmax,
    logaddexp,
    logsumexp,
    mean,
    median,
    norm,
    normalize,
    prod,
    softmax,
    softmin,
    std,
    sum,
    var,
)

__all__ = [
    "amax",
    "amin",
    "argmax",
    "argmin",
    "cumprod",
    "cumsum",
    "log_softmax",
    "logaddexp",
    "logsumexp",
    "mean",
    "median",
    "norm",
    "normalize",
    "prod",
    "softmax",
    "softmin",
    "std",
    "sum",
    "var",
]


def __getattr__(name):
    if name in ("MaskedTensor", "masked_tensor", "as_masked_tensor", "is_masked_tensor"):
        raise NotImplementedError(
            f"torch.masked.{name}: masked tensors are not part of wengert; pass mask= to torch.masked's functions"
        )
    raise AttributeError(f"module 'torch.masked' has no attribute '{name}'")
