"""Dropout in all its forms; the random draws come in torch's order."""

import warnings

from ._native import native

_dropout = native("dropout")


def _check(p):
    if p < 0.0 or p > 1.0:
        raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")


def _masked(input, p, training, inplace, feature=False, alpha=False):
    """Whole features when `feature`, SELU's statistics kept when `alpha`."""
    name = "feature_" * feature + "alpha_" * alpha + "dropout" + "_" * inplace
    return native(name)(input, p, training)


def dropout(input, p=0.5, training=True, inplace=False):
    """Zero elements with probability p and scale the rest by 1 / (1 - p).

    >>> dropout(wg.ones(3), training=False)
    tensor([1., 1., 1.])
    """
    _check(p)
    return _masked(input, p, training, True) if inplace else _dropout(input, p, training)


def alpha_dropout(input, p=0.5, training=False, inplace=False):
    """Dropout that keeps the mean and variance of SELU activations.

    >>> alpha_dropout(wg.ones(3))
    tensor([1., 1., 1.])
    """
    _check(p)
    return _masked(input, p, training, inplace, alpha=True)


def feature_alpha_dropout(input, p=0.5, training=False, inplace=False):
    """alpha_dropout of whole channels.

    >>> feature_alpha_dropout(wg.ones(1, 3)).shape
    torch.Size([1, 3])
    """
    _check(p)
    return _masked(input, p, training, inplace, feature=True, alpha=True)


def dropout1d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of a (N, C, L) or (C, L) input.

    >>> dropout1d(wg.ones(2, 3), training=False).shape
    torch.Size([2, 3])
    """
    _check(p)
    if input.dim() not in (2, 3):
        raise RuntimeError(
            f"dropout1d: Expected 2D or 3D input, but received a {input.dim()}D input. Note that dropout1d exists to"
            " provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional"
            " batch dimension (i.e. 2D or 3D inputs)."
        )
    if input.dim() == 3:
        return _masked(input, p, training, inplace, feature=True)
    out = _masked(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace, feature=True)
    return out.squeeze_(0) if inplace else out.squeeze(0)


def dropout2d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of a (N, C, H, W) input.

    >>> dropout2d(wg.ones(1, 2, 3, 3), training=False).shape
    torch.Size([1, 2, 3, 3])
    """
    _check(p)
    if input.dim() not in (3, 4):
        warnings.warn(
            f"dropout2d: Received a {input.dim()}-D input to dropout2d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout2d exists to provide channel-wise dropout on inputs with 2 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 3D or 4D inputs).",
            stacklevel=2,
        )
    if input.dim() == 3:
        warnings.warn(
            "dropout2d: Received a 3D input to dropout2d and assuming that channel-wise 1D dropout behavior is desired"
            " - input is interpreted as shape (N, C, L), where C is the channel dim. This behavior will change in a"
            " future release to interpret the input as one without a batch dimension, i.e. shape (C, H, W). To"
            " maintain the 1D channel-wise dropout behavior, please switch to using dropout1d instead.",
            stacklevel=2,
        )
    return _masked(input, p, training, inplace, feature=True)


def dropout3d(input, p=0.5, training=True, inplace=False):
    """Zero whole channels of a (N, C, D, H, W) or (C, D, H, W) input.

    >>> dropout3d(wg.ones(1, 2, 3, 3, 3), training=False).shape
    torch.Size([1, 2, 3, 3, 3])
    """
    _check(p)
    if input.dim() not in (4, 5):
        warnings.warn(
            f"dropout3d: Received a {input.dim()}-D input to dropout3d, which is deprecated and will result in an "
            "error in a future release. To retain the behavior and silence this warning, please use dropout instead. "
            "Note that dropout3d exists to provide channel-wise dropout on inputs with 3 spatial dimensions, a channel "
            "dimension, and an optional batch dimension (i.e. 4D or 5D inputs).",
            stacklevel=2,
        )
    if input.dim() == 5:
        return _masked(input, p, training, inplace, feature=True)
    out = _masked(input.unsqueeze_(0) if inplace else input.unsqueeze(0), p, training, inplace, feature=True)
    return out.squeeze_(0) if inplace else out.squeeze(0)
