"""Every elementwise declaration of the table: derivatives against differences, forms that must agree, the reference."""

import numpy as np
import pytest

import wengert as wg
from wengert.ops._declare import FUNCTIONS, METHODS, OPS

# Numbers to use for parameters that are not tensors.
NUMBERS = {
    "alpha": 1.5,
    "value": 0.7,
    "negative_slope": 0.1,
    "threshold": 0.4,
    "min_val": -0.8,
    "max_val": 0.9,
    "scale": 1.2,
    "input_scale": 0.7,
    "lambd": 0.3,
    "beta": 2.0,
    "n": 1,
    "min": -0.7,
    "max": 1.1,
    "exponent": 2.5,
    "weight": 0.3,
    "nan": 0.0,
    "posinf": 9.0,
    "neginf": -9.0,
    "self": 1.7,
    "rounding_mode": None,
    "p": 2,
    "decimals": 1,
}
NO_RULE = {"floor_divide", "heaviside", "igamma", "igammac", "zeta"}  # torch's refusals, tested below
NO_RULE |= {"_round_decimals"}  # its second operand is a count


def tensor_positions(declared):
    inside = declared.schema[declared.schema.index("(") + 1 : declared.schema.rindex(")")]
    kinds = [part.split()[0] for part in inside.split(", ") if part != "*"]
    return [k for k, kind in enumerate(kinds) if kind in ("Tensor", "TensorStrict")], [
        k for k, kind in enumerate(kinds) if kind == "Index"
    ]


def sample(declared, rng, count=40):
    """Arguments for declared.function: tensors in its domain (not at kinks), numbers elsewhere."""
    low, high = declared.options.get("domain") or (-2.5, 2.5)
    tensors, masks = tensor_positions(declared)
    args, keywords = [], {}
    for k, parameter in enumerate(declared.signature[0]):
        name, keyword_only = parameter[0], parameter[4]
        if k in tensors:
            value = wg.from_numpy(rng.uniform(low, high, count))
        elif k in masks:
            value = wg.from_numpy(rng.uniform(size=count) > 0.5)
        else:
            value = NUMBERS[name]
        if keyword_only:
            keywords[name] = value
        else:
            args.append(value)
    return args, keywords, tensors


def differentiable():
    for name, declared in OPS.items():
        if declared.kind not in ("elementwise", "fused") or name in NO_RULE or ".user" in name:
            continue
        rng = np.random.default_rng(0)
        try:
            args, keywords, tensors = sample(declared, rng, 3)
        except KeyError:
            continue
        try:
            y = declared.function(*args, **keywords)
        except NotImplementedError:  # of integers only
            continue
        if y.is_floating_point() and (declared.derivative or declared.rule.__code__.co_code):
            inputs = [args[k].requires_grad_() for k in tensors]
            if inputs and declared.function(*args, **keywords).requires_grad:
                yield name


@pytest.mark.parametrize("name", sorted(differentiable()))
def test_derivatives_are_those_of_the_function(name):
    declared = OPS[name]
    rng = np.random.default_rng(3)
    args, keywords, tensors = sample(declared, rng)
    inputs = [args[k].requires_grad_() for k in tensors]
    y = declared.function(*args, **keywords)
    cotangent = wg.from_numpy(rng.uniform(-1, 1, y.shape))
    gradients = wg.autograd.grad(y, inputs, cotangent, allow_unused=True, create_graph=True)
    h = 1e-6
    for k, gradient in zip(tensors, gradients):

        def shifted(by, k=k):
            moved = list(args)
            moved[k] = (args[k] + by).detach()
            return declared.function(*moved, **keywords).detach()

        with wg.no_grad():
            difference = (shifted(h) - shifted(-h)) / (2 * h) * cotangent
        got = wg.zeros_like(args[k]) if gradient is None else gradient
        np.testing.assert_allclose(got.detach().numpy(), difference.numpy(), rtol=1e-4, atol=1e-5)
    # The second derivative, of a sum with weights.
    first = [g for g in gradients if g is not None and g.requires_grad]
    if not first:
        return
    weights = [wg.from_numpy(rng.uniform(-1, 1, g.shape)) for g in first]
    total = sum((g * w).sum() for g, w in zip(first, weights))
    try:
        second = wg.autograd.grad(total, inputs, allow_unused=True)
    except (RuntimeError, NotImplementedError) as refusal:
        assert "not implemented" in str(refusal)
        return
    for k, gradient in zip(tensors, second):

        def slope(by, k=k):
            moved = [a.detach() if isinstance(a, wg.Tensor) else a for a in args]
            moved[k] = args[k].detach() + by
            leaves = [moved[j].requires_grad_() for j in tensors]
            parts = wg.autograd.grad(declared.function(*moved, **keywords), leaves, cotangent, allow_unused=True)
            parts = [p for p, g in zip(parts, gradients) if g is not None and g.requires_grad]
            return sum(p * w for p, w in zip(parts, weights))

        difference = (slope(h) - slope(-h)) / (2 * h)
        got = wg.zeros_like(args[k]) if gradient is None else gradient
        np.testing.assert_allclose(got.numpy(), difference.detach().numpy(), rtol=1e-3, atol=1e-4)


def test_a_planted_error_is_seen():
    """The comparison above is sharp enough to see a formula that is 0.1 % off."""
    x = wg.from_numpy(np.linspace(0.5, 2, 9)).requires_grad_()
    (g,) = wg.autograd.grad(wg.tanh(x).sum(), x)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(g.numpy() * 1.001, 1 - np.tanh(x.detach().numpy()) ** 2, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "name", sorted(n for n, d in OPS.items() if d.kind in ("elementwise", "fused") and n + "_" in METHODS)
)
def test_in_place_form_agrees(name):
    declared = OPS[name]
    args, keywords, tensors = sample(declared, np.random.default_rng(1))
    if declared.signature[0][0][0] != "self" or 0 not in tensors:
        pytest.skip("the first argument is not the tensor that is written")
    try:
        want = declared.function(*args, **keywords)
    except NotImplementedError:
        args = [a.abs().to(wg.int64) if isinstance(a, wg.Tensor) else a for a in args]
        want = declared.function(*args, **keywords)
    if want.dtype != args[0].dtype:
        want = want.to(args[0].dtype)
    version = args[0]._version
    got = METHODS[name + "_"](*args, **keywords)
    assert got is args[0] and got._version > version
    np.testing.assert_array_equal(got.numpy(), want.numpy())


@pytest.mark.parametrize(
    "name", sorted(n for n, d in OPS.items() if (d.options.get("reference") or "").startswith("numpy."))
)
def test_values_are_numpys(name):
    declared = OPS[name]
    args, keywords, _ = sample(declared, np.random.default_rng(2))
    reference = getattr(np, declared.options["reference"].partition(".")[2])
    try:
        got = declared.function(*args, **keywords)
    except NotImplementedError:
        args = [a.abs().to(wg.int64) if isinstance(a, wg.Tensor) else a for a in args]
        got = declared.function(*args, **keywords)
    arrays = [a.numpy() if isinstance(a, wg.Tensor) else a for a in args]
    if keywords.get("alpha"):
        arrays[1] = arrays[1] * keywords["alpha"]
    with np.errstate(all="ignore"):
        want = reference(*arrays)
    np.testing.assert_allclose(got.numpy(), want, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("name", ["floor", "sign", "deg2rad", "relu", "isposinf", "maximum", "neg"])
def test_unsupported_dtypes_are_refused(name):
    z = wg.tensor([True]) if name == "neg" else wg.tensor([1j])
    with pytest.raises((NotImplementedError, RuntimeError), match="support|implemented"):
        FUNCTIONS[name](z, z) if name == "maximum" else FUNCTIONS[name](z)


@pytest.mark.parametrize(
    "call,message",
    [
        (lambda x: wg.heaviside(x, x), "derivative for aten::heaviside is not implemented"),
        (lambda x: x // 2, "derivative for aten::floor_divide is not implemented"),
        (lambda x: wg.igamma(x, x), "the derivative for 'igamma: input' is not implemented."),
        (lambda x: wg.special.zeta(x + 1, x), "the derivative for 'zeta' is not implemented."),
    ],
)
def test_missing_derivatives_say_so(call, message):
    x = wg.tensor([1.0, 2.0], requires_grad=True)
    with pytest.raises((NotImplementedError, RuntimeError), match=message):
        call(x).sum().backward()


@pytest.mark.parametrize(
    "function,at,slope",
    [
        (lambda x: wg.relu(x), 0.0, 0.0),
        (lambda x: x.abs(), 0.0, 0.0),
        (lambda x: wg._ops.leaky_relu(x, 0.25), 0.0, 0.25),
        (lambda x: wg._ops.elu(x), 0.0, 1.0),
        (lambda x: wg._ops.hardtanh(x), 1.0, 0.0),
        (lambda x: wg._ops.relu6(x), 6.0, 0.0),
        (lambda x: wg._ops.hardsigmoid(x), 3.0, 0.0),
        (lambda x: wg._ops.softshrink(x), 0.5, 0.0),
        (lambda x: x.clamp(0, 1), 1.0, 1.0),
        (lambda x: x.clamp(0, 1), 0.0, 1.0),
        (lambda x: x.clamp(min=0), float("nan"), 0.0),
        (lambda x: x.sqrt(), 0.0, float("inf")),
        (lambda x: x**0, 0.0, 0.0),
        (lambda x: x**2, 0.0, 0.0),
        (lambda x: wg._ops.softplus(x), 30.0, 1.0),
        (lambda x: wg.xlogy(x, 0.0 * x.detach()), 0.0, 0.0),
        (lambda x: wg.maximum(x, wg.zeros_like(x)), 0.0, 0.5),
        (lambda x: x.sign(), 0.0, 0.0),
        (lambda x: x.sgn(), 0.0, 0.0),
    ],
)
def test_slopes_at_kinks(function, at, slope):
    x = wg.tensor([at], requires_grad=True)
    function(x).sum().backward()
    assert x.grad.item() == slope


@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "floor_divide", "remainder"])
def test_a_number_may_come_first(name):
    op, x = getattr(wg, name), wg.tensor([1.5, 2.5], dtype=wg.float64)
    first = wg.full((2,), 7.0, dtype=wg.float64)
    assert op(7, x).equal(op(first, x))
    assert op(7, wg.tensor([2, 3])).dtype is op(wg.tensor([7, 7]), wg.tensor([2, 3])).dtype
    leaf, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    if name not in NO_RULE:
        op(7, leaf).sum().backward()
        op(first, other).sum().backward()
        assert leaf.grad.equal(other.grad)


def test_powers_of_single_elements_promote():
    single, double = wg.tensor(2.0), wg.tensor(3.0, dtype=wg.float64)
    assert wg.pow(single, double).dtype is wg.float64 and (single**double).dtype is wg.float64
    assert wg.pow(wg.ones(2), double).dtype is wg.float32 and wg.pow(wg.ones(2), 3).dtype is wg.float32


@pytest.mark.parametrize("dtype", [wg.bfloat16, wg.float16])
@pytest.mark.parametrize("name", ["gelu", "silu", "mish", "hardswish", "selu"])
def test_a_fused_op_rounds_half_precision_once(name, dtype):
    """What several steps compute is rounded at the end only, as by a kernel of its own."""
    function, x = getattr(wg.nn.functional, name), wg.linspace(-4, 4, 200).to(dtype)
    assert wg.equal(function(x), function(x.float()).to(dtype))
