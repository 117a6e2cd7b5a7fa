"""Random numbers: what the functions refuse, and how gradients pass through samples."""

import pytest

import wengert as wg

try:
    import torch
except ImportError:
    torch = None


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            "L.Generator().set_state(L.zeros(3, dtype=L.uint8))",
            RuntimeError,
            "Expected a CPUGeneratorImplState of size 5056",
        ),
        ("L.Generator().set_state(L.zeros(5056, dtype=L.uint8))", RuntimeError, "Invalid mt19937 state"),
        ("L.Generator().set_state(L.zeros(5056))", TypeError, "RNG state must be a torch.ByteTensor"),
        ("L.empty(3).uniform_(1, 0)", RuntimeError, "found from=1 > to=0"),
        ("L.empty(3).uniform_(0, float('inf'))", RuntimeError, "to is out of bounds for float"),
        ("L.rand(3, dtype=L.int64)", NotImplementedError, "\"check_uniform_bounds\" not implemented for 'Long'"),
        ("L.randn(3, dtype=L.bool)", NotImplementedError, "\"normal_kernel_cpu\" not implemented for 'Bool'"),
        ("L.empty(3).normal_(0, -1)", RuntimeError, "normal expects std >= 0.0, but found std -1"),
        ("L.empty(3).exponential_(-1)", RuntimeError, "exponential_ expects lambda > 0.0, but found lambda=-1"),
        ("L.empty(3).geometric_(1)", RuntimeError, "geometric_ expects p to be in \\(0, 1\\), but got p=1"),
        ("L.empty(3).log_normal_(0, 0)", RuntimeError, "log_normal_ expects std > 0.0, but found std=0"),
        ("L.empty(3).cauchy_(0, -1)", RuntimeError, "cauchy_ expects sigma > 0.0, but found sigma=-1"),
        ("L.empty(3).bernoulli_(1.5)", RuntimeError, "bernoulli_ expects p to be in \\[0, 1\\], but got p=1.5"),
        ("L.bernoulli(L.tensor([0.5, 2.0]))", RuntimeError, "Expected p_in >= 0 && p_in <= 1"),
        (
            "L.bernoulli(L.tensor([0, 1]))",
            NotImplementedError,
            "\"bernoulli_tensor_cpu_p_\" not implemented for 'Long'",
        ),
        (
            "L.empty(3).random_(5, 5)",
            RuntimeError,
            "random_ expects 'from' to be less than 'to', but got from=5 >= to=5",
        ),
        ("L.randint(0, 300, (3,), dtype=L.uint8)", RuntimeError, "to - 1 is out of bounds for unsigned char"),
        ("L.empty(3, dtype=L.uint8).random_(-1, 5)", RuntimeError, "from is out of bounds for unsigned char"),
        ("L.empty(1, 3).expand(2, 3).uniform_()", RuntimeError, "more than one element of the written-to tensor"),
        ("L.randperm(-1)", RuntimeError, "negative dimension -1"),
        ("L.randperm(300, dtype=L.uint8)", RuntimeError, "value cannot be converted to type uint8_t without overflow"),
        ("L.randperm(3000, dtype=L.float16)", RuntimeError, "n cannot be greater than 2049 for Half type."),
        ("L.multinomial(L.tensor([-1.0, 2.0]), 1)", RuntimeError, "contains either `inf`, `nan` or element < 0"),
        (
            "L.multinomial(L.zeros(3), 2)",
            RuntimeError,
            "invalid multinomial distribution \\(sum of probabilities <= 0\\)",
        ),
        ("L.multinomial(L.tensor([-1.0, 2.0]), 3, True)", RuntimeError, "encountering probability entry < 0"),
        ("L.multinomial(L.ones(3), 4)", RuntimeError, "cannot sample n_sample > prob_dist.size\\(-1\\) samples"),
        ("L.multinomial(L.ones(3), 0)", RuntimeError, "cannot sample n_sample <= 0 samples"),
        ("L.multinomial(L.ones(3, dtype=L.int64), 1)", RuntimeError, "multinomial only supports floating-point dtypes"),
        ("L.normal(L.zeros(2), L.tensor([1.0, -1.0]))", RuntimeError, "normal expects all elements of std >= 0.0"),
        ("L.poisson(L.tensor([-1.0]))", RuntimeError, "invalid Poisson rate, expected rate to be non-negative"),
        ("L.binomial(L.ones(2), L.ones(2, dtype=L.float64))", RuntimeError, "Found dtype Double but expected Float"),
        ("L.dropout(L.ones(3), 1.5, True)", RuntimeError, "dropout probability has to be between 0 and 1, but got 1.5"),
        ("L.feature_dropout(L.ones(3), 0.5, True)", RuntimeError, "requires at least 2 dimensions in the input"),
    ],
)
def test_errors(call, error, message):
    for library in (wg, torch) if torch else (wg,):
        with pytest.raises(error, match=message):
            eval(call, {"L": library})


# ---- gradients


@pytest.mark.parametrize(
    ("call", "name"),
    [
        ("(x * 1).uniform_()", "UniformBackward0"),
        ("(x * 1).normal_()", "NormalBackward0"),
        ("(x * 1).exponential_()", "ExponentialBackward0"),
        ("(x * 1).log_normal_()", "LogNormalBackward0"),
        ("(x * 1).cauchy_()", "CauchyBackward0"),
        ("(x * 1).geometric_(0.5)", "GeometricBackward0"),
        ("(x * 1).random_()", "RandomBackward2"),
        ("(x * 1).random_(9)", "RandomBackward1"),
        ("(x * 1).random_(3, 9)", "RandomBackward0"),
        ("(x * 1).bernoulli_(0.5)", "BernoulliBackward2"),
        ("(x * 1).bernoulli_(x)", "BernoulliBackward1"),
        ("L.bernoulli(x)", "BernoulliBackward0"),
        ("L.normal(x, 1.0)", "NormalBackward1"),
        ("L.normal(0.0, x)", "NormalBackward2"),
        ("L.normal(x, x)", "NormalBackward3"),
        ("L.poisson(x)", "PoissonBackward0"),
    ],
)
def test_samples_let_no_gradient_through(call, name):
    for library in (wg, torch) if torch else (wg,):
        x = library.full((3,), 0.5, requires_grad=True)
        y = eval(call, {"L": library, "x": x})
        assert y.grad_fn.name() == name
        y.sum().backward()
        assert x.grad.tolist() == [0.0, 0.0, 0.0]


def test_dropout_passes_the_gradient_of_what_it_keeps():
    wg.manual_seed(0)
    x = wg.ones(50, requires_grad=True)
    y = wg.dropout(x, 0.5, True)
    y.sum().backward()
    assert y.grad_fn.name() == "MulBackward0"
    assert x.grad.tolist() == y.tolist()
    assert wg.dropout(x, 0.5, False) is x
    assert wg.dropout(x, 0.0, True) is x


def test_a_fill_is_a_new_version():
    x = wg.zeros(3)
    x.uniform_()
    assert x._version == 1
    leaf = wg.zeros(3, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        leaf.uniform_()


@pytest.mark.parametrize("alpha", [0.01, 0.3, 1.0, 4.5, 30.0, 2000.0])
def test_gamma_samples_move_as_their_quantiles(alpha):
    """The gradient against differences of the quantile function, from SciPy."""
    special = pytest.importorskip("scipy.special", reason="SciPy has the quantiles")
    for p in (0.02, 0.3, 0.7, 0.99):
        h = 1e-5 * alpha
        x = special.gammaincinv(alpha, p)
        if x < 1e-300:
            continue
        slope = (special.gammaincinv(alpha + h, p) - special.gammaincinv(alpha - h, p)) / (2 * h)
        a = wg.tensor([alpha], dtype=wg.float64)
        assert wg._standard_gamma_grad(a, wg.tensor([x], dtype=wg.float64)).item() == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize(("alpha", "beta"), [(0.1, 0.3), (1.0, 1.0), (3.0, 0.2), (0.2, 40.0), (50.0, 70.0)])
def test_beta_samples_move_as_their_quantiles(alpha, beta):
    special = pytest.importorskip("scipy.special", reason="SciPy has the quantiles")
    for p in (0.05, 0.4, 0.9):
        h = 1e-5 * alpha
        x = special.betaincinv(alpha, beta, p)
        slope = (special.betaincinv(alpha + h, beta, p) - special.betaincinv(alpha - h, beta, p)) / (2 * h)
        a, b, c = (wg.tensor([v], dtype=wg.float64) for v in (x, alpha, alpha + beta))
        assert wg._dirichlet_grad(a, b, c).item() == pytest.approx(slope / (1 - x), rel=1e-4)


def test_gamma_samples_pass_their_gradient():
    wg.manual_seed(0)
    a = wg.tensor([0.5, 2.0, 30.0], dtype=wg.float64, requires_grad=True)
    y = wg._standard_gamma(a)
    y.sum().backward()
    assert y.grad_fn.name() == "StandardGammaBackward0"
    assert a.grad.tolist() == wg._standard_gamma_grad(a.detach(), y.detach()).tolist()
