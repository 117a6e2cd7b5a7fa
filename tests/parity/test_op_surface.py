"""The surface of the ops: overloads, options, errors and results of torch's, one expression at a time."""

import math
import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")

# Each is evaluated in both libraries with `torch` bound to either; x, i, b, z: a float, an integer, a bool and a
# complex tensor of size (2, 3); w: z with a gradient.
EXPRESSIONS = """
torch.add(2, 3)
torch.add(2.5, 1)
torch.sub(1j, 2)
torch.mul(3, x)
torch.div(1, i)
torch.div(7, i + 1, rounding_mode="floor")
torch.floor_divide(7, i + 1)
torch.remainder(7, i + 1)
torch.bitwise_and(6, i)
torch.bitwise_or(1, b)
torch.bitwise_left_shift(1, i)
x.add(3, 2)
x.add_(3, 2)
x.sub(x, alpha=2)
torch.rsub(x, 2, 3)
torch.special.chebyshev_polynomial_t(2, i)
torch.special.zeta(2, i + 1)
torch.special.xlog1py(2, x)
torch.special.legendre_polynomial_p(torch.tensor([1.0, -1.0]), 1e12)
torch.special.chebyshev_polynomial_w(torch.tensor([1.0, -1.0, 0.3], dtype=torch.float64), 12)
torch.special.i0(torch.tensor([math.inf, -math.inf]))
torch.special.airy_ai(x.half())
i ** -1
i.pow_(-2)
i ** torch.tensor(-1)
b ** -1
b - b
b.sub(1)
i.add(i, alpha=0.5)
x.add(x, alpha=1j)
i.addcmul(i, i, value=2.0)
i.addcmul(i, i, value=math.nan)
torch.where(x, x, 0)
torch.where(i.to(torch.uint8) % 2, x, 0)
torch.hypot(i, i)
torch.topk(torch.tensor([3, 1, 3, 2, 3, 1, 2, 3]), 3)
torch.topk(torch.tensor([3, 1, 3, 2, 3, 1, 2, 3]), 8)
torch.topk(torch.tensor([1] * 200), 2, largest=False)
torch.mode(torch.tensor([[2, 1, 2, 1, 0], [0, 1, 2, 3, 3]]))
torch.kthvalue(torch.tensor([[2, 1, 2, 1, 0, 2, 2], [0, 1, 2, 3, 3, 0, 0]]), 4)
torch.median(torch.tensor([[2, 1, 2, 1, 0, 2, 2], [0, 1, 2, 3, 3, 0, 0]]), 1)
torch.logcumsumexp(z, 1)
torch.index_select(x, 0, torch.tensor([0, 1]), out=x)
torch.index_select(x, 1, torch.tensor([0, 1]), out=torch.zeros(6).as_strided((2, 6), (0, 1)))
torch.masked_select(x, b, out=x)
torch.gather(x, 0, torch.zeros(2, 3, dtype=torch.int64), out=x)
torch.cat([x, x], out=x)
torch.kron(x, x, out=torch.empty(0))
torch.outer(x[0], x[1], out=torch.empty(3, 3))
torch.tensordot(x, x, ([1], [1]), out=torch.empty(0))
torch.renorm(x, 2, 0, 1.0, out=x)
torch.float_power(x, 2, out=torch.empty(0, dtype=torch.float64))
torch.nonzero(i, out=torch.empty(0, dtype=torch.int64))
torch.masked.cumsum(i.to(torch.int16), 1)
torch.masked.argmax(i.to(torch.int16), 1)
torch.masked.var(x.bfloat16(), 1, True)
torch.tensor([0.30078125, 0.5], dtype=torch.bfloat16) == 0.3
torch.tensor([0.30078125, 0.5], dtype=torch.bfloat16) > torch.tensor(0.3)
torch.nn.functional.hardshrink(torch.tensor([0.30078125, 0.5], dtype=torch.bfloat16), 0.3)
b - i
1 - b
+b
~x
torch.add(b, b, alpha=2)
torch.tensor([-1], dtype=torch.uint8)
torch.tensor([200], dtype=torch.int8)
torch.tensor([1e10], dtype=torch.int32)
torch.norm(x, 2, 1, out=torch.zeros(2, 2)[:, 1])
torch.linalg.norm(x, out=torch.empty(()))
torch.linalg.multi_dot([x, x.T], out=torch.empty(2, 2))
torch.sum(x, 0, dtype=torch.float32, out=torch.empty(3, dtype=torch.float64))
torch.sum(x, 0, out=torch.empty(3, dtype=torch.float64))
torch.sum(x[:1], 0, out=x[1])
torch.exp(x[0, :2], out=x[0, 1:])
torch.heaviside(x, x.double())
torch.isposinf(x, out=torch.empty(2, 3))
torch.any(i, [])
torch.all(i, ())
torch.any(i, [0, 1])
torch.frexp(i)
torch.mvlgamma(b, 2)
torch.trapezoid(b)
torch.hinge_embedding_loss(x, x)
torch.polar(x, 1)
torch.polar(x, x.double())
torch.nonzero(x, out=torch.empty(0))
torch.unravel_index(i, 2.0)
torch.nn.functional.celu(i)
torch.nn.functional.gelu(i)
torch.topk(x, 1, True)
x[:, :0][i % 2, i]
x.sparse_dim()
x.dense_dim()
x.coalesce()
torch.histogram(x, 0)
torch.histogram(x[:0], 3)
torch.histogram(x, 3, range=(1.0, 1.0))
torch.autograd.grad(torch.logcumsumexp(w, 1).abs().sum(), w)
torch.roll(i, 1, None)
torch.block_diag()
torch.arange(0, 4, out=torch.zeros(2, 3)[:, 1:])
torch.ones(1, dtype=torch.int64, requires_grad=True)
torch.asarray(torch.ones(1, requires_grad=True), requires_grad=False)
torch.asarray(x, dtype=torch.int64, copy=False)
""".strip().splitlines()


def scene(lib):
    """The names an expression may use."""
    i = lib.tensor([[0, 2, 1], [3, 1, 2]])
    x = i * 0.75 - 1
    z = lib.complex(x, 1 - x)
    return {"torch": lib, "math": math, "x": x, "i": i, "b": i > 1, "z": z, "w": z.detach().requires_grad_()}


def outcome(lib, expression):
    """What an expression gives: its results as plain values, or the error's type and text."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = eval(expression, scene(lib))
    except Exception as error:
        return type(error).__name__, str(error).partition(", but expected one of")[0]
    parts = result if isinstance(result, tuple) else (result,)
    return [p if isinstance(p, int) else (str(p.dtype), tuple(p.shape), p.requires_grad, p.tolist()) for p in parts]


def same(a, b):
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, (float, complex)):
        return a == b or (a != a and b != b) or abs(a - b) <= 2e-6 * (1 + abs(a))
    return a == b


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_expression(expression):
    expected, got = outcome(torch, expression), outcome(wengert, expression)
    assert same(expected, got), (expected, got)


def test_a_resized_out_is_warned_of():
    with pytest.warns(
        UserWarning, match=r"since it had shape \[3\], which does not match the required output shape \[2\]"
    ):
        wengert.add(wengert.ones(2), 1, out=wengert.empty(3))


# A result lies in memory as torch lays it: by the first operand that tells two dims apart.
@pytest.mark.parametrize("shapes", [((3, 2), (2, 3)), ((2, 3), (3, 2)), ((4, 3, 2), (1,)), ((3, 2), (1, 3))])
def test_strides_of_mixed_layouts(shapes):
    def strides(lib):
        a, b = lib.ones(shapes[0]).transpose(-1, 0), lib.ones(shapes[1])
        return (a + b).stride(), (b * a).stride(), lib.where(b > 0, a, b).stride()

    assert strides(torch) == strides(wengert)


def test_out_is_written_where_it_lies():
    x = wengert.arange(10.0).reshape(5, 2)
    expected = x.norm(dim=1)
    for function in (wengert.norm, lambda t, p, d, out: wengert.linalg.vector_norm(t, p, d, out=out)):
        y = wengert.zeros(5, 2)
        assert function(x, 2, 1, out=y[:, 1]) is not None
        assert wengert.equal(y[:, 1], expected)
        assert wengert.equal(y[:, 0], wengert.zeros(5))


def test_byte_masks_are_warned_of():
    with pytest.warns(UserWarning, match="indexing with dtype torch.uint8 is now deprecated"):
        wengert.arange(2)[wengert.tensor([0, 1], dtype=wengert.uint8)]


def test_a_grown_out_keeps_its_memory():
    whole = wengert.zeros(2, 3)
    with pytest.warns(UserWarning, match="was resized"):
        wengert.add(wengert.ones(3), 1, out=whole[0, 1:])
    assert whole.tolist() == [[0, 2, 2], [2, 0, 0]]
