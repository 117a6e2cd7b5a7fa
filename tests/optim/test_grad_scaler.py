"""GradScaler on the CPU, against torch's."""

import pytest

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")


def _setup(lib, **options):
    p = lib.tensor([1.0, 2.0], requires_grad=True)
    return p, lib.optim.SGD([p], lr=0.1), lib.amp.GradScaler("cpu", **options)


def _train(lib, bad_steps, options):
    p, opt, scaler = _setup(lib, init_scale=8.0, growth_interval=2, **options)
    seen = []
    for i in range(6):
        opt.zero_grad()
        scaler.scale((p**2).sum()).backward()
        if i in bad_steps:
            p.grad[0] = float("inf")
        if i % 2:
            scaler.unscale_(opt)
        scaler.step(opt)
        scaler.update()
        seen.append([scaler.get_scale(), *p.tolist()])
    return seen, scaler.state_dict()


@pytest.mark.parametrize("bad_steps", [(), (1, 2, 4)])
@pytest.mark.parametrize(
    "options", [{}, {"growth_factor": 1.1, "backoff_factor": 0.3}, {"growth_factor": 1e38}, {"enabled": False}]
)
def test_scale_follows_the_gradients(bad_steps, options):
    assert repr(_train(wg, bad_steps, options)) == repr(_train(torch, bad_steps, options))  # nan is nan here


@pytest.mark.parametrize(
    "misuse",
    [
        lambda lib, p, opt, scaler: scaler.update(),
        lambda lib, p, opt, scaler: scaler.step(opt),
        lambda lib, p, opt, scaler: scaler.unscale_(opt),
        lambda lib, p, opt, scaler: [scaler.scale(p), scaler.step(opt)],
        lambda lib, p, opt, scaler: [scaler.scale(p), scaler.update()],
        lambda lib, p, opt, scaler: [scaler.scale(p), scaler.update(lib.ones(2))],
        lambda lib, p, opt, scaler: [scaler.scale(p.sum()).backward(), scaler.step(opt), scaler.step(opt)],
        lambda lib, p, opt, scaler: [scaler.scale(p.sum()).backward(), scaler.step(opt), scaler.unscale_(opt)],
        lambda lib, p, opt, scaler: [scaler.scale(p.sum()).backward(), scaler.unscale_(opt), scaler.unscale_(opt)],
        lambda lib, p, opt, scaler: [scaler.scale(p.sum()).backward(), scaler.step(opt), scaler.__getstate__()],
        lambda lib, p, opt, scaler: [scaler.scale(p), scaler.step(opt, closure=lambda: 1)],
        lambda lib, p, opt, scaler: scaler.scale(3),
    ],
)
def test_misuse(misuse):
    errors = []
    for lib in (wg, torch):
        with pytest.raises((AssertionError, RuntimeError, ValueError)) as error:
            misuse(lib, *_setup(lib))
        errors.append((type(error.value), str(error.value)))
    assert errors[0] == errors[1]


def test_generators_of_outputs_are_scaled_lazily():
    for lib in (wg, torch):
        scaled = _setup(lib, init_scale=4.0)[2].scale(lib.ones(1) * i for i in range(3))
        assert not isinstance(scaled, (list, tuple))
        assert [t.item() for t in scaled] == [0, 4, 8]
