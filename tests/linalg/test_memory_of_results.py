"""Results of linear algebra lie in memory as torch's, and each has one node of its own in the graph."""

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(0)
SQUARE = RNG.uniform(-0.5, 0.5, (2, 3, 3)) + 3 * np.eye(3)
TALL, WIDE = RNG.uniform(-1, 1, (4, 3)), RNG.uniform(-1, 1, (2, 3))
VECTORS = RNG.uniform(-1, 1, (2, 3))
TAU = RNG.uniform(-1, 1, 3)

CALLS = {
    "inv": lambda t, a, tall, wide, v, tau: t.linalg.inv(a),
    "inv_ex": lambda t, a, tall, wide, v, tau: t.linalg.inv_ex(a),
    "cholesky": lambda t, a, tall, wide, v, tau: t.linalg.cholesky_ex(a @ a.mT),
    "cholesky upper": lambda t, a, tall, wide, v, tau: t.linalg.cholesky(a @ a.mT, upper=True),
    "cholesky_inverse": lambda t, a, tall, wide, v, tau: t.cholesky_inverse(a.tril()),
    "cholesky_solve": lambda t, a, tall, wide, v, tau: t.cholesky_solve(tall[:3], a.tril()),
    "qr": lambda t, a, tall, wide, v, tau: t.linalg.qr(tall),
    "qr complete": lambda t, a, tall, wide, v, tau: t.linalg.qr(wide, "complete"),
    "qr r": lambda t, a, tall, wide, v, tau: t.linalg.qr(tall, "r"),
    "svd": lambda t, a, tall, wide, v, tau: t.linalg.svd(wide),
    "torch.svd": lambda t, a, tall, wide, v, tau: t.svd(wide),
    "eigh": lambda t, a, tall, wide, v, tau: t.linalg.eigh(a),
    "eig": lambda t, a, tall, wide, v, tau: t.linalg.eig(a),
    "solve": lambda t, a, tall, wide, v, tau: t.linalg.solve(a, tall[:3]),
    "solve right": lambda t, a, tall, wide, v, tau: t.linalg.solve(a[0], wide, left=False),
    "solve vectors": lambda t, a, tall, wide, v, tau: t.linalg.solve(a, v),
    "solve one vector": lambda t, a, tall, wide, v, tau: t.linalg.solve(a, v[0]),
    "solve_triangular": lambda t, a, tall, wide, v, tau: t.linalg.solve_triangular(a, tall[:3], upper=True),
    "solve_triangular right": lambda t, a, tall, wide, v, tau: t.linalg.solve_triangular(
        a, wide, upper=False, left=False
    ),
    "triangular_solve": lambda t, a, tall, wide, v, tau: t.triangular_solve(tall[:3], a, transpose=True),
    "lu_factor": lambda t, a, tall, wide, v, tau: t.linalg.lu_factor(a),
    "lu": lambda t, a, tall, wide, v, tau: t.linalg.lu(tall),
    "lu_unpack": lambda t, a, tall, wide, v, tau: t.lu_unpack(*t.linalg.lu_factor(tall)),
    "lu_solve": lambda t, a, tall, wide, v, tau: t.linalg.lu_solve(*t.linalg.lu_factor(a), tall[:3]),
    "lu_solve adjoint": lambda t, a, tall, wide, v, tau: t.linalg.lu_solve(
        *t.linalg.lu_factor(a), tall[:3], adjoint=True
    ),
    "householder_product": lambda t, a, tall, wide, v, tau: t.linalg.householder_product(tall, tau),
    "ormqr": lambda t, a, tall, wide, v, tau: t.ormqr(tall, tau, tall),
    "slogdet": lambda t, a, tall, wide, v, tau: t.slogdet(a),
    "matrix_power": lambda t, a, tall, wide, v, tau: t.linalg.matrix_power(a, -1),
    "pinv": lambda t, a, tall, wide, v, tau: t.linalg.pinv(tall),
}


def facts(t, name):
    inputs = [t.tensor(np.array(a), requires_grad=True) for a in (SQUARE, TALL, WIDE, VECTORS, TAU)]
    made = CALLS[name](t, *inputs)
    outs = made if isinstance(made, tuple) else (made,)
    nodes = [o.grad_fn and type(o.grad_fn).__name__ for o in outs]
    wanted = [o for o in outs if o.requires_grad]
    gradients = ()
    if name not in (
        "qr complete",
        "qr r",
        "eig",
        "eigh",
        "svd",
        "torch.svd",
    ):  # of which the gradient is refused or ambiguous
        gradients = t.autograd.grad(wanted, inputs, [t.ones_like(o) for o in wanted], allow_unused=True)
    values = [None if g is None else g.numpy() for g in gradients]
    return type(made).__name__, [(o.stride(), o._is_view()) for o in outs], nodes, values


@pytest.mark.filterwarnings("ignore:.*deprecated")
@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name):
    torch = pytest.importorskip("torch")
    *ours, gradients = facts(wg, name)
    *theirs, expected = facts(torch, name)
    assert ours == theirs
    for g, e in zip(gradients, expected):
        assert (g is None) == (e is None)
        np.testing.assert_allclose(g if g is not None else 0, e if e is not None else 0, rtol=1e-9, atol=1e-9)


def test_columns_of_a_factor_may_be_viewed():
    q = wg.linalg.qr(wg.tensor(TALL)).Q
    assert q.mT.is_contiguous() and q.mT.view(-1).shape == (12,)


def test_second_derivatives_pass_through_what_is_composed_again():
    x, y = (wg.tensor(TALL, requires_grad=True) for _ in range(2))
    assert wg.autograd.gradgradcheck(wg.linalg.householder_product, (x, wg.tensor(TAU, requires_grad=True)))
    both = wg.ormqr(x, wg.tensor(TAU), x)  # one tensor in two places
    apart = wg.ormqr(x, wg.tensor(TAU), y)
    (g,) = wg.autograd.grad(both.sum(), x)
    a, b = wg.autograd.grad(apart.sum(), (x, y))
    assert wg.allclose(g, a + b)


def test_a_product_of_no_reflections_has_a_history():
    A, tau = wg.ones(3, 3, requires_grad=True), wg.ones(0, requires_grad=True)
    wg.linalg.householder_product(A, tau).sum().backward()
    assert A.grad.count_nonzero() == 0 and tau.grad.shape == (0,)
