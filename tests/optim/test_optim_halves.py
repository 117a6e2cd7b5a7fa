"""Parameters of half precision: the steps over all of them at once round where torch's ops do, bit for bit."""

import numpy as np
import pytest
from optim_cases import CASES, case_id
from wengert._core import _optim_step

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")

RULES = [case for case in CASES if case[0] not in ("LBFGS", "Adafactor", "Muon")]
DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16}


def _values(seed, dtype, scale=1.0):
    """Numbers that torch makes, as arrays of float32 that the dtype holds exactly."""
    generator = torch.Generator().manual_seed(seed)
    shapes = ((8, 64), (128,), (0, 2))  # whole vectors: of others, torch rounds the last few elements twice
    return [(torch.randn(shape, generator=generator) * scale).to(DTYPES[dtype]).float().numpy() for shape in shapes]


def _steps(lib, name, options, dtype):
    def make(array):
        return lib.tensor(array.tolist()).reshape(array.shape).to(getattr(lib, dtype))

    params = [make(array).requires_grad_() for array in _values(0, dtype)]
    opt = getattr(lib.optim, name)(params, **options)
    for step in range(20):
        grads = _values(step + 1, dtype, 10.0 ** (step % 5 - 3))  # down to subnormal squares
        for p, grad in zip(params, grads, strict=True):
            p.grad = make(grad)
        if step == 15:
            params[1].grad[0], params[1].grad[1] = float("nan"), float("inf")
        opt.step()
    return params, opt


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", RULES, ids=case_id)
def test_bits_of_torch(case, dtype):
    name, options = case
    ours, opt = _steps(wg, name, options, dtype)
    theirs, _ = _steps(torch, name, options, dtype)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_array_equal(a.detach().float().numpy(), b.detach().float().numpy())
    assert _optim_step(opt._rule, opt.param_groups[0], opt.state)  # not op by op
