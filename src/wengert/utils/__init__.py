"""Helpers around the core, under the names torch gives them; each submodule loads when it is first used."""


def __getattr__(name):
    from importlib import import_module

    if name == "swap_tensors":
        return import_module(f"{__name__}._swap").swap_tensors
    module = f"{__name__}.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
