"""From declarations to programs: derivatives traced, eager rules run."""

import functools

from ._declare import FUNCTIONS, OPS, Steps, parameters
from ._trace import (
    ALL_GRADS,
    ARG,
    ARG_DTYPE,
    ARG_SIZES,
    CONST,
    GRAD,
    LEAF,
    OUT,
    T_BOOL,
    T_DTYPE,
    T_FLOAT,
    T_INT,
    T_INTS,
    T_SCALAR,
    T_TENSOR,
    T_TENSORS,
    TEMP,
    Symbol,
    Trace,
    TraceError,
)

_WHAT = {
    T_TENSOR: "tensor",
    T_SCALAR: "number",
    T_INT: "number",
    T_FLOAT: "number",
    T_BOOL: "number",
    T_INTS: "sizes",
    T_DTYPE: "dtype",
    T_TENSORS: "tensors",
}


def _environment(declared, trace, names, formula=False):
    """The symbols of a rule's parameters; of a formula's, which are arguments whatever they are called."""
    params, outs, is_list = declared.signature
    positions = {p[0]: k for k, p in enumerate(params)}
    values = []
    for name in names:
        if formula:
            k = positions[name]
            values.append(trace.leaf(ARG, k, _WHAT.get(params[k][1], "any")))
        elif name == "g" or (name[0] == "g" and name[1:].isdigit()):
            values.append(trace.leaf(GRAD, ALL_GRADS if is_list else int(name[1:] or 0), "tensor"))
        elif name in positions:
            k = positions[name]
            values.append(trace.leaf(ARG, k, _WHAT.get(params[k][1], "any")))
        elif name in outs:
            values.append(trace.leaf(OUT, outs.index(name), "tensor"))
        elif name in ("y", "result"):
            values.append(trace.leaf(OUT, 0, "tensor"))
        else:
            raise TraceError(
                f"the rule of {declared.name} has a parameter '{name}' that is neither an argument nor an output"
            )
    return values


def _tuple(value):
    return value if isinstance(value, tuple) else (value,)


_ROUNDS = {"steps": 0, "formula": 0, "once": 1, "numbers": 2}  # of half precision, as the machine knows them


def _times(g, partial, complex_):
    """g times a partial derivative, or its conjugate; Steps are taken in their order."""
    if partial is None:
        return None
    if isinstance(partial, Steps):
        return partial.of(g, lambda x: x.trace.emit("conj_physical", (x,)) if complex_ and isinstance(x, Symbol) else x)
    if not isinstance(partial, Symbol):
        if partial == 1:
            return g
        if partial == 0:
            return FUNCTIONS["zeros_like"](g)
    elif complex_ and partial.what == "tensor":
        partial = partial.trace.emit("conj_physical", (partial,))
    return g * partial


def vjp(declared, trace, complex_, gradient=None, inputs=None, output=None):
    """The vector-Jacobian products of an elementwise op, one for each tensor argument. Within a fused formula the
    symbols of its inputs and output are given."""
    rule = declared.derivative or declared.rule
    names = parameters(rule)
    trace.complex = complex_
    if inputs is None:
        values = _environment(declared, trace, names)
        g = trace.leaf(GRAD, 0, "tensor")
    else:
        position = {p[0]: k for k, p in enumerate(declared.signature[0])}
        values = [gradient if n == "g" else output if n in ("y", "result") else inputs[position[n]] for n in names]
        g = gradient
    result = rule(*values)
    if declared.vjp:
        return _tuple(result)
    if result is None:
        return ()
    return tuple(_times(g, partial, complex_) for partial in _tuple(result))


def _differentiate(trace, out, gradient, wanted, complex_):
    """Reverse sweep over a trace of elementwise instructions: the gradients of the wanted leaves."""
    total = {out.operand: gradient}
    for op, operands, temp in reversed(list(trace.code)):
        g = total.pop((TEMP, temp), None)
        if g is None or isinstance(op, int):
            continue
        declared = OPS[op]
        if declared.kind == "constant" or not declared.options.get("_differentiable", True):
            continue
        inputs = [_symbol_of(trace, o) for o in operands]
        differentiable = [
            k
            for k, p in enumerate(declared.signature[0][: len(operands)])
            if p[1] == T_TENSOR and not _is_index(declared, k)
        ]
        for k, part in zip(
            differentiable, vjp(declared, trace, complex_, g, inputs, Symbol(trace, (TEMP, temp), "tensor"))
        ):
            o = operands[k]
            if part is None or o[0] == CONST:
                continue
            total[o] = part if o not in total else total[o] + part
    return [total.get(w.operand) for w in wanted]


def _is_index(declared, position):
    inside = declared.schema[declared.schema.index("(") + 1 :]
    return inside.split(",")[position].strip().startswith("Index")


def _symbol_of(trace, operand):
    if operand[0] == CONST:
        value = trace.constants[operand[1]]  # a number is a symbol to rules, as where it is an argument
        return Symbol(trace, operand, "number") if type(value) in (int, float, complex) else value
    what = "tensor"
    key = trace.leaves[operand[1]] if operand[0] == LEAF else None
    return Symbol(trace, operand, what, key)


_FILLED = frozenset(("zeros_like", "ones_like", "full_like"))


def _formula(declared, trace):
    """A fused op's formula run on symbols: its result, and the symbols of its parameters by name."""
    name, names = declared.name.partition(".")[0], parameters(declared.rule)
    values = _environment(declared, trace, names, formula=True)
    try:
        out = declared.rule(*values)
    except TraceError as error:
        error.args = (f"{name}(): {error}",)
        raise
    if not isinstance(out, Symbol):
        raise TraceError(f"{name}(): a formula gives one tensor made of its parameters, not {type(out).__name__}")
    for op, _, _ in trace.code:
        if isinstance(op, str) and OPS[op].kind not in ("elementwise", "fused") and op not in _FILLED:
            raise TraceError(
                f"{name}(): {op} is no elementwise op: call it outside, and pass its result to the formula"
            )
    return out, dict(zip(names, values))


def _fused_backward(declared, trace, complex_):
    params, _, _ = declared.signature
    if declared.derivative is not None:
        return vjp(declared, trace, complex_)
    out, by_name = _formula(declared, trace)
    wanted = [by_name[p[0]] for p in params if p[1] == T_TENSOR and p[0] in by_name]
    return tuple(_differentiate(trace, out, trace.leaf(GRAD, 0, "tensor"), wanted, complex_))


def _eager_leaves(declared):
    params, outs, is_list = declared.signature
    positions = {p[0]: k for k, p in enumerate(params)}
    leaves = []
    for name in parameters(declared.rule):
        if name == "needs":
            continue
        if name.endswith("_like") and name not in positions:
            k = positions[name[:-5]]
            leaves += [(ARG_SIZES, k), (ARG_DTYPE, k)]
        elif name in positions:
            leaves.append((ARG, positions[name]))
        elif name == "g" or (name[0] == "g" and name[1:].isdigit()):
            leaves.append((GRAD, ALL_GRADS if is_list else int(name[1:] or 0)))
        elif name in outs:
            leaves.append((OUT, outs.index(name)))
        elif name in ("y", "result"):
            leaves.append((OUT, 0))
        else:
            raise TraceError(
                f"the rule of {declared.name} has a parameter '{name}' that is neither an argument nor an output"
            )
    return leaves


def trace_backward(name, mask, complex_):
    """The program of an op's derivative for the inputs in mask: (leaves, constants, code, outputs, temps, rounds, the
    program of half precision, if it has its own, over the same leaves)."""
    declared = OPS[name]
    if declared.eager:
        return _eager_leaves(declared), [], [], [], 0, 0, None
    trace = Trace()
    if declared.kind == "elementwise":
        grads = vjp(declared, trace, complex_)
    elif declared.kind == "fused":
        grads = _fused_backward(declared, trace, complex_)
    else:
        grads = _tuple(declared.rule(*_environment(declared, trace, parameters(declared.rule))))
    differentiable = differentiable_arguments(declared)
    if not grads:
        grads = (None,) * len(differentiable)
    by_position = dict(zip(differentiable, grads))
    program = trace.program([by_position.get(k) for k in differentiable if mask >> k & 1])
    return *program, _ROUNDS[declared.rounds], _in_half(declared, differentiable, mask, program[0])


def _in_half(declared, differentiable, mask, leaves):
    """The program of declared.half over the same leaves."""
    rule = declared.half
    if rule is None:
        return None
    trace = Trace()
    if isinstance(rule, str):
        rule, names = FUNCTIONS[rule], ("g", *parameters(OPS[rule].rule)[1:])
    else:
        names = parameters(rule)
    grads = dict(zip(differentiable, _tuple(rule(*_environment(declared, trace, names)))))
    own, *program = trace.program([grads.get(k) for k in differentiable if mask >> k & 1])
    if not set(own) <= set(leaves):
        raise TraceError(f"{declared.name} needs {own} in half precision, but saves {leaves}")
    at = [leaves.index(leaf) for leaf in own]

    def moved(o):
        return (LEAF, at[o[1]]) if o[0] == LEAF else o

    constants, code, outputs, temps = program
    return constants, [(op, [*map(moved, operands)], out) for op, operands, out in code], [*map(moved, outputs)], temps


@functools.cache
def differentiable_arguments(declared):
    """Positions of the arguments that have a derivative."""
    return _differentiable_arguments(declared.name, declared.schema)


@functools.cache
def _differentiable_arguments(name, schema):
    declared = OPS[name]
    params, _, _ = declared.signature
    return [k for k, p in enumerate(params) if p[1] in (T_TENSOR, T_TENSORS) and not _is_index(declared, k)]


@functools.cache
def is_linear(name):
    """Whether an op is linear in all its differentiable arguments together, as its rule tells: the derivative depends on none of
    them, on no output, and on no number (which may be added, as the value of a padding is)."""
    declared = OPS[name]
    params, _, _ = declared.signature
    if declared.kind not in ("primitive", "host") or parameters(declared.rule)[:1] not in (("g",), ("g0",)):
        return False
    if any(p[1] in (T_SCALAR, T_FLOAT) for p in params):
        return False
    leaves = _eager_leaves(declared) if declared.eager else trace_backward(name, (1 << 60) - 1, False)[0]
    tensors = differentiable_arguments(declared)
    return not any(kind == OUT or (kind == ARG and k in tensors) for kind, k in leaves)


def trace_forward(name):
    """The program of a fused op's formula."""
    declared, trace = OPS[name], Trace()
    return (
        *trace.program([_formula(declared, trace)[0]]),
        1 if declared.rounds == "formula" else _ROUNDS[declared.rounds],
        None,
    )


class Like:
    """What an eager rule sees of an argument that it does not save: shape and dtype."""

    __slots__ = ("dtype", "shape")

    def __init__(self, shape, dtype):
        self.shape, self.dtype = shape, dtype


def eager_rule(name):
    """The eager rule of an op as a function of (mask, values): one gradient, or list, for each differentiable argument."""
    declared = OPS[name]
    rule, own = declared.rule, {p[0] for p in declared.signature[0]}
    names, differentiable = parameters(rule), differentiable_arguments(declared)
    gives_list = len(differentiable) == 1 and declared.signature[0][differentiable[0]][1] == T_TENSORS
    plain = not any(n == "needs" or (n.endswith("_like") and n not in own) for n in names)

    def arguments(mask, values):
        values = iter(values)
        for n in names:
            if n == "needs":
                yield tuple(bool(mask >> i & 1) for i in differentiable)
            elif n.endswith("_like") and n not in own:
                yield Like(next(values), next(values))
            else:
                yield next(values)

    def run(mask, values):
        result = rule(*values) if plain else rule(*arguments(mask, values))
        return result if isinstance(result, tuple) and not (gives_list and len(result) != 1) else (result,)

    return run


def run_forward(name, args):
    """Runs the body of an op that is a Python function."""
    return OPS[name].forward(*args)
