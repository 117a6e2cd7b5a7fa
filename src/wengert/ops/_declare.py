"""The kinds of ops: what an author writes of one, and what each kind supplies from it."""

import operator

from .. import _core
from ._called import called
from ._out import with_out

OPS = {}  # op name ("max.dim") -> Declaration: THE TABLE
FUNCTIONS = {}  # every callable by its public name, dotted for sub-namespaces ("special.expit")
EXPORTED = set()  # those that are torch.<name>
METHODS = {}  # those that are Tensor.<name>


class Steps:
    """A partial derivative as what is done to g, in order: `unit / x * 2` means (g / x) * 2, and is rounded so."""

    __slots__ = ("taken",)

    def __init__(self, taken=()):
        self.taken = taken

    def __mul__(self, x):
        return Steps((*self.taken, (operator.mul, x)))

    def __truediv__(self, x):
        return Steps((*self.taken, (operator.truediv, x)))

    def __neg__(self):
        return self * -1

    def of(self, g, prepare=lambda x: x):
        for operation, x in self.taken:
            g = operation(g, prepare(x))
        return g


unit = Steps()


class Declaration:
    """One op of the table: its schema, its derivative rule, and what the kind needs to know."""

    __slots__ = (
        "_signature",
        "derivative",
        "eager",
        "forward",
        "function",
        "half",
        "kind",
        "name",
        "options",
        "rounds",
        "rule",
        "schema",
        "vjp",
    )

    def __init__(
        self, name, kind, schema, rule, function, *, vjp=False, eager=False, derivative=None, forward=None, options=None
    ):
        self.name, self.kind, self.schema, self.rule, self.function = name, kind, schema, rule, function
        self.vjp, self.eager, self.derivative, self.forward, self.options = (
            vjp,
            eager,
            derivative,
            forward,
            options or {},
        )
        self._signature, self.rounds, self.half = None, "steps", None

    @property
    def signature(self):
        """(parameters, names of outputs, returns a list), as the machine parsed them; a parameter is
        (name, type, default, has a default, keyword only)."""
        if self._signature is None:
            mine = (o for o in self.function.overloads if o[0] == self.name)
            _, params, _, outs, is_list = next(mine)  # further ones only take their arguments in other forms
            self._signature = params, outs, is_list
        return self._signature


def parameters(function):
    """The names of a plain function's parameters."""
    code = function.__code__
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _camel(name):
    return "".join(part[:1].upper() + part[1:] for part in name.strip("_").split("_"))


def _publish(name, function, aliases, as_function, as_method):
    for key in (name, *aliases):
        FUNCTIONS[key] = function
        if as_function and "." not in key:
            EXPORTED.add(key)
        if as_method and "." not in key:
            METHODS[key] = function


def _declare(
    schema,
    rule,
    kind,
    *,
    grad_name=None,
    promote="same",
    fn=None,
    eager=False,
    vjp=False,
    derivative=None,
    forward=None,
    function=True,
    method=True,
    inplace=False,
    aliases=(),
    multi_view=False,
    differentiable=True,
    namespace=None,
    numbers=True,
    also=(),
    kernel=None,
    rounds=None,
    half=None,
    **options,
):
    if not numbers:  # operands may not be Python numbers
        schema = schema.replace("Tensor ", "TensorStrict ")
    op = schema[: schema.index("(")]
    public = op.partition(".")[0]
    native = {"elementwise": "elementwise", "fused": "fused", "host": "host"}.get(kind, "primitive")
    _core.declare(
        op,
        native,
        grad_name or _camel(public) + "Backward0",
        promote,
        fn or public,
        eager,
        multi_view,
        differentiable,
        kernel,
    )
    shown = f"{namespace}.{public}" if namespace else public
    callable_ = FUNCTIONS.get(shown)
    if not isinstance(callable_, _core.OpFunction):
        callable_ = _core.OpFunction(public)
        callable_.__doc__ = rule.__doc__
    in_place = public.endswith("_") and not public.endswith("__")
    callable_.add(schema, in_place)
    for further in also:
        callable_.add(op + further, in_place, True)
    OPS[op] = Declaration(
        op, kind, schema, rule, callable_, vjp=vjp, eager=eager, derivative=derivative, forward=forward, options=options
    )
    OPS[op].rounds, OPS[op].half = rounds or ("once" if kind == "fused" else "steps"), half
    _publish(shown, callable_, aliases, function and not namespace, method and not namespace)
    if inplace and not in_place:
        written = FUNCTIONS.get(public + "_")
        if written is None:
            written = _core.OpFunction(public + "_")
            written.__doc__ = f"In-place form of {public}."
        written.add(schema, True)
        for further in also:
            if further.startswith("(Tensor self"):
                written.add(op + further, True, True)
        _publish(public + "_", written, tuple(a + "_" for a in aliases if "." not in a), function, True)
    if rule.__name__ == public:
        return callable_
    one = _core.OpFunction(rule.__name__)  # this overload alone, for use in formulas
    one.add(schema, in_place)
    one.__doc__ = rule.__doc__
    return one


def _default_schema(rule):
    """name(Tensor self, Tensor other): the inputs are the rule's parameters but g and the output."""
    inputs = [p for p in parameters(rule) if p not in ("g", "y", "result")] or ["self"]
    return f"{rule.__name__}({', '.join('Tensor ' + p for p in inputs)})"


def _decorator(kind, args, options):
    """Lets a kind be used as @kind, @kind("schema") and @kind(option=…)."""

    def apply(rule, schema=None):
        return _declare(schema or _default_schema(rule), rule, kind, **options)

    if len(args) == 1 and callable(args[0]):
        return apply(args[0])
    schema = args[0] if args else None
    return lambda rule: apply(rule, schema)


def elementwise(*args, inplace=True, **options):
    """A tile function of the machine with its local derivatives: one for each input, in order.

    Options: promote ("same", "float", "compare", "real", "first", "float_first": how the dtype is chosen), fn (the tile
    function, if its name differs), vjp=True (the rule takes g first and returns g times the derivatives itself: for
    functions that are not holomorphic), rounds (of the derivative in half precision: "steps", at every one as torch's
    formula is, or "once", where torch has a kernel), half (of half precision: the rule in its place that is recorded, and the
    only one if the others are not "once"; it takes g first and returns products, or is the name of a backward op),
    domain and reference (for the tests), inplace, function, method, aliases, also
    (further signatures of the same op: numbers first, options by position).
    """
    options.setdefault("promote", "same")
    return _decorator("elementwise", args, {"inplace": inplace, **options})


def fused(*args, inplace=True, **options):
    """A formula over elementwise ops that runs as one tile program; its derivative follows from the formula,
    or is given as derivative=lambda x, y: … where the formula's would be wrong at a kink. kernel: what torch calls its
    kernel, for an op of floating-point numbers alone. rounds: of formula and derivative in half precision, "once",
    "numbers" (once, but the numbers are rounded first), "formula" (the formula once, the derivative at every step: a
    kernel of torch's, and no part of other formulas) or "steps" (what torch composes of ops). half: as above."""
    return _decorator("fused", args, {"inplace": inplace, **options})


def backward(schema, derivative):
    """What torch calls the backward kernel of an op: of grad and what the op saves, rounded once, with a derivative of
    its own, which returns products. Half precision alone records it, as the op's derivative."""
    hidden = {"inplace": False, "function": False, "method": False}
    return fused(schema, derivative=derivative, vjp=True, rounds="formula", **hidden)


def primitive(*args, **options):
    """A body of the machine and its vector-Jacobian rule. eager=True: the rule runs in Python at every backward."""
    return _decorator("primitive", args, options)


reduction = view = primitive  # the machine knows which bodies are views


def constant(*args, **options):
    """An op without a derivative, stated: argmax, floor of integers, comparisons."""
    return _decorator("constant", args, {"differentiable": False, **options})


def host(*args, forward=None, **options):
    """An op whose body is a Python function (an algorithm that a library keeps better), with a proper rule.
    forward gets the arguments, tensors without history, and gives fresh tensors; the rule is eager. composed: what runs
    in its place under a transform, a function of the same arguments made of other ops; the body, too, without forward."""
    return _decorator("host", args, {"forward": forward or options["composed"], "eager": True, **options})


def composite(*args, function=True, method=True, inplace=False, aliases=(), namespace=None, out=False, **options):
    """A plain function made of ops: its derivatives follow. With a schema and no parameters: a composite body of the machine.
    out=True: the function takes out=."""

    def apply(body):
        name = body.__name__
        if args and isinstance(args[0], str) and not parameters(body) and not body.__code__.co_flags & 0x0C:
            return _declare(
                args[0],
                body,
                "composite",
                function=function,
                method=method,
                inplace=inplace,
                aliases=aliases,
                namespace=namespace,
                **options,
            )
        schema = args[0] if args and isinstance(args[0], str) else name
        op, stated, _ = schema.partition("(")
        name = op.removeprefix(f"{namespace}_")
        plain, names = body, parameters(body)
        stated = stated and names  # else it takes all there is
        if stated:
            body = called(plain, schema, names, op, out)
        elif out:
            body = with_out(plain)
        shown = f"{namespace}.{name}" if namespace else name
        _publish(shown, body, aliases, function and not namespace, method and not namespace)
        if inplace:
            made = called(plain, schema, names, name + "_") if stated else plain

            def written(self, *a, **k):
                before = self.clone() if self.requires_grad else self  # what the op may keep for the backward pass
                return self.copy_(made(before, *a, **k))

            written.__name__ = name + "_"
            written.__doc__ = f"In-place form of {name}."
            _publish(name + "_", written, tuple(a + "_" for a in aliases if "." not in a), function, method)
        return body

    if len(args) == 1 and callable(args[0]):
        return apply(args[0])
    return apply


class Namespace:
    """Every op of the table by its torch (aten) name, private ones included."""

    def __getattr__(self, name):
        try:
            return FUNCTIONS[name]
        except KeyError:
            raise AttributeError(f"wengert has no op '{name}'") from None

    def __dir__(self):
        return sorted(FUNCTIONS)


def user_op(schema, rule, derivative):
    """A fused op that somebody outside declares: in the table, but under no public name."""
    name = schema[: schema.index("(")]
    _core.declare(name, "fused", _camel(name.partition(".")[0]) + "Backward0", "same", "", False, False, True, None)
    function = _core.OpFunction(name.partition(".")[0])
    function.add(schema, False)
    OPS[name] = Declaration(name, "fused", schema, rule, function, derivative=derivative)
    OPS[name].rounds = "once"
    return function
