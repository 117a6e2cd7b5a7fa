"""Jacobians for gradcheck: by central differences, by the backward pass, and by tangents."""

from .. import _core

Tensor = _core.Tensor


class GradcheckError(RuntimeError):
    """What gradcheck and gradgradcheck raise when derivatives do not agree."""


def as_tuple(x):
    """x as a tuple."""
    return x if isinstance(x, tuple) else tuple(x) if isinstance(x, list) else (x,)


def is_number(t):
    """Whether t is a tensor that can have a derivative."""
    return isinstance(t, Tensor) and (t.dtype.is_floating_point or t.dtype.is_complex)


def differentiable(outputs):
    """Those of the outputs that require grad."""
    return tuple(o for o in as_tuple(outputs) if o.requires_grad)


def tracked(inputs):
    """The positions of the inputs that require grad."""
    return [k for k, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]


# ---- by differences


def _same_kind(left, right, eps, at):
    where = "" if at is None else f"on index {at} "
    for what, a, b in (("shape", left.shape, right.shape), ("dtype", left.dtype, right.dtype)):
        assert a == b, (
            f"Expected `func` to return outputs with the same {what} when inputs are perturbed {where}by {eps}, "
            f"but got: {what}s {a} and {b}."
        )


def difference(func, inputs, k, step, eps, at=None):
    """The derivatives of all outputs, flat, when input k moves along step; it is moved in place."""
    data = inputs[k].data
    before = data.clone()

    def outputs(moved):
        data.copy_(moved)
        return [o.detach().clone() for o in as_tuple(func(*inputs)) if is_number(o)]

    try:
        left, right = outputs(before - step * eps), outputs(before + step * eps)
    finally:
        data.copy_(before)
    for a, b in zip(left, right):
        _same_kind(a, b, eps, at)
    return [((b - a) / (2 * eps)).reshape(-1) for a, b in zip(left, right)]


def _index(flat, shape):
    found = []
    for size in reversed(shape):
        found.append(flat % size)
        flat //= size
    return tuple(reversed(found))


def numerical(func, inputs, k, outputs, eps):
    """For each output the Jacobian by input k, (elements of the input, elements of the output)."""
    t = inputs[k]
    numbers = [o for o in outputs if is_number(o)]
    kind = [t.dtype if t.dtype.is_complex else o.dtype for o in numbers]
    made = [o.detach().new_zeros((t.numel(), o.numel()), dtype=d) for o, d in zip(numbers, kind)]
    for e in range(t.numel()):
        step = t.detach().new_zeros(t.numel())
        step[e] = 1
        at, step = _index(e, t.shape), step.reshape(t.shape)
        found = difference(func, inputs, k, step, eps, at)
        if t.dtype.is_complex:  # of a real function: the conjugate derivative
            found = [a + 1j * b for a, b in zip(found, difference(func, inputs, k, step * 1j, eps, at))]
        for m, column in zip(made, found):
            m[e] = column
    return [m for m, o in zip(made, numbers)]


def numerical_along(func, inputs, k, direction, eps):
    """For each output the derivative along a direction (a pair of them of a complex input)."""
    if not isinstance(direction, tuple):
        return difference(func, inputs, k, direction.reshape(inputs[k].shape), eps)
    shape = inputs[k].shape
    real, imag = (d.reshape(shape) for d in direction)
    return [(a, b) for a, b in zip(difference(func, inputs, k, real, eps), difference(func, inputs, k, imag * 1j, eps))]


# ---- by the backward pass

_NOT_REENTRANT = (
    "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, "
    "although analytical gradient matches numerical gradient.The tolerance for nondeterminism was {}."
    "\n\nNOTE: If your op relies on non-deterministic operations i.e., it is listed here:\n"
    "https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html\nthis failure might be expected.\n"
    "\nIf you are adding a new operator, please file an issue and then use one of the\n"
    "workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck.\nIf the test\n"
    "- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck\n"
    "  with `nondet_tol=<tol>` as a keyword argument.\n"
    "- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test\n"
    "  to have `gradcheck_nondet_tol=<tol>`.\n"
    "- is a Module test (e.g., in common_nn.py), then modify the corresponding\n"
    "  module_test entry to have `gradcheck_nondet_tol=<tol>`\n"
)


def _rows(output, inputs, weights):
    """For each weight of the output: the gradients of the inputs, None where there is none."""
    from . import grad

    return [grad(output, inputs, w, retain_graph=True, allow_unused=True) for w in weights]


def analytical(check, inputs, output, weights):
    """For each input the matrix (elements of the input, weights) of the gradients, which must come out the same twice."""
    wanted = [inputs[k] for k in tracked(inputs)]
    output = output.clone()
    made, types_agree, sizes_agree = [], True, True
    for _ in range(2):
        matrices = [t.detach().new_zeros((t.numel(), len(weights))) for t in wanted]
        for column, found in enumerate(_rows(output, wanted, weights)):
            for t, matrix, g in zip(wanted, matrices, found):
                if g is None:
                    continue
                types_agree &= g.dtype is t.dtype
                sizes_agree &= g.shape == t.shape
                if g.shape == t.shape:
                    matrix[:, column] = g.detach().reshape(-1).to(matrix.dtype)
        made.append(matrices)
    if not types_agree and check.check_grad_dtypes:
        raise GradcheckError("Gradient has dtype mismatch")
    if not sizes_agree:
        raise GradcheckError("Analytical gradient has incorrect size")
    for a, b in zip(*made):
        if a.numel() and (a - b).abs().max() > check.nondet_tol:
            raise GradcheckError(_NOT_REENTRANT.format(check.nondet_tol))
    return made[0]


def unit_weights(output):
    """The unit vectors of an output's shape."""
    for e in range(output.numel()):
        weight = output.detach().new_zeros(output.numel())
        weight[e] = 1
        yield weight.reshape(output.shape)


# ---- by tangents


def _tangents_of(check, func, args):
    from . import forward_ad

    found = []
    for o in as_tuple(func(*args)):
        if not is_number(o):
            continue
        primal, tangent = forward_ad.unpack_dual(o)
        if check.check_grad_dtypes and tangent is not None and primal.dtype.is_complex != tangent.dtype.is_complex:
            raise GradcheckError("Forward AD gradient has dtype mismatch.")
        found.append(primal.new_zeros(primal.numel()) if tangent is None else tangent.reshape(-1).detach())
    return found


def forward_along(check, func, inputs, directions):
    """For each input that requires grad: for each output the tangent when that input moves along its direction."""
    from . import forward_ad

    made, which = [], tracked(inputs)
    with forward_ad.dual_level():
        for k, direction in zip(which, directions):
            args = list(inputs)
            for i in which:
                step = (
                    direction.reshape(inputs[i].shape).clone()
                    if i == k
                    else inputs[i].detach().new_zeros(inputs[i].shape)
                )
                args[i] = forward_ad.make_dual(inputs[i].detach(), step)
            made.append(_tangents_of(check, func, args))
    return made


def forward_jacobian(check, func, inputs, k):
    """For each output the Jacobian by input k, (elements of the input, elements of the output), by tangents."""
    from .. import stack
    from . import forward_ad

    columns = []
    with forward_ad.dual_level():
        for step in unit_weights(inputs[k]):
            args = list(inputs)
            for i in tracked(inputs):
                zeros = inputs[i].detach().new_zeros(inputs[i].shape)
                args[i] = forward_ad.make_dual(inputs[i].detach(), step if i == k else zeros)
            columns.append(_tangents_of(check, func, args))
    return [stack(rows) for rows in zip(*columns)]
