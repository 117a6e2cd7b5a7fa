"""Adafactor and Muon: the step over all parameters at once is the one that is written in ops."""

import pytest

import wengert as wg
from wengert.optim import _rule

SHAPES = {
    "Adafactor": [(7, 41), (64, 64), (33,), (), (2, 3, 5), (2, 2, 3, 4), (1, 5), (5, 1), (300, 200)],
    "Muon": [(7, 41), (41, 7), (64, 64), (200, 300), (300, 200), (1, 5), (1, 1)],
}
CASES = [
    ("Adafactor", {}),
    ("Adafactor", {"lr": 0.1, "weight_decay": 0.1, "maximize": True, "d": 1.5}),
    ("Adafactor", {"eps": [1e-3, 1e-2], "beta2_decay": -0.3, "lr": 1.0}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "adjust_lr_fn": "match_rms_adamw"}),
    ("Muon", {"momentum": 0.3, "weight_decay": 0.0, "ns_steps": 3, "adjust_lr_fn": "original"}),
]


def _train(name, options, dtype):
    wg.manual_seed(0)
    params = [wg.randn(shape, dtype=dtype, requires_grad=True) for shape in SHAPES[name]]
    opt = getattr(wg.optim, name)(params, **options)
    for _ in range(4):
        for p in params:
            p.grad = wg.randn_like(p)
        opt.step()
    return [*params, *(value for p in params for value in opt.state[p].values())]


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_all_at_once_is_as_in_ops(name, options, dtype, monkeypatch):
    step, taken = _rule._optim_step, []
    monkeypatch.setattr(_rule, "_optim_step", lambda *args: taken.append(step(*args)) or taken[-1])
    ours = _train(name, options, dtype)
    assert taken == [False, True, True, True]  # the first step makes the state
    monkeypatch.setattr(_rule, "_optim_step", lambda *args: False)
    for a, b in zip(ours, _train(name, options, dtype), strict=True):
        # Muon's directions are of bfloat16: sums in another order may fall on its other side.
        assert wg.allclose(a, b, rtol=0, atol=1e-4 if name == "Muon" else 0), (a - b).abs().max()


@pytest.mark.parametrize(("name", "shape"), [("Adafactor", (3, 4)), ("Muon", (3, 4))])
def test_versions_and_odd_tensors(name, shape):
    p = wg.ones(shape[::-1]).t().requires_grad_()  # not contiguous: in ops
    q = wg.ones(shape, requires_grad=True)
    opt = getattr(wg.optim, name)([p, q])
    for _ in range(3):
        p.grad, q.grad = wg.ones(shape), wg.ones(shape)
        before = q._version
        opt.step()
        assert q._version > before
    assert wg.equal(p, q)


def test_wrong_coefficients_are_refused():
    p = wg.ones(3, 4, requires_grad=True)
    opt = wg.optim.Muon([p])
    for options, message in (
        ({"ns_steps": 100}, "Number of steps must be less than 100"),
        ({"ns_steps": 5, "ns_coefficients": (1.0, 2.0)}, "Coefficients must be a tuple of exactly 3 values"),
    ):
        p.grad = wg.ones(3, 4)
        opt.param_groups[0].update(ns_steps=5, ns_coefficients=(3.4, -4.7, 2.0))
        opt.step()
        opt.param_groups[0].update(options)
        with pytest.raises(ValueError, match=message):
            opt.step()
