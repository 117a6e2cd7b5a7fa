"""torch.utils.flop_counter: how many multiplications and additions matrix products and convolutions take."""

import functools
import warnings
from collections import defaultdict
from math import prod

import wengert as wg

from ..ops.namespaces import Packet
from ._python_dispatch import TorchDispatchMode
from ._pytree import tree_map
from .module_tracker import ModuleTracker

__all__ = ["FlopCounterMode", "register_flop_formula"]

flop_registry = {}
suffixes = ["", "K", "M", "B", "T"]
_aten = wg.ops.aten


def get_shape(i):
    """A tensor's shape; anything else as it is."""
    return i.shape if isinstance(i, wg.Tensor) else i


def shape_wrapper(f):
    """A formula of shapes as one of tensors."""

    @functools.wraps(f)
    def formula(*args, out_val=None, **kwargs):
        args, kwargs, out_shape = tree_map(get_shape, (args, kwargs, out_val))
        return f(*args, out_shape=out_shape, **kwargs)

    return formula


def register_flop_formula(targets, get_raw=False):
    """A decorator for the formula of an op, or of several: it gets the arguments' shapes and `out_shape`.

    get_raw: whether it gets the tensors, and `out_val`, instead; default False.

    >>> import wengert
    >>> @register_flop_formula(wengert.ops.aten.dot)
    ... def dot_flop(a_shape, b_shape, out_shape=None, **kwargs):
    ...     return 2 * a_shape[0]
    >>> with FlopCounterMode(display=False) as counter:
    ...     _ = wengert.dot(wengert.ones(5), wengert.ones(5))
    >>> counter.get_total_flops()
    10
    >>> _ = flop_registry.pop(wengert.ops.aten.dot)
    """

    def register(formula):
        formula = formula if get_raw else shape_wrapper(formula)
        for target in targets if isinstance(targets, (list, tuple)) else [targets]:
            if not hasattr(target, "overloads"):
                raise ValueError(
                    f"register_flop_formula(targets): expected each target to be OpOverloadPacket (i.e. "
                    f"torch.ops.mylib.foo), JitFunction, or HigherOrderOperator, got {target} which is of type {type(target)}"
                )
            if target in flop_registry:
                raise RuntimeError(f"duplicate registrations for {target}")
            flop_registry[target] = formula
        return formula

    return register


@register_flop_formula(_aten.mm)
def mm_flop(a_shape, b_shape, *args, out_shape=None, **kwargs):
    """Of (m, k) @ (k, n): 2 m n k."""
    (m, k), (k2, n) = a_shape, b_shape
    if k != k2:
        raise AssertionError(f"matmul: inner dimensions must match (k == k2), got {k} and {k2}")
    return m * n * 2 * k


@register_flop_formula(_aten.addmm)
def addmm_flop(self_shape, a_shape, b_shape, out_shape=None, **kwargs):
    """As of the product alone."""
    return mm_flop(a_shape, b_shape)


@register_flop_formula(_aten.bmm)
def bmm_flop(a_shape, b_shape, out_shape=None, **kwargs):
    """Of (b, m, k) @ (b, k, n): 2 b m n k."""
    (b, m, k), (b2, k2, n) = a_shape, b_shape
    if b != b2:
        raise AssertionError(f"bmm: batch dimensions must match (b == b2), got {b} and {b2}")
    if k != k2:
        raise AssertionError(f"bmm: inner dimensions must match (k == k2), got {k} and {k2}")
    return b * m * n * 2 * k


@register_flop_formula(_aten.baddbmm)
def baddbmm_flop(self_shape, a_shape, b_shape, out_shape=None, **kwargs):
    """As of the product alone."""
    return bmm_flop(a_shape, b_shape)


def conv_flop_count(x_shape, w_shape, out_shape, transposed=False):
    """Of a convolution, without its bias: 2 · batch · positions · elements of the weight."""
    positions = (x_shape if transposed else out_shape)[2:]
    return prod(positions) * prod(w_shape) * x_shape[0] * 2


def _conv(x, w, *_, out_shape=None):
    return conv_flop_count(x, w, out_shape)


def _conv_input(g, w, *_, out_shape=None):
    return conv_flop_count(g, w, out_shape, transposed=True)


def _conv_weight(g, x, *_, out_shape=None):
    return prod(out_shape[2:]) * prod(g) * x[1] * 2  # as torch: groups make it no less


# The machine's own convolutions, which torch counts under other names; as torch, attention on the CPU is not counted.
_OWN = {formula.__name__: shape_wrapper(formula) for formula in (_conv, _conv_input, _conv_weight)}
_FORWARD, _BACKWARD = Packet("convolution", None), Packet("convolution_backward", None)


def get_suffix_str(number):
    """The suffix under which a number has at most four digits in front of the point."""
    return suffixes[max(0, min(len(suffixes) - 1, (len(str(number)) - 2) // 3))]


def convert_num_with_suffix(number, suffix):
    """A number in units of a suffix, three decimals: ("5000", "K") is 5.000K."""
    return f"{number / 1000 ** suffixes.index(suffix):.3f}{suffix}"


def convert_to_percent_str(num, denom):
    """num / denom in per cent, two decimals; 0% of nothing."""
    return "0%" if denom == 0 else f"{num / denom:.2%}"


class FlopCounterMode:
    """A block in which the flops of products and convolutions are counted, by module and op, backward passes too.

    depth: how many levels of modules the table shows, default 2; display: whether it is printed at the end, default
    True, with the package `tabulate`; custom_mapping: {op: formula} besides the registered ones.

    >>> with FlopCounterMode(display=False) as counter:
    ...     wg.nn.Linear(3, 4)(wg.ones(2, 3)).sum().backward()
    >>> {str(op): flops for op, flops in counter.get_flop_counts()["Linear"].items()}
    {'aten.addmm': 48, 'aten.mm': 48}
    """

    def __init__(self, mods=None, depth=2, display=True, custom_mapping=None):
        if mods is not None:
            warnings.warn("mods argument is not needed anymore, you can stop passing it", stacklevel=2)
        self.flop_counts = defaultdict(lambda: defaultdict(int))
        self.depth, self.display, self.mode = depth, display, None
        own = {
            op: formula if getattr(formula, "_get_raw", False) else shape_wrapper(formula)
            for op, formula in (custom_mapping or {}).items()
        }
        self.flop_registry = {**flop_registry, **own}
        self.mod_tracker = ModuleTracker()

    def get_total_flops(self):
        """The sum over all ops."""
        return sum(self.flop_counts["Global"].values())

    def get_flop_counts(self):
        """{name of a module: {op: flops}}; "Global" is all that ran."""
        return {name: dict(counts) for name, counts in self.flop_counts.items()}

    def _rows(self, name, depth):
        total = self.get_total_flops()
        counts = self.flop_counts[name]
        lines = [(name, sum(counts.values())), *((f" - {op}", count) for op, count in counts.items())]
        suffix = get_suffix_str(total)
        return [
            [" " * depth + text, convert_num_with_suffix(count, suffix), convert_to_percent_str(count, total)]
            for text, count in lines
        ]

    def get_table(self, depth=None):
        """The counts as a table, made by the package `tabulate`."""
        import tabulate

        tabulate.PRESERVE_WHITESPACE = True
        depth = depth or self.depth or 999999
        total, rows, covered = self.get_total_flops(), [], False
        for name in sorted(self.flop_counts):
            level = name.count(".") + 1
            if name != "Global" and level <= depth:
                rows += self._rows(name, level - 1)
                covered |= sum(self.flop_counts[name].values()) >= total
        if "Global" in self.flop_counts and not covered:
            rows = self._rows("Global", 0) + [[" " + row[0], *row[1:]] for row in rows]
        rows = rows or [["Global", "0", "0%"]]
        return tabulate.tabulate(rows, headers=["Module", "FLOP", "% Total"], colalign=("left", "right", "right"))

    def __enter__(self):
        self.flop_counts.clear()
        self.mod_tracker.__enter__()
        self.mode = _Counting(self)
        self.mode.__enter__()
        return self

    def __exit__(self, *error):
        mode, self.mode = self.mode, None
        mode.__exit__(*error)
        self.mod_tracker.__exit__()
        if self.display:
            print(self.get_table(self.depth))

    def _count(self, op, flops):
        for name in self.mod_tracker.parents:
            self.flop_counts[name][op] += flops


class _Counting(TorchDispatchMode):
    """Sees the ops for a FlopCounterMode."""

    def __init__(self, counter):
        self.counter = counter

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        out = func(*args, **kwargs)
        op, name = func.overloadpacket, func.overloadpacket.__name__
        formula = self.counter.flop_registry.get(op)
        if formula is not None:
            self.counter._count(op, formula(*args, **kwargs, out_val=out))
        elif name in _OWN:
            shown = _BACKWARD if self.counter.mod_tracker.is_bw else _FORWARD
            self.counter._count(shown, _OWN[name](*args, out_val=out))
        return out
