"""Weak references to tensors, and a mapping whose keys are tensors known by identity and held weakly."""

from collections.abc import Mapping, MutableMapping
from functools import partial
from weakref import ref

from .. import _core

__all__ = ["TensorWeakRef", "WeakIdKeyDictionary", "WeakIdRef", "WeakTensorKeyDictionary"]


class WeakIdRef(ref):
    """A weak reference that is hashed and compared by the identity of what it refers to.

    >>> import wengert
    >>> x = wengert.ones(2)
    >>> WeakIdRef(x) == WeakIdRef(x), WeakIdRef(x) == WeakIdRef(x.clone())
    (True, False)
    """

    __slots__ = ("_id",)

    def __init__(self, key, callback=None):
        super().__init__(key, callback)
        self._id = id(key)

    def __hash__(self):
        return self._id

    def __eq__(self, other):
        mine = self()
        return self is other if mine is None else mine is other()


class WeakIdKeyDictionary(MutableMapping):
    """A mapping from objects, known by identity, to values; an entry goes when its key dies.

    Tensors compare elementwise, so that `weakref.WeakKeyDictionary` cannot hold them.

    >>> import wengert
    >>> x = wengert.ones(2)
    >>> names = WeakIdKeyDictionary({x: "x"})
    >>> names[x], len(names)
    ('x', 1)
    >>> del x
    >>> len(names)
    0
    """

    def __init__(self, dict=None):
        self.data = {}  # id of the key: (reference to the key, value)
        if dict is not None:
            self.update(dict)

    def __setitem__(self, key, value):
        # The callback runs no Python: what an interrupt raised in there would be lost.
        self.data[id(key)] = WeakIdRef(key, partial(self.data.pop, id(key))), value

    def __getitem__(self, key):
        ref(key)  # a TypeError for what cannot be a key
        try:
            return self.data[id(key)][1]
        except KeyError:
            raise KeyError(key) from None

    def __delitem__(self, key):
        self[key]
        del self.data[id(key)]

    def __contains__(self, key):
        return id(key) in self.data

    def _alive(self):
        # Of a copy: other threads, and keys that die, may change the dictionary meanwhile.
        for reference, value in list(self.data.values()):
            key = reference()
            if key is not None:
                yield key, value

    def __iter__(self):
        return (key for key, _ in self._alive())

    def __len__(self):
        return len(self.data)

    def keys(self):
        return iter(self)

    def values(self):
        return (value for _, value in self._alive())

    def items(self):
        return self._alive()

    def keyrefs(self):
        """The references to the keys, some of which may be dead when they are looked at."""
        return [reference for reference, _ in list(self.data.values())]

    def update(self, other=(), **more):
        # Read to its end before anything is changed here.
        for key, value in [*(other if hasattr(other, "items") else dict(other)).items(), *more.items()]:
            self[key] = value

    def popitem(self):
        while True:
            reference, value = self.data.popitem()[1]
            key = reference()
            if key is not None:
                return key, value

    def copy(self):
        return type(self)(self)

    __copy__ = copy

    def __deepcopy__(self, memo):
        from copy import deepcopy

        return type(self)({key: deepcopy(value, memo) for key, value in self.items()})

    def __or__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        both = self.copy()
        both.update(other)
        return both

    def __ror__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        both = type(self)(other)
        both.update(self)
        return both

    def __ior__(self, other):
        self.update(other)
        return self

    def __eq__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        mine, theirs = ({id(key): value for key, value in each.items()} for each in (self, other))
        return mine == theirs

    def __repr__(self):
        return f"<{type(self).__name__} at {id(self):#x}>"


WeakTensorKeyDictionary = WeakIdKeyDictionary


class TensorWeakRef:
    """A weak reference to a tensor.

    >>> import wengert
    >>> x = wengert.ones(2)
    >>> TensorWeakRef(x)() is x
    True
    """

    def __init__(self, tensor):
        if not isinstance(tensor, _core.Tensor):
            raise AssertionError(f"expected torch.Tensor, got {type(tensor)}.")
        self.ref = ref(tensor)

    def __call__(self):
        return self.ref()
