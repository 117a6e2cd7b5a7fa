"""A derivative that is 0.1 % off must be seen, op by op: the comparison with differences is run on spoiled rules."""

import json
import subprocess
import sys
from pathlib import Path

from differences import has_derivative
from samples import OPS, samples

from wengert import _core

COMPOSITE = 3  # a body made of other ops, whose rules are the ones that are spoiled
HERE = Path(__file__).resolve().parent

# In a process of its own, before anything is traced: every rule gives 1.001 times the gradient.
SPOILED = """
import json, sys
sys.path.insert(0, sys.argv[1])
import wengert as wg
from wengert import _core
from wengert.ops import _derive, _trace
from differences import agree, first, has_derivative, second
from samples import OPS, samples

FACTOR, used = 1.001, set()

def spoiled_trace(name, mask, complex_):
    used.add(name)
    leaves, constants, code, outputs, temps = _derive.trace_backward(name, mask, complex_)
    if OPS[name].eager:
        return leaves, constants, code, outputs, temps
    constants, code, spoiled = [*constants, FACTOR], list(code), []
    for operand in outputs:
        if operand[0] == 0:
            spoiled.append(operand)
            continue
        code.append(("mul", [operand, (_trace.CONST, len(constants) - 1)], temps))
        spoiled.append((_trace.TEMP, temps))
        temps += 1
    return leaves, constants, code, spoiled, temps

def scaled(gradient):
    if gradient is None:
        return None
    return [scaled(g) for g in gradient] if isinstance(gradient, (list, tuple)) else gradient * FACTOR

def spoiled_rule(name, mask, values):
    return tuple(scaled(g) for g in _derive.run_rule(name, mask, values))

_core.set_hooks({"trace": spoiled_trace, "rule": spoiled_rule})
report = {}
for name, calls in sorted(samples().items()):
    entry = report[name] = {"slopes": 0, "seen": 0, "curves": 0, "seen_curves": 0}
    for call in calls:
        if not has_derivative(OPS[name], call):
            continue
        for got, want in first(OPS[name], call):
            if want.size and abs(want).max() > 1e-3:
                entry["slopes"] += 1
                entry["seen"] += not agree(got, want)
        for got, want in second(OPS[name], call):
            if abs(want).max() > 5e-2:
                entry["curves"] += 1
                entry["seen_curves"] += not agree(got, want, 1e-4, 1e-5)
json.dump({"report": report, "used": sorted(used)}, sys.stdout)
"""

# Ops whose derivative is 0 wherever it exists.
FLAT = {
    "ceil", "floor", "trunc", "_round", "sign", "sgn", "floor_divide", "trunc_divide", "nextafter", "fill.Scalar",
    "zero_", "angle", "imag",  # the last two: of real numbers
}  # fmt: skip


def spoiled():
    done = subprocess.run([sys.executable, "-c", SPOILED, str(HERE)], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_planted_error_is_seen():
    outcome = spoiled()
    report = outcome["report"]
    planted = {name: entry for name, entry in report.items() if entry["slopes"]}
    unseen = {name: entry for name, entry in planted.items() if entry["seen"] < entry["slopes"]}
    assert not unseen
    unseen = {name: entry for name, entry in planted.items() if entry["seen_curves"] < entry["curves"]}
    assert not unseen
    assert len(planted) > 300 and sum(entry["curves"] for entry in planted.values()) > 200
    # Nothing that has a rule and samples was left out of the planting.
    composite = {entry[0] for entry in _core.op_names() if entry[1] == COMPOSITE}
    sampled = {
        name
        for name, calls in samples().items()
        if name not in composite and any(has_derivative(OPS[name], call) for call in calls)
    }
    assert sampled <= set(outcome["used"])
    assert sampled - FLAT <= set(planted)
