"""The steps of gradcheck: each compares derivatives of one kind with finite differences."""

import warnings

from .. import _core
from . import _batched_checks
from ._jacobians import (
    GradcheckError,
    Tensor,
    analytical,
    as_tuple,
    differentiable,
    forward_along,
    forward_jacobian,
    is_number,
    numerical,
    numerical_along,
    tracked,
    unit_weights,
)

_ZERO = "Numerical gradient for function expected to be zero"
_UNDEFINED = (
    'Expected backward function to handle undefined output grads. Please look at "Notes about undefined output gradients" in '
    '"tools/autograd/derivatives.yaml"'
)
_UNDEFINED_ALL = (
    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. Please look at "
    '"Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
)
_NEW_CHECK = (
    "Backwards compatibility: New undefined gradient support checking feature is enabled by default, but it may break existing callers "
    'of this function. If this is true for you, you can call this function with "check_undefined_grad=False" to disable the feature'
)
_FAST = (
    "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. See: "
    "https://github.com/pytorch/pytorch/issues/53876 for more background \nabout fast mode. Below, we recompute numerical and analytical "
    "jacobians in slow mode:\n\nNumerical:\n {}\nAnalytical:\n{}\n\nThe max per-element difference (slow mode) is: {}.\n"
)
_SLOW_WOULD_PASS = (
    "Fast gradcheck failed but element-wise differences are small. This means that the\ntest might've passed in slow_mode!\n\n"
    "If you are adding a new operator, please file an issue and then use one of the\n"
    "workarounds. The workaround depends on how your test invokes gradcheck/gradgradcheck:\n\nIf the test\n"
    "- manually invokes gradcheck/gradgradcheck, then call gradcheck/gradgradcheck\n"
    "  with `fast_mode=False` as a keyword argument.\n"
    "- is OpInfo-based (e.g., in test_ops_gradients.py), then modify the OpInfo for the test\n"
    "  to have `gradcheck_fast_mode=False`\n"
    "- is a Module test (e.g., in common_nn.py), then modify the corresponding\n"
    "  module_test entry to have `gradcheck_fast_mode=False`\n"
)


class Check:
    """One call of gradcheck: what may differ, and which part of complex numbers is looked at."""

    def __init__(self, eps, atol, rtol, nondet_tol, check_grad_dtypes):
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.check_grad_dtypes = check_grad_dtypes
        self.part, self.complex_at = "real", ()

    def message(self, numerical, analytical, output, k, forward):
        """What a difference between two Jacobians is reported as."""
        what, at = ("inputs", k) if forward else ("outputs", output)
        prefix = f"While considering the {self.part} part of complex {what} only, " if at in self.complex_at else ""
        mode = "computed with forward mode " if forward else ""
        return (
            f"{prefix}Jacobian {mode}mismatch for output {output:d} with respect to input {k:d},\n"
            f"numerical:{numerical}\nanalytical:{analytical}\n"
        )

    def close(self, a, b, atol=None):
        """Whether two values of any dtypes agree."""
        from .. import allclose, promote_types

        dtype = promote_types(a.dtype, b.dtype)
        return allclose(a.to(dtype), b.to(dtype), self.rtol, self.atol if atol is None else atol)


def check_inputs(inputs):
    """Warns of inputs of low precision; refuses expanded ones, and inputs none of which requires grad."""
    which = tracked(inputs)
    for k in which:
        t = inputs[k]
        if t.dtype not in (_core.float64, _core.complex128):
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point or complex. This check will likely fail if all "
                "the inputs are not of double precision floating point or complex. ",
                stacklevel=4,
            )
        if not all(st > 0 or sz <= 1 for st, sz in zip(t.stride(), t.shape)):
            raise RuntimeError(
                f"The {k}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able to "
                "compute the numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
            )
    if not which:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


# ---- whole Jacobians


def slow(check, func, inputs, outputs, forward):
    """Compares every element of every Jacobian; outputs: what func makes of inputs."""
    outputs = as_tuple(outputs)
    wanted = differentiable(outputs)
    which = tracked(inputs)
    matrices = [numerical(func, inputs, k, outputs if forward or not wanted else wanted, check.eps) for k in which]
    if not wanted:
        if any(m.ne(0).any() for per_output in matrices for m in per_output):
            raise GradcheckError(_ZERO)
        return
    if forward:
        found = [forward_jacobian(check, func, inputs, k) for k in which]
        count = len(found[0]) if found else 0
    else:
        count = len(wanted)
    for number in range(count):
        if forward:
            row = [per_input[number] for per_input in found]
        else:
            row = analytical(check, inputs, wanted[number], list(unit_weights(wanted[number])))
        for position, (k, a) in enumerate(zip(which, row)):
            n = matrices[position][number]
            if not check.close(a, n):
                raise GradcheckError(check.message(n, a, number, k, forward))


# ---- one direction


def _random(t, generator, real=False):
    """A vector of length 1 with t's elements; complex ones are real numbers."""
    from .. import rand

    v = rand(t.numel(), generator=generator).to(t.dtype.to_real() if real else t.dtype)
    return v / v.norm() if t.numel() else v


def _directions(inputs, outputs):
    """Directions of the inputs (pairs for complex ones) and weights of the outputs, the same at every call."""
    from .. import Generator

    generator = Generator()
    steps = []
    for k in tracked(inputs):
        step = _random(inputs[k], generator, True)
        steps.append((step, _random(inputs[k], generator, True)) if inputs[k].dtype.is_complex else step)
    return steps, [_random(o, generator) for o in outputs]


def _moved_along(check, func, inputs, steps, weights):
    """By input: for each output the derivative along the input's direction, weighted."""
    made = []
    for k, step in zip(tracked(inputs), steps):
        found = numerical_along(func, inputs, k, step, check.eps)
        if isinstance(step, tuple):
            found = [a + 1j * b for a, b in found]
        made.append([(w.to(d.dtype) * d).sum() for w, d in zip(weights, found)] if weights is not None else found)
    return made


def _weighted(check, inputs, output, weight, steps):
    """By input: the gradient of the weighted output along the input's direction."""
    made = []
    for g, step in zip(analytical(check, inputs, output, [weight.reshape(output.shape)]), steps):
        g = g[:, 0]
        made.append(g.real.dot(step[0]) + 1j * g.imag.dot(step[1]) if isinstance(step, tuple) else g.dot(step))
    return made


def _in_full(check, func, inputs, outputs, k, number, forward):
    """The two Jacobians whose products with a direction did not agree, for the message."""
    n = numerical(func, inputs, k, outputs, check.eps)[number]
    if forward:
        a = forward_jacobian(check, func, inputs, k)[number]
    else:
        a = analytical(check, inputs, outputs[number], list(unit_weights(outputs[number])))[tracked(inputs).index(k)]
    text = _FAST.format(n, a, (n - a).abs().max())
    return text + (_SLOW_WOULD_PASS if check.close(a, n) else "")


def fast(check, func, inputs, outputs, forward):
    """Compares products of the Jacobians with one direction (and one weight of the outputs)."""
    results = as_tuple(outputs)
    outputs = tuple(o for o in results if is_number(o)) if forward else differentiable(results)
    which = tracked(inputs)
    steps, weights = _directions(inputs, () if forward else outputs)
    if not differentiable(results):
        for per_input in _moved_along(check, func, inputs, steps, None):
            if any(d.numel() and d.abs().max() > check.nondet_tol for d in per_input):
                raise GradcheckError(_ZERO)
        return

    def kept(*args):
        made = [o for o in as_tuple(func(*args)) if is_number(o)]
        return tuple(made) if forward else tuple(o for o, r in zip(made, results) if r.requires_grad)

    moved = _moved_along(check, kept, inputs, steps, None if forward else weights)
    if forward:
        found = forward_along(check, func, inputs, steps)
    else:
        by_output = [_weighted(check, inputs, o, w, steps) for o, w in zip(outputs, weights)]
        found = [list(per_input) for per_input in zip(*by_output)]
    for position, k in enumerate(which):
        step = steps[position][0] if isinstance(steps[position], tuple) else steps[position]
        for number, (n, a) in enumerate(zip(moved[position], found[position])):
            atol = check.atol * float(step.sum()) * (1.0 if forward else abs(complex(weights[number].sum())))
            if not check.close(a, n, atol):
                text = check.message(n, a, number, k, forward)
                raise GradcheckError(text + _in_full(check, kept, inputs, outputs, k, number, forward))


# ---- real and imaginary parts


def _of_outputs(func, part):
    """func with that part of its complex outputs."""
    return lambda *args: tuple(
        getattr(o, part) if isinstance(o, Tensor) and o.dtype.is_complex else o for o in as_tuple(func(*args))
    )


def _of_inputs(func, part, inputs, complex_at):
    """func as a function of that part of its complex inputs."""

    def of_part(*args):
        args = list(args)
        for k in complex_at:
            whole = inputs[k].detach()
            args[k] = args[k] + whole.imag * 1j if part == "real" else whole.real + args[k] * 1j
        return as_tuple(func(*args))

    return of_part


def backward_agrees(check, func, inputs, outputs, compare):
    """Gradients of the backward pass; of complex outputs the imaginary part and then the real part."""
    if not any(o.dtype.is_complex for o in as_tuple(outputs) if isinstance(o, Tensor)):
        return compare(check, func, inputs, outputs, False)
    check.complex_at = tuple(k for k, o in enumerate(differentiable(outputs)) if o.dtype.is_complex)
    for part, name in (("imag", "imaginary"), ("real", "real")):
        check.part = name
        of_part = _of_outputs(func, part)
        compare(check, of_part, inputs, of_part(*inputs), False)


def forward_agrees(check, func, inputs, outputs, compare, undefined):
    """Tangents of forward mode; of complex inputs in the imaginary direction and then in the real one."""
    check.complex_at = tuple(k for k, t in enumerate(inputs) if isinstance(t, Tensor) and t.dtype.is_complex)
    if not check.complex_at:
        compare(check, func, inputs, outputs, True)
        if undefined:
            _batched_checks.forward_undefined(func, inputs, _directions(inputs, ())[0])
        return
    for part, name in (("imag", "imaginary"), ("real", "real")):
        check.part = name
        args = tuple(getattr(t, part) if k in check.complex_at else t for k, t in enumerate(inputs))
        of_part = _of_inputs(func, part, inputs, check.complex_at)
        compare(check, of_part, args, of_part(*args), True)
        if undefined:
            _batched_checks.forward_undefined(of_part, args, _directions(args, ())[0])


# ---- gradients that are zero or not known


def linear(func, inputs):
    """The backward pass of zeros is zeros."""
    from . import grad

    wanted = [inputs[k] for k in tracked(inputs)]
    if not wanted:
        raise GradcheckError("no Tensors requiring grad found in input")
    outputs = differentiable(func(*inputs))
    zeros = [o.detach().new_zeros(o.shape) for o in outputs]
    for t, g in zip(wanted, grad(outputs, wanted, zeros, allow_unused=True)):
        if g is None:
            continue
        if not g.eq(0).all():
            raise GradcheckError("backward not multiplied by grad_output")
        if g.dtype is not t.dtype:
            raise GradcheckError("grad is incorrect type")
        if g.shape != t.shape:
            raise GradcheckError("grad is incorrect size")


def undefined(func, inputs):
    """The backward pass copes with outputs whose gradients are not known."""
    from . import grad
    from ._special_nodes import UndefinedGrad

    wanted = [inputs[k] for k in tracked(inputs)]
    count = len(differentiable(func(*inputs)))
    for hidden in [set(range(count))] + ([{k} for k in range(count)] if count > 1 else []):
        roots = [UndefinedGrad()(o) if k in hidden else o for k, o in enumerate(differentiable(func(*inputs)))]
        weights = [o.detach().new_zeros(o.shape) for o in roots]
        try:
            found = grad(roots, wanted, weights, allow_unused=True)
        except RuntimeError as error:
            warnings.warn(_NEW_CHECK, stacklevel=4)
            raise GradcheckError(_UNDEFINED) from error
        if any(g is not None and not g.eq(0).all() for g in found):
            warnings.warn(_NEW_CHECK, stacklevel=4)
            raise GradcheckError(_UNDEFINED_ALL)
