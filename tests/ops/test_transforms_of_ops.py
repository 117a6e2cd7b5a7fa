"""Every op of the table in forward mode, in forward over reverse mode and inside vmap; every formula beside its program."""

import pytest
from differences import Problem, agree, has_derivative
from samples import samples
from transforms import batched, close, composed, formula_and_program, forward_mode, forward_over_reverse

from wengert import _core
from wengert.ops._declare import OPS

COMPOSITE = 3  # a body made of other ops
SAMPLES = samples()
DIFFERENTIABLE = sorted(n for n, calls in SAMPLES.items() if any(has_derivative(OPS[n], c) for c in calls))
MADE = {entry[0] for entry in _core.op_names() if entry[1] == COMPOSITE}
TRACED = sorted(n for n in DIFFERENTIABLE if n not in MADE and OPS[n].kind != "composite" and not OPS[n].eager)
FUSED = sorted(n for n in TRACED if OPS[n].kind == "fused" and OPS[n].derivative is None)
# Formulas that count on what the machine makes of the arguments.
PREPARED = {
    "add": "alpha is another op's",
    "sub": "alpha is another op's",
    "select": "index >= 0",
    "slice": "end given",
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_forward_mode_is_reverse_mode(name):
    for call in SAMPLES[name]:
        if has_derivative(OPS[name], call):
            pushed, pulled, numeric = forward_mode(OPS[name], call)
            assert close(pushed, pulled) and agree(pushed, numeric), (pushed, pulled, numeric)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_forward_over_reverse_is_reverse_over_reverse(name):
    for call in SAMPLES[name]:
        pair = forward_over_reverse(OPS[name], call) if has_derivative(OPS[name], call) else None
        assert pair is None or close(*pair), pair


# What cannot be: torch refuses these too.
REFUSED = {"as_strided_scatter": "does not yet have a batching rule", "copy_": "`self` not being vmapped over"}


# Their callers use other ops within vmap.
NOT_BATCHED = {"_all_steps", "_sum_rows", "_grid_sample2d", "_grid_sample3d", "_ctc_losses", "_pair_norms"}


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - NOT_BATCHED))
def test_vmap_is_a_loop(name):
    for call in SAMPLES[name]:
        count = len(Problem(OPS[name], call).values)
        for shared in [None, *range(count if count > 1 else 0)] if count else []:
            if name in REFUSED and (name != "copy_" or shared == 0):
                with pytest.raises(RuntimeError, match=REFUSED[name]):
                    batched(OPS[name], call, shared)
                continue
            for got, want, tolerance in batched(OPS[name], call, shared):
                assert got.dtype is want.dtype and close(got, want, tolerance), (shared, got, want)


@pytest.mark.parametrize("name", sorted(set(TRACED) - set(FUSED) - set(PREPARED)))
def test_program_is_formula(name):
    for call in SAMPLES[name]:
        if call.via is None and has_derivative(OPS[name], call):
            for got, want in formula_and_program(OPS[name], call):
                assert close(got, want, 1e-12), (got, want)


@pytest.mark.parametrize("name", FUSED)
def test_fused_program_is_formula(name):
    for call in SAMPLES[name]:
        for got, want in composed(OPS[name], call):
            assert close(got, want, 1e-12), (got, want)
