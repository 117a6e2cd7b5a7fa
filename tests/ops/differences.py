"""Derivatives of an op's sample calls beside central differences of its values."""

import numpy as np

import wengert as wg
from wengert.ops._derive import differentiable_arguments

STEP = 1e-6


class Problem:
    """An op with a sample call, as a function of its differentiable inputs (leaves)."""

    def __init__(self, declared, call, seed=1):
        self.declared, self.call, self.rng = declared, call, np.random.default_rng(seed)
        names = [p[0] for p in declared.signature[0]]
        wanted = {names[k] for k in differentiable_arguments(declared)} - set(call.fixed)
        self.values, self.places = [], []
        given = [*enumerate(call.args), *call.kwargs.items()]
        for key, value in given:
            if not call.via and (names[key] if isinstance(key, int) else key) not in wanted:
                continue
            for k, t in enumerate(value) if isinstance(value, list) else [(None, value)]:
                if isinstance(t, wg.Tensor) and (t.is_floating_point() or t.is_complex()):
                    self.places.append((key, k))
                    self.values.append(t.detach().clone())
        self.cotangents = None

    def __call__(self, leaves):
        args, kwargs = list(self.call.args), dict(self.call.kwargs)
        for (key, k), leaf in zip(self.places, leaves):
            to = args if isinstance(key, int) else kwargs
            if k is None:
                to[key] = leaf
            else:
                to[key] = [leaf if j == k else t for j, t in enumerate(to[key])]
        return self.call(self.declared.function, args, kwargs)

    def fresh(self):
        """The inputs as leaves that want gradients."""
        return [v.detach().clone().requires_grad_() for v in self.values]

    def random_like(self, t):
        a = self.rng.uniform(0.5, 1.5, t.shape) * self.rng.choice([-1, 1], t.shape)
        if t.is_complex():
            a = a + 1j * self.rng.uniform(0.5, 1.5, t.shape)
        return wg.from_numpy(np.asarray(a)).to(t.dtype)

    def scalar(self, result):
        """The outputs that have a derivative, weighted at random (always the same weights) and added up."""
        outputs = [t for t in (result if isinstance(result, (tuple, list)) else [result]) if _floats(t)]
        if self.cotangents is None:
            self.differentiable = [t.requires_grad for t in outputs]
            self.cotangents = [self.random_like(t) for t in outputs]
        return weighted(outputs, self.cotangents, self.differentiable)


def _floats(t):
    return isinstance(t, wg.Tensor) and (t.is_floating_point() or t.is_complex())


def weighted(tensors, weights, use):
    """sum of Re(conj(w) t)."""
    total = wg.zeros((), dtype=wg.float64)
    for t, w, used in zip(tensors, weights, use):
        if used:
            product = w.conj() * t if t.is_complex() else w * t
            total = total + (wg.real(product) if product.is_complex() else product).sum()
    return total


def has_derivative(declared, call):
    """Whether some output of the call depends differentiably on some input."""
    problem = Problem(declared, call)
    if not problem.values:
        return False
    return problem.scalar(problem(problem.fresh())).requires_grad


def slopes(function, values, k, element=None, direction=None):
    """Central differences of a scalar function by one element (real, imaginary part) or along a direction of values[k]."""
    parts = (1, 1j) if values[k].is_complex() and direction is None else (1,)
    result = 0
    for part in parts:
        ends = []
        for sign in (1, -1):
            moved = [v.detach().clone() for v in values]
            if direction is None:
                moved[k][np.unravel_index(element, moved[k].shape)] += sign * STEP * part
            else:
                moved[k] = moved[k] + sign * STEP * direction
            ends.append(function(moved))
        result = result + part * (ends[0] - ends[1]) / (2 * STEP)
    return result


def first(declared, call):
    """[(gradient, differences)] as arrays, one for each differentiable input."""
    problem = Problem(declared, call)
    leaves = problem.fresh()
    total = problem.scalar(problem(leaves))
    gradients = wg.autograd.grad(total, leaves, allow_unused=True, materialize_grads=True)

    def value(moved):
        with wg.no_grad():
            return problem.scalar(problem(moved)).item()

    pairs = []
    for k, gradient in enumerate(gradients):
        numeric = [slopes(value, problem.values, k, element=e) for e in range(gradient.numel())]
        pairs.append((gradient.numpy().ravel(), np.array(numeric, dtype=gradient.numpy().dtype)))
    return pairs


def _gradients(problem, leaves, create_graph):
    total = problem.scalar(problem(leaves))
    return wg.autograd.grad(total, leaves, create_graph=create_graph, allow_unused=True, materialize_grads=True)


def second(declared, call):
    """[(derivative of the gradient along a direction, its difference)], one for each input; [] where it is constant."""
    problem = Problem(declared, call, seed=2)
    leaves = problem.fresh()
    gradients = _gradients(problem, leaves, True)
    use = [g.requires_grad for g in gradients]
    if not any(use):
        return []
    weights = [problem.random_like(g) for g in gradients]
    seconds = wg.autograd.grad(weighted(gradients, weights, use), leaves, allow_unused=True, materialize_grads=True)

    def value(moved):
        return weighted(_gradients(problem, [m.requires_grad_() for m in moved], False), weights, use).item()

    pairs = []
    for k, got in enumerate(seconds):
        direction = problem.random_like(got)
        numeric = slopes(value, problem.values, k, direction=direction)
        along = weighted([got], [direction], [True]).item()
        pairs.append((np.array([along]), np.array([numeric])))
    return pairs


def agree(got, want, rtol=2e-5, atol=2e-7):
    """Whether a derivative agrees with differences, at the scale of the whole."""
    scale = max(np.abs(want).max(initial=0), np.abs(got).max(initial=0))
    return bool(np.all(np.abs(got - want) <= atol + rtol * scale))
