"""Gradients that are sums of many products, and products of which a part is looked at: the same numbers as one by one."""

import pytest

import wengert as wg


def steps(n=5, rows=7, k=40, m=48, dtype=None):
    wg.manual_seed(3)
    w = wg.randn(k, m, dtype=dtype or wg.float32, requires_grad=True)
    return w, [wg.randn(rows + i, k, dtype=dtype or wg.float32) for i in range(n)]


def by_hand(xs, gradients):
    total = None
    for x, g in reversed(list(zip(xs, gradients, strict=True))):  # the newest node runs first
        total = x.mH @ g if total is None else total + x.mH @ g
    return total


@pytest.mark.parametrize("dtype", [wg.float32, wg.float64, wg.bfloat16, wg.complex64])
@pytest.mark.parametrize("n", [1, 2, 31, 70])
def test_sum_over_steps(dtype, n):
    w, xs = steps(n, dtype=dtype)
    gradients = [wg.randn(x.shape[0], 48, dtype=dtype) for x in xs]
    wg.autograd.backward([x @ w for x in xs], gradients)
    assert wg.equal(w.grad, by_hand(xs, gradients))
    (again,) = wg.autograd.grad([x @ w for x in xs], w, gradients)
    assert wg.equal(again, w.grad)


def test_other_gradients_come_between():
    w, xs = steps()
    y = [x @ w for x in xs[:2]]
    square = w * w
    z = [x @ w for x in xs[2:]]
    wg.autograd.backward([*y, square, *z], [wg.ones_like(t) for t in (*y, square, *z)])
    late = by_hand(xs[2:], [wg.ones_like(t) for t in z]) + wg.ones_like(square) * w.detach() * 2
    want = late + xs[1].T @ wg.ones_like(y[1]) + xs[0].T @ wg.ones_like(y[0])
    assert wg.allclose(w.grad, want, rtol=1e-6, atol=1e-6)


def test_added_to_what_was_there():
    w, xs = steps()
    w.grad = wg.ones_like(w)
    kept = w.grad
    sum((x @ w).sum() for x in xs).backward()
    assert w.grad is kept
    assert wg.allclose(w.grad, 1 + by_hand(xs, [wg.ones(x.shape[0], 48) for x in xs]), rtol=1e-6, atol=1e-5)


def test_a_leaf_changed_by_a_hook_before_the_sum():
    """What the products were to be made of is changed by a hook: they have been made by then."""
    w, xs = steps(3)
    left = [x.clone().requires_grad_() for x in xs]

    def spoil(leaf):
        leaf.data.fill_(1000.0)

    for x in left:
        x.register_post_accumulate_grad_hook(spoil)
    sum((x @ w).sum() for x in left).backward()
    assert wg.equal(w.grad, by_hand(xs, [wg.ones(x.shape[0], 48) for x in xs]))


def test_a_gradient_changed_by_a_hook_before_the_sum():
    w, xs = steps(3)
    seen = []

    def spoil(g):
        for earlier in seen:
            earlier.fill_(1000.0)
        seen.append(g)

    results = []
    for x in xs:
        y = x @ w
        results.append(y * 1)
        y.register_hook(spoil)
    wg.autograd.backward(results, [wg.ones_like(y) for y in results])
    assert wg.equal(w.grad, by_hand(xs, [wg.ones_like(y) for y in results]))


def test_both_operands_are_one_leaf_that_a_hook_changes():
    wg.manual_seed(5)
    w, v = wg.randn(40, 40, requires_grad=True), wg.randn(40, requires_grad=True)
    before = w.detach().clone()
    earlier = w * 2  # its gradient comes last
    other = v.exp()

    def spoil(leaf):
        w.data.fill_(1000.0)

    v.register_post_accumulate_grad_hook(spoil)
    product = w @ w
    (product.sum() + other.sum() + earlier.sum()).backward()
    ones = wg.ones(40, 40)
    assert wg.allclose(w.grad, ones @ before.T + before.T @ ones + 2, rtol=1e-5, atol=1e-4)


def test_what_is_not_asked_for_is_dropped():
    w, xs = steps()
    h = wg.randn(7, 40, requires_grad=True)
    out = sum((x @ w).sum() for x in xs) + (h @ w).sum()
    (g,) = wg.autograd.grad(out, h)
    assert wg.allclose(g, wg.ones(7, 48) @ w.detach().T, rtol=1e-5, atol=1e-5) and w.grad is None


def test_second_sweep_and_second_derivative():
    w, xs = steps(4, dtype=wg.float64)
    loss = sum((x @ w).sin().sum() for x in xs)
    loss.backward(retain_graph=True)
    once = w.grad.clone()
    loss.backward()
    assert wg.equal(w.grad, once + once)
    assert wg.autograd.gradgradcheck(
        lambda w: sum((x[:2] @ w).sin().sum() for x in xs), w[:, :2].detach().requires_grad_()
    )


def parts(dims, needs):
    wg.manual_seed(4)
    return [wg.randn(6, d).requires_grad_(bool(need)) for d, need in zip(dims, needs, strict=True)]


@pytest.mark.parametrize("needs", [(0, 1, 0), (1, 0, 0), (0, 0, 1), (1, 0, 1), (0, 1, 1), (1, 1, 1)])
@pytest.mark.parametrize("look", ["nobody", "hook", "retain", "captured", "used twice"])
def test_columns_that_somebody_needs(needs, look):
    xs, w = parts((30, 20, 40), needs), wg.randn(90, 32, requires_grad=True)
    row = wg.cat(xs, 1)
    seen = []
    if look == "hook":
        row.register_hook(lambda g: seen.append(g.clone()))
    if look == "retain":
        row.retain_grad()
    out = (row @ w).exp().sum()
    if look == "used twice":
        out = out + (row * 3).sum()
    if look == "captured":
        seen = wg.autograd.grad(out, [row], retain_graph=True)
    out.backward()
    plain = [x.detach().clone().requires_grad_() for x in xs]
    whole = wg.cat(plain, 1)
    other = w.detach().clone().requires_grad_()
    whole.retain_grad()
    want = (whole @ other).exp().sum() + ((whole * 3).sum() if look == "used twice" else 0)
    want.backward()
    for x, y, need in zip(xs, plain, needs, strict=True):
        assert wg.allclose(x.grad, y.grad, rtol=1e-5) if need else x.grad is None
    assert wg.allclose(w.grad, other.grad, rtol=1e-5)
    if look in ("hook", "captured"):
        assert wg.allclose(seen[0], whole.grad, rtol=1e-5)
    if look == "retain":
        assert wg.allclose(row.grad, whole.grad, rtol=1e-5)


def test_operands_do_not_outlive_the_sweep():
    from wengert import _core

    w, xs = steps(40)
    loss = sum((x @ w).sum() for x in xs)
    loss.backward()
    before = _core.live()["tensors"]
    for _ in range(3):
        sum((x @ w).sum() for x in xs).backward()
    assert _core.live()["tensors"] == before
