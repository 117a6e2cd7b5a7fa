"""Learning-rate schedules: each ``step()`` of a scheduler gives every parameter group its next rate."""

from ._base import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from ._base import LRScheduler
from ._base import _LRScheduler as _LRScheduler
from ._combine import ChainedScheduler, SequentialLR
from ._curves import ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, LinearLR, PolynomialLR
from ._cycles import CyclicLR, OneCycleLR
from ._plateau import ReduceLROnPlateau
from ._steps import ExponentialLR, LambdaLR, MultiplicativeLR, MultiStepLR, StepLR

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
