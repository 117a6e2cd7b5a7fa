"""An error of 0.1 % planted in every formula, or in every batching rule: what the checks of the table then see. Run by test_planted.py
in a process of its own, before anything is traced: python planted.py derivatives|transforms|batches prints a report."""

import json
import sys

from differences import agree, first, has_derivative, second
from samples import OPS, samples
from transforms import batched, close, forward_mode

from wengert import _core
from wengert.func import _interpret, _rules
from wengert.ops import _derive, _trace

FACTOR = 1.001
used = set()


def _scaled(value):
    if isinstance(value, (list, tuple)):
        return type(value)(map(_scaled, value))
    integer = isinstance(value, _core.Tensor) and not (value.is_floating_point() or value.is_complex())
    return value if value is None or integer else value * FACTOR


def _spoiled_trace(name, mask, complex_):
    used.add(name)
    leaves, constants, code, outputs, temps, rounds, half = _derive.trace_backward(name, mask, complex_)
    if OPS[name].eager:
        return leaves, constants, code, outputs, temps, rounds, half
    constants, code, spoiled = [*constants, FACTOR], list(code), []
    for operand in outputs:
        if operand[0] == 0:
            spoiled.append(operand)
            continue
        code.append(("mul", [operand, (_trace.CONST, len(constants) - 1)], temps))
        spoiled.append((_trace.TEMP, temps))
        temps += 1
    return leaves, constants, code, spoiled, temps, rounds, half


def spoil_formulas():
    """Every derivative is FACTOR times what its formula says: traced, run in Python, and as forward mode reads it."""
    plain = _interpret._rule_values

    def spoiled_values(declared, primals, out, g):
        rule, values = plain(declared, primals, out, g)
        return (lambda *args: _scaled(rule(*args))), values

    def spoiled_rule(name):
        rule = _derive.eager_rule(name)
        return lambda mask, values: _scaled(rule(mask, values))

    _core.set_hooks({"trace": _spoiled_trace, "rule": spoiled_rule})
    _interpret._rule_values = spoiled_values


def spoil_batching_rules():
    """Every result of a batching rule is FACTOR times too large."""

    def spoiled(rule):
        def function(call, name, args):
            used.add(name)
            return _scaled(rule(call, name, args))

        return function

    for name, rule in list(_rules.RULES.items()):
        _rules.RULES[name] = spoiled(rule)
    _rules.pointwise = spoiled(_rules.pointwise)


def derivatives(declared, call, entry):
    """First and second derivatives beside differences."""
    for got, want in first(declared, call):
        if want.size and abs(want).max() > 1e-3:
            entry["slopes"] += 1
            entry["seen"] += not agree(got, want)
    for got, want in second(declared, call):
        if abs(want).max() > 5e-2:
            entry["curves"] += 1
            entry["seen_curves"] += not agree(got, want, 1e-4, 1e-5)


def transforms(declared, call, entry):
    """Forward mode, and the gradients that vmap gives, beside differences."""
    for seed in range(1, 5):  # along a direction in which the slope is not nothing
        pushed, pulled, numeric = forward_mode(declared, call, seed)
        if abs(numeric) > 1e-3:
            break
    if abs(numeric) > 1e-3:
        entry["slopes"] += 1
        entry["seen"] += not (close(pushed, pulled) and agree(pushed, numeric))
    got, want, tolerance = batched(declared, call)[-1]
    if abs(want) > 1e-3:
        entry["curves"] += 1
        entry["seen_curves"] += not close(got, want, tolerance)


def batches(declared, call, entry):
    """What vmap gives beside a loop."""
    pairs = [p for p in batched(declared, call) if p[1].dtype.is_floating_point or p[1].dtype.is_complex]
    if any(want.abs().max() > 1e-3 for _, want, _ in pairs if want.numel()):
        entry["slopes"] += 1
        entry["seen"] += not all(close(*pair) for pair in pairs)


def report(what):
    """Op name -> how many numbers an error was planted in, and how many of those were seen to be wrong."""
    (spoil_batching_rules if what is batches else spoil_formulas)()
    made = {}
    for name, calls in sorted(samples().items()):
        entry = made[name] = {"slopes": 0, "seen": 0, "curves": 0, "seen_curves": 0}
        for call in calls:
            if has_derivative(OPS[name], call) and (what is derivatives or name not in UNBATCHED):
                what(OPS[name], call, entry)
    return {"report": made, "used": sorted(used)}


# Refused within vmap, as torch does; made of other ops there.
UNBATCHED = {
    "as_strided_scatter",
    "_all_steps",
    "_sum_rows",
    "_grid_sample2d",
    "_grid_sample3d",
    "_ctc_losses",
    "_pair_norms",
}

if __name__ == "__main__":
    json.dump(report(globals()[sys.argv[1]]), sys.stdout)
