"""torch.autograd._functions: functions of the time before operations had derivatives of their own."""

from .function import Function


class Resize(Function):
    """Resize.apply(tensor, sizes): the elements of a tensor in another shape. RuntimeError when the counts differ.

    >>> import wengert
    >>> Resize.apply(wengert.arange(4.0), (2, 2))
    tensor([[0., 1.],
            [2., 3.]])
    """

    @staticmethod
    def forward(ctx, tensor, sizes):
        """The elements in the shape `sizes`."""
        count = 1
        for size in sizes:
            count *= size
        if tensor.numel() != count:
            raise RuntimeError(
                f"requested resize to {'x'.join(map(str, sizes))} ({count} elements in total), but the given tensor has a "
                f"size of {'x'.join(map(str, tensor.size()))} ({tensor.numel()} elements). autograd's resize can only change "
                "the shape of a given tensor, while preserving the number of elements. "
            )
        ctx.input_sizes = tensor.size()
        return tensor.contiguous().view(*sizes)

    @staticmethod
    def backward(ctx, grad):
        """The gradient in the shape of the input."""
        return grad.contiguous().view(ctx.input_sizes), None
