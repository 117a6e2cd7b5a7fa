"""The function forms of the optimizers' rules, against torch's."""

from importlib import import_module

import pytest

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")

ADAM = {"amsgrad": True, "beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.1, "eps": 1e-8}
FORMS = {
    "adadelta": ("square_avg acc_delta", {"lr": 0.5, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.1, "maximize": True}),
    "_adafactor": (
        "",
        {"d": 1.0, "lr": 0.1, "beta2_decay": -0.8, "weight_decay": 0.1, "eps1": None, "eps2": 1e-3, "maximize": False},
    ),
    "adagrad": ("sum", {"lr": 0.1, "weight_decay": 0.1, "lr_decay": 0.1, "eps": 1e-10, "maximize": False}),
    "adam": (
        "exp_avg exp_avg_sq max_exp_avg_sq",
        ADAM | {"maximize": False},
    ),
    "adamax": ("exp_avg exp_inf", {"eps": 1e-8, "beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.1}),
    "adamw": (
        "exp_avg exp_avg_sq max_exp_avg_sq",
        ADAM | {"maximize": True},
    ),
    "asgd": ("ax mu eta", {"lambd": 0.01, "lr": 0.1, "t0": 1, "alpha": 0.75, "weight_decay": 0.1}),
    "nadam": (
        "exp_avg exp_avg_sq mu_product",
        {"beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.004, "eps": 1e-8},
    ),
    "radam": ("exp_avg exp_avg_sq", {"beta1": 0.9, "beta2": 0.9, "lr": 0.1, "weight_decay": 0.1, "eps": 1e-8}),
    "rmsprop": (
        "square_avg grad_avg momentum_buffer",
        {"lr": 0.1, "alpha": 0.9, "eps": 1e-8, "weight_decay": 0.1, "momentum": 0.5, "centered": True},
    ),
    "rprop": ("prev step_size", {"step_size_min": 1e-6, "step_size_max": 50, "etaminus": 0.5, "etaplus": 1.2}),
}
ONES = {"mu", "eta", "mu_product"}


def _form(lib, name):
    return getattr(import_module(f"{lib.__name__}.optim.{name}"), name.strip("_"))


def _walk(lib, name):
    """Three steps of the function form on two parameters."""
    states, options = FORMS[name]
    params = [lib.tensor([[0.5, -1.0], [2.0, 0.25]]), lib.tensor([1.0, -3.0])]
    columns = []
    for state in states.split():
        if state in ONES:
            columns.append([lib.tensor(1.0) for _ in params])
        else:
            columns.append([lib.full_like(p, 0.1 if state == "step_size" else 0.0) for p in params])
    if name == "_adafactor":
        columns = [[lib.zeros(2, 1), None], [lib.zeros(1, 2), None], [None, lib.zeros(2)]]
    steps = [lib.tensor(0.0) for _ in params]
    form = _form(lib, name)
    for _ in range(3):
        form(params, [2 * p - 1 for p in params], *columns, steps, **options)
    return [t.tolist() for column in (params, *columns, steps) for t in column if t is not None]


@pytest.mark.parametrize("name", FORMS)
def test_function_forms_walk_as_torchs(name):
    for ours, theirs in zip(_walk(wg, name), _walk(torch, name), strict=True):
        assert torch.allclose(torch.tensor(ours), torch.tensor(theirs), rtol=1e-5, atol=1e-6)


def test_sgd_fills_in_its_buffers():
    seen = []
    for lib in (wg, torch):
        params, buffers = [lib.tensor([1.0, 2.0])], [None]
        options = {"weight_decay": 0.1, "momentum": 0.9, "lr": 0.1, "dampening": 0.0, "nesterov": True}
        for _ in range(2):
            _form(lib, "sgd")(params, [2 * params[0]], buffers, maximize=False, **options)
        seen.append([*params[0].tolist(), *buffers[0].tolist()])
    assert seen[0] == pytest.approx(seen[1])


def test_refusals():
    with pytest.raises(RuntimeError, match="^API has changed, `state_steps` argument must contain a list of singleton"):
        wg.optim.adamax.adamax([], [], [], [], [1], **FORMS["adamax"][1])
    with pytest.raises(TypeError, match="missing required arguments: 'lr'"):
        wg.optim.adamax.adamax([], [], [], [], [], eps=1e-8, beta1=0.9, beta2=0.9, weight_decay=0)
    with pytest.raises(TypeError, match="unexpected keyword argument 'momentum'"):
        wg.optim.adamax.adamax([], [], [], [], [], momentum=1, **FORMS["adamax"][1])


def _lent(lib, change):
    """What a lent optimizer does, or the error it raises."""
    x = lib.tensor([1.0, 2.0], requires_grad=True)
    opt = lib.optim.Adam([x], lr=0.1)
    x.grad = lib.ones(2)
    opt.step()
    y = lib.tensor([8.0, 3.0], requires_grad=True)
    y.grad = lib.ones(2)
    given = opt.state_dict()
    given["state"] = {0: {key: value.clone() for key, value in given["state"][0].items()}}
    swapped = {"opt": opt, "params": {"y": y}, "dict": given}
    change(swapped)
    try:
        with lib.optim.swap_in_optimizer_params_and_state(swapped["opt"], swapped["params"], swapped["dict"]):
            opt.step()
    except RuntimeError as error:
        return str(error)
    return [opt.param_groups[0]["params"][0] is x, x.tolist(), y.tolist(), given["state"][0]["step"].item()]


@pytest.mark.parametrize(
    "change",
    [
        lambda given: None,
        lambda given: given["opt"].state.clear(),
        lambda given: given.update(dict=[]),
        lambda given: given["dict"].update(state=[]),
        lambda given: given["dict"].update(state={0: 1}),
        lambda given: given["dict"].update(state={7: {}}),
        lambda given: given["dict"].update(param_groups=[]),
        lambda given: given["dict"].update(param_groups={}),
        lambda given: given["dict"].update(param_groups=[1]),
        lambda given: given["dict"]["param_groups"][0].update(params=["a"]),
        lambda given: given["dict"]["param_groups"][0].update(params=[]),
        lambda given: given["dict"]["param_groups"][0].pop("lr"),
        lambda given: given["dict"]["param_groups"][0].update(other=1),
        lambda given: given["params"].clear(),
    ],
)
def test_a_lent_optimizer(change):
    assert _lent(wg, change) == _lent(torch, change)
