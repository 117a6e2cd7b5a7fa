"""Random numbers: torch's CPU generator bit for bit, in place, as factories, and by distributions.

Samples do not move with what they were drawn from: gradients through them are zeros. The exceptions are gamma samples,
which know how they move with their parameter, and dropout, which is a product with noise.
"""

from ..random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # noqa: F401
from ._declare import composite, constant, host, primitive
from .linalg_checks import kind

_FACTORY = (
    "*, Generator? generator=None, ScalarType? dtype=None, Layout? layout=None, Device? device=None, "
    "bool? pin_memory=False, bool requires_grad=False"
)
_LIKE = _FACTORY.replace("requires_grad=False", "requires_grad=False, MemoryFormat? memory_format=None")


def _flat(g):
    """The gradient that no sample lets through."""
    return g.new_zeros(g.shape)


# ---- in place


@primitive("uniform_(Tensor self, float from=0, float to=1, *, Generator? generator=None)", function=False)
def uniform_(g):
    """Fills self with numbers from [from, to), all equally likely.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.empty(3).uniform_()
    tensor([0.4963, 0.7682, 0.0885])
    """
    return _flat(g)


@primitive("normal_(Tensor self, float mean=0, float std=1, *, Generator? generator=None)", function=False)
def normal_(g):
    """Fills self from the normal distribution; complex numbers have the variance std ** 2 in all.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.empty(3).normal_()
    tensor([ 1.5410, -0.2934, -2.1788])
    """
    return _flat(g)


@primitive("exponential_(Tensor self, float lambd=1, *, Generator? generator=None)", function=False)
def exponential_(g):
    """Fills self from the exponential distribution with rate lambd."""
    return _flat(g)


@primitive("log_normal_(Tensor self, float mean=1, float std=2, *, Generator? generator=None)", function=False)
def log_normal_(g):
    """Fills self with exp of normal samples of this mean and std."""
    return _flat(g)


@primitive("cauchy_(Tensor self, float median=0, float sigma=1, *, Generator? generator=None)", function=False)
def cauchy_(g):
    """Fills self from the Cauchy distribution."""
    return _flat(g)


@primitive("geometric_(Tensor self, float p, *, Generator? generator=None)", function=False)
def geometric_(g):
    """Fills self with how many trials of chance p it takes to succeed once: 1, 2, …"""
    return _flat(g)


@primitive(
    "bernoulli_.Tensor(Tensor self, Tensor p, *, Generator? generator=None)",
    function=False,
    grad_name="BernoulliBackward1",
)
def bernoulli_each_(g, p):
    """Fills self with ones, each with the chance at its place in p, and zeros."""
    return _flat(g), p.new_zeros(p.shape)


@primitive(
    "bernoulli_.float(Tensor self, float p=0.5, *, Generator? generator=None)",
    function=False,
    grad_name="BernoulliBackward2",
)
def bernoulli_(g):
    """Fills self with ones of chance p, and zeros.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.empty(4).bernoulli_(0.5)
    tensor([0., 0., 1., 0.])
    """
    return _flat(g)


@primitive("random_(Tensor self, *, Generator? generator=None)", function=False, grad_name="RandomBackward2")
def random_(g):
    """Fills self with integers from 0 to the largest of its dtype; of a floating one, to 2 ** its bits of precision."""
    return _flat(g)


@primitive("random_.to(Tensor self, int to, *, Generator? generator=None)", function=False, grad_name="RandomBackward1")
def random_to_(g):
    """Fills self with integers from [0, to)."""
    return _flat(g)


@primitive(
    "random_.from(Tensor self, int from, int? to, *, Generator? generator=None)",
    function=False,
    grad_name="RandomBackward0",
)
def random_from_(g):
    """Fills self with integers from [from, to); without to, up to the largest of its dtype."""
    return _flat(g)


# ---- factories


@constant(f"rand(int[] size, {_FACTORY})", method=False)
def rand():
    """A tensor of numbers from [0, 1).

    >>> _ = wengert.manual_seed(0)
    >>> wengert.rand(3)
    tensor([0.4963, 0.7682, 0.0885])
    """


@constant(f"randn(int[] size, {_FACTORY})", method=False)
def randn():
    """A tensor of samples of the standard normal distribution.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.randn(2, 2)
    tensor([[ 1.5410, -0.2934],
            [-2.1788,  0.5684]])
    """


@constant(f"randint(int high, int[] size, {_FACTORY})", method=False)
def randint():
    """A tensor of integers from [0, high): randint(high, size), or from [low, high): randint(low, high, size).

    >>> _ = wengert.manual_seed(0)
    >>> wengert.randint(10, (5,))
    tensor([4, 9, 3, 0, 3])
    """


@constant(f"randint.low(int low, int high, int[] size, {_FACTORY})", method=False)
def randint_low():
    """A tensor of integers from [low, high)."""


@constant(f"randperm(int n, {_FACTORY})", method=False)
def randperm():
    """The integers 0 to n - 1 in a random order.

    >>> _ = wengert.manual_seed(0)
    >>> wengert.randperm(4)
    tensor([0, 1, 3, 2])
    """


@constant(f"rand_like(Index self, {_LIKE})", method=False)
def rand_like():
    """Numbers from [0, 1) with the sizes, strides and dtype of a tensor."""


@constant(f"randn_like(Index self, {_LIKE})", method=False)
def randn_like():
    """Standard normal samples with the sizes, strides and dtype of a tensor."""


@constant(f"randint_like(Index self, int high, {_LIKE})", method=False)
def randint_like():
    """Integers from [0, high) or [low, high) with the sizes, strides and dtype of a tensor."""


@constant(f"randint_like.low_dtype(Index self, int low, int high, {_LIKE})", method=False)
def randint_like_low():
    """Integers from [low, high) with the sizes, strides and dtype of a tensor."""


# ---- samples with tensors for parameters


@primitive("bernoulli(Tensor self, *, Generator? generator=None)", grad_name="BernoulliBackward0")
def bernoulli(g):
    """Ones, each with the chance at its place in self, and zeros.

    >>> wengert.bernoulli(wengert.tensor([0.0, 1.0]))
    tensor([0., 1.])
    """
    return _flat(g)


@primitive("bernoulli.p(Tensor self, float p, *, Generator? generator=None)", eager=True, grad_name="NotImplemented")
def bernoulli_p():
    """Ones of chance p, and zeros, with the sizes of self."""
    raise RuntimeError("derivative for aten::bernoulli is not implemented")


@primitive(
    "normal.Tensor_Tensor(Tensor mean, Tensor std, *, Generator? generator=None)",
    method=False,
    grad_name="NormalBackward3",
)
def normal(g, mean, std):
    """Normal samples. mean and std: tensors, or one of them a number; or both numbers, then a size is wanted.

    >>> wengert.normal(2.0, wengert.zeros(3))
    tensor([2., 2., 2.])
    """
    return mean.new_zeros(mean.shape), std.new_zeros(std.shape)


@primitive(
    "normal.Tensor_float(Tensor mean, float std=1, *, Generator? generator=None)",
    method=False,
    grad_name="NormalBackward1",
)
def normal_moved(g):
    """Normal samples around the elements of mean."""
    return _flat(g)


@primitive(
    "normal.float_Tensor(float mean, Tensor std, *, Generator? generator=None)",
    method=False,
    grad_name="NormalBackward2",
)
def normal_scaled(g):
    """Normal samples with the deviations std."""
    return _flat(g)


@constant(f"normal.float_float(float mean, float std, int[] size, {_FACTORY})", method=False)
def normal_sized():
    """Normal samples of one mean and one deviation."""


@constant("multinomial(Index self, int num_samples, bool replacement=False, *, Generator? generator=None) -> Index")
def multinomial():
    """Indices drawn by weights: num_samples for the weights self, or for each of its rows.

    >>> wengert.multinomial(wengert.tensor([0.0, 3.0, 0.0]), 1)
    tensor([1])
    """


@primitive("poisson(Tensor self, Generator? generator=None)", method=False)
def poisson(g):
    """Counts from the Poisson distributions with the rates self.

    >>> wengert.poisson(wengert.zeros(2))
    tensor([0., 0.])
    """
    return _flat(g)


@primitive(
    "binomial(Tensor count, Tensor prob, Generator? generator=None)",
    eager=True,
    method=False,
    grad_name="NotImplemented",
)
def binomial():
    """How many of count trials of chance prob succeed.

    >>> wengert.binomial(wengert.tensor([3.0, 3.0]), wengert.tensor([0.0, 1.0]))
    tensor([0., 3.])
    """
    raise RuntimeError("derivative for aten::binomial is not implemented")


@primitive("_standard_gamma(Tensor self, Generator? generator=None)", method=False, grad_name="StandardGammaBackward0")
def _standard_gamma(g, self, y):
    """Samples of the gamma distributions with the shapes self and rate 1; they move with self."""
    return g * _standard_gamma_grad(self, y)


@constant("_standard_gamma_grad(Index self, Index output)", method=False)
def _standard_gamma_grad():
    """How a gamma sample moves with its shape parameter, at fixed probability."""


@constant("_sample_dirichlet(Index self, Generator? generator=None)", method=False)
def _sample_dirichlet():
    """Samples of the Dirichlet distributions with the concentrations in the last dim of self."""


@constant("_dirichlet_grad(Index x, Index alpha, Index total)", method=False)
def _dirichlet_grad():
    """How a Beta(alpha, total - alpha) sample x moves with alpha, at fixed probability, over 1 - x."""


# ---- dropout


@composite("dropout(Tensor input, float p, bool train)", method=False)
def dropout():
    """Zeros with chance p, the rest over 1 - p, when train is True.

    >>> wengert.dropout(wengert.ones(2), 1.0, True)
    tensor([0., 0.])
    """


@composite("dropout_(Tensor self, float p, bool train)", method=False)
def dropout_():
    """dropout in place."""


@composite("alpha_dropout(Tensor input, float p, bool train)", method=False)
def alpha_dropout():
    """Dropout that keeps mean and variance after selu.

    >>> wengert.alpha_dropout(wengert.ones(2), 0.5, False)
    tensor([1., 1.])
    """


@composite("alpha_dropout_(Tensor self, float p, bool train)", method=False)
def alpha_dropout_():
    """alpha_dropout in place."""


@composite("feature_dropout(Tensor input, float p, bool train)", method=False)
def feature_dropout():
    """Dropout of whole channels: the noise has the first two sizes of input."""


@composite("feature_dropout_(Tensor self, float p, bool train)", method=False)
def feature_dropout_():
    """feature_dropout in place."""


@composite("feature_alpha_dropout(Tensor input, float p, bool train)", method=False)
def feature_alpha_dropout():
    """alpha_dropout of whole channels."""


@composite("feature_alpha_dropout_(Tensor self, float p, bool train)", method=False)
def feature_alpha_dropout_():
    """feature_alpha_dropout in place."""


def _drop(input, p, train):
    from .. import empty_like, ones_like

    if input.numel() == 0:
        return input.clone(), empty_like(input)
    if train is False:
        return input.clone(), ones_like(input, dtype=bool)
    kept = empty_like(input, dtype=bool).bernoulli_(1 - p)
    scale = 0.0 if p == 1 else 1 / (1 - p)
    dropped = input * kept
    return dropped.mul_(dropped.new_tensor(scale) if dropped.is_floating_point() else scale), kept


@host(
    "native_dropout(Tensor input, float p, bool? train) -> (Tensor result0, Index result1)", method=False, forward=_drop
)
def native_dropout(g, p, train, result1):
    """dropout and its mask."""
    return g * result1 * (1 if train is False else 0.0 if p == 1 else 1 / (1 - p))


def _leak(input, lower, upper):
    from .. import float32, float64, ones_like, rand, tensor

    if not input.is_floating_point() or str(input.dtype) == "torch.float16":
        raise NotImplementedError(f"\"rrelu_with_noise_out_cpu\" not implemented for '{kind(input)}'")
    slopes = ones_like(input, dtype=float64 if input.dtype == float64 else float32)
    leaking = input <= 0
    low, high = tensor([lower, upper], dtype=slopes.dtype).tolist()
    slopes[leaking] = (rand(int(leaking.sum()), dtype=float64) * (high - low) + low).to(slopes.dtype)
    return (input * slopes).to(input.dtype), slopes.to(input.dtype)


@host(
    "_noisy_leaky_relu(Tensor self, float lower, float upper) -> (Tensor y, Index noise)",
    function=False,
    method=False,
    forward=_leak,
    grad_name="RreluWithNoiseBackward0",
)
def _noisy_leaky_relu(g, noise):
    """Leaky ReLU with slopes drawn from [lower, upper], and 1 or those slopes as a tensor."""
    return g * noise
