"""Schedules give torch's sequence of rates and momenta, resume from a state dict, and warn as torch does."""

import warnings

import pytest

import wengert as wg

sched = wg.optim.lr_scheduler

SCHEDULES = {
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda e: 0.9**e),
    "LambdaLR-list": lambda s, o: s.LambdaLR(o, [lambda e: 1 / (e + 1), lambda e: 0.5]),
    "MultiplicativeLR": lambda s, o: s.MultiplicativeLR(o, lambda e: 0.9 + 0.01 * e),
    "StepLR": lambda s, o: s.StepLR(o, 3, 0.3),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [2, 5, 5, 9], 0.5),
    "ConstantLR": lambda s, o: s.ConstantLR(o, 0.25, 4),
    "LinearLR": lambda s, o: s.LinearLR(o, 0.2, 0.9, 6),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.8),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, 7, 2.0),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 5, 0.001),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 3, 2, 0.001),
    "CyclicLR": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 3, 4),
    "CyclicLR-triangular2": lambda s, o: s.CyclicLR(o, [0.01, 0.02], [0.2, 0.4], 2, mode="triangular2"),
    "CyclicLR-exp_range": lambda s, o: s.CyclicLR(o, 0.01, 0.2, 3, mode="exp_range", gamma=0.9),
    "CyclicLR-scale_fn": lambda s, o: s.CyclicLR(
        o, 0.01, 0.2, 3, scale_fn=lambda x: 1 / (x + 1), scale_mode="iterations", cycle_momentum=False
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=20),
    "OneCycleLR-three": lambda s, o: s.OneCycleLR(
        o, 0.5, epochs=4, steps_per_epoch=5, anneal_strategy="linear", three_phase=True
    ),
    "SequentialLR": lambda s, o: s.SequentialLR(
        o, [s.LinearLR(o, 0.1, 1.0, 4), s.CosineAnnealingLR(o, 6), s.ExponentialLR(o, 0.5)], [4, 9]
    ),
    "ChainedScheduler": lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9)]),
    "SWALR": lambda s, o: _swalr(s)(o, 0.01, 6),
    "SWALR-linear": lambda s, o: _swalr(s)(o, [0.01, 0.02], 3, "linear"),
}


def _swalr(module):
    if module is sched:
        from wengert.optim.swa_utils import SWALR
    else:
        from torch.optim.swa_utils import SWALR
    return SWALR


def optimizer(lib, name="SGD", lr=0.1):
    params = [{"params": [lib.zeros(1, requires_grad=True)]}, {"params": [lib.zeros(1, requires_grad=True)], "lr": 0.3}]
    options = {"momentum": 0.9} if name == "SGD" else {}
    return getattr(lib.optim, name)(params, lr=lr, **options)


def walk(lib, make, steps=18, name="SGD", lr=0.1):
    opt = optimizer(lib, name, lr)
    schedule = make(lib.optim.lr_scheduler, opt)
    rows = []
    for _ in range(steps):
        rows.append([_row(group) for group in opt.param_groups])
        assert [float(lr) for lr in schedule.get_last_lr()] == [row[0] for row in rows[-1]]
        opt.step()
        schedule.step()
    return rows


def _row(group):
    return [float(group["lr"]), group["momentum"] if "momentum" in group else group["betas"]]


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="compares with torch, which is not installed")


@pytest.mark.parametrize("name", SCHEDULES)
def test_same_rates_as_torch(torch, name):
    make = SCHEDULES[name]
    assert walk(wg, make) == walk(torch, make)


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
def test_first_beta_is_cycled_where_there_is_no_momentum(torch, name):
    make = SCHEDULES[name]
    assert walk(wg, make, name="Adam") == walk(torch, make, name="Adam")


@pytest.mark.parametrize("name", ["StepLR", "LinearLR", "CosineAnnealingLR", "ExponentialLR", "PolynomialLR"])
def test_tensor_rate_is_changed_in_place(torch, name):
    make = SCHEDULES[name]
    ours, theirs = walk(wg, make, lr=wg.tensor(0.1)), walk(torch, make, lr=torch.tensor(0.1))
    for a, b in zip(ours, theirs, strict=True):
        assert a[0][0] == pytest.approx(b[0][0], rel=1e-6)
    lr = wg.tensor(0.5)
    opt = optimizer(wg, lr=lr)
    schedule = make(sched, opt)
    opt.step()
    schedule.step()
    assert opt.param_groups[0]["lr"] is lr


@pytest.mark.parametrize("name", [n for n in SCHEDULES if "list" not in n and "scale_fn" not in n])
def test_resume_from_a_state_dict(name):
    make = SCHEDULES[name]
    whole = walk(wg, make, steps=12)
    opt = optimizer(wg)
    schedule = make(sched, opt)
    for _ in range(5):
        opt.step()
        schedule.step()
    saved, saved_opt = schedule.state_dict(), opt.state_dict()
    assert "optimizer" not in saved
    other = optimizer(wg)
    twin = make(sched, other)
    other.load_state_dict(saved_opt)
    twin.load_state_dict(saved)
    rows = []
    for _ in range(5, 12):
        rows.append([_row(group) for group in other.param_groups])
        other.step()
        twin.step()
    assert rows == whole[5:]


@pytest.mark.parametrize("name", SCHEDULES)
def test_state_dict_moves_to_torch(torch, name):
    if "Cyclic" in name:
        pytest.skip("holds the functions of the class, which are the library's own")
    make = SCHEDULES[name]
    ours, theirs = optimizer(wg), optimizer(torch)
    a, b = make(sched, ours), make(torch.optim.lr_scheduler, theirs)
    assert set(a.state_dict()) == set(b.state_dict())
    for _ in range(5):
        ours.step()
        a.step()
    b.load_state_dict(a.state_dict())
    for group, other in zip(ours.param_groups, theirs.param_groups, strict=True):
        other.update({key: value for key, value in group.items() if key != "params"})
    for _ in range(5):
        for opt, schedule in ((ours, a), (theirs, b)):
            opt.step()
            schedule.step()
        assert a.get_last_lr() == b.get_last_lr()


@pytest.mark.parametrize("name", ["StepLR", "MultiStepLR", "ConstantLR", "LinearLR", "CosineAnnealingLR"])
def test_jump_to_an_epoch_is_deprecated_but_works(torch, name):
    def jump(lib):
        opt = optimizer(lib)
        schedule = SCHEDULES[name](lib.optim.lr_scheduler, opt)
        opt.step()
        with pytest.warns(UserWarning, match="The epoch parameter in `scheduler.step\\(\\)` was not necessary"):
            schedule.step(7)
        return schedule.get_last_lr()

    assert jump(wg) == jump(torch)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"mode": "max", "threshold": 0.1},
        {"threshold_mode": "abs", "threshold": 0.3, "cooldown": 2},
        {"min_lr": [0.05, 0.2], "patience": 0},
    ],
)
def test_reduce_on_plateau(torch, options):
    metrics = [5, 4, 4.2, 4.1, 3.9, 3.9, 3.9, 3.9, 4.5, 4.6, 4.7, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]

    def run(lib):
        opt = optimizer(lib)
        schedule = lib.optim.lr_scheduler.ReduceLROnPlateau(opt, **{"patience": 2, "factor": 0.5, **options})
        rates = []
        for metric in metrics:
            schedule.step(lib.tensor(float(metric)))
            rates.append(schedule.get_last_lr())
        state = schedule.state_dict()
        return rates, state

    (ours, state), (theirs, expected) = run(wg), run(torch)
    assert ours == theirs and state == expected
    opt = optimizer(wg)
    twin = sched.ReduceLROnPlateau(opt)
    twin.load_state_dict(state)
    assert twin.best == state["best"] and twin.patience == state["patience"]


def test_plateau_with_a_new_group():
    opt = optimizer(wg)
    schedule = sched.ReduceLROnPlateau(opt, patience=0, min_lr=[0.0, 0.0])
    opt.add_param_group({"params": [wg.zeros(1, requires_grad=True)]})
    schedule.step(1.0)
    with pytest.raises(RuntimeError, match="differs from when `ReduceLROnPlateau` was initialized \\(2\\)"):
        schedule.step(2.0)


def test_warm_restarts_take_fractions_of_epochs(torch):
    def run(lib):
        opt = optimizer(lib)
        schedule = lib.optim.lr_scheduler.CosineAnnealingWarmRestarts(opt, 3, 2)
        rates = []
        for epoch in (0.5, 1.25, 2.9, 3.0, 5.5, 9.1, 20.0):
            schedule.step(epoch)
            rates.append(schedule.get_last_lr())
        return rates

    assert run(wg) == run(torch)


def test_order_of_calls_is_watched():
    opt = optimizer(wg)
    schedule = sched.StepLR(opt, 1)
    with pytest.warns(UserWarning, match="Detected call of `lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`"):
        schedule.step()
    opt = optimizer(wg)
    schedule = sched.StepLR(opt, 1)
    opt.step = lambda: None
    with pytest.warns(UserWarning, match="Seems like `optimizer.step\\(\\)` has been overridden"):
        schedule.step()
    opt = optimizer(wg)
    schedule = sched.StepLR(opt, 1)
    opt.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schedule.step()


def test_get_lr_outside_of_step_warns():
    schedule = sched.ExponentialLR(optimizer(wg), 0.5)
    with pytest.warns(UserWarning, match="To get the last learning rate computed by the scheduler, please use"):
        schedule.get_lr()


def test_callable_objects_are_saved_by_their_attributes():
    class Decay:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    schedule = sched.LambdaLR(optimizer(wg), [Decay(0.5), lambda e: 1.0])
    saved = schedule.state_dict()
    assert saved["lr_lambdas"] == [{"base": 0.5}, None]
    fresh = sched.LambdaLR(optimizer(wg), [Decay(0.1), lambda e: 1.0])
    fresh.load_state_dict(saved)
    assert fresh.lr_lambdas[0].base == 0.5 and "lr_lambdas" in saved


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda o: sched.StepLR(3, 1), TypeError, "int is not an Optimizer"),
        (lambda o: sched.StepLR(o, 1, last_epoch=3), KeyError, "param 'initial_lr' is not specified in param_groups"),
        (lambda o: sched.LambdaLR(o, [len]), ValueError, "Expected 2 lr_lambdas, but got 1"),
        (lambda o: sched.MultiplicativeLR(o, 3), TypeError, "lr_lambda should be a function, but got int"),
        (lambda o: sched.ConstantLR(o, 2.0), ValueError, "Constant multiplicative factor expected to be between 0"),
        (lambda o: sched.LinearLR(o, 0), ValueError, "Starting multiplicative factor expected to be greater than 0"),
        (lambda o: sched.LinearLR(o, 1, 2), ValueError, "Ending multiplicative factor expected to be between 0 and 1"),
        (lambda o: sched.CosineAnnealingWarmRestarts(o, 0), ValueError, "Expected positive integer T_0, but got 0"),
        (lambda o: sched.CosineAnnealingWarmRestarts(o, 1, 0), ValueError, "Expected integer T_mult >= 1, but got 0"),
        (lambda o: sched.CyclicLR(o, 0, 1, mode="x"), ValueError, "mode is invalid and scale_fn is None"),
        (lambda o: sched.CyclicLR(o, [0], 1), ValueError, "base_lr must have the same length as optimizer.param_gr"),
        (lambda o: sched.OneCycleLR(o, 1), ValueError, "You must define either total_steps OR \\(epochs AND steps_per"),
        (lambda o: sched.OneCycleLR(o, 1, total_steps=-1), ValueError, "Expected positive integer total_steps, but"),
        (lambda o: sched.OneCycleLR(o, 1, 9, pct_start=2), ValueError, "Expected float between 0 and 1 pct_start"),
        (lambda o: sched.OneCycleLR(o, 1, 9, anneal_strategy="x"), ValueError, "anneal_strategy must be one of 'cos'"),
        (lambda o: sched.ReduceLROnPlateau(o, factor=1.0), ValueError, "Factor should be < 1.0."),
        (lambda o: sched.ReduceLROnPlateau(o, "x"), ValueError, "mode x is unknown!"),
        (lambda o: sched.ReduceLROnPlateau(o, threshold_mode="x"), ValueError, "threshold mode x is unknown!"),
        (lambda o: sched.ReduceLROnPlateau(o, min_lr=[1]), ValueError, "expected 2 min_lrs, got 1"),
        (
            lambda o: sched.SequentialLR(o, [], []),
            ValueError,
            "SequentialLR expects at least one scheduler, but got no",
        ),
        (lambda o: sched.ChainedScheduler([]), ValueError, "ChainedScheduler expects at least one scheduler to be ch"),
        (
            lambda o: sched.SequentialLR(o, [sched.StepLR(o, 1)], [1]),
            ValueError,
            "Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone",
        ),
        (
            lambda o: sched.SequentialLR(o, [sched.StepLR(optimizer(wg), 1)], []),
            ValueError,
            "SequentialLR expects all schedulers to belong to the same optimizer, but got scheduler StepLR at index 0",
        ),
        (
            lambda o: sched.ChainedScheduler([sched.ReduceLROnPlateau(o)], o),
            ValueError,
            "ChainedScheduler does not support `ReduceLROnPlateau` scheduler",
        ),
    ],
)
def test_refusals(make, kind, message):
    with pytest.raises(kind, match=message):
        make(optimizer(wg))


def test_momentum_cannot_be_cycled_without_one():
    opt = wg.optim.Adagrad([wg.zeros(1, requires_grad=True)])
    with pytest.raises(ValueError, match="optimizer must support momentum or beta1 with `cycle_momentum` option"):
        sched.OneCycleLR(opt, 1.0, total_steps=5)


def test_one_cycle_ends():
    opt = optimizer(wg)
    schedule = sched.OneCycleLR(opt, 1.0, total_steps=2)
    opt.step()
    schedule.step()
    schedule.step()
    with pytest.raises(ValueError, match="Tried to step 3 times. The specified number of total steps is 2"):
        schedule.step()


def test_a_scheduler_does_not_keep_its_optimizer_in_a_cycle():
    import gc
    import weakref

    opt = optimizer(wg)
    sched.StepLR(opt, 1)
    reference = weakref.ref(opt)
    gc.disable()
    try:
        del opt
        assert reference() is None
    finally:
        gc.enable()
