"""Linear maps, convolutions, embeddings, fold and unfold."""

import warnings

import wengert as wg

from ._native import native, tuple_of

linear = native("linear")
conv1d, conv2d, conv3d = native("conv1d"), native("conv2d"), native("conv3d")
conv_transpose1d = native("conv_transpose1d")
conv_transpose2d = native("conv_transpose2d")
conv_transpose3d = native("conv_transpose3d")
_embedding, _embedding_bag = native("embedding"), native("embedding_bag")
_im2col, _col2im = native("im2col"), native("col2im")


def bilinear(input1, input2, weight, bias=None):
    """x1 A x2 + b for each output: inputs (*, in1) and (*, in2), weight (out, in1, in2), bias (out).

    >>> bilinear(wg.ones(4, 2), wg.ones(4, 3), wg.ones(5, 2, 3))[0]
    tensor([6., 6., 6., 6., 6.])
    """
    if input1.dim() != input2.dim():
        raise RuntimeError(f"bilinear(): input dimensions do not match: got {input1.dim()} and {input2.dim()}")
    for i, (a, b) in enumerate(zip(input1.shape[:-1], input2.shape[:-1])):
        if a != b:
            raise RuntimeError(f"bilinear(): input batch dimensions do not match at dim {i}: got {a} and {b}")
    for which, (x, dim) in enumerate(((input1, 1), (input2, 2)), 1):
        if x.shape[-1] != weight.shape[dim]:
            raise RuntimeError(
                f"bilinear(): input{which} size does not match weight size: got {x.shape[-1]} but expected"
                f" {weight.shape[dim]}"
            )
    out_features, in1, in2 = weight.shape
    half = linear(input2, weight.reshape(out_features * in1, in2)).unflatten(-1, (out_features, in1))
    out = (half * input1.unsqueeze(-2)).sum(-1)
    return out if bias is None else out + bias


def conv_tbc(input, weight, bias, pad=0):
    """1d convolution on (time, batch, channels); weight (kernel, in, out).

    >>> conv_tbc(wg.ones(5, 1, 2), wg.ones(3, 2, 4), wg.zeros(4)).shape
    torch.Size([3, 1, 4])
    """
    return conv1d(input.permute(1, 2, 0), weight.permute(2, 1, 0), bias, [1], [pad]).permute(2, 0, 1)


def unfold(input, kernel_size, dilation=1, padding=0, stride=1):
    """Sliding blocks of (N, C, H, W) as columns (N, C * kernel, blocks).

    >>> unfold(wg.ones(1, 2, 3, 3), 2).shape
    torch.Size([1, 8, 4])
    """
    return _im2col(input, *(tuple_of(v, 2) for v in (kernel_size, dilation, padding, stride)))


def fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1):
    """Sum the columns (N, C * kernel, blocks) back into (N, C, *output_size).

    >>> fold(wg.ones(1, 8, 4), (3, 3), 2).shape
    torch.Size([1, 2, 3, 3])
    """
    return _col2im(input, *(tuple_of(v, 2) for v in (output_size, kernel_size, dilation, padding, stride)))


def _renorm_rows_(weight, indices, max_norm, norm_type):
    """Scale the rows of `weight` that are looked up and longer than max_norm, in place."""
    with wg.no_grad():
        rows = wg.unique(indices.reshape(-1))
        looked_up = weight.detach()[rows]
        norms = looked_up.norm(norm_type, 1, keepdim=True)
        scale = wg.where(norms > max_norm, max_norm / (norms + 1e-7), wg.ones_like(norms))
        weight.detach()[rows] = looked_up * scale


def _row_of_padding(padding_idx, weight, text):
    n = weight.size(0)
    if not -n <= padding_idx < n:
        raise AssertionError(text)
    return padding_idx % n if padding_idx < 0 else padding_idx


def embedding(input, weight, padding_idx=None, max_norm=None, norm_type=2.0, scale_grad_by_freq=False, sparse=False):
    """Rows of `weight` (V, D) at the indices `input` (*), as (*, D).

    The row padding_idx gets no gradient; max_norm renormalises looked-up rows in place.

    >>> embedding(wg.tensor([1]), wg.tensor([[1.0], [2.0]]))
    tensor([[2.]])
    """
    padding_idx = (
        -1 if padding_idx is None else _row_of_padding(padding_idx, weight, "Padding_idx must be within num_embeddings")
    )
    if max_norm is not None:
        input = input.contiguous()
        _renorm_rows_(weight, input, max_norm, norm_type)
    found = _embedding(weight, input, padding_idx, scale_grad_by_freq, sparse)
    return _with_sparse_gradient(found, weight, input, padding_idx) if sparse else found


def _with_sparse_gradient(found, weight, input, padding_idx):
    from ...sparse import _gradient

    if _gradient.is_wanted(weight):
        _gradient.watch(weight, input, found, -1 if padding_idx is None else padding_idx)
    return found


_BAG_MODES = {"sum": 0, "mean": 1, "max": 2}


def _check_bag(input, offsets, mode, scale_grad_by_freq, sparse, per_sample_weights):
    """The input as one row of indices, with offsets and weights to match, and the number of the mode."""
    if per_sample_weights is not None and input.size() != per_sample_weights.size():
        raise ValueError(
            f"embedding_bag: If per_sample_weights ({per_sample_weights.shape}) is not None, then it must have the"
            f" same shape as the input ({input.shape})"
        )
    if input.dim() == 2:
        if offsets is not None:
            raise ValueError(
                "if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length"
                f" sequences. However, found offsets of type {type(offsets)!s}"
            )
        offsets = wg.arange(0, input.numel(), input.size(1), dtype=input.dtype, device=input.device)
        input = input.reshape(-1)
        per_sample_weights = None if per_sample_weights is None else per_sample_weights.reshape(-1)
    elif input.dim() == 1:
        if offsets is None:
            raise ValueError("offsets has to be a 1D Tensor but got None")
        if offsets.dim() != 1:
            raise ValueError("offsets has to be a 1D Tensor")
    else:
        raise ValueError(f"input has to be 1D or 2D Tensor, but got Tensor of dimension {input.dim()}")
    if mode not in _BAG_MODES:
        raise ValueError("mode has to be one of sum, mean or max")
    if mode == "max" and scale_grad_by_freq:
        raise ValueError("max mode does not support scaling the gradient by the frequency")
    if mode == "max" and sparse:
        raise ValueError("max mode does not support sparse weights")
    if per_sample_weights is not None and mode != "sum":
        raise NotImplementedError(
            "embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum'"
            f" (got mode='{mode}'). Please open a feature request on GitHub."
        )
    return input, offsets, per_sample_weights, _BAG_MODES[mode]


def embedding_bag(
    input,
    weight,
    offsets=None,
    max_norm=None,
    norm_type=2,
    scale_grad_by_freq=False,
    mode="mean",
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """Sum, mean or max of embedding rows for each bag: input (B, N), or (total,) with offsets (B,).

    >>> embedding_bag(wg.tensor([[0, 1]]), wg.tensor([[1.0], [2.0]]), mode="sum")
    tensor([[3.]])
    """
    if weight.dtype == wg.long and input.is_floating_point():
        warnings.warn(
            "Argument order of nn.functional.embedding_bag was changed. Usage `embedding_bag(weight, input, ...)` is"
            " deprecated, and should now be `embedding_bag(input, weight, ...)`.",
            stacklevel=2,
        )
        weight, input = input, weight
    if weight.dim() != 2:
        raise ValueError(f"weight has to be a 2D Tensor, but got Tensor of dimension {weight.dim()}")
    input, offsets, per_sample_weights, number = _check_bag(
        input, offsets, mode, scale_grad_by_freq, sparse, per_sample_weights
    )
    if max_norm is not None:
        _renorm_rows_(weight, input, max_norm, norm_type)
    found = _embedding_bag(
        weight, input, offsets, scale_grad_by_freq, number, sparse, per_sample_weights, include_last_offset, padding_idx
    )[0]
    return _with_sparse_gradient(found, weight, input, padding_idx) if sparse else found
