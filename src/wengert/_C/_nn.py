"""torch._C._nn: the functions of layers under the names they have in the machine."""

from importlib import import_module

_IN_UTILS = ("flatten_dense_tensors", "unflatten_dense_tensors")


def __getattr__(name):
    import wengert as wg

    if name in _IN_UTILS:
        return getattr(import_module("wengert._utils"), "_" + name)
    if not name.startswith("__"):
        for space in (wg.nn.functional, wg._ops):
            found = getattr(space, name, None)
            if found is not None:
                return found
    raise AttributeError(f"module 'torch._C._nn' has no attribute '{name}'")
