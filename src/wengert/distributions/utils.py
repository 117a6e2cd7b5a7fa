"""What the distributions share: broadcasting of parameters, probabilities and logits, values computed once."""

from functools import update_wrapper
from numbers import Number

import wengert as wg
import wengert.nn.functional as F

euler_constant = 0.57721566490153286060  # Euler's constant


def broadcast_all(*values):
    """Numbers and tensors as tensors of one shape; numbers take the dtype of the first tensor.

    >>> import wengert
    >>> broadcast_all(1.0, wengert.zeros(2))
    (tensor([1., 1.]), tensor([0., 0.]))
    """
    if not all(isinstance(value, Number) or wg.overrides.is_tensor_like(value) for value in values):
        raise ValueError(
            "Input arguments must all be instances of Number, torch.Tensor or objects implementing __torch_function__."
        )
    first = next((value for value in values if isinstance(value, wg.Tensor)), None)
    dtype = wg.get_default_dtype() if first is None else first.dtype
    return wg.broadcast_tensors(
        *(wg.tensor(value, dtype=dtype) if isinstance(value, Number) else value for value in values)
    )


def standard_normal(shape, like):
    """Draws from the standard normal distribution, in the dtype of a tensor."""
    return _standard_normal(shape, like.dtype, like.device)


def sum_rightmost(value, dims):
    """The sum over the last `dims` dimensions."""
    return value if dims == 0 else value.reshape(value.shape[:-dims] + (-1,)).sum(-1)


def logits_to_probs(logits, is_binary=False):
    """Sigmoid for binary outcomes, softmax over the last dimension otherwise."""
    return wg.sigmoid(logits) if is_binary else F.softmax(logits, dim=-1)


def clamp_probs(probs):
    """Probabilities kept away from 0 and 1 by the dtype's precision."""
    eps = wg.finfo(probs.dtype).eps
    return probs.clamp(min=eps, max=1 - eps)


def probs_to_logits(probs, is_binary=False):
    """The inverse of logits_to_probs, up to a constant in the last dimension."""
    clamped = clamp_probs(probs)
    return wg.log(clamped) - wg.log1p(-clamped) if is_binary else wg.log(clamped)


class lazy_property:
    """A property that is computed once, with gradients, and then is a plain attribute."""

    def __init__(self, wrapped):
        self.wrapped = wrapped
        update_wrapper(self, wrapped)

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        with wg.enable_grad():
            value = self.wrapped(instance)
        setattr(instance, self.wrapped.__name__, value)
        return value


def probs_or_logits(probs, logits):
    """Refuse both or none; whether all that was given is a number."""
    if (probs is None) == (logits is None):
        raise ValueError("Either `probs` or `logits` must be specified, but not both.")
    return isinstance(logits if probs is None else probs, Number)


def _standard_normal(shape, dtype, device):
    """torch's name and arguments of standard_normal, which libraries built on distributions import."""
    return wg.normal(wg.zeros(shape, dtype=dtype, device=device), wg.ones(shape, dtype=dtype, device=device))


_sum_rightmost = sum_rightmost


def _below(size, diag, device):
    """Which entries of a square matrix are on or below a diagonal."""
    return wg.ones(size, size, dtype=wg.bool, device=device).tril(diag)


def tril_matrix_to_vec(mat, diag=0):
    """The entries on and below a diagonal of (..., n, n), row after row, as (..., entries).

    >>> import wengert
    >>> tril_matrix_to_vec(wengert.tensor([[1, 2], [3, 4]]))
    tensor([1, 3, 4])
    """
    n = mat.shape[-1]
    if diag < -n or diag >= n:
        raise ValueError(f"diag ({diag}) provided is outside [{-n}, {n - 1}].")
    return mat[..., _below(n, diag, mat.device)]


def vec_to_tril_matrix(vec, diag=0):
    """The inverse of tril_matrix_to_vec; the entries above the diagonal are zero.

    >>> import wengert
    >>> vec_to_tril_matrix(wengert.tensor([1.0, 3.0, 4.0]))
    tensor([[1., 0.],
            [3., 4.]])
    """
    b = 1 + 2 * diag
    root = (
        b * b + 8 * vec.shape[-1] + 4 * abs(diag) * (diag + 1)
    ) ** 0.5  # of n (n + b) = 2 entries + |diag| (diag + 1)
    n = (root - b) / 2
    if round(n) - n > wg.finfo(vec.dtype).eps:
        raise ValueError(
            f"The size of last dimension is {vec.shape[-1]} which cannot be expressed as the lower triangular part of a"
            " square D x D matrix."
        )
    n = round(n)
    mat = vec.new_zeros((*vec.shape[:-1], n, n))
    mat[..., _below(n, diag, vec.device)] = vec
    return mat
