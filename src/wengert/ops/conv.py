"""Convolutions: three products, each other's derivatives, and the public functions made of them."""

from ._declare import composite, primitive
from .matmul import _conj

HIDDEN = {"function": False, "method": False}
STEPS = "int[] stride, int[] padding, int[] dilation, int groups"


@primitive("_conv_bias(Tensor grad)", **HIDDEN)
def _conv_bias():
    """The sum over all dims but dim 1."""


@primitive(
    f"_conv(Tensor input, Tensor weight, Tensor? bias, {STEPS}, int[]? sizes=None)",
    grad_name="ConvolutionBackward0",
    **HIDDEN,
)
def _conv(g, input, weight, stride, padding, dilation, groups):
    """Every window of input (N, C, ...) times weight (O, C / groups, ...), plus bias; sizes: of the result, where the
    windows say less (as after a transposed convolution with output_padding)."""
    return (
        _conv_input(g, _conj(weight), None, input.shape, stride, padding, dilation, groups),
        _conv_weight(g, _conj(input), weight.shape, stride, padding, dilation, groups),
        _conv_bias(g),
    )


@primitive(
    f"_conv_input(Tensor grad, Tensor weight, Tensor? bias, int[] sizes, {STEPS})",
    grad_name="ConvolutionBackward0",
    **HIDDEN,
)
def _conv_input(g, grad, weight, stride, padding, dilation, groups):
    """The adjoint of _conv in its input: a transposed convolution, plus bias."""
    return (
        _conv(g, _conj(weight), None, stride, padding, dilation, groups, grad.shape),
        _conv_weight(_conj(grad), g, weight.shape, stride, padding, dilation, groups),
        _conv_bias(g),
    )


@primitive(f"_conv_weight(Tensor grad, Tensor input, int[] sizes, {STEPS})", **HIDDEN)
def _conv_weight(g, grad, input, stride, padding, dilation, groups):
    """The adjoint of _conv in its weight."""
    return (
        _conv(_conj(input), g, None, stride, padding, dilation, groups, grad.shape),
        _conv_input(_conj(grad), g, None, input.shape, stride, padding, dilation, groups),
    )


@composite(
    "convolution(Tensor input, Tensor weight, Tensor? bias, int[] stride, int[] padding, int[] dilation, "
    "bool transposed, int[] output_padding, int groups)",
    method=False,
)
def convolution():
    """A convolution, or its transpose, of a batch of 1 to 3 dims."""


@composite(**HIDDEN)
def convolution_backward(
    grad_output,
    input,
    weight,
    bias_sizes,
    stride,
    padding,
    dilation,
    transposed,
    output_padding,
    groups,
    output_mask,
):
    """The gradients of convolution in input, weight and bias; None for those that output_mask does not want.

    >>> wengert.ops.aten.convolution_backward(
    ...     wengert.ones(1, 1, 2), wengert.ones(1, 1, 3), wengert.ones(1, 1, 2), [1], [1], [0], [1], False, [0], 1, [True, False, True])
    (tensor([[[1., 2., 1.]]]), None, tensor([2.]))
    """
    dims = input.dim() - 2
    steps = (*(list(s) * (dims if len(s) == 1 else 1) for s in (stride, padding, dilation)), groups)
    made = [None] * 3
    if output_mask[0]:
        made[0] = (
            _conv(grad_output, _conj(weight), None, *steps, input.shape)
            if transposed
            else _conv_input(grad_output, _conj(weight), None, input.shape, *steps)
        )
    if output_mask[1]:
        pair = (_conj(input), grad_output) if transposed else (grad_output, _conj(input))
        made[1] = _conv_weight(*pair, weight.shape, *steps)
    if output_mask[2]:
        made[2] = _conv_bias(grad_output)
    return tuple(made)


_PLAIN = (
    "Tensor input, Tensor weight, Tensor? bias=None, int[{n}] stride=1, int[{n}] padding=0, int[{n}] dilation=1, "
    "int groups=1"
)
_NAMED = (
    'Tensor input, Tensor weight, Tensor? bias=None, int[{n}] stride=1, str padding="valid", int[{n}] dilation=1, '
    "int groups=1"
)
_TRANSPOSED = (
    "Tensor input, Tensor weight, Tensor? bias=None, int[{n}] stride=1, int[{n}] padding=0, "
    "int[{n}] output_padding=0, int groups=1, int[{n}] dilation=1"
)


@composite(f"conv1d({_PLAIN.format(n=1)})", method=False)
def conv1d():
    """Sums of products of weight (O, C / groups, K) with the windows of input (N, C, L) or (C, L).

    >>> wengert.conv1d(wengert.tensor([[[1.0, 2.0, 4.0]]]), wengert.tensor([[[-1.0, 1.0]]]))
    tensor([[[1., 2.]]])
    """


@composite(f"conv1d.padding({_NAMED.format(n=1)})", method=False)
def conv1d_padding():
    """conv1d with padding "same" or "valid"."""


@composite(f"conv2d({_PLAIN.format(n=2)})", method=False)
def conv2d():
    """Sums of products of weight (O, C / groups, kH, kW) with the windows of input (N, C, H, W) or (C, H, W).

    >>> wengert.conv2d(wengert.ones(1, 1, 3, 3), wengert.ones(1, 1, 3, 3))
    tensor([[[[9.]]]])
    """


@composite(f"conv2d.padding({_NAMED.format(n=2)})", method=False)
def conv2d_padding():
    """conv2d with padding "same" or "valid"."""


@composite(f"conv3d({_PLAIN.format(n=3)})", method=False)
def conv3d():
    """Sums of products of weight (O, C / groups, kD, kH, kW) with the windows of input (N, C, D, H, W).

    >>> wengert.conv3d(wengert.ones(1, 1, 2, 2, 2), wengert.ones(1, 1, 2, 2, 2)).item()
    8.0
    """


@composite(f"conv3d.padding({_NAMED.format(n=3)})", method=False)
def conv3d_padding():
    """conv3d with padding "same" or "valid"."""


@composite(f"conv_transpose1d({_TRANSPOSED.format(n=1)})", method=False)
def conv_transpose1d():
    """The adjoint of conv1d: input (N, C, L), weight (C, O / groups, K).

    >>> wengert.conv_transpose1d(wengert.ones(1, 1, 2), wengert.ones(1, 1, 2))
    tensor([[[1., 2., 1.]]])
    """


@composite(f"conv_transpose2d.input({_TRANSPOSED.format(n=2)})", method=False)
def conv_transpose2d_input():
    """The adjoint of conv2d: input (N, C, H, W), weight (C, O / groups, kH, kW).

    >>> wengert.conv_transpose2d(wengert.ones(1, 1, 1, 1), wengert.ones(1, 1, 2, 2)).sum().item()
    4.0
    """


@composite(f"conv_transpose3d.input({_TRANSPOSED.format(n=3)})", method=False)
def conv_transpose3d_input():
    """The adjoint of conv3d: input (N, C, D, H, W), weight (C, O / groups, kD, kH, kW).

    >>> wengert.conv_transpose3d(wengert.ones(1, 1, 1, 1, 1), wengert.ones(1, 1, 2, 2, 2)).sum().item()
    8.0
    """


@composite(method=False)
def conv_tbc(self, weight, bias, pad=0):
    """conv1d of input (L, N, C) with weight (K, C, O)."""
    out = conv1d(self.permute(1, 2, 0), weight.permute(2, 1, 0), bias, padding=pad)
    return out.permute(2, 0, 1)
