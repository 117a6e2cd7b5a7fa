"""A small machine for pickle programs: it builds data, calls only what it was allowed to, and imports nothing."""

import struct
from collections import Counter, OrderedDict, deque
from pickle import UnpicklingError

_SEQUENCES = (list, deque)


class Machine:
    """Reads one pickle from `file`; `persistent(id)` gives storages.

    `policy.find(module, name)` decides what a global is, `policy.may_build(type)` whether an object's own
    `__setstate__` may be called, `policy.trusted` whether that is the program's own code, whose errors are its own.
    """

    def __init__(self, file, policy, persistent, encoding="utf-8"):
        self.file, self.policy, self.persistent, self.encoding = file, policy, persistent, encoding
        self.asking = False
        self.stack, self.marks, self.memo, self.protocol = [], [], {}, 0
        position = file.tell()
        self.end = file.seek(0, 2)
        file.seek(position)

    def load(self):
        """Run to the end of the pickle and return what it built."""
        try:
            return self._run()
        except (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError) as error:
            if self.asking or self.policy.trusted:
                raise
            raise UnpicklingError(f"the file might be corrupted: {type(error).__name__}: {error}") from error

    def _run(self):
        handlers, read = _HANDLERS, self.file.read
        while True:
            code = read(1)
            if code == b".":
                return self._pop()
            if not code:
                raise EOFError("the pickle ends in the middle; the file might be corrupted")
            handler = handlers.get(code[0])
            if handler is None:
                raise UnpicklingError(f"Unsupported operand {code[0]}")
            handler(self)

    def _pop(self):
        if not self.stack:
            raise UnpicklingError("the pickle takes from an empty stack; the file might be corrupted")
        return self.stack.pop()

    def _top(self):
        if not self.stack:
            raise UnpicklingError("the pickle takes from an empty stack; the file might be corrupted")
        return self.stack[-1]

    def read(self, count):
        """Exactly `count` bytes; more than the file has left is an error before any memory is taken."""
        if count > 512 and count > self.end - self.file.tell():
            raise EOFError(f"unexpected EOF, expected {count} more bytes. The file might be corrupted.")
        data = self.file.read(count)
        if len(data) != count:
            raise EOFError(f"unexpected EOF, expected {count - len(data)} more bytes. The file might be corrupted.")
        return data

    def line(self):
        """A line of text, at most 4096 bytes long."""
        data = self.file.readline(4097)
        if data[-1:] != b"\n":
            raise UnpicklingError("String is too long")
        return data[:-1].decode()

    def number(self, form):
        """One packed number."""
        return struct.unpack(form, self.read(struct.calcsize(form)))[0]

    def text(self, count):
        """A string of `count` bytes of UTF-8."""
        return str(self.read(count), "utf-8", "surrogatepass")

    def old_text(self, count):
        """A string that Python 2 wrote."""
        data = self.read(count)
        return data if self.encoding == "bytes" else data.decode(self.encoding)

    def after_mark(self):
        """Everything since the last mark."""
        if not self.marks:
            raise UnpicklingError("the pickle closes what it did not open; the file might be corrupted")
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def ask(self, function, *arguments):
        """Push what one of the caller's functions says; an error of that function is not the file's."""
        self.asking = True
        self.stack.append(function(*arguments))
        self.asking = False

    def push(self, value):
        self.stack.append(value)

    def mark(self):
        self.marks.append(len(self.stack))

    def remember(self, key):
        self.memo[key] = self._top()

    def recall(self, key):
        if key not in self.memo:
            raise UnpicklingError(f"Memo value not found at index {key}")
        self.stack.append(self.memo[key])

    def add_to(self, kinds, method, items):
        """Add items to a list or set that the pickle made."""
        target = self._top()
        if type(target) is not kinds[0] and not (isinstance(target, kinds) and self.policy.may_build(type(target))):
            raise UnpicklingError(f"Can only {method} to {kinds[0].__name__} objects, but got {type(target)}")
        if method == "add":
            target.update(items)
        else:
            target.extend(items)

    def set_items(self, items):
        """Pairs into a dict."""
        target = self._top()
        if type(target) not in (dict, OrderedDict, Counter) and not (
            isinstance(target, dict) and self.policy.may_build(type(target))
        ):
            raise UnpicklingError(
                f"Can only SETITEM for dict, collections.OrderedDict, collections.Counter, but got {type(target)}"
            )
        if len(items) % 2:
            raise UnpicklingError("odd number of items for SETITEMS; the file might be corrupted")
        for index in range(0, len(items), 2):
            target[items[index]] = items[index + 1]

    def call(self):
        """REDUCE: call one of the allowed functions."""
        arguments, function = self._pop(), self._pop()
        if not callable(function) or not isinstance(arguments, tuple):
            raise UnpicklingError(f"Trying to call reduce for unrecognized function {function}")
        self.push(function(*arguments))

    def make(self, keywords=False):
        """NEWOBJ: an object of one of the allowed classes."""
        named = self._pop() if keywords else {}
        arguments, cls = self._pop(), self._pop()
        if not isinstance(cls, type) or not isinstance(arguments, tuple):
            raise UnpicklingError(f"Trying to create new object for unrecognized class {cls}")
        self.push(cls.__new__(cls, *arguments, **named))

    def build(self):
        """BUILD: give an object its state."""
        state, target = self._pop(), self._top()
        if type(target) is OrderedDict and isinstance(state, dict):
            target.__dict__.update(state)
        elif self.policy.may_build(type(target)):
            _set_state(target, state)
        else:
            raise UnpicklingError(
                "Can only build Tensor, Parameter, OrderedDict or types allowlisted via "
                f"`add_safe_globals`, but got {type(target)}"
            )

    def find_on_stack(self):
        """STACK_GLOBAL."""
        name, module = self._pop(), self._pop()
        if type(name) is not str or type(module) is not str:
            raise UnpicklingError("STACK_GLOBAL requires str")
        self.ask(self.policy.find, module, name)

    def duplicate(self):
        self.push(self._top())

    def drop(self):
        if self.marks and self.marks[-1] == len(self.stack):
            self.marks.pop()
        else:
            self._pop()


def _set_state(target, state):
    """What pickle's BUILD does with an object's state."""
    setter = getattr(target, "__setstate__", None)
    if setter is not None:
        setter(state)
        return
    plain, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if plain:
        target.__dict__.update(plain)
    for name, value in (slots or {}).items():
        setattr(target, name, value)


def _dict(machine):
    items = machine.after_mark()
    machine.push({})
    machine.set_items(items)


def _build_tuple(machine, count):
    items = [machine._pop() for _ in range(count)]
    machine.push(tuple(reversed(items)))


def _protocol(machine):
    version = machine.read(1)[0]
    if version > 5:
        raise UnpicklingError(f"unsupported pickle protocol: {version}")
    machine.protocol = version


def _long(machine, form):
    count = machine.number(form)
    if count < 0:
        raise UnpicklingError("LONG pickle has negative byte count")
    machine.push(int.from_bytes(machine.read(count), "little", signed=True))


def _global(machine):
    module, name = machine.line(), machine.line()
    if machine.protocol < 3:  # written with Python 2's names: __builtin__ for builtins, xrange for range
        import _compat_pickle

        module, name = _compat_pickle.NAME_MAPPING.get((module, name), (module, name))
        module = _compat_pickle.IMPORT_MAPPING.get(module, module)
    machine.ask(machine.policy.find, module, name)


def _persistent(machine):
    machine.ask(machine.persistent, machine._pop())


_HANDLERS = {
    ord(code): handler
    for code, handler in {
        "\x80": _protocol,
        "\x95": lambda m: m.read(8),  # a frame's length: frames are only a hint
        "N": lambda m: m.push(None),
        "\x88": lambda m: m.push(True),
        "\x89": lambda m: m.push(False),
        "K": lambda m: m.push(m.read(1)[0]),
        "M": lambda m: m.push(m.number("<H")),
        "J": lambda m: m.push(m.number("<i")),
        "\x8a": lambda m: _long(m, "<B"),
        "\x8b": lambda m: _long(m, "<i"),
        "G": lambda m: m.push(m.number(">d")),
        "X": lambda m: m.push(m.text(m.number("<I"))),
        "\x8c": lambda m: m.push(m.text(m.number("<B"))),
        "\x8d": lambda m: m.push(m.text(m.number("<Q"))),
        "U": lambda m: m.push(m.old_text(m.number("<B"))),
        "T": lambda m: m.push(m.old_text(m.number("<I"))),
        "C": lambda m: m.push(m.read(m.number("<B"))),
        "B": lambda m: m.push(m.read(m.number("<I"))),
        "\x8e": lambda m: m.push(m.read(m.number("<Q"))),
        "\x96": lambda m: m.push(bytearray(m.read(m.number("<Q")))),
        "(": Machine.mark,
        "0": Machine.drop,
        "1": lambda m: m.after_mark() and None,
        "2": Machine.duplicate,
        ")": lambda m: m.push(()),
        "\x85": lambda m: _build_tuple(m, 1),
        "\x86": lambda m: _build_tuple(m, 2),
        "\x87": lambda m: _build_tuple(m, 3),
        "t": lambda m: m.push(tuple(m.after_mark())),
        "]": lambda m: m.push([]),
        "l": lambda m: m.push(m.after_mark()),
        "a": lambda m: m.add_to(_SEQUENCES, "append", [m._pop()]),
        "e": lambda m: m.add_to(_SEQUENCES, "append", m.after_mark()),
        "}": lambda m: m.push({}),
        "d": _dict,
        "s": lambda m: m.set_items([m._pop(), m._pop()][::-1]),
        "u": lambda m: m.set_items(m.after_mark()),
        "\x8f": lambda m: m.push(set()),
        "\x90": lambda m: m.add_to((set,), "add", m.after_mark()),
        "\x91": lambda m: m.push(frozenset(m.after_mark())),
        "q": lambda m: m.remember(m.read(1)[0]),
        "r": lambda m: m.remember(m.number("<I")),
        "\x94": lambda m: m.remember(len(m.memo)),
        "h": lambda m: m.recall(m.read(1)[0]),
        "j": lambda m: m.recall(m.number("<I")),
        "c": _global,
        "\x93": Machine.find_on_stack,
        "R": Machine.call,
        "\x81": Machine.make,
        "\x92": lambda m: m.make(keywords=True),
        "b": Machine.build,
        "Q": _persistent,
    }.items()
}


class _Named:
    """Stands for a global, and for all that would be made of it, when only the names are wanted."""

    def __init__(self, *args, **kwargs):
        pass

    def __call__(self, *args, **kwargs):
        return _Named()

    def __setstate__(self, state):
        pass

    def __setitem__(self, key, value):
        pass

    def extend(self, items):
        """Take items for a list."""

    update = extend

    def __hash__(self):
        return id(self)


class _Naming:
    """A policy that allows everything, makes nothing and keeps the names."""

    trusted = False

    def __init__(self):
        self.names = set()

    def find(self, module, name):
        """A stand-in for a global."""
        self.names.add(f"{module}.{name}")
        return type(name.rpartition(".")[2] or "x", (_Named,), {})

    def may_build(self, cls):
        """Always: no object is real."""
        return True


def globals_in(file):
    """The names of all globals a pickle mentions, `{"collections.OrderedDict", ...}`; nothing is called."""
    policy = _Naming()
    Machine(file, policy, lambda _: _Named()).load()
    return policy.names
