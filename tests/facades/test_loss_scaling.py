"""Optimizers that unscale by themselves under a GradScaler, and the functions under scalers: as in torch."""

import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")


def outcome(program, m):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = program(m)
        except (RuntimeError, NotImplementedError) as error:
            result = f"{type(error).__name__}: {error}"
    return str(result), [(w.category, str(w.message).split(" (Triggered")[0]) for w in caught]


def stepped(m, with_scaler, unscaled_before, bad):
    """What an optimizer that unscales by itself is given."""
    seen = []

    class Plain(m.optim.SGD):
        _step_supports_amp_scaling = True

        def step(self, closure=None):
            seen.append((self.grad_scale, self.found_inf))
            return 7

    class Taking(Plain):
        def step(self, closure=None, *, grad_scaler=None):
            seen.append((type(grad_scaler).__name__, hasattr(self, "found_inf")))

    weight = m.ones(2, requires_grad=True)
    optimizer = (Taking if with_scaler else Plain)([weight], lr=0.1)
    scaler = m.amp.GradScaler("cpu", init_scale=4.0)
    scaler.scale((weight * (float("inf") if bad else 3.0)).sum()).backward()
    if unscaled_before:
        scaler.unscale_(optimizer)
    seen.append(scaler.step(optimizer))
    if not with_scaler:
        scaler.update()
    return seen, weight.grad, scaler.get_scale(), hasattr(optimizer, "grad_scale")


@pytest.mark.parametrize("with_scaler", [False, True])
@pytest.mark.parametrize("unscaled_before", [False, True])
@pytest.mark.parametrize("bad", [False, True])
def test_optimizers_that_unscale_by_themselves(with_scaler, unscaled_before, bad):
    ours, theirs = (outcome(lambda m: stepped(m, with_scaler, unscaled_before, bad), m) for m in (wengert, torch))
    assert ours == theirs


def unscale(m, dtype="float32", found=1, factor=1, bad=float("nan")):
    grads, found = [m.ones(2, 3).t().to(getattr(m, dtype)), m.tensor([2.0, bad])], m.zeros(found)
    return m._amp_foreach_non_finite_check_and_unscale_(grads, found, m.full((factor,), 0.5)), grads, found


def update(m, scale="float32", tracker="int32", found=0.0, start=4.0):
    scale, count = m.full((1,), start, dtype=getattr(m, scale)), m.ones(1, dtype=getattr(m, tracker))
    steps = [m._amp_update_scale_(scale, count, m.tensor([found]), 2.0, 0.25, 2).tolist() for _ in range(3)]
    return steps, scale, count


@pytest.mark.parametrize(
    "program",
    [
        unscale,
        lambda m: unscale(m, bad=1.0),
        lambda m: unscale(m, dtype="int32"),
        lambda m: unscale(m, found=2),
        lambda m: unscale(m, factor=2),
        update,
        lambda m: update(m, found=1.0),
        lambda m: update(m, start=3e38),
        lambda m: update(m, scale="float64"),
        lambda m: update(m, tracker="int64"),
    ],
)
def test_functions_under_scalers(program):
    assert outcome(program, wengert) == outcome(program, torch)
