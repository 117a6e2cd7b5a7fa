"""Throws random calls at the library, one line of a log before each: what the child process of test_fuzz.py runs.

python fuzz.py SEED SECONDS LOG: exit code 0 when every call gave a result or an ordinary exception; 3 for a broken
invariant, with the call in the log; a signal when the machine fell over, the last line of the log saying at which call.
"""

import os
import random
import resource
import sys
import time
import warnings

import wengert as wg
from wengert.ops._declare import FUNCTIONS, METHODS, OPS

FLOATS = [wg.float32, wg.float64, wg.float16, wg.bfloat16]
DTYPES = [*FLOATS, wg.int64, wg.int32, wg.int16, wg.int8, wg.uint8, wg.bool, wg.complex64, wg.complex128]
NUMBERS = [
    0,
    1,
    -1,
    2,
    3,
    5,
    -2,
    7,
    2**31,
    -(2**31),
    2**63 - 1,
    -(2**63),
    2**64,
    10**30,
    0.5,
    -1.5,
    1e308,
    1e-320,
    2**40,
]
ODD = [
    None,
    "x",
    "mean",
    "sum",
    True,
    False,
    float("nan"),
    float("inf"),
    1j,
    (),
    [],
    {},
    object(),
    b"",
    ...,
    slice(None),
    "ij,jk->ik",
]
SMALL = [0, 1, -1, 2, 3, -2, 4, 5]
# Not called: they wait, write files, leave the process, or change what later calls mean.
AVOIDED = {
    "compile",
    "save",
    "load",
    "set_num_threads",
    "set_default_dtype",
    "from_file",
    "share_memory_",
    "apply_",
    "map_",
    "map2_",
}


class Fuzz:
    """Random arguments, from one seed."""

    def __init__(self, seed):
        self.r = random.Random(seed)
        wg.manual_seed(seed)

    def sizes(self):
        r = self.r
        shape = [r.choice([0, 1, 1, 2, 2, 3, 3, 4, 5]) for _ in range(r.choice([0, 1, 1, 2, 2, 2, 3, 3, 4, 5]))]
        if r.random() < 0.02 and shape:
            shape[0] = r.choice([70, 300, 1100])
        return shape

    def tensor(self, shape=None, dtype=None):
        r = self.r
        shape = self.sizes() if shape is None else shape
        dtype = dtype or r.choice(DTYPES if r.random() < 0.4 else FLOATS[:2])
        kind = r.random()
        if kind < 0.4 and dtype.is_floating_point:
            t = wg.randn(shape, dtype=wg.float64).to(dtype)
        elif kind < 0.75:
            t = wg.randint(-3, 6, shape).to(dtype)
        elif kind < 0.8 and dtype.is_floating_point:
            t = wg.full(shape, r.choice([float("nan"), float("inf"), -float("inf"), 0.0, 1e300]), dtype=wg.float64).to(
                dtype
            )
        else:
            t = wg.rand(shape).to(dtype)
        return self.relaid(t)

    def relaid(self, t):
        """Perhaps a view of it: permuted, sliced, expanded, a window that overlaps itself, one that needs a gradient."""
        r = self.r
        way = r.random()
        if way < 0.15 and t.ndim > 1:
            order = list(range(t.ndim))
            r.shuffle(order)
            t = t.permute(order)
        elif way < 0.25 and t.ndim and t.shape[0] > 1:
            t = t[r.choice([slice(None, None, 2), slice(1, None), slice(0, 0)])]
        elif way < 0.32:
            t = t.unsqueeze(0).expand(r.choice([0, 1, 3]), *t.shape)
        elif way < 0.37 and t.numel() > 3:
            t = t.as_strided([2, 2], [r.choice([0, 1]), 1], r.choice([0, 1]))
        elif way < 0.42 and (t.is_floating_point() or t.is_complex()):
            t = t.detach().requires_grad_()
            if r.random() < 0.5:
                t = t * 2
        elif way < 0.45 and t.is_complex():
            t = t.conj()
        return t

    def value(self, kind="any"):
        r = self.r
        if r.random() < 0.06:
            return r.choice(ODD)
        if kind == "any":
            kind = r.choice(
                [
                    "Tensor",
                    "Tensor",
                    "Tensor",
                    "int",
                    "int",
                    "Scalar",
                    "int[]",
                    "bool",
                    "ScalarType",
                    "str",
                    "Tensor[]",
                    "Index",
                ]
            )
        kind = kind.rstrip("?")
        if kind in ("Tensor", "TensorStrict"):
            return self.tensor() if r.random() < 0.96 else self.value("Scalar")
        if kind == "Index":
            high = r.choice([1, 2, 3, 4])
            t = wg.randint(-1 if r.random() < 0.1 else 0, high, self.sizes())
            t = t if r.random() < 0.8 else t.to(r.choice(DTYPES))
            return self.relaid(t)
        if kind.startswith(("Tensor[", "Index")):
            shape = self.sizes()
            return [
                None if r.random() < 0.05 else self.tensor(shape if r.random() < 0.7 else None)
                for _ in range(r.choice([0, 1, 2, 2, 3]))
            ]
        if kind.startswith("int["):
            size = r.choice([0, 1, 1, 2, 2, 3, 4]) if r.random() < 0.95 else 70
            return [r.choice(SMALL) if r.random() < 0.97 else r.choice(NUMBERS) for _ in range(size)]
        if kind == "int":
            return r.choice(SMALL) if r.random() < 0.9 else r.choice(NUMBERS)
        if kind in ("Scalar", "float"):
            return r.choice(NUMBERS) if r.random() < 0.5 else r.uniform(-3, 3)
        if kind == "bool":
            return r.random() < 0.5
        if kind == "ScalarType":
            return r.choice(DTYPES)
        if kind == "str":
            return r.choice(
                ["mean", "sum", "amax", "prod", "reflect", "L", "none", "same", "tanh", "reduced", "trunc", "floor", ""]
            )
        if kind == "Generator":
            return None
        return r.choice(ODD)


def shown(value):
    """How a value is made again, near enough."""
    if isinstance(value, wg.Tensor):
        extra = f".as_strided({tuple(value.shape)}, {value.stride()})" if not value.is_contiguous() else ""
        grad = " requires_grad" if value.requires_grad else ""
        content = value.detach().tolist() if value.numel() <= 12 else "…"
        return f"<{value.dtype} {tuple(value.shape)}{extra}{grad} {content}>"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(shown(v) for v in value) + "]"
    return repr(value)


class Session:
    """Makes calls and looks at what comes of them."""

    def __init__(self, seed, log):
        self.fuzz, self.log = Fuzz(seed), open(log, "w")
        self.calls = self.results = 0

    def call(self, name, function, args, kwargs):
        self.log.seek(0)
        self.log.truncate()
        self.log.write(f"{name}({shown(args)}, { ({k: shown(v) for k, v in kwargs.items()}) })\n")
        self.log.flush()
        self.calls += 1
        try:
            result = function(*args, **kwargs)
            self.results += 1
            self.look(result)
        except Exception as error:
            if "broken invariant" in str(error) or "INTERNAL ASSERT" in str(error) or isinstance(error, SystemError):
                self.log.write(f"{type(error).__name__}: {error}\n")
                self.log.flush()
                raise SystemExit(3)

    def look(self, result):
        """Reads every element of a result, and asks for its gradient."""
        for t in result if isinstance(result, (tuple, list)) else [result]:
            if not isinstance(t, wg.Tensor) or t.numel() > 100_000:
                continue
            if t.requires_grad and (t.is_floating_point() or t.is_complex()):
                create = self.fuzz.r.random() < 0.3
                t.backward(wg.ones_like(t), retain_graph=True, create_graph=create)
            t.detach().tolist()
            repr(t)

    def op(self):
        """An op with arguments of about the right kinds."""
        r, f = self.fuzz.r, self.fuzz
        name = r.choice(NAMES)
        args, kwargs = [], {}
        for kind, (parameter, keyword_only, has_default) in PARAMETERS[name]:
            if has_default and r.random() < 0.4:
                continue
            value = f.value(kind if r.random() < 0.96 else "any")
            if keyword_only or kwargs or r.random() < 0.03:
                kwargs[parameter] = value
            else:
                args.append(value)
        if "polynomial" in name and len(args) > 1 and isinstance(args[1], int) and abs(args[1]) > 1000:
            args[1] = 7  # the time these take grows with the degree, as in torch
        if r.random() < 0.03:
            args.append(f.value())
        if r.random() < 0.03 and args:
            args.pop()
        if r.random() < 0.04:
            kwargs["out"] = f.tensor()
        if r.random() < 0.02 and len(args) > 1:  # an argument given twice
            args[1] = args[0]
        public = name.partition(".")[0]
        function = OPS[name].function
        if r.random() < 0.2 and public + "_" in FUNCTIONS and public + "_" not in AVOIDED:
            function, name = FUNCTIONS[public + "_"], name + " in place"
        self.call(name, function, args, kwargs)

    def anything(self):
        """A public function or a method of Tensor with arguments of any kind."""
        r, f = self.fuzz.r, self.fuzz
        name, function = r.choice(CALLABLES)
        args = [f.value("Tensor") if k == 0 else f.value() for k in range(r.choice([0, 1, 1, 2, 2, 3, 4]))]
        self.call(name, function, args, {})

    def index(self):
        """Reading and writing x[…]."""
        r, f = self.fuzz.r, self.fuzz
        t = f.tensor()

        def part():
            n = max(t.shape, default=1)
            bound = [None, 0, 1, -1, n, -n, 2, 10**30, -(2**63)]
            return r.choice([
                lambda: slice(r.choice(bound), r.choice(bound), r.choice([None, None, 1, 2, 3, -1, 0, 2**62])),
                lambda: r.randint(-n - 1, n), lambda: None, lambda: ..., lambda: r.choice([True, False]),
                lambda: wg.randint(-n, n + 1, f.sizes()[:2]), lambda: f.tensor(dtype=wg.bool), lambda: f.tensor(),
                lambda: [r.randint(-n, n) for _ in range(r.choice([0, 1, 3]))], lambda: wg.rand(t.shape) > 0.5,
                lambda: f.value(),
            ])()  # fmt: skip

        key = (
            part()
            if r.random() < 0.4
            else tuple(part() for _ in range(r.choice([0, 1, 2, 2, 3, 70 if r.random() < 0.02 else 2])))
        )
        if r.random() < 0.5:
            self.call("getitem", lambda x, k: x[k], [t, key], {})
        else:
            value = f.tensor() if r.random() < 0.6 else f.value()
            self.call("setitem", lambda x, k, v: x.__setitem__(k, v), [t.detach(), key, value], {})

    def act(self):
        choice = self.fuzz.r.random()
        (self.op if choice < 0.7 else self.index if choice < 0.85 else self.anything)()

    def step(self):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.act()


def _parameters():
    sys.path.insert(0, __file__.rpartition("/")[0] + "/ops")
    from samples import kinds

    table = {}
    for name, declared in OPS.items():
        table[name] = list(zip(kinds(declared), [(p[0], p[4], p[3]) for p in declared.signature[0]]))
    return table


PARAMETERS = _parameters()
NAMES = sorted(set(PARAMETERS) - AVOIDED)
CALLABLES = [(f"torch.{n}", f) for n, f in sorted(FUNCTIONS.items()) if n not in AVOIDED]
CALLABLES += [(f"Tensor.{n}", f) for n, f in sorted(METHODS.items()) if n not in AVOIDED]
CALLABLES += [
    (f"Tensor.{n}", getattr(wg.Tensor, n))
    for n in sorted(dir(wg.Tensor))
    if n not in AVOIDED and callable(getattr(wg.Tensor, n)) and n not in METHODS and not n.startswith("__")
]


def main(kind, seed, seconds, log):
    if "asan" not in os.environ.get("LD_PRELOAD", ""):  # which reserves terabytes for itself
        resource.setrlimit(resource.RLIMIT_DATA, (3 << 30, 3 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    session, end = kind(seed, log), time.monotonic() + seconds
    while time.monotonic() < end:
        session.step()
    session.log.seek(0)
    session.log.truncate()
    session.log.write(f"{session.calls} calls, {session.results} gave a result\n")


if __name__ == "__main__":
    main(Session, int(sys.argv[1]), float(sys.argv[2]), sys.argv[3])
