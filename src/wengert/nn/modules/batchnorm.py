"""Batch normalisation."""

import wengert as wg

from .. import functional as F
from .. import init
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]  # fmt: skip


class _NormBase(Module):
    """What batch and instance normalisation share: weight, bias, running statistics."""

    _version = 2

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None,
        *, bias=True,
    ):  # fmt: skip
        super().__init__()
        self.num_features = num_features
        self.eps = eps
        self.momentum = momentum
        self.affine = affine
        self.track_running_stats = track_running_stats

        def empty():
            return Parameter(wg.empty(num_features, device=device, dtype=dtype))

        if affine:
            self.weight = empty()
        else:
            self.register_parameter("weight", None)
        if affine and bias:
            self.bias = empty()
        else:
            self.register_parameter("bias", None)
        if track_running_stats:
            self.register_buffer("running_mean", wg.zeros(num_features, device=device, dtype=dtype))
            self.register_buffer("running_var", wg.ones(num_features, device=device, dtype=dtype))
            self.register_buffer("num_batches_tracked", wg.tensor(0, dtype=wg.int64, device=device))
        else:
            for name in ("running_mean", "running_var", "num_batches_tracked"):
                self.register_buffer(name, None)
        self.reset_parameters()

    def reset_running_stats(self):
        """Mean 0, variance 1, no batches seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self):
        """Weight 1, bias 0, and reset_running_stats."""
        self.reset_running_stats()
        if self.affine:
            init.ones_(self.weight)
            if self.bias is not None:
                init.zeros_(self.bias)

    def _check_input_dim(self, input):
        raise NotImplementedError

    def extra_repr(self):
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, affine={self.affine}, "
            f"bias={self.bias is not None}, track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
    ):
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        if (version is None or version < 2) and self.track_running_stats and key not in state_dict:
            # Version 2 counts the batches; older checkpoints do not.
            known = self.num_batches_tracked
            state_dict[key] = known if known is not None else wg.tensor(0, dtype=wg.int64)
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )


class _BatchNorm(_NormBase):
    def forward(self, input):
        self._check_input_dim(input)
        factor = 0.0 if self.momentum is None else self.momentum
        mean, var = self.running_mean, self.running_var
        if self.training and self.track_running_stats and self.num_batches_tracked is not None:
            self.num_batches_tracked.add_(1)
            if self.momentum is None:
                factor = 1.0 / float(self.num_batches_tracked)
        use_batch = self.training or (mean is None and var is None)
        if self.training and not self.track_running_stats:
            mean = var = None
        return F.batch_norm(input, mean, var, self.weight, self.bias, use_batch, factor, self.eps)


class _LazyNormBase(LazyModuleMixin, _NormBase):
    """The laziness of norms: num_features comes from dimension 1 of the first input."""

    def __init__(
        self, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, device=None, dtype=None, *, bias=True
    ):
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=False)
        self.affine = affine
        self.track_running_stats = track_running_stats
        if affine:
            self.weight = UninitializedParameter(device=device, dtype=dtype)
            if bias:
                self.bias = UninitializedParameter(device=device, dtype=dtype)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(device=device, dtype=dtype)
            self.running_var = UninitializedBuffer(device=device, dtype=dtype)
            self.num_batches_tracked = wg.tensor(0, dtype=wg.int64, device=device)

    def reset_parameters(self):
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()

    def _materialize(self, name, param, shape):
        if name in self._buffers:  # nobody holds a buffer: a new tensor may take its place
            self._buffers[name] = wg.empty(shape, dtype=param.data.dtype)
        else:
            param.materialize(shape)

    def initialize_parameters(self, input):
        if self.has_uninitialized_params():
            self.num_features = input.shape[1]
            for name, t in [*self._parameters.items(), *self._buffers.items()]:
                if t is not None and name != "num_batches_tracked":
                    self._materialize(name, t, (self.num_features,))
            self.reset_parameters()


class _Rank1:
    def _check_input_dim(self, input):
        if input.dim() not in (2, 3):
            raise ValueError(f"expected 2D or 3D input (got {input.dim()}D input)")


class _Rank2:
    def _check_input_dim(self, input):
        if input.dim() != 4:
            raise ValueError(f"expected 4D input (got {input.dim()}D input)")


class _Rank3:
    def _check_input_dim(self, input):
        if input.dim() != 5:
            raise ValueError(f"expected 5D input (got {input.dim()}D input)")


class BatchNorm1d(_Rank1, _BatchNorm):
    """Normalises (N, C) or (N, C, L) per channel: by the batch in training, by running statistics otherwise.

    >>> BatchNorm1d(3)(wg.randn(4, 3)).shape
    torch.Size([4, 3])
    """


class BatchNorm2d(_Rank2, _BatchNorm):
    """Normalises (N, C, H, W) per channel.

    >>> BatchNorm2d(3)(wg.randn(4, 3, 2, 2)).shape
    torch.Size([4, 3, 2, 2])
    """


class BatchNorm3d(_Rank3, _BatchNorm):
    """Normalises (N, C, D, H, W) per channel.

    >>> BatchNorm3d(3)(wg.randn(4, 3, 2, 2, 2)).shape
    torch.Size([4, 3, 2, 2, 2])
    """


class LazyBatchNorm1d(_Rank1, _LazyNormBase, _BatchNorm):
    """BatchNorm1d that takes num_features from its first input.

    >>> LazyBatchNorm1d()(wg.randn(4, 3)).shape
    torch.Size([4, 3])
    """

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_Rank2, _LazyNormBase, _BatchNorm):
    """BatchNorm2d that takes num_features from its first input.

    >>> LazyBatchNorm2d()(wg.randn(4, 3, 2, 2)).shape
    torch.Size([4, 3, 2, 2])
    """

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_Rank3, _LazyNormBase, _BatchNorm):
    """BatchNorm3d that takes num_features from its first input.

    >>> LazyBatchNorm3d()(wg.randn(4, 3, 2, 2, 2)).shape
    torch.Size([4, 3, 2, 2, 2])
    """

    cls_to_become = BatchNorm3d


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation for several processes; there is only one here, and as in torch it takes no CPU input
    in training.

    >>> SyncBatchNorm(3).eval()(wg.randn(4, 3)).shape
    torch.Size([4, 3])
    """

    def __init__(
        self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True, process_group=None,
        device=None, dtype=None, *, bias=True,
    ):  # fmt: skip
        super().__init__(num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias)
        self.process_group = process_group

    def _check_input_dim(self, input):
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")
        if input.size(1) == 0:
            raise ValueError("SyncBatchNorm number of input channels should be non-zero")

    @classmethod
    def convert_sync_batchnorm(cls, module, process_group=None):
        """`module` with every BatchNorm replaced by a SyncBatchNorm of the same parameters."""
        out = module
        if isinstance(module, _BatchNorm):
            out = cls(
                module.num_features, module.eps, module.momentum, module.affine, module.track_running_stats,
                process_group, bias=module.bias is not None,
            )  # fmt: skip
            out._parameters.update(module._parameters)
            out._buffers.update(module._buffers)
            out.training = module.training
        for name, child in module.named_children():
            out.add_module(name, cls.convert_sync_batchnorm(child, process_group))
        return out
