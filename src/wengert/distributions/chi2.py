"""The chi-squared distribution."""

from typing import ClassVar

from . import constraints
from .gamma import Gamma


class Chi2(Gamma):
    """Sum of the squares of `df` standard normals."""

    arg_constraints: ClassVar = {"df": constraints.positive}

    def __init__(self, df, validate_args=None):
        super().__init__(0.5 * df, 0.5, validate_args=validate_args)

    df = property(lambda self: self.concentration * 2)
