"""Symbols in place of tensors: a formula run on them becomes a program of the machine (a Wengert list)."""

from .. import _core
from ._declare import FUNCTIONS, METHODS, OPS, parameters

LEAF, TEMP, CONST = 1, 2, 3  # Operand::Kind
GRAD, ARG, OUT, ARG_SIZES, OUT_SIZES, ARG_DTYPE, OUT_DTYPE, ARG_COLUMNS = range(8)  # Leaf::Kind
ALL_GRADS = 0xFFFF
N_ADD, N_SUB, N_MUL, N_DIV, N_NEG, N_ITEM, N_COUNT, N_PRODUCT = range(1, 9)  # NumberOp
T_TENSOR, T_TENSORS, T_SCALAR, T_INT, T_FLOAT, T_BOOL, T_INTS, T_FLOATS, T_DTYPE, T_STR, T_GENERATOR, T_ANY = range(12)


class TraceError(TypeError):
    """A formula did something that can't be recorded."""


class Trace:
    """A program in the making."""

    def __init__(self):
        self.leaves, self.constants, self.code, self.temps = [], [], [], 0
        self._leaf, self._const, self._seen = {}, {}, {}

    def leaf(self, kind, index, what):
        key = (kind, index)
        if key not in self._leaf:
            self._leaf[key] = len(self.leaves)
            self.leaves.append(key)
        return Symbol(self, (LEAF, self._leaf[key]), what, key)

    def operand(self, value):
        if isinstance(value, Symbol):
            return value.operand
        if isinstance(value, _core.Tensor):
            _use("a tensor from outside would have no derivative: make it a parameter")
        if value is None:
            return (0, 0)
        key = (type(value), str(value)) if isinstance(value, (int, float, complex, str, bool, tuple, list)) else None
        if key is None or key not in self._const:
            self._const[key] = len(self.constants)
            self.constants.append(tuple(value) if isinstance(value, list) else value)
        return (CONST, self._const[key])

    def emit(self, op, values, what="tensor", outputs=1):
        operands = tuple(self.operand(v) for v in values)
        key = (op, operands)
        if key not in self._seen:
            self._seen[key] = self.temps
            self.code.append((op, operands, self.temps))
            self.temps += outputs
        first = self._seen[key]
        symbols = tuple(Symbol(self, (TEMP, first + k), what) for k in range(outputs))
        return symbols[0] if outputs == 1 else symbols

    def program(self, outputs):
        """The spec of a program with only what its outputs need."""
        outputs = [self.operand(o) for o in outputs]
        needed, code = {o for o in outputs if o[0] == TEMP}, []
        for op, operands, out in reversed(self.code):
            width = max([1] + [i - out + 1 for kind, i in needed if kind == TEMP and out <= i < self._end(out)])
            if any((TEMP, out + k) in needed for k in range(width)):
                needed.update(o for o in operands if o[0] == TEMP)
                code.append((op, operands, out))
        code.reverse()
        # In the order of their first use: hooks of saved tensors see them so, in torch too.
        used = [*(o for _, operands, _ in code for o in operands), *outputs]
        order = list(dict.fromkeys(o[1] for o in used if o[0] == LEAF))
        renumber = {i: k for k, i in enumerate(order)}

        def fix(o):
            return (LEAF, renumber[o[1]]) if o[0] == LEAF else o

        return (
            [self.leaves[i] for i in order],
            self.constants,
            [(op, [fix(o) for o in operands], out) for op, operands, out in code],
            [fix(o) for o in outputs],
            self.temps,
        )

    def _end(self, out):
        starts = [o for _, _, o in self.code if o > out]
        return min(starts, default=self.temps)


def _use(instead):
    raise TraceError(f"a formula is recorded with symbols: {instead}")


class Symbol:
    """Stands for a value of a formula: a tensor, a number, sizes, a dtype."""

    __slots__ = ("key", "operand", "trace", "what")
    __array_priority__ = 1000

    def __init__(self, trace, operand, what, key=None):
        self.trace, self.operand, self.what, self.key = trace, operand, what, key

    def _meta(self, arg_kind, out_kind, what):
        if self.key is None or self.key[0] not in (ARG, OUT):
            if self.key is not None and self.key[0] == GRAD:  # a gradient has the shape of its output
                return self.trace.leaf(out_kind, self.key[1], what)
            _use("the shape of an intermediate value is not known; use the shape of an input or of the output")
        return self.trace.leaf(arg_kind if self.key[0] == ARG else out_kind, self.key[1], what)

    @property
    def shape(self):
        return self._meta(ARG_SIZES, OUT_SIZES, "sizes")

    @property
    def dtype(self):
        return self._meta(ARG_DTYPE, OUT_DTYPE, "dtype")

    @property
    def by_columns(self):
        """Of an argument: whether it is a matrix that lies column by column."""
        return self.trace.leaf(ARG_COLUMNS, self.key[1], "any")

    def size(self, dim=None):
        return self.shape if dim is None else self.shape[dim]

    def numel(self):
        sizes = self if self.what == "sizes" else self.shape
        return self.trace.emit(N_COUNT, (sizes,), "number")

    def __getitem__(self, index):
        if self.what == "sizes":
            return self.trace.emit(N_ITEM, (self, index), "number")
        _use("index with select(), slice(), gather() or index() instead of []")

    def count(self, dims):
        """Of sizes: the number of elements along dims."""
        return self.trace.emit(N_PRODUCT, (self, dims), "number")

    def __getattr__(self, name):
        if name in ("T", "mT", "H", "mH", "real", "imag"):
            function = FUNCTIONS[{"T": "numpy_T", "H": "matrix_H"}.get(name, name)]
            return function(self)
        if name in METHODS:
            method = METHODS[name]
            return lambda *args, **kwargs: method(self, *args, **kwargs)
        raise AttributeError(f"a formula is recorded with symbols, which have no '{name}'")

    def __bool__(self):
        _use("there is no `if` on values: use where(condition, a, b)")

    def __float__(self):
        _use("they have no numbers to take out: use wengert's functions in place of Python's (exp, not math.exp)")

    def __iter__(self):
        _use("they cannot be taken apart")

    def __repr__(self):
        return "<symbol in a formula>"

    __int__ = __index__ = __float__
    __len__ = __iter__
    __hash__ = object.__hash__


def _numbers(*values):
    return all((isinstance(v, Symbol) and v.what == "number") or isinstance(v, (int, float, complex)) for v in values)


def _binary(name, number_op, reverse=False):
    def method(self, other):
        a, b = (other, self) if reverse else (self, other)
        if number_op and _numbers(a, b):
            return self.trace.emit(number_op, (a, b), "number")
        if not isinstance(other, (Symbol, int, float, complex, _core.Tensor)):
            return NotImplemented
        if name == "mul":
            if _is(b, 1):
                return a
            if _is(a, 1):
                return b
            if _is(a, -1) or _is(b, -1):
                return self.trace.emit("neg", (self,))
        if name in ("add", "sub") and _is(b, 0):
            return a
        if name == "add" and _is(a, 0):
            return b
        if name == "div" and _is(b, 1):
            return a
        if name == "pow":
            return _power(self.trace, a, b)
        if name == "matmul":
            return FUNCTIONS["matmul"](a, b)
        return self.trace.emit(name, (a, b))

    return method


def _is(value, number):
    return not isinstance(value, Symbol) and type(value) in (int, float) and value == number


def _power(trace, a, b):
    if not isinstance(a, Symbol):
        return trace.emit("pow.Scalar", (a, b))
    if isinstance(b, Symbol) and b.what == "tensor":
        return trace.emit("pow.Tensor_Tensor", (a, b))
    return trace.emit("pow.Tensor_Scalar", (a, b))


for _name, _op, _number in (
    ("add", "add", N_ADD),
    ("sub", "sub", N_SUB),
    ("mul", "mul", N_MUL),
    ("truediv", "div", N_DIV),
    ("mod", "remainder", 0),
    ("floordiv", "floor_divide", 0),
    ("pow", "pow", 0),
    ("matmul", "matmul", 0),
):
    setattr(Symbol, f"__{_name}__", _binary(_op, _number))
    setattr(Symbol, f"__r{_name}__", _binary(_op, _number, True))
for _name in ("lt", "le", "eq", "ne", "gt", "ge"):
    setattr(Symbol, f"__{_name}__", _binary(_name, 0))
for _name, _op in (("and", "bitwise_and"), ("or", "bitwise_or"), ("xor", "bitwise_xor")):
    setattr(Symbol, f"__{_name}__", _binary(_op, 0))
    setattr(Symbol, f"__r{_name}__", _binary(_op, 0, True))
Symbol.__neg__ = lambda self: (
    self.trace.emit(N_NEG, (self,), "number") if self.what == "number" else self.trace.emit("neg", (self,))
)
Symbol.__invert__ = lambda self: self.trace.emit("bitwise_not", (self,))
Symbol.__abs__ = lambda self: self.trace.emit("abs", (self,))


def _fits(kind, value):
    symbol = isinstance(value, Symbol)
    if kind == T_TENSOR:
        return symbol and value.what == "tensor" or isinstance(value, _core.Tensor)
    if kind in (T_SCALAR, T_INT, T_FLOAT):
        return symbol and value.what in ("number", "any") or isinstance(value, (int, float, complex))
    if kind in (T_INTS, T_FLOATS):
        return symbol and value.what in ("sizes", "any", "number") or isinstance(value, (int, tuple, list))
    if kind == T_DTYPE:
        return symbol and value.what in ("dtype", "any") or isinstance(value, _core.dtype)
    if kind == T_TENSORS:
        return symbol and value.what in ("tensors", "any")
    return not symbol or value.what in ("any", "number", "tensors")


def _bind(op, params, args, kwargs, elementwise):
    if len(args) > len(params):
        return None
    given = dict(zip((p[0] for p in params), args))
    for key, value in kwargs.items():
        key = {"input": "self"}.get(key, key)
        if key in given or key not in [p[0] for p in params]:
            return None
        given[key] = value
    values = []
    for k, (name, kind, default, has_default, _) in enumerate(params):
        if name not in given:
            if not has_default:
                return None
            values.append(default)
            continue
        value = given[name]
        number = isinstance(value, (int, float, complex)) or isinstance(value, Symbol) and value.what == "number"
        if value is not None and not _fits(kind, value) and not (kind == T_TENSOR and elementwise and number):
            return None
        if kind == T_INTS and isinstance(value, int):
            value = (value,)
        values.append(value)
    return values


def trace_call(function, args, kwargs):
    """What an op does when one of its arguments is a symbol."""
    trace = next(
        s.trace
        for a in (*args, *kwargs.values())
        for s in (a if isinstance(a, (tuple, list)) else (a,))
        if isinstance(s, Symbol)
    )
    # view(2, 3)-like calls: trailing numbers are one list
    for op, params, _, outs, is_list in function.overloads:
        declared = OPS.get(op)
        elementwise = declared is not None and declared.kind in ("elementwise", "fused")
        values = _bind(op, params, args, kwargs, elementwise)
        if values is None and len(args) > 1 and len(params) > 1 and params[1][1] == T_INTS and _numbers(*args[1:]):
            values = _bind(op, params, (args[0], tuple(args[1:])), kwargs, elementwise)
        if values is None:
            continue
        if declared is not None and declared.kind == "fused" and declared.rounds != "formula":
            names = [p[0] for p in params]
            return declared.rule(**{n: v for n, v in zip(names, values) if n in parameters(declared.rule)})
        if elementwise:
            while (
                params
                and len(values) > 1
                and params[len(values) - 1][3]
                and params[len(values) - 1][4]
                and values[-1] == params[len(values) - 1][2]
            ):
                values = values[:-1]  # alpha=1, rounding_mode=None
        if is_list:
            _use(f"{op} returns a list; use the ops that it is made of")
        return trace.emit(op, values, outputs=max(1, len(outs)))
    raise TraceError(
        f"{function.__name__}() got arguments in a formula that fit none of its signatures: {args} {kwargs}"
    )
