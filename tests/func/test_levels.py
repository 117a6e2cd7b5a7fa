"""What belongs to which transform: captured tensors are not written, shared ones stay whole, printing shows the wrappers."""

import pytest
from both import agree

TRANSFORMS = [
    lambda t, f: t.func.grad(lambda x: f(x).sum())(t.ones(3)),
    lambda t, f: t.func.vjp(f, t.ones(3))[0],
    lambda t, f: t.func.jvp(f, (t.ones(3),), (t.ones(3),)),
    lambda t, f: t.func.jacrev(f)(t.ones(3)),
    lambda t, f: t.func.jacfwd(f)(t.ones(3)),
    lambda t, f: t.func.hessian(f)(t.ones(3)),
    lambda t, f: t.func.vmap(t.func.grad(lambda x: f(x).sum()))(t.ones(2, 3)),
]
WRITES = [
    lambda t, y, x: y.copy_(x),
    lambda t, y, x: y.add_(1),
    lambda t, y, x: y.mul_(x),
    lambda t, y, x: y.pow_(2),
    lambda t, y, x: y.relu_(),
    lambda t, y, x: y.zero_(),
    lambda t, y, x: y.unsqueeze_(0),
    lambda t, y, x: y[1:].add_(1),
    lambda t, y, x: y.detach().add_(1),
    lambda t, y, x: y.__setitem__(0, x[0]),
    lambda t, y, x: y.__setitem__(slice(None), 2.0),
    lambda t, y, x: y.__setitem__(t.tensor([0, 1]), 2.0),
]


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("write", WRITES)
def test_a_captured_tensor_is_not_written(transform, write):
    def program(t):
        y = t.ones(3)

        def f(x):
            write(t, y, x)
            return x * 2

        return transform(t, f)

    assert "would mutate a captured Tensor" in agree(program)[1]


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_what_was_made_inside_is_written(transform):
    def program(t):
        def f(x):
            y = t.zeros(3)
            y[1:] = x[1:] * 2
            y.detach().add_(0)
            return y.mul_(x)

        return transform(t, f)

    agree(program)


def test_arguments_are_written():
    def program(t):
        def f(x, y):
            y.add_(1)
            return (x * y).sum()

        y = t.zeros(3)
        return t.func.grad(f)(t.ones(3), y), y, t.func.jvp(lambda x: x.mul_(3), (t.ones(3),), (t.ones(3),))

    agree(program)


def test_requires_grad_is_refused():
    for on in (True, False):
        for transform in TRANSFORMS:
            assert (
                "requires_grad_()"
                in agree(lambda t, h=transform, on=on: h(t, lambda x: x * t.ones(3).requires_grad_(on)))[1]
            )


def test_what_samples_share_stays_whole():
    def program(t):
        x, w = t.arange(3.0), t.eye(3)

        def f(x):
            return x * x * x.detach().sum().item() if x.sum() > 0 else x

        return [
            t.func.vmap(lambda c: t.func.vjp(f, x)[1](c)[0])(w),
            t.func.vmap(lambda c: t.func.vjp(f, x)[0], out_dims=None)(w),
            t.func.vmap(lambda c: t.func.grad(lambda x: (f(x) * c).sum())(x))(w),
            t.func.vmap(lambda c: t.func.grad(lambda x: (f(x) @ c) ** 2)(c * x) @ x)(w + 1),
        ]

    agree(program)


def test_a_shared_tensor_has_a_gradient_for_every_sample():
    def program(t):
        x, w = t.tensor([0.5, -1.0, 2.0]), t.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])

        def loss(x, w):
            return ((x * w) ** 2 @ x).cumsum(0).sum()

        inner = t.func.grad(loss)
        return [
            t.func.vmap(inner, (None, 0))(x, w),
            t.func.vmap(t.func.grad(lambda x, w: inner(x, w) @ x), (None, 0))(x, w),
            t.func.vmap(t.func.jacrev(inner), (None, 0))(x, w),
            t.func.grad(lambda x: t.func.vmap(inner, (None, 0))(x, w).sum())(x),
            t.func.vmap(t.func.hessian(loss), (None, 0))(x, w),
            t.func.vmap(lambda a: t.func.vmap(lambda b: t.func.grad(loss)(x * a, b))(w))(w),
        ]

    agree(program)


def test_printing_shows_the_wrappers():
    def program(t):
        seen = []

        def f(x):
            seen.extend((repr(x), repr(x * 2), repr(t.ones(2))))
            return x.sum()

        x = t.arange(6.0).view(2, 3)
        t.func.grad(f)(x)
        t.func.vmap(f)(x)
        t.func.vmap(f, 1)(x)
        t.func.vmap(t.func.grad(f))(x)
        t.func.grad(lambda x: t.func.vmap(f)(x).sum())(x)
        t.func.grad(lambda x: t.func.grad(f)(x).sum())(x)
        t.func.jvp(f, (x,), (x,))
        t.func.vmap(lambda x: t.func.jvp(f, (x,), (x,)))(x)
        t.func.hessian(f)(x)
        t.func.jacfwd(f)(x)
        return seen

    agree(program)


def test_the_value_beside_a_gradient_has_a_tangent():
    agree(lambda t: t.func.jvp(t.func.grad_and_value(lambda x: (x * x).sum()), (t.arange(3.0),), (t.ones(3),)))


def test_a_write_through_a_view_is_seen_by_all():
    def program(t):
        def f(a, b):
            c = a * 1
            c[0].add_(b[1])
            d = c.view(3)
            d.mul_(b)
            return c, d

        x = t.tensor([[0.5, -1.0, 2.0], [4.0, 5.0, 6.0]])
        return [
            t.func.vmap(lambda x, y: t.func.jacrev(lambda v: f(x, v))(y))(x, x * 2),
            t.func.jvp(lambda v: t.func.vjp(lambda w: f(w, v)[0], x[0])[1](x[1])[0], (x[0],), (x[1],)),
            t.func.hessian(lambda v: f(v, x[0])[0].sum())(x[1]),
            t.func.vmap(t.func.grad(lambda w: (t.func.hessian(lambda v: f(v, w)[0].sum())(w) @ w).sum()))(x),
        ]

    agree(program)


def test_leaves_made_inside_a_transform_are_its_own():
    def program(t):
        def f(x):
            return (x * t.ones(3, requires_grad=True)).sum()

        return [
            made.requires_grad
            for made in (t.func.grad(f)(t.ones(3)), t.func.jacrev(f)(t.ones(3)), t.func.vjp(f, t.ones(3))[0])
        ]

    assert agree(program) == [False] * 3


def test_generated_rules_nest():
    def program(t):
        class Cube(t.autograd.Function):
            generate_vmap_rule = True

            @staticmethod
            def forward(x, k):
                return x**3 * k

            @staticmethod
            def setup_context(ctx, inputs, output):
                ctx.save_for_backward(inputs[0])
                ctx.save_for_forward(inputs[0])
                ctx.k = inputs[1]

            @staticmethod
            def backward(ctx, g):
                return 3 * ctx.k * ctx.saved_tensors[0] ** 2 * g, None

            @staticmethod
            def jvp(ctx, tangent, _):
                return 3 * ctx.k * ctx.saved_tensors[0] ** 2 * tangent

        def f(x):
            return Cube.apply(x, 2)

        x = t.arange(12.0).view(2, 2, 3)
        return [
            t.func.vmap(t.func.vmap(f))(x),
            t.func.vmap(t.func.vmap(t.func.jacrev(f)))(x),
            t.func.vmap(t.func.vmap(t.func.jacfwd(f)))(x),
            t.func.jvp(t.func.vmap(f), (x,), (x,)),
            t.func.vmap(t.func.hessian(lambda x: f(x).sum()))(x[0]),
            t.func.vmap(t.func.hessian(lambda x: t.func.vmap(f)(x).sum()))(x[0]),
            t.func.vmap(lambda x: t.func.jacfwd(lambda v: t.func.vmap(lambda w: f(v) * w)(x))(x))(x[0]),
        ]

    agree(program)


@pytest.mark.parametrize(
    "name", ["add", "sub", "mul", "pow", "copy", "atan2", "gt", "bitwise_or", "lerp", "fill", "index_add"]
)
def test_a_shared_tensor_takes_no_batch(name):
    def write(t, y, x):
        if name == "lerp":
            return y.lerp_(x, 0.5)
        if name == "fill":
            return y.fill_(x[0])
        if name == "index_add":
            return y.index_add_(0, t.tensor([0, 1, 2]), x)
        if name == "bitwise_or":
            return y.int().bitwise_or_(x.int())
        return getattr(y, name + "_")(x)

    def program(t):
        return t.func.vmap(lambda x: write(t, t.ones(3), x))(t.ones(2, 3))

    def inner(t):
        return t.func.vmap(lambda y: t.func.vmap(lambda x: write(t, y * 1, x))(t.ones(2, 3)))(t.ones(4, 3))

    for where in (program, inner):
        assert agree(where)[0] == "RuntimeError"


def test_dropout_of_what_samples_share_has_a_mask_for_each():
    def program(t):
        t.manual_seed(0)
        drop = t.nn.functional.dropout
        return t.func.vmap(
            lambda s: (
                t.func.grad(lambda x: drop(x, 0.5).sum())(t.ones(4))
                + t.func.grad(lambda x: (drop(x, 0.5) * s).sum())(s)
            ),
            randomness="different",
        )(t.ones(3, 4))

    agree(program)


def test_arguments_beside_those_of_jacfwd_are_written():
    agree(lambda t: t.func.jacfwd(lambda x, y: y.copy_(x))(t.ones(3), t.zeros(3)))


def test_a_vmap_rule_is_told_where_the_samples_are():
    def program(t):
        seen = []

        class Same(t.autograd.Function):
            @staticmethod
            def forward(x, y):
                return x + y

            @staticmethod
            def setup_context(ctx, inputs, output):
                pass

            @staticmethod
            def vmap(info, in_dims, x, y):
                seen.append((in_dims, tuple(x.shape)))
                return x, in_dims[0]

        made = t.func.vmap(Same.apply, (1, None), 1)(t.arange(6.0).view(2, 3), t.ones(2))
        return seen, made

    agree(program)


def test_cotangents_of_samples_that_are_dual_numbers():
    def program(t):
        w = t.tensor([[1.0, 2.0, -1.0], [0.5, 1.0, 4.0]])

        def f(v, x):
            return t.func.vmap(lambda w: t.func.vjp(lambda u: x * u, v)[1](w * v)[0])(w)

        return t.func.vmap(lambda x: t.func.jacfwd(lambda v: f(v, x * v))(x) @ x)(w)

    agree(program)
