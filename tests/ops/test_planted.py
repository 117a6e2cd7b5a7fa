"""A derivative or a batching rule that is 0.1 % off must be seen, op by op: the checks of the table are run on spoiled rules."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from differences import has_derivative
from planted import UNBATCHED
from samples import OPS, samples

from wengert import _core
from wengert.func._rules import RULES

COMPOSITE = 3  # a body made of other ops, whose rules are the ones that are spoiled
HERE = Path(__file__).resolve().parent

# Ops whose derivative is 0 wherever it exists.
FLAT = {
    "ceil", "floor", "trunc", "_round", "sign", "sgn", "trunc_divide", "nextafter", "fill.Scalar",
    "zero_", "_div_floor", "angle", "_imag",  # the last two: of real numbers
    "_inside", "_outside", "_hardsigmoid_slope",
}  # fmt: skip


def planted(what):
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, str(HERE / "planted.py"), what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, env={**os.environ, "PYTHONPATH": path})
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def sampled():
    """The ops with a rule of their own and samples that have a derivative."""
    composite = {entry[0] for entry in _core.op_names() if entry[1] == COMPOSITE}
    return {
        name
        for name, calls in samples().items()
        if name not in composite and any(has_derivative(OPS[name], call) for call in calls)
    }


def assert_all_seen(report):
    assert not {name: entry for name, entry in report.items() if entry["seen"] < entry["slopes"]}
    assert not {name: entry for name, entry in report.items() if entry["seen_curves"] < entry["curves"]}


@pytest.mark.parametrize("what", ["derivatives", "transforms"])
def test_every_error_planted_in_a_formula_is_seen(what):
    """By the first and second derivatives; by forward mode and by gradients inside vmap."""
    outcome = planted(what)
    report = outcome["report"]
    assert_all_seen(report)
    seen = {name for name, entry in report.items() if entry["slopes"]}
    assert len(seen) > 300 and sum(entry["curves"] for entry in report.values()) > 200
    # Nothing that has a rule and samples was left out of the planting.
    refused = UNBATCHED if what == "transforms" else set()
    assert sampled() - refused <= set(outcome["used"])
    assert sampled() - refused - FLAT <= seen


def test_every_error_planted_in_a_batching_rule_is_seen():
    outcome = planted("batches")
    assert_all_seen(outcome["report"])
    seen = {name for name, entry in outcome["report"].items() if entry["slopes"]}
    ruled = {name for name in sampled() if name in RULES or OPS[name].kind in ("elementwise", "fused")}
    assert len(ruled) > 300
    ruled -= UNBATCHED | {"zero_"}  # written in place
    assert ruled <= set(outcome["used"])
    assert ruled - {"_imag"} <= seen  # 0 of real numbers
