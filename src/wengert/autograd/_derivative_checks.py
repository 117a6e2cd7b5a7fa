"""The steps of gradcheck: each compares derivatives of one kind with finite differences."""

import warnings

from .. import _core

Tensor = _core.Tensor

_ZERO = "Numerical gradient for function expected to be zero"
_UNDEFINED = (
    'Expected backward function to handle undefined output grads. Please look at "Notes about undefined output gradients" in '
    '"tools/autograd/derivatives.yaml"'
)
_UNDEFINED_ALL = (
    "Expected all input grads to be undefined or zero when all output grads are undefined or zero. Please look at "
    '"Notes about undefined output gradients" in "tools/autograd/derivatives.yaml"'
)
_FAST = (
    "\nThe above quantities relating the numerical and analytical jacobians are computed \nin fast mode. See: "
    "https://github.com/pytorch/pytorch/issues/53876 for more background \nabout fast mode. Below, we recompute numerical and analytical "
    "jacobians in slow mode:\n\n"
)


class GradcheckError(RuntimeError):
    """What gradcheck and gradgradcheck raise when derivatives do not agree."""


def _tuple(x):
    return tuple(x) if isinstance(x, (tuple, list)) else (x,)


def _is_number(t):
    return isinstance(t, Tensor) and (t.dtype.is_floating_point or t.dtype.is_complex)


def _differentiable(outputs):
    return tuple(o for o in _tuple(outputs) if isinstance(o, Tensor) and o.requires_grad)


class _Check:
    """One call of gradcheck: the function, its inputs, and what may differ."""

    def __init__(self, func, inputs, eps, atol, rtol, nondet_tol, check_grad_dtypes):
        self.func, self.inputs = func, inputs
        self.eps, self.atol, self.rtol, self.nondet_tol, self.check_grad_dtypes = (
            eps,
            atol,
            rtol,
            nondet_tol,
            check_grad_dtypes,
        )
        self.which = [k for k, t in enumerate(inputs) if isinstance(t, Tensor) and t.requires_grad]

    def outputs_at(self, k, moved):
        """The outputs with the elements of input k replaced: in place, because the function may reach it another way."""
        data = self.inputs[k].data
        before = data.clone()
        data.copy_(moved)
        try:
            return [o.detach().clone() for o in _tuple(self.func(*self.inputs)) if _is_number(o)]
        finally:
            data.copy_(before)

    def difference(self, k, direction):
        """The derivatives of all outputs when input k moves along direction."""
        at = self.inputs[k].detach().clone()
        right, left = self.outputs_at(k, at + direction * self.eps), self.outputs_at(k, at - direction * self.eps)
        for a, b in zip(right, left):
            if a.dtype is not b.dtype:
                raise RuntimeError("Expected output to have the same dtype when input is perturbed")
            if a.shape != b.shape:
                raise RuntimeError("Expected output to have the same shape when input is perturbed")
        return [(a - b) / (2 * self.eps) for a, b in zip(right, left)]

    def directions(self, k):
        """Unit steps of every element of input k; of complex ones also the imaginary steps."""
        t = self.inputs[k]
        for factor in (1, 1j) if t.dtype.is_complex else (1,):
            for e in range(t.numel()):
                step = t.detach().new_zeros(t.numel())
                step[e] = factor
                yield e, factor, step.reshape(t.shape)

    def numerical(self, k):
        """For each output and part of it (real, imaginary) the Jacobian by input k: (inputs, outputs)."""
        columns = None
        for e, factor, step in self.directions(k):
            parts = [p for o in self.difference(k, step) for p in _parts(o)]
            if columns is None:
                columns = [self.inputs[k].detach().new_zeros((self.inputs[k].numel(), p.numel())) for p in parts]
            for column, p in zip(columns, parts):
                column[e] += (p.reshape(-1) * factor).to(column.dtype)
        return columns or []


def _parts(o):
    """Real functions: of complex outputs the real and the imaginary part."""
    return (o.real, o.imag) if o.dtype.is_complex else (o,)


def _check_inputs(inputs):
    found = False
    for k, t in enumerate(inputs):
        if not (isinstance(t, Tensor) and t.requires_grad):
            continue
        if t.dtype not in (_core.float64, _core.complex128):
            warnings.warn(
                f"Input #{k} requires gradient and is not a double precision floating point or complex. This check will likely fail if all "
                "the inputs are not of double precision floating point or complex. ",
                stacklevel=5,
            )
        if not all(st > 0 or sz <= 1 for st, sz in zip(t.stride(), t.shape)):
            raise RuntimeError(
                f"The {k}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping to be able to "
                "compute the numerical gradients correctly. You should call .contiguous on the input before passing it to gradcheck."
            )
        found = True
    if not found:
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True."
        )


def _message(numerical, analytical, output, k, part, forward=False, complex_=False):
    prefix = (
        f"While considering the {part} part of complex {'inputs' if forward else 'outputs'} only, " if complex_ else ""
    )
    mode = "computed with forward mode " if forward else ""
    return (
        f"{prefix}Jacobian {mode}mismatch for output {output:d} with respect to input {k:d},\nnumerical:{numerical}\n"
        f"analytical:{analytical}\n"
    )


def _gradient(output, inputs, weight, check):
    from . import grad

    found = grad(output, inputs, weight, retain_graph=True, allow_unused=True)
    for t, g in zip(inputs, found):
        if g is None:
            continue
        if check.check_grad_dtypes and g.dtype is not t.dtype:
            raise GradcheckError("Gradient has dtype mismatch")
        if g.shape != t.shape:
            raise GradcheckError("Analytical gradient has incorrect size")
    return [t.detach().new_zeros(t.shape) if g is None else g for t, g in zip(inputs, found)]


def _analytical(check, output, factor):
    """For each input the Jacobian of output (factor 1j: of its imaginary part) in reverse mode; checked to be the same twice."""
    inputs = [check.inputs[k] for k in check.which]
    result = []
    for _ in range(2):
        made = [t.detach().new_zeros((t.numel(), output.numel())) for t in inputs]
        for e in range(output.numel()):
            weight = output.detach().new_zeros(output.numel())
            weight[e] = factor
            for m, g in zip(made, _gradient(output, inputs, weight.reshape(output.shape), check)):
                m[:, e] = g.detach().reshape(-1).to(m.dtype)
        result.append(made)
    for a, b in zip(*result):
        if a.numel() and (a - b).abs().max() > check.nondet_tol:
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different values, "
                "although analytical gradient matches numerical gradient.The tolerance for nondeterminism was "
                f"{check.nondet_tol}." + _NONDET
            )
    return result[0]


_NONDET = (
    "\n\nNOTE: If your op relies on non-deterministic operations i.e., it is listed here:\n"
    "https://pytorch.org/docs/stable/generated/torch.use_deterministic_algorithms.html\nthis failure might be expected.\n"
)


def _close(a, b, check):
    from .. import allclose, promote_types

    dtype = promote_types(a.dtype, b.dtype)
    return allclose(a.to(dtype), b.to(dtype), check.rtol, check.atol)


def _slow(check, outputs):
    numerical = {k: check.numerical(k) for k in check.which}
    position = 0
    for number, o in enumerate(outputs):
        if not o.requires_grad:
            position += len(_parts(o))
            continue
        for factor, part in ((1, "real"), (1j, "imaginary")) if o.dtype.is_complex else ((1, "real"),):
            for k, a in zip(check.which, _analytical(check, o, factor)):
                if numerical[k] and not _close(a, numerical[k][position], check):
                    raise GradcheckError(
                        _message(numerical[k][position], a, number, k, part, complex_=o.dtype.is_complex)
                    )
            position += 1


def _unit(t):
    """A random direction of length 1."""
    from .. import randn

    v = randn(t.shape, dtype=t.dtype)
    n = v.abs().pow(2).sum().sqrt()
    return v / n if t.numel() else v


def _fast(check, outputs):
    from .. import manual_seed, random

    state = random.get_rng_state()
    manual_seed(42)
    try:
        directions = {k: _unit(check.inputs[k].detach()) for k in check.which}
        weights = [_unit(o.detach()) for o in outputs]
    finally:
        random.set_rng_state(state)
    inputs = [check.inputs[k] for k in check.which]
    for k in check.which:
        moved = check.difference(k, directions[k])
        for number, (o, w, d) in enumerate(zip(outputs, weights, moved)):
            if not o.requires_grad:
                continue
            g = _gradient(o, inputs, w, check)[check.which.index(k)]
            numerical, analytical = (w.conj() * d).sum().real, (g.detach().conj() * directions[k]).sum().real
            if abs(numerical.item() - analytical.item()) > check.atol + check.rtol * abs(analytical.item()):
                slow = ""
                try:
                    _slow(check, outputs)
                except GradcheckError as error:
                    slow = str(error)
                raise GradcheckError(_message(numerical, analytical, number, k, "real") + _FAST + slow)
    for o, w in zip(outputs, weights):
        if o.requires_grad:
            for a, b in zip(_gradient(o, inputs, w, check), _gradient(o, inputs, w, check)):
                if a.numel() and (a - b).abs().max() > check.nondet_tol:
                    raise GradcheckError(
                        "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives different "
                        "values, although analytical gradient matches numerical gradient.The tolerance for nondeterminism was "
                        f"{check.nondet_tol}." + _NONDET
                    )


def _forward(check):
    """Tangents in forward mode against differences."""
    from . import forward_ad

    for k in check.which:
        for _, factor, step in check.directions(k):
            want = check.difference(k, step)
            args = [t.detach() if isinstance(t, Tensor) else t for t in check.inputs]
            with forward_ad.dual_level():
                for i in check.which:
                    args[i] = forward_ad.make_dual(args[i], step if i == k else args[i].new_zeros(args[i].shape))
                outs = [forward_ad.unpack_dual(o) for o in _tuple(check.func(*args)) if _is_number(o)]
            for number, ((primal, tangent), w) in enumerate(zip(outs, want)):
                got = primal.new_zeros(primal.shape) if tangent is None else tangent
                if check.check_grad_dtypes and tangent is not None and tangent.dtype is not primal.dtype:
                    raise GradcheckError("Forward AD gradient has dtype mismatch.")
                if not _close(got, w, check):
                    raise GradcheckError(
                        _message(
                            w,
                            got,
                            number,
                            k,
                            "real" if factor == 1 else "imaginary",
                            forward=True,
                            complex_=check.inputs[k].dtype.is_complex,
                        )
                    )


def _batched(check, outputs):
    """Gradients of several weights at once against one at a time."""
    from .. import stack
    from . import grad

    inputs = [check.inputs[k] for k in check.which]
    for o in outputs:
        if not o.requires_grad:
            continue
        weights = [_unit(o.detach()) for _ in range(2)]
        want = [grad(o, inputs, w, retain_graph=True, allow_unused=True) for w in weights]
        try:
            got = grad(o, inputs, stack(weights), retain_graph=True, allow_unused=True, is_grads_batched=True)
        except RuntimeError as error:
            raise GradcheckError(f"While computing batched gradients, got: {error}\n\n{_BATCHED}") from error
        for k, g in enumerate(got):
            if g is not None and not _close(g, stack([w[k] for w in want]), check):
                raise GradcheckError(
                    f"\nFor output {k} and input {k}:\n{_BATCHED}\nGot:\n{g}\n\nExpected:\n{stack([w[k] for w in want])}\n"
                )


_BATCHED = (
    "gradcheck or gradgradcheck failed while testing batched gradient computation.\nThis could have been invoked in a number of ways "
    "(via a test that calls\ngradcheck/gradgradcheck directly or via an autogenerated test).\n"
)


def _linear(check, outputs):
    """The backward pass of zeros is zeros."""
    from . import grad

    inputs = [check.inputs[k] for k in check.which]
    outputs = [o for o in outputs if o.requires_grad]
    if not inputs:
        raise GradcheckError("no Tensors requiring grad found in input")
    found = grad(
        outputs, inputs, [o.detach().new_zeros(o.shape) for o in outputs], allow_unused=True, retain_graph=True
    )
    for t, g in zip(inputs, found):
        if g is None:
            continue
        if g.shape != t.shape:
            raise GradcheckError("grad is incorrect size")
        if not g.eq(0).all():
            raise GradcheckError("backward not multiplied by grad_output")


def _undefined(check, outputs):
    """The backward pass copes with outputs whose gradients are not known."""
    from . import grad
    from .function import Function

    class Gone(Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, g):
            return None

    inputs = [check.inputs[k] for k in check.which]
    outputs = [o for o in outputs if o.requires_grad]
    for hidden in [set(range(len(outputs)))] + ([{k} for k in range(len(outputs))] if len(outputs) > 1 else []):
        roots = [Gone.apply(o) if k in hidden else o for k, o in enumerate(outputs)]
        weights = [o.detach().new_zeros(o.shape) for o in outputs]
        try:
            found = grad(roots, inputs, weights, allow_unused=True, retain_graph=True)
        except RuntimeError as error:
            raise GradcheckError(_UNDEFINED) from error
        if any(g is not None and not g.eq(0).all() for g in found):
            raise GradcheckError(_UNDEFINED_ALL)
