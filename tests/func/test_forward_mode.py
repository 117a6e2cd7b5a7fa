"""Forward mode of functions: dual numbers of several levels, writes, a Function's own rule, refusals."""

import pytest

import wengert as wg
from wengert.autograd import Function
from wengert.func import grad, jacfwd, jacrev, jvp, vmap

X = wg.tensor([0.5, -1.0, 2.0], dtype=wg.float64)


def same(a, b):
    assert a.shape == b.shape and wg.allclose(a, b), (a, b)


def test_forward_mode_does_not_need_a_tape():
    def f(x):
        with wg.no_grad():
            y = x**2
        return y * x

    x, t = wg.tensor(3.0), wg.tensor(1.0)
    assert jvp(f, (x,), (t,))[1] == 27 and jacfwd(f)(x) == 27 and grad(f)(x) == 9
    with wg.no_grad():
        assert jvp(f, (x,), (t,))[1] == 27 and not jvp(f, (x,), (t,))[1].requires_grad
    assert jvp(lambda x: x.detach() * x, (x,), (t,))[1] == 3


def test_a_functions_own_rule_is_used():
    class Odd(Function):
        @staticmethod
        def forward(x):
            return x * x

        @staticmethod
        def setup_context(ctx, inputs, output):
            pass

        @staticmethod
        def backward(ctx, g):
            return 5 * g

        @staticmethod
        def jvp(ctx, t):
            return 7 * t

    assert jvp(Odd.apply, (wg.tensor(3.0),), (wg.tensor(1.0),))[1] == 7 and grad(Odd.apply)(wg.tensor(3.0)) == 5


def test_dual_numbers_have_levels():
    def inner(x):
        return jvp(lambda y: x * y**3, (x,), (wg.ones_like(x),))[1]  # 3 x x^2

    same(jvp(inner, (X,), (wg.ones_like(X),))[1], 9 * X**2)
    same(grad(lambda x: inner(x).sum())(X), 9 * X**2)
    same(vmap(jacfwd(inner))(wg.stack([X, 2 * X]))[1], (9 * (2 * X) ** 2).diag())
    same(jacfwd(jacfwd(lambda x: (x**4).sum()))(X), (12 * X**2).diag())
    same(jacrev(jacfwd(lambda x: (x**4).sum()))(X), (12 * X**2).diag())


def test_writes_in_forward_mode():
    def f(x, y):
        x[:2].copy_(y)
        x.mul_(2)
        return x

    x, y, t, u = X.clone(), X[:2] + 1, wg.ones_like(X), wg.full((2,), 3.0, dtype=wg.float64)
    out, pushed = jvp(f, (x, y), (t, u))
    same(pushed, wg.tensor([6.0, 6.0, 2.0], dtype=wg.float64))
    same(x, out)
    columns = jacfwd(lambda y: f(X.clone(), y))(y)
    same(columns, wg.tensor([[2.0, 0], [0, 2], [0, 0]], dtype=wg.float64))


def test_what_the_transforms_say():
    with pytest.raises(RuntimeError, match="independent of the inputs. This is not allowed with strict=True"):
        jvp(lambda x: (x, X), (X,), (X,), strict=True)
    with pytest.raises(RuntimeError, match="argnums must be int or Tuple"):
        grad(wg.mul, argnums=[0])(X, X)
    with pytest.raises(RuntimeError, match="argnum must be int"):
        grad(wg.mul, argnums=("0",))(X, X)
    with pytest.raises(RuntimeError, match="argnums elements must be unique"):
        grad(wg.mul, argnums=(0, -2))(X, X)
    with pytest.raises(RuntimeError, match="jacrev: Expected all inputs to be real"):
        jacrev(wg.abs)(X * 1j)
    with pytest.raises(RuntimeError, match="jacfwd: Expected all outputs to be real"):
        jacfwd(lambda x: x * 1j)(X)
    for transform in (grad, jacrev, jacfwd):
        with pytest.raises(RuntimeError, match="Expected tensors, got unsupported type"):
            transform(lambda x: (x.sum(), 1.5), has_aux=True)(X)
    assert jacrev(lambda x: x[x.nonzero().reshape(-1)], chunk_size=1)(X).equal(wg.eye(3, dtype=wg.float64))


def test_forward_mode_can_be_switched_off():
    from wengert.autograd import forward_ad

    def f(x):
        with forward_ad._set_fwd_grad_enabled(False):
            assert not forward_ad._is_fwd_grad_enabled()
            shift = x**2
        return x**2 - shift

    x, t = wg.tensor(3.0), wg.tensor(1.0)
    assert jvp(f, (x,), (t,))[1] == 6
    assert jvp(lambda x: jvp(f, (x,), (t,))[1], (x,), (t,))[1] == 2
    with forward_ad._set_fwd_grad_enabled(False):
        assert jvp(f, (x,), (t,))[1] == 6
    assert forward_ad._is_fwd_grad_enabled()


def test_hessians_of_autograd_functional():
    from wengert.autograd import functional

    def f(x, y):
        return (x**3 * y).sum() + (x[0] * y[1]).exp()

    want = functional.hessian(f, (X, X + 3))
    for strategy in ("reverse-mode", "forward-mode"):
        got = functional.hessian(f, (X, X + 3), vectorize=True, outer_jacobian_strategy=strategy)
        for row, expected in zip(got, want):
            for a, b in zip(row, expected):
                same(a, b)
                assert not a.requires_grad
    same(functional.jacobian(lambda x: x**2, X, vectorize=True, strategy="forward-mode"), (2 * X).diag())


def test_powers():
    """The exponent's derivative asks whether it is complex: of a symbol in a trace, of a tensor here."""
    x, y = wg.tensor([2.0], dtype=wg.float64), wg.tensor([3.0], dtype=wg.float64)
    same(jvp(wg.pow, (x, y), (x, 0 * y))[1], 3 * x**3)
    same(jvp(wg.pow, (x, y), (0 * x, y))[1], y * x**3 * wg.log(x))


def test_products_are_differentiated_as_products():
    a, b, s = (
        wg.arange(float(n), dtype=wg.float64).reshape(shape) / n for n, shape in ((6, (2, 3)), (12, (3, 4)), (4, (4,)))
    )
    directions = tuple(t.flip(-1) + 1 for t in (s, a, b))

    def f(s, a, b):
        return (
            wg.addmm(s, a, b, beta=0.5, alpha=3) + wg.bmm(a[None], b[None])[0] + (a @ b[:, 0])[:, None] + wg.dot(s, s)
        )

    def transposed(*args):
        return sum((j * t).sum(tuple(range(2, j.dim()))) for j, t in zip(jacrev(f, (0, 1, 2))(*args), directions))

    out, tangent = jvp(f, (s, a, b), directions)
    same(out, f(s, a, b))
    same(tangent, transposed(s, a, b))
    only = jvp(lambda a: f(s, a, b), (a,), directions[1:2])[1]
    same(only, (jacrev(lambda a: f(s, a, b))(a) * directions[1]).sum((2, 3)))
    second = grad(lambda a: jvp(lambda a: f(s, a @ a.t() @ a, b), (a,), directions[1:2])[1].sum())(a)
    same(second, jvp(grad(lambda a: f(s, a @ a.t() @ a, b).sum()), (a,), directions[1:2])[1])


def test_torchs_inner_switch_turns_tangents_off_and_on():
    try:
        wg._C._set_fwd_grad_enabled(False)
        assert not wg._C._is_fwd_grad_enabled()
    finally:
        wg._C._set_fwd_grad_enabled(True)
    assert wg._C._is_fwd_grad_enabled()
