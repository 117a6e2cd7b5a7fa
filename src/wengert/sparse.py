"""torch.sparse: names that say that tensors here are dense."""

_NAMES = (
    "addmm", "mm", "sum", "softmax", "log_softmax", "sampled_addmm", "spdiags", "spsolve", "to_sparse_semi_structured",
    "sparse_coo_tensor", "sparse_csr_tensor", "sparse_csc_tensor", "sparse_bsr_tensor", "sparse_bsc_tensor",
    "sparse_compressed_tensor", "hspmm", "sspaddmm", "to_sparse", "to_sparse_coo", "to_sparse_csr",
)  # fmt: skip


def refusal(name):
    """A function that refuses, under a name of torch."""

    def refuse(*args, **kwargs):
        raise NotImplementedError(
            f"{name}: sparse tensors are not part of wengert; use a dense tensor, or index_add and "
            "scatter_add on the values"
        )

    refuse.__name__ = name
    refuse.__doc__ = "NotImplementedError: sparse tensors are not part of wengert."
    return refuse


def __getattr__(name):
    if name in _NAMES:
        return refusal(name)
    raise AttributeError(f"module 'torch.sparse' has no attribute '{name}'")
