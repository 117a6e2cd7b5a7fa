"""torch._higher_order_ops: control flow as functions, run by Python."""

from .._facade.symbolic import cond
from .associative_scan import associative_scan

__all__ = ["associative_scan", "cond"]
