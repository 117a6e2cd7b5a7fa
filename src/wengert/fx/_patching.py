"""What is changed while a program is traced, and put back: wrapped functions, modules' calls and attributes."""

import builtins
import contextlib
import functools

from ..utils._pytree import tree_iter
from .proxy import Proxy

_wrapped_fns_to_patch = {}  # (id of a module's globals, name): those globals
_wrapped_methods_to_patch = []  # (class, name)
_MISSING = object()
_current = None


def find_proxy(*values):
    """The last proxy among the leaves of the values, or None."""
    found = None
    for part in tree_iter(values):
        if isinstance(part, slice):
            part = find_proxy(part.start, part.stop, part.step)
        found = part if isinstance(part, Proxy) else found
    return found


def _wrapped(function, kind, target):
    """The function, noted as one call where a proxy is among its arguments."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        proxy = find_proxy(args, kwargs)
        if proxy is None:
            return function(*args, **kwargs)
        made = proxy.tracer.create_proxy(kind, target, args, kwargs)
        if kind == "call_function":
            made.node.meta["is_wrapped"] = True
        return made

    return call


class Patcher:
    """Puts functions in the place of others, in modules' globals and in classes, until the block ends."""

    def __init__(self):
        self.made, self.visited = [], set()

    def patch(self, names, name, function):
        """Replace a global, or hide a builtin, unless that is done already."""
        before = names.get(name, _MISSING)
        if getattr(before, "__fx_already_patched", False):
            return
        function.__fx_already_patched = True
        self._put(names.__setitem__, names.__delitem__, name, before, function)

    def patch_method(self, cls, name, function, deduplicate=True):
        """Replace a method of a class."""
        before = getattr(cls, name)
        if deduplicate and getattr(before, "__fx_already_patched", False):
            return
        function.__fx_already_patched = deduplicate
        self._put(functools.partial(setattr, cls), functools.partial(delattr, cls), name, before, function)

    def _put(self, put, drop, name, before, function):
        self.made.append((put, drop, name, before, function))
        put(name, function)

    def wrap_registered(self):
        """Replace what `wrap` was called for."""
        for (_, name), names in list(_wrapped_fns_to_patch.items()):
            function = names[name] if name in names else getattr(builtins, name, _MISSING)
            if function is _MISSING:
                raise KeyError(name)
            self.patch(names, name, _wrapped(function, "call_function", function))
        for cls, name in _wrapped_methods_to_patch:
            self.patch_method(cls, name, _wrapped(getattr(cls, name), "call_method", name))

    def wrap_known(self, names, function_ids):
        """Replace the functions among a module's globals whose ids are given, once for each module."""
        if id(names) in self.visited:
            return
        self.visited.add(id(names))
        for name, value in list(names.items()):
            if not name.startswith("_") and callable(value) and id(value) in function_ids:
                self.patch(names, name, _wrapped(value, "call_function", value))

    def revert_all_patches(self):
        """Put everything back for now."""
        for put, drop, name, before, _ in reversed(self.made):
            if before is _MISSING:
                drop(name)
            else:
                put(name, before)

    def reapply_all_patches(self):
        """Replace everything again."""
        for put, _, name, _, function in self.made:
            put(name, function)


@contextlib.contextmanager
def patching():
    """A block with a patcher; what it replaced is put back at the end."""
    global _current
    before, _current = _current, Patcher()
    try:
        yield _current
    finally:
        _current.revert_all_patches()
        _current = before


@contextlib.contextmanager
def _maybe_revert_all_patches():
    """A block in which nothing is replaced, though a program is being traced."""
    patcher = _current
    if patcher is not None:
        patcher.revert_all_patches()
    try:
        yield
    finally:
        if patcher is not None:
            patcher.reapply_all_patches()
