"""torch._custom_ops: the former place of names of torch.library."""

from .library import custom_op, get_ctx, impl, impl_abstract

__all__ = ["custom_op", "get_ctx", "impl", "impl_abstract"]
