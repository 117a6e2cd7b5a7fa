"""Modules that load what they export when it is first asked for: importing torch.nn costs what a program uses of it."""

from importlib import import_module


def lazy_names(package, homes, own=()):
    """(__getattr__, __dir__, __all__) for a package.

    homes: submodule to the names it holds; own: names of submodules that are exported themselves.

    >>> get, names, public = lazy_names("wengert.nn.modules", {"linear": ("Linear",)})
    >>> get("Linear").__name__, public
    ('Linear', ['Linear'])
    """
    where = {name: home for home, names in homes.items() for name in names}
    public = sorted([*where, *own])

    def __getattr__(name):
        home = where.get(name)
        if home is not None:
            value = getattr(import_module(f"{package}.{home}"), name)
        elif name[:2] != "__":
            try:
                value = import_module(f"{package}.{name}")
            except ModuleNotFoundError as e:
                if e.name != f"{package}.{name}":
                    raise
                raise AttributeError(f"module {package!r} has no attribute {name!r}") from None
        else:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        vars(import_module(package))[name] = value  # the next look-up finds it at once
        return value

    def __dir__():
        return sorted({*vars(import_module(package)), *public})

    return __getattr__, __dir__, public
