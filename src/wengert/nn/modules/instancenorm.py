"""Instance normalisation."""

import warnings

from .. import functional as F
from .batchnorm import _LazyNormBase, _NormBase

__all__ = [
    "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "LazyInstanceNorm1d", "LazyInstanceNorm2d",
    "LazyInstanceNorm3d",
]  # fmt: skip

_OLD_STATS = (
    "Unexpected running stats buffer(s) {names} for {klass} with track_running_stats=False. If state_dict is a "
    "checkpoint saved before 0.4.0, this may be expected because {klass} does not track running stats by default "
    "since 0.4.0. Please remove these keys from state_dict. If the running stats are actually needed, instead set "
    "track_running_stats=True in {klass} to enable them. See the documentation of {klass} for details."
)


class _InstanceNorm(_NormBase):
    """Instance normalisation of inputs with `_spatial` dimensions after (N, C)."""

    _spatial = None

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=False, track_running_stats=False, device=None, dtype=None,
        *, bias=True,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)

    def _check_input_dim(self, input):
        n = self._spatial
        if input.dim() not in (n + 1, n + 2):
            raise ValueError(f"expected {n + 1}D or {n + 2}D input (got {input.dim()}D input)")

    def _get_no_batch_dim(self):
        return self._spatial + 1

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        if local_metadata.get("version", None) is None and not self.track_running_stats:
            found = [prefix + n for n in ("running_mean", "running_var") if prefix + n in state_dict]
            if found:
                names = " and ".join(f'"{k}"' for k in found)
                error_msgs.append(_OLD_STATS.format(names=names, klass=self.__class__.__name__))
                for key in found:
                    state_dict.pop(key)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    def _apply_instance_norm(self, input):
        use_input = self.training or not self.track_running_stats
        momentum = self.momentum if self.momentum is not None else 0.0
        return F.instance_norm(
            input, self.running_mean, self.running_var, self.weight, self.bias, use_input, momentum, self.eps
        )

    def forward(self, input):
        self._check_input_dim(input)
        dim = input.dim() - self._spatial - 1
        if input.size(dim) != self.num_features:
            if self.affine:
                raise ValueError(
                    f"expected input's size at dim={dim} to match num_features ({self.num_features}), but got: "
                    f"{input.size(dim)}."
                )
            warnings.warn(
                f"input's size at dim={dim} does not match num_features. You can silence this warning by not passing in"
                " num_features, which is not used because affine=False",
                stacklevel=2,
            )
        if input.dim() == self._get_no_batch_dim():
            return self._apply_instance_norm(input.unsqueeze(0)).squeeze(0)
        return self._apply_instance_norm(input)


class _LazyInstanceNorm(_LazyNormBase, _InstanceNorm):
    def __init__(
        self, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True
    ):
        super().__init__(eps, momentum, affine, track_running_stats, device, dtype, bias=bias)


class InstanceNorm1d(_InstanceNorm):
    """Normalises (N, C, L) or (C, L) for each sample and channel.

    >>> InstanceNorm1d(3)(wg.randn(4, 3, 5)).shape
    torch.Size([4, 3, 5])
    """

    _spatial = 1


class InstanceNorm2d(_InstanceNorm):
    """Normalises (N, C, H, W) or (C, H, W) for each sample and channel.

    >>> InstanceNorm2d(3)(wg.randn(4, 3, 5, 5)).shape
    torch.Size([4, 3, 5, 5])
    """

    _spatial = 2


class InstanceNorm3d(_InstanceNorm):
    """Normalises (N, C, D, H, W) or (C, D, H, W) for each sample and channel.

    >>> InstanceNorm3d(3)(wg.randn(4, 3, 2, 2, 2)).shape
    torch.Size([4, 3, 2, 2, 2])
    """

    _spatial = 3


class LazyInstanceNorm1d(_LazyInstanceNorm):
    """InstanceNorm1d that takes num_features from its first input.

    >>> LazyInstanceNorm1d()(wg.randn(4, 3, 5)).shape
    torch.Size([4, 3, 5])
    """

    cls_to_become = InstanceNorm1d
    _spatial = 1


class LazyInstanceNorm2d(_LazyInstanceNorm):
    """InstanceNorm2d that takes num_features from its first input.

    >>> LazyInstanceNorm2d()(wg.randn(4, 3, 5, 5)).shape
    torch.Size([4, 3, 5, 5])
    """

    cls_to_become = InstanceNorm2d
    _spatial = 2


class LazyInstanceNorm3d(_LazyInstanceNorm):
    """InstanceNorm3d that takes num_features from its first input.

    >>> LazyInstanceNorm3d()(wg.randn(4, 3, 2, 2, 2)).shape
    torch.Size([4, 3, 2, 2, 2])
    """

    cls_to_become = InstanceNorm3d
    _spatial = 3
