"""torch.functional: functions of tensors under the name of the module in which torch keeps them."""

__all__ = [  # noqa: F822 (found in torch itself when they are asked for)
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "cartesian_prod",
    "cdist", "chain_matmul", "einsum", "istft", "lu", "meshgrid", "norm", "pca_lowrank", "split", "stft",
    "svd_lowrank", "tensordot", "unique", "unique_consecutive", "unravel_index",
]  # fmt: skip


def __getattr__(name):
    import wengert

    if name == "F":
        return wengert.nn.functional
    if name in __all__ or name == "Tensor":
        return getattr(wengert, name)
    raise AttributeError(f"module 'torch.functional' has no attribute '{name}'")


def __dir__():
    return __all__
