"""grad, vjp, jvp, Jacobians, vmap: each other's values, nested in every order, and torch's refusals."""

import warnings

import pytest

import wengert as wg
import wengert.nn.functional as F
from wengert.autograd import Function
from wengert.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)

X = wg.tensor([0.5, -1.0, 2.0], dtype=wg.float64)
ROWS = wg.arange(6.0, dtype=wg.float64).reshape(2, 3) / 5


def f(x):
    return (x.sin() * x**2).sum()


def same(a, b):
    assert a.shape == b.shape and wg.allclose(a, b), (a, b)


def test_orders_of_nesting():
    want = wg.autograd.functional.hessian(f, X)
    for nested in (
        hessian,
        lambda g: jacrev(jacrev(g)),
        lambda g: jacfwd(jacfwd(g)),
        lambda g: jacrev(jacfwd(g)),
        lambda g: jacrev(grad(g)),
        lambda g: jacfwd(grad(g)),
    ):
        same(nested(f)(X), want)
    same(vmap(hessian(f))(ROWS), wg.stack([hessian(f)(r) for r in ROWS]))
    same(grad(grad(grad(lambda x: x**4)))(wg.tensor(2.0)), wg.tensor(48.0))


def test_products():
    _, pull = vjp(lambda x: x**2, X)
    same(pull(X)[0], 2 * X * X)
    same(pull(X)[0], 2 * X * X)
    same(jvp(lambda x: x**2, (X,), (X,))[1], 2 * X * X)
    _, push = linearize(lambda x: x**3, X)
    same(push(X), 3 * X**3)
    same(vmap(push)(ROWS), 3 * X**2 * ROWS)
    same(vmap(lambda r: jvp(f, (r,), (r,))[1])(ROWS), wg.stack([jvp(f, (r,), (r,))[1] for r in ROWS]))


def test_histories_end_where_transforms_end():
    x = X.clone().requires_grad_()
    gradient = grad(f)(x)
    assert gradient.requires_grad and not grad(f)(X).requires_grad
    same(wg.autograd.grad(gradient.sum(), x)[0], hessian(f)(X).sum(0))
    with wg.no_grad():
        assert not grad(f)(x).requires_grad
    weight = wg.ones(3, dtype=wg.float64, requires_grad=True)
    value, gradient = grad_and_value(lambda v: (v * weight).sum())(X)[::-1]
    assert value.requires_grad and gradient.requires_grad
    assert not grad_and_value(f)(X)[1].requires_grad


def test_per_sample_gradients():
    model = wg.nn.Sequential(wg.nn.Linear(3, 4), wg.nn.Tanh(), wg.nn.Linear(4, 2)).double()
    params = {k: v.detach() for k, v in model.named_parameters()}
    targets = wg.tensor([0, 1])

    def loss(p, x, t):
        return wg.nn.functional.cross_entropy(functional_call(model, p, (x.unsqueeze(0),)), t.unsqueeze(0))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = vmap(grad(loss), (None, 0, 0))(params, ROWS, targets)
    for name in params:
        same(got[name], wg.stack([grad(loss)(params, ROWS[k], targets[k])[name] for k in range(2)]))


def test_ensembles():
    models = [wg.nn.Linear(3, 2).double() for _ in range(4)]
    params, _ = stack_module_state(models)
    got = vmap(lambda p, x: functional_call(models[0], p, (x,)), (0, None))(params, X)
    same(got, wg.stack([m(X) for m in models]))


def test_in_out_dims_and_trees():
    x = wg.rand(3, 2, 4)
    same(vmap(lambda v: v * 2, in_dims=1, out_dims=2)(x), (x * 2).permute(0, 2, 1))
    got = vmap(lambda d: {"sum": d["a"] + d["b"][0], "a": d["a"]}, in_dims=({"a": 0, "b": (None,)},))(
        {"a": x, "b": (wg.ones(2, 4),)}
    )
    same(got["sum"], x + 1)
    same(vmap(lambda v: v.sum(), chunk_size=2)(x), x.sum((1, 2)))
    same(vmap(vmap(lambda a, b: a * b, (0, None)), (None, 0))(X, X), X.unsqueeze(0) * X.unsqueeze(1))


def test_randomness():
    x = wg.ones(3, 100)
    with pytest.raises(RuntimeError, match="called random operation while in randomness error mode"):
        vmap(lambda v: wg.rand(2))(x)
    same_draws = vmap(lambda v: v + wg.rand(100), randomness="same")(x)
    assert (same_draws == same_draws[0]).all()
    other = vmap(lambda v: v + wg.rand(100), randomness="different")(x)
    assert not (other == other[0]).all()
    dropped = vmap(lambda v: wg.nn.functional.dropout(v), randomness="different")(x)
    assert not (dropped == dropped[0]).all()


@pytest.mark.parametrize(
    "body,message",
    [
        (lambda v: v.sum().item(), r"calling .item\(\) on a Tensor"),
        (lambda v: v if v.sum() > 0 else -v, "data-dependent control flow"),
        (lambda v: v.nonzero(), "dynamic shape"),
        (lambda v: wg.zeros(3).mul_(v), "inplace arithmetic"),
        (lambda v: v[v > 0], "boolean mask"),
        (lambda v: v.requires_grad_(), "requires_grad_"),
    ],
)
def test_refusals(body, message):
    with pytest.raises(RuntimeError, match=message):
        vmap(body)(wg.ones(2, 3))


def test_arguments_refused():
    with pytest.raises(ValueError, match="in_dims is not compatible"):
        vmap(lambda v: v, in_dims=(0, 0))(X)
    with pytest.raises(ValueError, match="same size in the mapped dimension"):
        vmap(lambda a, b: a)(wg.ones(2), wg.ones(3))
    with pytest.raises(ValueError, match="must only return Tensors"):
        vmap(lambda v: 1)(X)
    with pytest.raises(RuntimeError, match="scalar Tensor"):
        grad(lambda v: v)(X)


def test_slow_ops_say_so():
    with pytest.warns(UserWarning, match="performance drop"):
        vmap(lambda v: wg.histc(v, 3, min=-1, max=1))(ROWS)


class Cube(Function):
    """Its own derivatives, in both modes, and its own batching rule."""

    @staticmethod
    def forward(x):
        return x**3

    @staticmethod
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs)
        ctx.save_for_forward(*inputs)

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * g

    @staticmethod
    def jvp(ctx, t):
        (x,) = ctx.saved_tensors
        return 3 * x**2 * t


class Generated(Cube):
    generate_vmap_rule = True


class Ruled(Cube):
    @staticmethod
    def vmap(info, in_dims, x):
        assert info.batch_size == 2 and in_dims == (0,)
        return Ruled.apply(x), 0


@pytest.mark.parametrize("cls", [Generated, Ruled])
def test_functions(cls):
    same(vmap(cls.apply)(ROWS), ROWS**3)
    same(vmap(grad(lambda v: cls.apply(v).sum()))(ROWS), 3 * ROWS**2)
    same(grad(lambda m: vmap(cls.apply)(m).sum())(ROWS), 3 * ROWS**2)
    with wg.autograd.forward_ad.dual_level():
        dual = wg.autograd.forward_ad.make_dual(X, X)
        same(wg.autograd.forward_ad.unpack_dual(cls.apply(dual)).tangent, 3 * X**3)


def test_function_without_rule():
    with pytest.raises(RuntimeError, match="does not have vmap support"):
        vmap(Cube.apply)(ROWS)


def test_forward_mode_and_writes():
    fw = wg.autograd.forward_ad
    with fw.dual_level():
        x = fw.make_dual(X, X)
        y = wg.zeros(2, 3, dtype=wg.float64)
        y[0] = x
        y[1, 1:].add_(x[1:])
        z = x.clone()
        z[0].mul_(5)
        same(fw.unpack_dual(y).tangent, wg.stack([X, X * wg.tensor([0.0, 1.0, 1.0])]))
        same(fw.unpack_dual(z).tangent, X * wg.tensor([5.0, 1.0, 1.0]))
        same(fw.unpack_dual(vmap(wg.sin)(x)).tangent, X.cos() * X)
        same(fw.unpack_dual(grad(f)(x)).tangent, hessian(f)(X) @ X)


# ---- what looks at the data


def test_linear_ops_push_tangents_through_themselves():
    """An element that is written twice has the tangent of the write that stays."""
    from wengert.autograd import forward_ad

    at, v, t = wg.tensor([1, 1]), wg.tensor([3.0, 5.0]), wg.tensor([10.0, 100.0])
    with forward_ad.dual_level():
        made = wg.zeros(3).scatter(0, at, forward_ad.make_dual(v, t))
        primal, tangent = forward_ad.unpack_dual(made)
        kept = t[v == primal[1]]
        assert tangent.tolist() == [0.0, kept.item(), 0.0]
        x = forward_ad.make_dual(v.reshape(1, 1, 2), t.reshape(1, 1, 2))
        primal, tangent = forward_ad.unpack_dual(F.max_unpool1d(x, at.reshape(1, 1, 2), 2))
        assert tangent[0, 0, 1] == t[v == primal[0, 0, 1]]
        table = forward_ad.make_dual(wg.ones(2, 1), wg.ones(2, 1))
        looked = F.embedding(wg.tensor([0, 1]), table, padding_idx=0)
        assert forward_ad.unpack_dual(looked).tangent.tolist() == [[1.0], [1.0]]


def test_one_hot_within_vmap():
    classes = wg.tensor([[0, 2], [1, 1]])
    assert vmap(lambda c: F.one_hot(c, 3))(classes).equal(F.one_hot(classes, 3))
    with pytest.raises(RuntimeError, match="explicit positive num_classes"):
        vmap(F.one_hot)(classes)


@pytest.mark.parametrize(
    "call,op",
    [
        (lambda v: v.unique(), "_unique2"),
        (lambda v: v.unique_consecutive(), "unique_consecutive"),
        (lambda v: v.nonzero(), "nonzero"),
        (lambda v: v.masked_select(v > 0), "masked_select"),
        (lambda v: wg.histogramdd(v.unsqueeze(-1), [2]), "histogramdd"),
        (lambda v: wg.equal(v, v), "equal"),
        (lambda v: wg.allclose(v, v), "allclose"),
        (lambda v: wg.as_strided_scatter(v, v[:1], (1,), (1,)), "as_strided_scatter"),
    ],
)
def test_what_depends_on_the_data_is_refused(call, op):
    with pytest.raises(RuntimeError, match=op):
        vmap(call)(ROWS)


def test_sample_by_sample():
    with pytest.warns(UserWarning, match="aten::histc"):
        got = vmap(lambda v: wg.histc(v, 4))(ROWS)
    assert got.equal(wg.stack([wg.histc(row, 4) for row in ROWS]))


def test_factors_within_vmap():
    batch = wg.rand(3, 4, 4, dtype=wg.float64) + 4 * wg.eye(4, dtype=wg.float64)
    P, L, U = vmap(lambda a: wg.lu_unpack(*wg.linalg.lu_factor(a)))(batch)
    assert wg.allclose(P @ L @ U, batch)
    solved = vmap(lambda a: wg.linalg.lu_solve(*wg.linalg.lu_factor(a), a))(batch)
    assert wg.allclose(solved, wg.eye(4, dtype=wg.float64).expand(3, 4, 4))
    assert vmap(wg.linalg.eigvals)(batch).shape == (3, 4)


def test_masks_within_vmap():
    mask = wg.tensor([True, False, True, False])
    rows = wg.arange(8.0).reshape(2, 4)
    assert vmap(lambda v: v.masked_select(mask))(rows).equal(rows[:, mask])
    own = rows % 3 == 0
    got = vmap(lambda v, m: v.masked_scatter(m, -v))(rows, own)
    assert got.equal(wg.stack([v.masked_scatter(m, -v) for v, m in zip(rows, own)]))
    with pytest.raises(RuntimeError, match="Number of elements of source < number of ones in mask"):
        vmap(lambda v, m: v.masked_scatter(m, v[:0]))(rows, own)


# ---- batched backward passes and random numbers


def test_batched_gradients_of_a_write_to_a_view():
    leaf = wg.arange(20.0, dtype=wg.float64).reshape(4, 5).requires_grad_()
    view = (leaf * leaf)[0]
    view.cos_()
    (first,) = wg.autograd.grad(view, leaf, wg.ones_like(view), create_graph=True)

    def pull(output):
        return lambda v: wg.autograd.grad(output, leaf, v, retain_graph=True)[0]

    for output in (view, first):
        for directions in (wg.rand(3, *output.shape), wg.rand(*output.shape, 3).movedim(-1, 0)):  # two layouts
            directions = directions.double()
            want = wg.stack([pull(output)(v) for v in directions])
            assert wg.allclose(vmap(pull(output))(directions), want)


def test_generators_within_vmap():
    generator = wg.Generator().manual_seed(3)
    got = vmap(lambda v: wg.rand(2, generator=generator), randomness="different")(ROWS)
    assert got.equal(wg.rand(2, 2, generator=wg.Generator().manual_seed(3)))


@pytest.mark.parametrize(
    "call",
    [
        wg.bernoulli,
        wg.poisson,
        lambda v: wg.normal(v, 1.0),
        lambda v: v.clone().bernoulli_(v),
        lambda v: v.multinomial(1),
    ],
)
def test_same_numbers_for_a_batch_are_refused(call):
    with pytest.raises(RuntimeError, match="does not currently support same randomness with a batched tensor input"):
        vmap(call, randomness="same")(ROWS / 2)


@pytest.mark.parametrize("drop", [F.dropout, F.alpha_dropout, F.dropout1d, F.feature_alpha_dropout])
def test_dropout_of_shared_values(drop):
    ones = wg.manual_seed(0) and wg.ones(4, 50)
    own = vmap(lambda v: drop(ones, 0.5, True), randomness="different")(ROWS)
    same = vmap(lambda v: drop(ones, 0.5, True), randomness="same")(ROWS)
    assert not own[0].equal(own[1]) and same[0].equal(same[1])


def test_gradients_of_a_full_sum_for_a_batch_of_weights():
    import wengert as wg

    x = wg.rand(3, 2, requires_grad=True)
    loss = x.select(0, 1).sum()
    weights = wg.tensor([1.0, 2.0])
    (found,) = wg.autograd.grad(loss, x, weights, is_grads_batched=True)
    assert found.tolist() == [[[0.0, 0.0], [w, w], [0.0, 0.0]] for w in (1.0, 2.0)]
