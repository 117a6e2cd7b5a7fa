"""Normalisation over batches, instances, layers, groups and neighbouring channels."""

import wengert as wg

from ._native import native
from .padding import pad
from .pooling import avg_pool2d, avg_pool3d

_batch_norm, _layer_norm = native("batch_norm"), native("layer_norm")
_group_norm, _rms_norm = native("group_norm"), native("rms_norm")


def _verify_batch_size(size):
    count = size[0]
    for n in size[2:]:
        count *= n
    if count == 1:
        raise ValueError(f"Expected more than 1 value per channel when training, got input size {size}")


def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05):
    """Normalise (N, C, *) per channel: by the batch's statistics in training, else by the running ones.

    >>> batch_norm(wg.tensor([[1.0], [3.0]]), None, None, training=True, eps=1e-12)
    tensor([[-1.],
            [ 1.]])
    """
    if training:
        _verify_batch_size(input.size())
        if eps <= 0.0:
            raise ValueError(f"batch_norm eps must be positive during training, but got {eps}")
    elif eps < 0.0:
        raise ValueError(f"batch_norm eps must be non-negative, but got {eps}")
    return _batch_norm(input, weight, bias, running_mean, running_var, training, momentum, eps, True)


def _verify_spatial_size(size):
    count = 1
    for n in size[2:]:
        count *= n
    if count == 1:
        raise ValueError(f"Expected more than 1 spatial element when training, got input size {size}")


def instance_norm(
    input,
    running_mean=None,
    running_var=None,
    weight=None,
    bias=None,
    use_input_stats=True,
    momentum=0.1,
    eps=1e-05,
):
    """Normalise (N, C, *) for each sample and channel alone.

    >>> instance_norm(wg.tensor([[[1.0, 3.0]]]), eps=1e-12)
    tensor([[[-1.,  1.]]])
    """
    if use_input_stats:
        _verify_spatial_size(input.size())
    n, c = input.shape[:2]

    def repeated(t):
        return None if t is None else t.repeat(n)

    mean, var = (t if t is None else repeated(t).to(input.dtype) for t in (running_mean, running_var))
    flat = input.contiguous().view(1, n * c, *input.shape[2:])
    out = _batch_norm(flat, repeated(weight), repeated(bias), mean, var, use_input_stats, momentum, eps, True)
    with wg.no_grad():
        if running_mean is not None:
            running_mean.copy_(mean.view(n, c).mean(0))
        if running_var is not None:
            running_var.copy_(var.view(n, c).mean(0))
    return out.view(input.shape)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-05):
    """Normalise over the last dimensions, which have to be `normalized_shape`.

    >>> layer_norm(wg.tensor([1.0, 3.0]), (2,), eps=1e-12)
    tensor([-1.,  1.])
    """
    return _layer_norm(input, normalized_shape, weight, bias, eps)


def rms_norm(input, normalized_shape, weight=None, eps=None):
    """Divide by the root mean square of the last dimensions; eps defaults to the dtype's.

    >>> rms_norm(wg.tensor([2.0, -2.0]), (2,))
    tensor([ 1., -1.])
    """
    return _rms_norm(input, normalized_shape, weight, eps)


def group_norm(input, num_groups, weight=None, bias=None, eps=1e-05):
    """Normalise (N, C, *) over groups of channels; weight and bias are (C,).

    >>> group_norm(wg.tensor([[1.0, 3.0]]), 1, eps=1e-12)
    tensor([[-1.,  1.]])
    """
    if input.dim() < 2:
        raise RuntimeError(f"Expected at least 2 dimensions for input tensor but received {input.dim()}")
    _verify_batch_size([input.size(0) * input.size(1) // num_groups, num_groups, *input.size()[2:]])
    return _group_norm(input, num_groups, weight, bias, eps)


def local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1.0):
    """Divide (N, C, *) by (k + alpha * mean of the squares of `size` neighbouring channels) ** beta.

    >>> local_response_norm(wg.ones(1, 2, 3), 2).shape
    torch.Size([1, 2, 3])
    """
    dim = input.dim()
    if dim < 3:
        raise ValueError(f"Expected 3D or higher dimensionality                          input (got {dim} dimensions)")
    if input.numel() == 0:
        return input
    squares = input.mul(input)
    low, high = size // 2, (size - 1) // 2
    if dim == 3:
        mean = avg_pool2d(pad(squares.unsqueeze(1), (0, 0, low, high)), (size, 1), stride=1).squeeze(1)
    else:
        n, c, h = input.shape[:3]
        squares = pad(squares.view(n, 1, c, h, -1), (0, 0, 0, 0, low, high))
        mean = avg_pool3d(squares, (size, 1, 1), stride=1).squeeze(1).view(input.shape)
    return input / mean.mul(alpha).add(k).pow(beta)
