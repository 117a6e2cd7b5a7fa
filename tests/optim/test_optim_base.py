"""The base class: groups, hooks, closures, state, pickling, gradients."""

import copy
import pickle

import numpy as np
import pytest
from optim_cases import CASES, case_id, closure_for, parameters, train

import wengert as wg
from wengert.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook


def leaf(values):
    return wg.tensor(values, requires_grad=True)


def test_sgd_and_adam_by_hand():
    p = leaf([1.0, 2.0])
    opt = wg.optim.SGD([p], lr=0.5, momentum=0.5)
    for _ in range(2):
        p.grad = wg.tensor([1.0, -1.0])
        opt.step()
    # First buffer g, second 0.5 g + g: together 0.5 * (1 + 1.5) g.
    assert p.tolist() == [1.0 - 1.25, 2.0 + 1.25]

    q = leaf([1.0, 2.0])
    opt = wg.optim.Adam([q], lr=0.1)
    m = v = np.zeros(2)
    expected = np.array([1.0, 2.0])
    for t in (1, 2, 3):
        g = np.array([0.3, -2.0]) * t
        q.grad = wg.tensor(g.tolist())
        opt.step()
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        expected = expected - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(q.tolist(), expected, rtol=1e-5)


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_optimizer_improves_and_resumes(case):
    name, options = case
    params, opt = train(wg, name, options, steps=3)
    loss = closure_for(opt, parameters(wg, name))().item()
    sign = -1 if options.get("maximize") else 1
    assert sign * closure_for(opt, params)().item() < sign * loss
    # A copy with the same state takes the same next steps, bit for bit.
    copies = [p.detach().clone().requires_grad_() for p in params]
    twin = getattr(wg.optim, name)(copies, **options)
    twin.load_state_dict(copy.deepcopy(opt.state_dict()))
    for _ in range(3):
        opt.step(closure_for(opt, params))
        twin.step(closure_for(twin, copies))
    assert [p.tolist() for p in params] == [p.tolist() for p in copies]


def test_parameters_without_gradient_are_left_alone():
    p, q = leaf([1.0]), leaf([1.0])
    opt = wg.optim.Adam([p, q])
    p.grad = wg.ones(1)
    opt.step()
    assert q.tolist() == [1.0]
    assert list(opt.state_dict()["state"]) == [0]


def test_step_leaves_no_graph_and_bumps_the_version():
    p = leaf([1.0])
    opt = wg.optim.SGD([p], lr=0.1)
    (p * 2).sum().backward()
    before = p._version
    opt.step()
    assert p.is_leaf and p.grad_fn is None and p.requires_grad
    assert p._version > before
    assert wg.is_grad_enabled()


def test_step_through_a_retained_graph_is_noticed():
    p = leaf([1.0])
    opt = wg.optim.SGD([p], lr=0.1)
    loss = (p * p).sum()
    loss.backward(retain_graph=True)
    opt.step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_closure_runs_with_gradients_and_its_loss_comes_back():
    p = leaf([1.0])
    opt = wg.optim.SGD([p], lr=0.1)
    with wg.no_grad():
        loss = opt.step(closure_for(opt, [p]))
        assert not wg.is_grad_enabled()
    assert loss.requires_grad
    assert opt.step() is None


def test_zero_grad():
    p, q = leaf([1.0]), leaf([1.0])
    opt = wg.optim.SGD([p, q])
    (p * 2).sum().backward()
    grad = p.grad
    opt.zero_grad(set_to_none=False)
    assert p.grad is grad and grad.tolist() == [0.0] and q.grad is None
    opt.zero_grad()
    assert p.grad is None


def test_groups_have_options_of_their_own():
    p, q = leaf([1.0]), leaf([1.0])
    opt = wg.optim.SGD([{"params": p, "lr": 0.5}, {"params": [q]}], lr=0.25)
    for t in (p, q):
        t.grad = wg.ones(1)
    opt.step()
    assert (p.tolist(), q.tolist()) == ([0.5], [0.75])
    opt.param_groups[1]["lr"] = 1.0
    opt.step()
    assert q.tolist() == [-0.25]


def test_parameters_and_state_may_be_replaced_between_steps():
    p = leaf([1.0])
    opt = wg.optim.Adam([p], lr=0.1)
    p.grad = wg.ones(1)
    opt.step()
    q = leaf([5.0, 5.0])
    entries = opt.state.pop(p)
    for key in ("exp_avg", "exp_avg_sq"):
        entries[key] = wg.zeros(2)
    opt.state[q] = entries
    opt.param_groups[0]["params"][0] = q
    q.grad = wg.ones(2)
    opt.step()
    assert q.tolist() != [5.0, 5.0] and len(opt.state) == 1
    assert opt.state[q]["step"].item() == 2.0


def test_repr():
    assert repr(wg.optim.SGD([leaf([1.0])], lr=0.1)) == (
        "SGD (\nParameter Group 0\n    dampening: 0\n    differentiable: False\n    foreach: None\n    fused: None\n"
        "    lr: 0.1\n    maximize: False\n    momentum: 0\n    nesterov: False\n    weight_decay: 0\n)"
    )


def test_step_hooks_run_in_order_and_may_change_the_arguments():
    p = leaf([1.0])
    opt = wg.optim.SGD([p])
    log = []

    def before(optimizer, args, kwargs):
        log.append("before")
        assert optimizer is opt and args == (opt,)
        return args, {"closure": lambda: "loss"}

    handles = [
        register_optimizer_step_pre_hook(lambda *a: log.append("global before")),
        register_optimizer_step_post_hook(lambda *a: log.append("global after")),
        opt.register_step_pre_hook(before),
        opt.register_step_post_hook(lambda *a: log.append("after")),
    ]
    assert opt.step() == "loss"
    assert log == ["global before", "before", "after", "global after"]
    for handle in handles:
        handle.remove()
    assert opt.step() is None and len(log) == 4
    with opt.register_step_pre_hook(lambda *a: 3), pytest.raises(RuntimeError, match="must return None or a tuple of"):
        opt.step()


def test_profilers_see_steps():
    opt = wg.optim.SGD([leaf([1.0])], lr=0.1)
    with wg.profiler.profile() as profile:
        opt.zero_grad()
        opt.step()
    opt.step()
    counts = {row.key: row.count for row in profile.key_averages()}
    assert counts == {"Optimizer.zero_grad#SGD.zero_grad": 1, "Optimizer.step#SGD.step": 1}


def test_hooks_of_a_user_defined_optimizer():
    class Custom(wg.optim.Optimizer):
        def step(self, closure=None):
            return "stepped"

    opt = Custom([leaf([1.0])], {})
    log = []
    opt.register_step_post_hook(lambda *a: log.append(1))
    assert opt.step() == "stepped" and log == [1]


def test_state_dict_hooks():
    opt = wg.optim.SGD([leaf([1.0])], lr=0.1)
    log = []
    opt.register_state_dict_pre_hook(lambda o: log.append("second"))
    opt.register_state_dict_pre_hook(lambda o: log.append("first"), prepend=True)
    opt.register_state_dict_post_hook(lambda o, s: {**s, "extra": 1})
    state = opt.state_dict()
    assert state["extra"] == 1 and log == ["first", "second"]

    def rename(optimizer, state):
        group = dict(state["param_groups"][0], lr=7.0)
        return {**state, "param_groups": [group]}

    opt.register_load_state_dict_pre_hook(rename)
    opt.register_load_state_dict_post_hook(lambda o: log.append("loaded"))
    opt.load_state_dict(state)
    assert opt.param_groups[0]["lr"] == 7.0 and log[-1] == "loaded"
    assert state["param_groups"][0]["lr"] == 0.1


def test_load_casts_to_the_parameter_but_not_the_counter():
    p = leaf([1.0])
    opt = wg.optim.Adam([p])
    p.grad = wg.ones(1)
    opt.step()
    q = wg.ones(1, dtype=wg.float64, requires_grad=True)
    other = wg.optim.Adam([q])
    other.load_state_dict(opt.state_dict())
    assert other.state[q]["exp_avg"].dtype == wg.float64
    assert other.state[q]["step"].dtype == wg.float32


def test_old_checkpoints_with_plain_counters():
    p = leaf([1.0])
    opt = wg.optim.Adam([p])
    p.grad = wg.ones(1)
    opt.step()
    state = opt.state_dict()
    state["state"][0]["step"] = 1
    for group in state["param_groups"]:
        del group["amsgrad"], group["decoupled_weight_decay"]
    other = wg.optim.AdamW([p])
    other.load_state_dict(state)
    assert other.state[p]["step"].item() == 1.0
    assert other.param_groups[0]["decoupled_weight_decay"] is True and other.param_groups[0]["amsgrad"] is False


def test_names_survive_loading():
    opt = wg.optim.SGD([("weight", leaf([1.0]))])
    state = opt.state_dict()
    del state["param_groups"][0]["param_names"]
    opt.load_state_dict(state)
    assert opt.param_groups[0]["param_names"] == ["weight"]


def test_deepcopy_and_pickle():
    p = leaf([1.0])
    opt = wg.optim.SGD([p], lr=0.1, momentum=0.9)
    p.grad = wg.ones(1)
    opt.step()
    for twin in (copy.deepcopy(opt), pickle.loads(pickle.dumps(opt))):
        q = twin.param_groups[0]["params"][0]
        assert q is not p and q.tolist() == p.tolist()
        assert twin.state[q]["momentum_buffer"].tolist() == [1.0]
        q.grad = wg.ones(1)
        twin.step()


def test_submodules_load_lazily_and_names_are_complete():
    from wengert import optim

    for name in optim.__all__:
        assert getattr(optim, name) is not None
    assert set(optim.__all__) <= set(dir(optim))
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        getattr(optim, "Nothing")  # noqa: B009 - a plain look-up would be a useless expression


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("case", [c for c in CASES if c[0] not in ("LBFGS", "Adafactor", "Muon")], ids=case_id)
def test_steps_in_the_core_and_in_python_agree_bit_for_bit(case, dtype, monkeypatch):
    name, options = case
    cls = getattr(wg.optim, name)
    quick, opt = train(wg, name, options, dtype, steps=10)
    for p in quick:
        p.grad = wg.ones_like(p)
    assert wg._core._optim_step(cls._rule, opt.param_groups[0], opt.state) is True
    quick, opt = train(wg, name, options, dtype, steps=10)
    monkeypatch.setattr(cls, "_rule", None)
    slow, twin = train(wg, name, options, dtype, steps=10)
    assert [p.tolist() for p in quick] == [p.tolist() for p in slow]
    for p, q in zip(quick, slow, strict=True):
        assert {k: v.tolist() for k, v in opt.state[p].items()} == {k: v.tolist() for k, v in twin.state[q].items()}


def test_the_core_declines_what_is_not_plain():
    def native(group, state):
        return wg._core._optim_step("adam", group, state)

    turned = wg.zeros(4, 2).t().requires_grad_()
    strided = wg.zeros(4, 2)[:, 0].requires_grad_()
    plain = leaf([1.0])
    for params, options, expected in [
        ([plain], {}, True),
        ([turned], {}, True),
        ([strided], {}, False),
        ([plain, strided], {}, False),
        ([plain], {"lr": wg.tensor(0.1)}, False),
        ([plain], {"differentiable": True}, False),
    ]:
        opt = wg.optim.Adam(params, **options)
        for p in params:
            p.grad = wg.ones_like(p)
        before = [p.tolist() for p in params]
        assert native(opt.param_groups[0], opt.state) is False  # no state yet
        assert [p.tolist() for p in params] == before
        for p in params:
            opt.state[p].update(opt._new_state(opt.param_groups[0], p, p.grad))
        assert native(opt.param_groups[0], opt.state) is expected
        assert ([p.tolist() for p in params] != before) is expected


def test_large_parameters_do_not_depend_on_the_number_of_threads():
    def run(threads):
        before = wg.get_num_threads()
        wg.set_num_threads(threads)
        try:
            p = wg.linspace(-1, 1, 200_000).requires_grad_()
            opt = wg.optim.AdamW([p], lr=0.1)
            for _ in range(3):
                p.grad = p.detach() * 2
                opt.step()
            return p.detach().numpy().tobytes()
        finally:
            wg.set_num_threads(before)

    assert run(1) == run(2)
