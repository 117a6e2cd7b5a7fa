"""torch._C.DispatchKey, sets of them, and the guard that leaves some out: autocast is the one that can be left out here."""

import enum

import wengert as _wg


class DispatchKey(enum.IntEnum):
    """The layers a call passes through in torch, for those devices and functions that wengert has or programs name."""

    Undefined = 0
    Dense = 1
    Sparse = 8
    BackendSelect = 11
    Python = 13
    Functionalize = 15
    Conjugate = 16
    Negative = 17
    ZeroTensor = 18
    ADInplaceOrView = 19
    AutogradOther = 20
    AutocastCPU = 24
    AutocastXPU = 27
    AutocastMPS = 31
    AutocastCUDA = 32
    FuncTorchBatched = 34
    FuncTorchVmapMode = 36
    FuncTorchGradWrapper = 39
    PreDispatch = 45
    CPU = 49
    CUDA = 50
    MPS = 53
    XPU = 55
    Meta = 64
    SparseCPU = 83
    AutogradCPU = 134
    AutogradCUDA = 135
    AutogradMeta = 149
    Autograd = 150
    CompositeImplicitAutograd = 151
    CompositeExplicitAutograd = 154

    def __repr__(self):
        return f"<DispatchKey.{self.name}: {self.value}>"

    def __str__(self):
        return f"DispatchKey.{self.name}"


class DispatchKeySet:
    """Some of the keys.

    >>> DispatchKeySet(DispatchKey.CPU) | DispatchKeySet(DispatchKey.AutocastCPU)
    DispatchKeySet(CPU, AutocastCPU)
    """

    def __init__(self, *keys):
        self._keys = frozenset(keys)

    def has(self, key):
        """Whether the key is one of them."""
        return key in self._keys

    def add(self, key):
        """The set with one more."""
        return DispatchKeySet(*self._keys, key)

    def remove(self, key):
        """The set without one."""
        return DispatchKeySet(*self._keys - {key})

    def __or__(self, other):
        return DispatchKeySet(*self._keys | other._keys)

    def __and__(self, other):
        return DispatchKeySet(*self._keys & other._keys)

    def __sub__(self, other):
        return DispatchKeySet(*self._keys - other._keys)

    def __eq__(self, other):
        return isinstance(other, DispatchKeySet) and self._keys == other._keys

    def __hash__(self):
        return hash(self._keys)

    def __repr__(self):
        devices_first = sorted(self._keys, key=lambda key: (key < DispatchKey.CPU, key))
        return f"DispatchKeySet({', '.join(key.name for key in devices_first)})"


class _ExcludeDispatchKeyGuard:
    """Calls in the block skip the layers of these keys: with AutocastCPU among them, autocast is off."""

    def __init__(self, keys):
        self._block = _wg.autocast("cpu", enabled=False) if keys.has(DispatchKey.AutocastCPU) else None

    def __enter__(self):
        if self._block is not None:
            self._block.__enter__()
        return self

    def __exit__(self, *raised):
        if self._block is not None:
            self._block.__exit__(*raised)
