"""Making a module without drawing its initial values."""

import wengert as wg

__all__ = ["skip_init"]


def skip_init(module_cls, *args, **kwargs):
    """An instance of `module_cls` whose parameters count as not initialized: no random numbers are used up.

    >>> from wengert.nn import Linear
    >>> skip_init(Linear, 2, 3).weight.shape
    torch.Size([3, 2])
    """
    import inspect

    from ..modules.module import Module

    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = wg.get_rng_state()
    module = module_cls(*args, **kwargs)
    wg.set_rng_state(state)
    return module
