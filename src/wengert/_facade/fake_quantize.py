"""Fake quantisation: values rounded to a grid of integers and back, with the gradient of the identity on the grid."""

import wengert as wg

from ..autograd import Function


class _Rounded(Function):
    @staticmethod
    def forward(ctx, x, scale, zero_point, low, high):
        number = (x * (1 / scale) + zero_point).round() + 0.0  # never -0
        ctx.save_for_backward((number >= low) & (number <= high))
        return ((number.nan_to_num(nan=low).clamp(low, high) - zero_point) * scale).to(x.dtype)

    @staticmethod
    def backward(ctx, grad):
        return grad * ctx.saved_tensors[0], None, None, None, None


def _check(quant_min, quant_max):
    if quant_min > quant_max:
        raise RuntimeError("`quant_min` should be less than or         equal to `quant_max`.")


def fake_quantize_per_tensor_affine(input, scale, zero_point, quant_min, quant_max):
    """(clamp(round(x / scale + zero_point), quant_min, quant_max) - zero_point) * scale; gradient 1 inside, 0 outside.

    scale, zero_point: numbers, or tensors of one element.

    >>> fake_quantize_per_tensor_affine(wg.tensor([0.12, 0.26, 9.0]), 0.1, 0, -8, 7)
    tensor([0.1000, 0.3000, 0.7000])
    """
    _check(quant_min, quant_max)
    if not isinstance(zero_point, wg.Tensor) and not quant_min <= zero_point <= quant_max:
        raise RuntimeError("`zero_point` must be between `quant_min` and `quant_max`.")
    scale = wg.as_tensor(scale, dtype=wg.float32)
    return _Rounded.apply(input, scale, zero_point, quant_min, quant_max)


def fake_quantize_per_channel_affine(input, scale, zero_point, axis, quant_min, quant_max):
    """As fake_quantize_per_tensor_affine, with a scale and a zero point for each index of a dim.

    >>> x = wg.tensor([[0.12], [0.12]])
    >>> fake_quantize_per_channel_affine(x, wg.tensor([0.1, 0.5]), wg.zeros(2).int(), 0, -8, 7)
    tensor([[0.1000],
            [0.0000]])
    """
    _check(quant_min, quant_max)
    if not -input.dim() <= axis < input.dim():
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-input.dim()}, {input.dim() - 1}], but got {axis})"
        )
    if scale.numel() != input.shape[axis] or zero_point.numel() != scale.numel():
        raise RuntimeError("dimensions of scale and zero-point are not consistent with input tensor")
    shape = [1] * input.dim()
    shape[axis] = -1
    return _Rounded.apply(input, scale.reshape(shape), zero_point.reshape(shape), quant_min, quant_max)
