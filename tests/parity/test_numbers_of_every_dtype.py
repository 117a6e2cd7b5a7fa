"""Sequences, polynomials, tangents and refusals in every dtype, beside torch: the same program in both libraries."""

import subprocess
import sys
import warnings

import pytest

import wengert as wg
from wengert.autograd import forward_ad as wg_forward

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # torch's forward mode imports it

INF, NAN = float("inf"), float("nan")


def both(program):
    """What a program gives or refuses in torch and here."""
    found = []
    for library in (torch, wg):
        try:
            result = program(library)
        except Exception as error:
            found.append(f"{type(error).__name__}: {str(error).splitlines()[0]}")
        else:
            found.append(result.tolist() if isinstance(result, library.Tensor) else result)
    return [text.replace("wengert", "torch") if isinstance(text, str) else text for text in found]


@pytest.mark.parametrize("kind", ["arange", "range"])
@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
@pytest.mark.parametrize("start, step, n", [(0.3, 0.1, 40), (-2.9, 0.2, 31), (1.7, -0.37, 1001), (-2.9, 1.0, 5)])
@pytest.mark.filterwarnings("ignore:torch.range is deprecated")
def test_sequences_bit_for_bit(kind, dtype, start, step, n):
    def program(t):
        return getattr(t, kind)(start, start + step * (n - 0.5), step, dtype=getattr(t, dtype)).double()

    want, got = both(program)
    assert got == want


@pytest.mark.parametrize("name", ["hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l",
                                  "legendre_polynomial_p", "chebyshev_polynomial_t", "chebyshev_polynomial_u",
                                  "shifted_chebyshev_polynomial_v"])  # fmt: skip
def test_polynomials_bit_for_bit(name):
    def program(t):
        x = (t.arange(300) - 150).float() / 47
        return getattr(t.special, name)(x.view(-1, 1), t.arange(16).float())

    want, got = both(lambda t: program(t).nan_to_num())
    assert got == want
    want, got = both(lambda t: getattr(t.special, name)(t.tensor([0.5]), 200).isnan())
    assert got == want


def tangent(t, op, x, dtype):
    forward = wg_forward if t is wg else torch.autograd.forward_ad
    x = t.tensor(x).to(getattr(t, dtype))
    with forward.dual_level():
        return forward.unpack_dual(op(t, forward.make_dual(x, t.ones_like(x) * 2))).tangent


@pytest.mark.parametrize("x", [[1121187 + 1976654j, 1121186 - 1976653j], [1 + 2j, 3 - 1j], [-800 + 1j, -801 + 1j]])
@pytest.mark.parametrize("name", ["logsumexp", "logcumsumexp"])
@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_tangents_of_sums_of_exponentials(x, name, dtype):
    want, got = (tangent(t, lambda t, d: getattr(t, name)(d, 0), x, dtype).tolist() for t in (torch, wg))
    # nan where torch has it: it does not scale complex weights of running sums
    assert str(got) == str(want) or got == pytest.approx(want, rel=1e-5, nan_ok=True)


def test_a_tangent_of_nothing():
    want, got = (tangent(t, lambda t, d: t.logsumexp(d, 0), [], "float32").item() for t in (torch, wg))
    assert want != want and got != got


def test_phases_of_singular_vectors_leave_their_tangents_alone():
    x = [[30.0 + 4j, -20 + 7j, 11j], [12j, 40 - 3j, 25.0]]

    def product(t, d):
        U, _, Vh = t.linalg.svd(d, full_matrices=False)
        return U @ Vh

    want, got = (tangent(t, product, x, d) for t, d in ((torch, "complex128"), (wg, "complex64")))
    flat = [z for row in want.tolist() for z in row]
    assert [z for row in got.tolist() for z in row] == pytest.approx(flat, rel=1e-4, abs=1e-7)


REFUSED = {
    "clamp": lambda t, x: x.clamp(0, 300),
    "clamp_": lambda t, x: x if x.dtype == t.bool else x.clamp_(-300, 1),
    "clamp one side": lambda t, x: x.clamp(min=-300),
    "where": lambda t, x: t.where(x == 1, x, 300),
    "alpha": lambda t, x: x.add(x, alpha=300),
    "alpha of one": lambda t, x: x.sub(x, alpha=1),
    "threshold": lambda t, x: t.nn.functional.threshold(x, 300, 0),
    "linspace": lambda t, x: t.linspace(0, 300, 3, dtype=x.dtype),
    "fill nan": lambda t, x: x.fill_(NAN),
    "full nan": lambda t, x: t.full((2,), NAN, dtype=x.dtype),
    "masked_fill nan": lambda t, x: x.masked_fill(x == 1, NAN),
    "fill inf": lambda t, x: x.fill_(INF),
    "kl_div": lambda t, x: t.nn.functional.kl_div(t.ones(3), x),
    "conv_transpose1d": lambda t, x: t.nn.functional.conv_transpose1d(x.view(1, 1, -1), x.view(1, 1, -1)),
    "interpolate": lambda t, x: t.nn.functional.interpolate(x.view(1, 1, -1), scale_factor=2, mode="linear"),
    "prelu": lambda t, x: t.prelu(x, t.tensor([0.25])),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("dtype", ["uint8", "int8", "int32", "int64", "bool"])
def test_numbers_that_do_not_fit(name, dtype):
    want, got = both(lambda t: REFUSED[name](t, t.tensor([1, 0, 5]).to(getattr(t, dtype))))
    assert got == want


@pytest.mark.parametrize("call", [
    lambda F, y: F.elu_(y, alpha=-1.0),
    lambda F, y: F.elu(y, alpha=-1.0, inplace=True),
    lambda F, y: F.elu_(y, alpha=0.5),
    lambda F, y: F.celu_(y, alpha=-1.0),
    lambda F, y: F.celu(y, 0.0),
    lambda F, y: F.leaky_relu_(y, -0.1),
    lambda F, y: F.leaky_relu(y, 0.1, inplace=True),
    lambda F, y: F.rrelu_(y, -0.2, -0.1),
])  # fmt: skip
def test_negative_slopes_in_place_have_no_gradient(call):
    def program(t):
        x = t.tensor([1.0, -2.0], requires_grad=True)
        y = x * 1
        call(t.nn.functional, y)
        y.sum().backward()
        return x.grad

    want, got = both(program)
    assert got == (pytest.approx(want) if isinstance(want, list) else want)


@pytest.mark.parametrize("target", [[0.5, 1.0], [0.5, 1.5], [-0.1, 0.5], [NAN, 0.5]])
def test_targets_are_probabilities(target):
    want, got = both(lambda t: t.nn.functional.binary_cross_entropy(t.tensor([0.5, 0.5]), t.tensor(target)))
    assert got == pytest.approx(want)


@pytest.mark.parametrize("name", ["kl_div", "binary_cross_entropy_with_logits"])
def test_losses_of_the_namespace_keep_their_elements(name):
    want, got = both(lambda t: getattr(t, name)(t.tensor([0.25, 0.5]), t.tensor([0.75, 0.5])))
    assert got == pytest.approx(want) and len(got) == 2


@pytest.mark.parametrize("name", ["gt", "eq", "argmax", "isinf"])
def test_what_has_no_gradient_may_write_to_out(name):
    def program(t):
        x, out = t.tensor([1.0, -2.0], requires_grad=True), t.empty(0, dtype=t.int64 if name == "argmax" else t.bool)
        return getattr(t, name)(x, 0, out=out) if name != "isinf" else x.isinf()

    want, got = both(program)
    assert got == want


def test_slope_of_hardswish_where_there_is_no_number():
    def program(t):
        x = t.tensor([INF, -INF, NAN, 3.0, -3.0, 0.0], requires_grad=True)
        return t.autograd.grad(t.nn.functional.hardswish(x).sum(), x)[0]

    want, got = both(program)
    assert got == want


def test_operands_of_two_dtypes_have_lengths_of_their_own():
    def program(t):
        x, y = t.tensor([[0.3, 1.7, -2.2]]), t.tensor([[1.1, 0.7, -0.2]]).bfloat16()
        return t.cosine_similarity(x, y)

    want, got = both(program)
    assert got == pytest.approx(want, rel=1e-6)


def test_slices_of_half_precision_are_scaled_once():
    want, got = both(lambda t: t.tensor([[1.0, 0.0, 5.0]]).half().renorm(2, 0, 1.0))
    assert got == want


WARNED = {
    "cov": lambda t: t.cov(t.ones(1)),
    "cov with weights": lambda t: t.cov(t.ones(3, 2), correction=5, aweights=t.ones(2)),
    "no weight": lambda t: t.cov(t.ones(2), aweights=t.zeros(2)),
    "std_mean": lambda t: t.std_mean(t.ones(1))[0],
    "var": lambda t: t.var(t.ones(1)),
    "fft": lambda t: t.fft.fft(t.tensor([INF, 1.0])).abs(),
}


@pytest.mark.parametrize("name", WARNED)
def test_warnings(name):
    found = []
    for library in (torch, wg):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            result = both(WARNED[name])[library is wg]
        found.append((str(result), sorted({str(w.message).split(" (Triggered")[0] for w in caught})))
    assert found[0] == found[1]


@pytest.mark.parametrize("cast", ["z.to({}.float32)", "z.int()", "{}.zeros(2).copy_(z)", "z.bool()", "z.abs()"])
def test_parts_that_are_dropped_are_told_once(cast):
    programs = [
        f"import {name}, sys, warnings\nz = {name}.ones(2, dtype={name}.complex64)\n"
        "with warnings.catch_warnings(record=True) as caught:\n    warnings.simplefilter('always')\n"
        f"    {cast.format(name)}\n    {cast.format(name)}\nprint([str(w.message).split(' (')[0] for w in caught])"
        for name in ("torch", "wengert")
    ]
    want, got = (subprocess.run([sys.executable, "-c", p], capture_output=True, text=True).stdout for p in programs)
    assert got == want and want
