"""torch.linalg: factors multiply back, derivatives agree with differences, failures have torch's words."""

import numpy as np
import pytest

import wengert as wg

L = wg.linalg
RNG = np.random.default_rng(3)
DTYPES = ["float32", "float64", "complex64", "complex128"]


def matrix(*shape, dtype="float64"):
    a = RNG.standard_normal(shape)
    if dtype.startswith("complex"):
        a = a + 1j * RNG.standard_normal(shape)
    return wg.from_numpy(a.astype(dtype))


def positive(n, dtype="float64"):
    a = matrix(2, n, n, dtype=dtype)
    return a @ a.mH + n * wg.eye(n, dtype=a.dtype)


def close(a, b, scale=1.0):
    tolerance = scale * (2e-3 if a.dtype in (wg.float32, wg.complex64) else 1e-9)
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(4, 4), (2, 5, 3), (2, 3, 5), (0, 3, 3), (1, 1)])
def test_factors_multiply_back(shape, dtype):
    A = matrix(*shape, dtype=dtype)
    Q, R = L.qr(A)
    close(Q @ R, A)
    U, S, Vh = L.svd(A, full_matrices=False)
    close(U @ S.to(A.dtype).diag_embed() @ Vh, A)
    P, lower, upper = L.lu(A)
    close(P @ lower @ upper, A)
    a, tau = wg.geqrf(A)
    k = min(shape[-2:])
    if shape[-2] >= shape[-1]:
        close(L.householder_product(a, tau) @ a.triu()[..., :k, :], A)
    close(A @ L.pinv(A) @ A, A)


@pytest.mark.parametrize("dtype", DTYPES)
def test_square_factors(dtype):
    A = positive(4, dtype)
    close(L.cholesky(A) @ L.cholesky(A).mH, A)
    close(L.cholesky(A, upper=True).mH @ L.cholesky(A, upper=True), A)
    values, vectors = L.eigh(A)
    close(vectors @ (values.unsqueeze(-1) * vectors.mH), A)
    B = matrix(2, 4, 4, dtype=dtype)
    values, vectors = L.eig(B)
    close(B.to(vectors.dtype) @ vectors, vectors * values.unsqueeze(-2))
    close(L.inv(B) @ B, wg.eye(4, dtype=B.dtype).expand(2, 4, 4))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hermitian", [False, True])
def test_ldl_solves_indefinite_systems(dtype, hermitian):
    A = matrix(3, 7, 7, dtype=dtype)
    A = A + (A.mH if hermitian else A.mT)
    if not hermitian or not A.is_complex():
        A[..., range(7), range(7)] = 0  # asks for blocks of two
    LD, pivots = L.ldl_factor(A, hermitian=hermitian)
    B = matrix(3, 7, 2, dtype=dtype)
    close(A @ L.ldl_solve(LD, pivots, B, hermitian=hermitian), B, 10)


@pytest.mark.parametrize("left", [True, False])
def test_solvers_agree(left):
    A, B = matrix(2, 4, 4), matrix(2, 4, 4)
    X = L.solve(A, B, left=left)
    close(A @ X if left else X @ A, B)
    close(L.lu_solve(*L.lu_factor(A), B, left=left), X)
    close(L.lu_solve(*L.lu_factor(A), B, left=left, adjoint=True), L.solve(A.mH, B, left=left))
    T = A.triu() + 3 * wg.eye(4, dtype=wg.float64)
    close(L.solve_triangular(T, B, upper=True, left=left), L.solve(T, B, left=left))
    unit = A.tril(-1) + wg.eye(4, dtype=wg.float64)
    close(L.solve_triangular(A, B, upper=False, left=left, unitriangular=True), L.solve(unit, B, left=left))


def test_least_squares():
    A, B = matrix(6, 3), matrix(6, 2)
    result = L.lstsq(A, B, driver="gelsd")
    close(A.mT @ (A @ result.solution - B), wg.zeros(3, 2, dtype=wg.float64))
    close(result.residuals, (A @ result.solution - B).square().sum(0))
    assert int(result.rank) == 3
    close(L.lstsq(A, B[:, 0]).solution, result.solution[:, 0])


def test_determinants():
    A = matrix(3, 4, 4)
    expected = wg.from_numpy(np.linalg.det(A.numpy()))
    close(wg.det(A), expected)
    sign, logabs = wg.slogdet(A)
    close(sign * logabs.exp(), expected)
    B = positive(3)
    close(wg.logdet(B), wg.det(B).log())
    assert wg.logdet(-wg.eye(3)).isnan()


def test_the_gradient_of_a_singular_determinant_is_the_adjugate():
    A = wg.tensor([[1.0, 2.0], [2.0, 4.0]], dtype=wg.float64, requires_grad=True)
    wg.det(A).backward()
    close(A.grad, wg.tensor([[4.0, -2.0], [-2.0, 1.0]], dtype=wg.float64))


@pytest.mark.parametrize("scale", [0.01, 1.0, 30.0])
def test_matrix_exp(scale):
    values, vectors = np.linalg.eigh((lambda a: a + a.T)(RNG.standard_normal((4, 4))) * scale / 4)
    A = wg.from_numpy((vectors * values) @ vectors.T)
    close(L.matrix_exp(A), wg.from_numpy((vectors * np.exp(values)) @ vectors.T), max(1.0, float(np.exp(values.max()))))


def test_powers_ranks_and_conditions():
    A = matrix(3, 3)
    close(L.matrix_power(A, 5), A @ A @ A @ A @ A)
    close(L.matrix_power(A, -2), L.inv(A) @ L.inv(A))
    close(L.matrix_power(A, 0), wg.eye(3, dtype=wg.float64))
    assert int(L.matrix_rank(wg.ones(4, 3))) == 1
    assert int(L.matrix_rank(A, atol=1e9)) == 0
    close(L.cond(A), wg.tensor(float(np.linalg.cond(A.numpy())), dtype=wg.float64))
    close(L.cond(A, 1), wg.tensor(float(np.linalg.cond(A.numpy(), 1)), dtype=wg.float64))
    B = matrix(6, 2, 3)
    close(L.tensorinv(B, ind=1).reshape(6, 6) @ B.reshape(6, 6), wg.eye(6, dtype=wg.float64))
    close(wg.tensordot(B, L.tensorsolve(B, A[0].repeat(2)), 2), A[0].repeat(2))
    close(L.vander(wg.tensor([1.0, 2.0, 3.0])), wg.tensor([[1.0, 1, 1], [1, 2, 4], [1, 3, 9]]))
    x, y = matrix(5, 3), matrix(5, 3)
    close(L.cross(x, y), wg.from_numpy(np.cross(x.numpy(), y.numpy())))


def _hermitian(f):
    return lambda a: f(a + a.mT)


DERIVATIVES = {
    "inv": L.inv,
    "det": wg.det,
    "slogdet": lambda a: wg.slogdet(a)[1],
    "matrix_exp": L.matrix_exp,
    "pinv": lambda a: L.pinv(a[:, :2]),
    "cholesky": lambda a: L.cholesky(a @ a.mT + 3 * wg.eye(3, dtype=a.dtype)),
    "qr": lambda a: L.qr(a[:, :2])[1],
    "qr wide": lambda a: L.qr(a[:2])[1],
    "svdvals": L.svdvals,
    "svd": lambda a: (lambda u, s, vh: u @ vh)(*L.svd(a)),
    "eigvalsh": _hermitian(L.eigvalsh),
    "eigh": _hermitian(lambda a: (lambda w, v: v * v)(*L.eigh(a))),
    "eig": lambda a: (lambda w, v: v.abs())(*L.eig(a)),
    "lu": lambda a: L.lu_factor(a)[0],
    "lu tall": lambda a: L.lu_factor_ex(a[:, :2])[0],
    "lu wide": lambda a: L.lu_factor_ex(a[:2])[0],
    "solve": lambda a: L.solve(a, a.mT @ a),
    "solve_triangular": lambda a: L.solve_triangular(a.triu() + 4 * wg.eye(3, dtype=a.dtype), a, upper=True),
    "lstsq": lambda a: L.lstsq(a[:, :2], a).solution,
    "householder": lambda a: L.householder_product(a, a[0]),
    "ormqr": lambda a: wg.ormqr(a, a[0], a, False, True),
    "cond": L.cond,
    "nuclear": lambda a: L.matrix_norm(a, "nuc"),
    "matrix_power": lambda a: L.matrix_power(a, -3),
    "cholesky_inverse": lambda a: wg.cholesky_inverse(a.tril() + 4 * wg.eye(3, dtype=a.dtype)),
}


@pytest.mark.parametrize("name", DERIVATIVES)
def test_derivatives(name):
    f = DERIVATIVES[name]
    a = wg.from_numpy(np.random.default_rng(5).standard_normal((3, 3)))
    x = a.clone().requires_grad_()
    y = f(x)
    weight = wg.from_numpy(np.cos(np.arange(y.numel())).reshape(tuple(y.shape)))
    total = (y * weight).sum()
    (g,) = wg.autograd.grad(total, x, create_graph=True)
    direction = wg.from_numpy(np.sin(np.arange(9.0)).reshape(3, 3))
    (second,) = wg.autograd.grad((g * direction).sum(), x)
    step = 1e-5

    def value(t):
        return float((f(a + t * direction) * weight).sum())

    assert (g * direction).sum().item() == pytest.approx((value(step) - value(-step)) / (2 * step), rel=1e-5, abs=1e-6)

    def slope(t):
        z = (a + t * direction).requires_grad_()
        return float((wg.autograd.grad((f(z) * weight).sum(), z)[0] * direction).sum())

    assert (second * direction).sum().item() == pytest.approx(
        (slope(step) - slope(-step)) / (2 * step), rel=1e-4, abs=1e-4
    )


SINGULAR = wg.ones(2, 2)
MESSAGES = [
    (
        lambda: L.inv(SINGULAR),
        "linalg.inv: The diagonal element 2 is zero, the inversion could not be completed because the "
        "input matrix is singular.",
    ),
    (
        lambda: L.inv(wg.stack([wg.eye(2), SINGULAR])),
        "linalg.inv: (Batch element 1): The diagonal element 2 is zero, the inversion "
        "could not be completed because the input matrix is singular.",
    ),
    (
        lambda: L.solve(SINGULAR, SINGULAR),
        "torch.linalg.solve: The solver failed because the input matrix is singular.",
    ),
    (
        lambda: L.cholesky(-wg.eye(2)),
        "linalg.cholesky: The factorization could not be completed because the input is not "
        "positive-definite (the leading minor of order 1 is not positive-definite).",
    ),
    (lambda: L.det(wg.ones(2, 3)), "linalg.det: A must be batches of square matrices, but they are 2 by 3 matrices"),
    (
        lambda: L.inv(wg.ones(2, 2, dtype=wg.int64)),
        "linalg.inv: Expected a floating point or complex tensor as input. Got Long",
    ),
    (lambda: L.svd(wg.ones(3)), "linalg.svd: The input tensor A must have at least 2 dimensions."),
    (
        lambda: L.solve(wg.eye(2), wg.ones(3, 1)),
        "linalg.solve: Incompatible shapes of A and B for the equation AX = B (2x2 and 3x1)",
    ),
    (
        lambda: L.qr(SINGULAR, mode="x"),
        "qr received unrecognized mode 'x' but expected one of 'reduced' (default), 'r', or 'complete'",
    ),
]


@pytest.mark.parametrize("k", range(len(MESSAGES)))
def test_refusals_have_torchs_words(k):
    call, message = MESSAGES[k]
    with pytest.raises(RuntimeError) as error:
        call()
    assert str(error.value) == message
    if "singular" in message or "definite" in message:
        assert isinstance(error.value, L.LinAlgError)


def test_info_instead_of_errors():
    assert int(L.inv_ex(SINGULAR).info) == 2
    assert int(L.cholesky_ex(-wg.eye(2)).info) == 1
    assert int(L.solve_ex(SINGULAR, SINGULAR).info) == 2
    assert int(L.lu_factor_ex(SINGULAR).info) == 2


def test_singular_systems_leave_what_lapack_leaves():
    assert L.inv_ex(SINGULAR).inverse.tolist() == [[float("inf"), -float("inf")], [-float("inf"), float("inf")]]
    assert L.solve_ex(SINGULAR, SINGULAR).result.isnan().all()


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (2, 0, 3)])
def test_empty_least_squares(shape):
    A = wg.ones(shape, dtype=wg.float64, requires_grad=True)
    solution = L.lstsq(A, wg.ones(*shape[:-1], 2, dtype=wg.float64)).solution
    assert solution.shape == (*shape[:-2], shape[-1], 2)
    assert not solution.any()


def test_cholesky_reads_one_triangle():
    A = wg.tensor([[4.0, 2.0], [99.0, 5.0]])
    close(L.cholesky(A, upper=True), wg.tensor([[2.0, 1.0], [0.0, 2.0]]))


def test_out():
    out = wg.empty(0)
    assert L.inv(2 * wg.eye(2), out=out) is out
    assert out.tolist() == [[0.5, 0.0], [0.0, 0.5]]


def test_phases_of_complex_vectors_have_no_gradient():
    A = matrix(3, 3, dtype="complex128").requires_grad_()
    U, _, Vh = L.svd(A)
    with pytest.raises(
        RuntimeError, match="svd_backward: The singular vectors in the complex case are specified up to"
    ):
        (U[0, 0].imag + Vh[0, 0].real).backward()
