"""Every op of the table that has a derivative: differences, layouts, dtypes, forms that must agree; nothing left out."""

import numpy as np
import pytest
from differences import Problem, agree, first, has_derivative, second
from samples import WITHOUT, Source, elementwise_call, samples

import wengert as wg
from wengert import _core
from wengert.ops import _derive
from wengert.ops._declare import METHODS, OPS

SAMPLES = samples()
DIFFERENTIABLE = sorted(n for n, calls in SAMPLES.items() if any(has_derivative(OPS[n], c) for c in calls))
ELEMENTWISE = sorted(n for n in SAMPLES if OPS[n].kind in ("elementwise", "fused"))
OF_STRIDES = {"as_strided", "_as_strided", "_restride", "as_strided_scatter"}  # their arguments speak of the layout
DERIVED = {
    "view",
    "_unsafe_view",
    "_stacked_steps",
    "_layer_steps",
    "view_as",
    "view_as_complex",
}  # refused for some layouts


def tensors_in(value):
    return [t for t in (value if isinstance(value, (tuple, list)) else [value]) if isinstance(t, wg.Tensor)]


def assert_same(got, want, **tolerance):
    got, want = tensors_in(got), tensors_in(want)
    assert len(got) == len(want)
    for a, b in zip(got, want):
        assert a.shape == b.shape and a.dtype == b.dtype
        np.testing.assert_allclose(a.detach().resolve_conj().numpy(), b.detach().resolve_conj().numpy(), **tolerance)


# ---- completeness


def test_the_machine_and_the_table_name_the_same_ops():
    assert {entry[0] for entry in _core.op_names()} == set(OPS)


def test_every_op_with_a_rule_has_samples_or_a_reason():
    missing = [
        name
        for name, declared in OPS.items()
        if ".user" not in name
        and declared.kind != "constant"
        and name not in SAMPLES
        and name not in WITHOUT
        and not _writes(name)
    ]
    assert not missing
    assert not [name for name in (*SAMPLES, *WITHOUT) if name not in OPS]


def _writes(name):
    """An in-place op whose plain form has the samples."""
    public = name.partition(".")[0]
    return public.endswith("_") and not public.endswith("__")


def test_every_op_of_a_derivative_has_a_derivative():
    for name in DIFFERENTIABLE:
        declared = OPS[name]
        if declared.eager or declared.kind == "composite":
            continue
        mask = (1 << 60) - 1
        code = _derive.trace_backward(name, mask, False)[2]
        for op, _, _ in code:
            if isinstance(op, str) and OPS[op].kind == "constant":
                assert op in NO_SLOPE, f"{name} uses {op}"


NO_SLOPE = {
    "zeros",
    "new_zeros",
    "zeros_like",
    "ones_like",
    "full",
    "full_like",
    "_repeat_indices",
    "argmax",
    "argmin",
    "any",
    "any.dim",
}


# ---- derivatives


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_first_derivative(name):
    for call in SAMPLES[name]:
        for got, want in first(OPS[name], call):
            assert agree(got, want), (got, want)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_second_derivative(name):
    for call in SAMPLES[name]:
        for got, want in second(OPS[name], call):
            assert agree(got, want, 1e-4, 1e-5), (got, want)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_of_some_inputs_are_those_of_all(name):
    for call in SAMPLES[name]:
        problem = Problem(OPS[name], call)
        leaves = problem.fresh()
        whole = wg.autograd.grad(problem.scalar(problem(leaves)), leaves, allow_unused=True, materialize_grads=True)
        for k in range(len(leaves) if len(leaves) > 1 else 0):
            alone = [v.detach() for v in problem.values]
            alone[k].requires_grad_()
            total = problem.scalar(problem(alone))
            if not total.requires_grad:
                assert not whole[k].any()
                continue
            (g,) = wg.autograd.grad(total, alone[k], allow_unused=True, materialize_grads=True)
            np.testing.assert_allclose(g.numpy(), whole[k].numpy(), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_no_grad_records_nothing(name):
    call = SAMPLES[name][0]
    problem = Problem(OPS[name], call)
    with wg.no_grad():
        for t in tensors_in(problem(problem.fresh())):
            assert t.grad_fn is None and (t._is_view() or not t.requires_grad)


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_a_second_sweep_is_refused_or_right(name):
    """What was saved is let go of by the first sweep: the second refuses, or needs nothing of it."""
    problem = Problem(OPS[name], SAMPLES[name][0])
    leaves = problem.fresh()
    total = problem.scalar(problem(leaves))
    once = wg.autograd.grad(total, leaves, allow_unused=True)
    try:
        twice = wg.autograd.grad(total, leaves, allow_unused=True)
    except RuntimeError as refusal:
        assert "Trying to backward through the graph a second time" in str(refusal)
        return
    for a, b in zip(once, twice):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_array_equal(a.numpy(), b.numpy())


# ---- values


def layouts(t):
    """The same elements, laid out otherwise."""
    if t.ndim >= 2:
        yield t.mT.contiguous().mT
        yield t.permute(*reversed(range(t.ndim))).contiguous().permute(*reversed(range(t.ndim)))
    if t.ndim >= 1:
        spaced = wg.full((*t.shape[:-1], 2 * t.shape[-1] + 1), 7, dtype=t.dtype)[..., 1::2]
        yield spaced.copy_(t)
    far = wg.full((t.numel() + 3,), 7, dtype=t.dtype)[3:].view(t.shape)
    yield far.copy_(t)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - OF_STRIDES))
def test_any_layout_gives_the_same(name):
    for call in SAMPLES[name]:
        want = call(OPS[name].function)
        for k, value in enumerate(call.args):
            if not isinstance(value, wg.Tensor):
                continue
            for other in layouts(value):
                args = [other if j == k else a for j, a in enumerate(call.args)]
                try:
                    got = call(OPS[name].function, args)
                except RuntimeError as refusal:
                    assert name in DERIVED, refusal
                    continue
                assert_same(got, want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", sorted(set(DIFFERENTIABLE) - OF_STRIDES - DERIVED))
def test_any_layout_gives_the_same_gradients(name):
    for call in SAMPLES[name]:
        problem = Problem(OPS[name], call)
        leaves = problem.fresh()
        want = wg.autograd.grad(problem.scalar(problem(leaves)), leaves, allow_unused=True, materialize_grads=True)
        moved = [next(iter(layouts(v))).detach().requires_grad_() for v in problem.values]
        result = problem(moved)
        problem.cotangents = [next(iter(layouts(c))) for c in problem.cotangents]
        got = wg.autograd.grad(problem.scalar(result), moved, allow_unused=True, materialize_grads=True)
        assert_same(got, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3,), (2, 0, 3), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_ops_take_every_shape(name, shape):
    declared = OPS[name]
    call = elementwise_call(declared, Source(3), shape)
    got = call(declared.function)
    assert got.shape == shape
    flat = [a.reshape(-1) if isinstance(a, wg.Tensor) else a for a in call.args]
    assert_same(got.reshape(-1), call(declared.function, flat), rtol=1e-13)
    if sum(isinstance(a, wg.Tensor) for a in call.args) > 1:
        for k, a in enumerate(call.args):  # each in turn is broadcast
            if isinstance(a, wg.Tensor):
                wide = [
                    b.expand(2, *shape) if isinstance(b, wg.Tensor) and j != k else b for j, b in enumerate(call.args)
                ]
                assert_same(call(declared.function, wide)[1], got, rtol=1e-13)


@pytest.mark.parametrize("name", sorted(set(SAMPLES) - OF_STRIDES))
def test_float32_is_close_to_float64(name):
    for call in SAMPLES[name]:
        if call.via or any(t.is_complex() for a in call.args for t in tensors_in(a)):
            continue

        def narrow(value):
            if isinstance(value, list):
                return [narrow(v) for v in value]
            return value.float() if isinstance(value, wg.Tensor) and value.is_floating_point() else value

        want = tensors_in(call(OPS[name].function))
        args = [narrow(a) for a in call.args]
        for got, exact in zip(tensors_in(call(OPS[name].function, args)), want):
            if exact.is_floating_point() and name != "_to_copy":
                assert got.dtype == wg.float32, name
                np.testing.assert_allclose(got.numpy(), exact.numpy(), rtol=2e-3, atol=2e-4)


# ---- forms


def written(name):
    return METHODS.get(name.partition(".")[0] + "_") if OPS[name].signature[0][0][0] == "self" else None


@pytest.mark.parametrize("name", sorted(n for n in SAMPLES if written(n) and not SAMPLES[n][0].via))
def test_in_place_is_plain(name):
    for call in SAMPLES[name]:
        if not isinstance(call.args[0], wg.Tensor):
            continue
        want = call(OPS[name].function)
        args = [call.args[0].clone(), *call.args[1:]]
        if not isinstance(want, wg.Tensor) or want.shape != args[0].shape and want.numel() != args[0].numel():
            continue
        version = args[0]._version
        got = written(name)(*args, **call.kwargs)
        assert got is args[0] and got._version > version
        assert_same(got, want.to(got.dtype), rtol=1e-13)


REFUSED_IN_PLACE = {"acosh", "asinh", "atanh"}  # as in torch


@pytest.mark.parametrize("name", sorted(REFUSED_IN_PLACE))
def test_gradients_that_the_in_place_form_has_not(name):
    x = wg.ones(2, requires_grad=True)
    with pytest.raises(NotImplementedError, match=f"the derivative for 'inplace version of {name}' is not implemented"):
        written(name)(x.clone()).sum().backward()


@pytest.mark.parametrize(
    "name", sorted(n for n in DIFFERENTIABLE if written(n) and not SAMPLES[n][0].via and n not in REFUSED_IN_PLACE)
)
def test_gradients_of_the_in_place_form(name):
    for call in SAMPLES[name]:
        if not isinstance(call.args[0], wg.Tensor) or not has_derivative(OPS[name], call):
            continue
        problem = Problem(OPS[name], call)
        leaves = problem.fresh()
        result = problem(leaves)
        want = wg.autograd.grad(problem.scalar(result), leaves, allow_unused=True, materialize_grads=True)
        again = problem.fresh()
        first_place = problem.places[0] == (0, None)
        copies = [again[0] * 1, *again[1:]] if first_place else again
        if not first_place or result.shape != call.args[0].shape and result.numel() != call.args[0].numel():
            continue
        args, kwargs = list(call.args), dict(call.kwargs)
        for (key, _), leaf in zip(problem.places, copies):
            (args if isinstance(key, int) else kwargs)[key] = leaf
        got = wg.autograd.grad(
            problem.scalar(written(name)(*args, **kwargs)), again, allow_unused=True, materialize_grads=True
        )
        assert_same(got, want, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    "name", sorted(n for n in ELEMENTWISE if n.partition(".")[0] in wg.__dict__.get("__all__", dir(wg)))
)
def test_out_is_plain(name):
    declared, call = OPS[name], SAMPLES[name][0]
    want = call(declared.function)
    out = wg.empty(want.shape, dtype=want.dtype)
    try:
        got = declared.function(*call.args, **call.kwargs, out=out)
    except TypeError as refusal:
        assert "out" in str(refusal)
        return
    assert got is out
    assert_same(out, want, rtol=0)
