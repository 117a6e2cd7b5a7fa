"""Odd parameters and gradients: half precision, complex, empty, without dimensions, strided, nan; as in torch."""

import numpy as np
import pytest
from optim_cases import CASES, case_id

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")

RULES = [case for case in CASES if case[0] not in ("LBFGS", "Adafactor", "Muon")]
SHAPES = ((3, 4), (5,), (), (0,), (2, 3))


def _run(lib, name, options, dtype, steps=22):
    rng = np.random.default_rng(0)

    def values(shape):
        drawn = np.asarray(rng.standard_normal(shape))
        drawn = np.asarray(drawn + 1j * rng.standard_normal(shape)) if dtype == "complex128" else drawn
        return lib.tensor(drawn.copy()).to(getattr(lib, dtype))

    params = [values(shape).requires_grad_() for shape in SHAPES[:-1]]
    params.append(values(SHAPES[-1]).t().requires_grad_())
    opt = getattr(lib.optim, name)(params, **options)
    for i in range(steps):
        for p in params:
            p.grad = values(tuple(p.shape))
        if i == 15:
            params[0].grad[0, 0] = float("nan")
        opt.step()
    return params


def _array(p):
    p = p.detach()
    return (p if p.dtype in (torch.complex128, wg.complex128) else p.double()).numpy()


@pytest.mark.parametrize(("dtype", "rtol"), [("float32", 1e-6), ("bfloat16", 0.016), ("complex128", 1e-13)])
@pytest.mark.parametrize("case", RULES, ids=case_id)
def test_odd_parameters(case, dtype, rtol):
    ours, theirs = (_run(lib, *case, dtype) for lib in (wg, torch))
    for a, b in zip(map(_array, ours), map(_array, theirs), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("name", ["Adafactor", "Muon"])
def test_rules_of_whole_tensors_refuse_complex_parameters(name):
    for lib in (wg, torch):
        p = lib.zeros(2, 2, dtype=lib.complex64, requires_grad=True)
        p.grad = lib.zeros(2, 2, dtype=lib.complex64)
        with pytest.raises(RuntimeError, match=f"^{name} does not support complex parameters$"):
            getattr(lib.optim, name)([p]).step()
