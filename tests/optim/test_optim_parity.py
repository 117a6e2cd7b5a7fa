"""Every optimizer walks the same path as torch's, step for step, and exchanges its state with it."""

import numpy as np
import pytest
from optim_cases import CASES, case_id, closure_for, parameters, train

import wengert as wg

torch = pytest.importorskip("torch", reason="compares with torch, which is not installed")


def _arrays(params):
    return [p.detach().numpy() for p in params]


def _muon_slack(options):
    """Muon's directions are computed in bfloat16: one rounding that falls the other way shows in three digits."""
    return 0.1 * options.get("lr", 1e-3)


def _close(ours, theirs, dtype, slack=0.0):
    rtol, atol = (1e-5, 1e-6) if dtype == "float32" else (1e-12, 1e-14)
    atol = max(atol, slack)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_same_path_as_torch(case, dtype):
    name, options = case
    ours, _ = train(wg, name, options, dtype)
    theirs, _ = train(torch, name, options, dtype)
    _close(_arrays(ours), _arrays(theirs), dtype, _muon_slack(options) if name == "Muon" else 0.0)


def _convert(value, lib):
    """A state dict of the other library, its tensors turned into those of ``lib``."""
    if isinstance(value, (wg.Tensor, torch.Tensor)):
        return lib.tensor(value.detach().numpy().copy())
    if isinstance(value, dict):
        return {k: _convert(v, lib) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_convert(v, lib) for v in value)
    return value


@pytest.mark.parametrize("direction", ["from torch", "to torch"])
@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_state_moves_between_libraries(case, direction):
    name, options = case
    source, target = (torch, wg) if direction == "from torch" else (wg, torch)
    params, opt = train(source, name, options, "float64", steps=5)
    copies = [target.tensor(p.detach().numpy().copy(), requires_grad=True) for p in params]
    other = getattr(target.optim, name)(copies, **options)
    other.load_state_dict(_convert(opt.state_dict(), target))
    for _ in range(5):
        opt.step(closure_for(opt, params))
        other.step(closure_for(other, copies))
    # Loading turns ASGD's float32 eta into float64, in torch too.
    rtol = 1e-6 if name == "ASGD" else 1e-8
    atol = _muon_slack(options) if name == "Muon" else 0.0
    for a, b in zip(_arrays(params), _arrays(copies), strict=True):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_state_dict_and_repr_look_like_torchs(case):
    name, options = case
    _, ours = train(wg, name, options, steps=2)
    _, theirs = train(torch, name, options, steps=2)
    a, b = ours.state_dict(), theirs.state_dict()
    assert list(a["param_groups"][0]) == list(b["param_groups"][0])
    assert a["param_groups"] == b["param_groups"]
    assert a["state"].keys() == b["state"].keys()
    for key, entries in b["state"].items():
        assert a["state"][key].keys() == entries.keys()
        for entry, value in entries.items():
            if isinstance(value, torch.Tensor):
                mine = a["state"][key][entry]
                assert tuple(mine.shape) == tuple(value.shape)
                assert str(mine.dtype).split(".")[-1] == str(value.dtype).split(".")[-1]
    assert repr(ours) == repr(theirs)


def test_lbfgs_line_search_on_rosenbrock():
    def minimise(lib):
        x = lib.tensor([-1.2, 1.0], dtype=lib.float64, requires_grad=True)
        opt = lib.optim.LBFGS([x], lr=1, max_iter=10, line_search_fn="strong_wolfe")
        path = []

        def closure():
            opt.zero_grad()
            loss = (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
            loss.backward()
            return loss

        for _ in range(5):
            path.append((opt.step(closure).item(), *x.detach().numpy().tolist()))
        return path, opt.state_dict()["state"][0]["func_evals"]

    ours, evaluations = minimise(wg)
    theirs, expected = minimise(torch)
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-12)
    assert evaluations == expected


def _unrolled(lib, name, **options):
    """Differentiates a loss after two recorded steps with respect to the start and to the learning rate."""
    start = lib.tensor([1.0, -2.0, 0.5], dtype=lib.float64, requires_grad=True)
    lr = lib.tensor(0.1, dtype=lib.float64, requires_grad=True) if options.pop("tensor_lr", False) else 0.1
    p = start.clone()
    opt = getattr(lib.optim, name)([p], lr=lr, differentiable=True, **options)
    for factor in (1.0, 2.0):
        p.grad = lib.sin(start * factor)
        opt.step()
    inputs = [start, lr] if isinstance(lr, lib.Tensor) else [start]
    return [g.detach().numpy() for g in lib.autograd.grad((p**2).sum(), inputs)]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {}),
        ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1}),
        ("SGD", {"tensor_lr": True}),
        ("Adam", {}),
        ("Adam", {"tensor_lr": True}),
        ("AdamW", {}),
        ("NAdam", {}),
        ("RAdam", {}),
        ("Adagrad", {}),
        ("RMSprop", {"momentum": 0.5}),
    ],
)
def test_differentiable_steps(name, options):
    # The counter, and so the bias correction, is float32 in both.
    rtol = 1e-6 if name.startswith("Adam") else 1e-9
    for ours, theirs in zip(_unrolled(wg, name, **options), _unrolled(torch, name, **options), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta"])
def test_tensor_learning_rate(name):
    def run(lib):
        params = parameters(lib, name)
        opt = getattr(lib.optim, name)(params, lr=lib.tensor(0.05))
        for _ in range(5):
            opt.step(closure_for(opt, params))
        return _arrays(params)

    _close(run(wg), run(torch), "float32")


def test_complex_parameters():
    def run(lib, name):
        p = lib.tensor([1 + 2j, -0.5j], dtype=lib.complex64, requires_grad=True)
        opt = getattr(lib.optim, name)([p], lr=0.1)
        for _ in range(3):
            opt.zero_grad()
            p.grad = p.detach() * 0.5
            opt.step()
        return p.detach().numpy()

    for name in ("SGD", "Adam", "RMSprop", "Adagrad"):
        np.testing.assert_allclose(run(wg, name), run(torch, name), rtol=2e-6)
