"""Local response normalisation across channels as Lua Torch had it."""

import wengert as wg

from ..functional import pad


def _running_window(x, low, size, count):
    """Sums over dimension 1 of `size` neighbours, the first `low` places before each of `count` results."""
    c = x.size(1)
    padded = pad(x.unsqueeze(1), (0, 0, 0, 0, low + 1, max(size + count - low - c, 0))).squeeze(1).cumsum(1)
    return padded[:, size : size + count] - padded[:, :count]


class CrossMap(wg.autograd.Function):
    """The formula of the old Lua layer, with its two quirks: see forward and backward."""

    @staticmethod
    def forward(ctx, input, size, alpha, beta, k):
        c = input.size(1)
        reach = (size - 1) // 2
        total = _running_window(input * input, reach, 2 * reach + 1, c)
        # The window never drops the first channel once it has passed it.
        late = (wg.arange(c) >= reach + 1).to(input.dtype).view(1, c, 1, 1)
        scale = (total + late * input[:, :1] * input[:, :1]) * (alpha / size) + k
        output = input * scale.pow(-beta)
        ctx.save_for_backward(input, output, scale)
        ctx.settings = size, alpha, beta
        return output

    @staticmethod
    def backward(ctx, grad):
        input, output, scale = ctx.saved_tensors
        size, alpha, beta = ctx.settings
        # The window of the gradient is not the mirror image of the forward's.
        accumulated = _running_window(grad * output / scale, int(size - (size - 1) / 2), size, input.size(1))
        direct = grad * scale.pow(-beta)
        return direct - (2 * alpha * beta / size) * input * accumulated, None, None, None, None
