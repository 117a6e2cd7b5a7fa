"""torch._lowrank: approximate factors of matrices, under torch's module name."""

from wengert import pca_lowrank, svd_lowrank

__all__ = ["pca_lowrank", "svd_lowrank"]
