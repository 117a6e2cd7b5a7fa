"""A naive tape on NumPy arrays, against which the machine is tested: every value is a fresh array, every rule is spelled out."""

import numpy as np


class Var:
    """An array with the functions that send its gradient on. Views know their base and where they lie in it."""

    def __init__(self, data, parents=(), leaf=False):
        self.data, self.parents, self.leaf, self.grad = np.asarray(data, dtype=np.float64), list(parents), leaf, None
        self.hooks = []

    @property
    def requires_grad(self):
        return self.leaf or bool(self.parents)


def op(recording, data, *pairs):
    """A result with (input, function of the gradient) pairs."""
    return Var(data, [(v, f) for v, f in pairs if recording and v.requires_grad])


def fit(g, shape):
    """A gradient summed to the shape that was broadcast."""
    while g.ndim > len(shape):
        g = g.sum(0)
    for d, n in enumerate(shape):
        if n == 1 and g.shape[d] != 1:
            g = g.sum(d, keepdims=True)
    return g


def binary(recording, name, a, b):
    """add, sub and mul with broadcasting."""
    x, y = a.data, b.data
    if name == "add":
        return op(recording, x + y, (a, lambda g: fit(g, x.shape)), (b, lambda g: fit(g, y.shape)))
    if name == "sub":
        return op(recording, x - y, (a, lambda g: fit(g, x.shape)), (b, lambda g: fit(-g, y.shape)))
    return op(recording, x * y, (a, lambda g: fit(g * y, x.shape)), (b, lambda g: fit(g * x, y.shape)))


def unary(recording, name, a):
    """sin, exp (of a bounded value), square, neg."""
    x = a.data
    value, slope = {
        "sin": (np.sin(x), np.cos(x)),
        "tanh": (np.tanh(x), 1 - np.tanh(x) ** 2),
        "square": (x * x, 2 * x),
        "neg": (-x, -np.ones_like(x)),
    }[name]
    return op(recording, value, (a, lambda g: g * slope))


def view(recording, a, index):
    """The elements of a at flat positions (a copy: the twin has no memory to share)."""

    def back(g):
        whole = np.zeros(a.data.size)
        whole[index.reshape(-1)] = g.reshape(-1)
        return whole.reshape(a.data.shape)

    return op(recording, a.data.reshape(-1)[index], (a, back))


def total(recording, a):
    return op(recording, a.data.sum(), (a, lambda g: np.full_like(a.data, g)))


def written(a, index, value, scale):
    """a after its elements at flat positions were multiplied by scale and value was added: a write through a view."""
    data = a.data.copy().reshape(-1)
    data[index] = data[index] * scale + value.data

    def kept(g):
        g = g.copy().reshape(-1)
        g[index] = g[index] * scale
        return g.reshape(a.data.shape)

    return op(
        True, data.reshape(a.data.shape), (a, kept), (value, lambda g: fit(g.reshape(-1)[index], value.data.shape))
    )


def backward(root, seed):
    """The gradients of the leaves under root, by a sweep over the graph in reverse order."""
    order, seen = [], set()

    def visit(v):
        stack = [(v, iter(v.parents))]
        seen.add(id(v))
        while stack:
            node, it = stack[-1]
            for parent, _ in it:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    stack.append((parent, iter(parent.parents)))
                    break
            else:
                stack.pop()
                order.append(node)

    visit(root)
    grads = {id(root): np.asarray(seed, dtype=np.float64)}
    for v in reversed(order):
        g = grads.get(id(v))
        if g is None:
            continue
        for h in v.hooks:
            g = h(g)
        for parent, f in v.parents:
            part = f(g)
            grads[id(parent)] = grads[id(parent)] + part if id(parent) in grads else part
        if v.leaf:
            v.grad = g.copy() if v.grad is None else v.grad + g
