"""torch.fx.experimental.proxy_tensor: no program is traced by its ops here."""

from ..._facade.refusal import refuse


def get_proxy_mode():
    """None: ops are not traced."""


make_fx = refuse(
    "torch.fx.experimental.proxy_tensor.make_fx", "it would note a program's ops; symbolic_trace notes its calls"
)
