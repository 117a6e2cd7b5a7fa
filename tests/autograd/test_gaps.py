"""Where no gradient arrives, and what hooks see there; views that keep gradients; what unpack hooks give: as in torch."""

import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])


def stops(t):
    """A Function that gives no gradient back."""

    class Stop(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            return None

    return Stop.apply


@BOTH
def test_hooks_are_called_where_no_gradient_arrives(t):
    seen = []
    first, second = t.rand(2, requires_grad=True).unbind()
    first.register_hook(lambda g: seen.append(g))
    second.backward()
    assert seen == [None]
    leaf = t.ones(2, requires_grad=True)
    leaf.register_hook(lambda g: seen.append(("leaf", g)))
    inner = leaf * 2
    inner.register_hook(lambda g: seen.append(("inner", g)))
    stops(t)(inner).sum().backward()
    assert seen[1:] == [("inner", None), ("leaf", None)] and leaf.grad is None


@BOTH
def test_a_hook_cannot_make_a_gradient_out_of_none(t):
    first, second = t.rand(2, requires_grad=True).unbind()
    first.register_hook(lambda g: t.ones(()))
    with pytest.raises(RuntimeError, match="can't replace a None gradient with a non-None value"):
        second.backward()


@BOTH
def test_a_function_below_a_gap_sees_zeros(t):
    seen = []

    class Sees(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            seen.append(g.tolist())
            return g

    stops(t)(Sees.apply(t.ones(2, requires_grad=True))).sum().backward()
    assert seen == [[0.0, 0.0]]


@BOTH
def test_post_hooks_of_a_leaf_see_its_gradient(t):
    seen, x = [], t.ones(1, requires_grad=True)
    y = x.clone()
    accumulate = y.grad_fn.next_functions[0][0]
    accumulate.register_hook(lambda out, given: seen.append((out, [g.tolist() for g in given])))
    x.register_hook(lambda g: g * 3)
    y.sum().backward()
    assert seen == [((), [[3.0]])]


@BOTH
@pytest.mark.parametrize("materialize", [True, False])
def test_gradients_of_outputs_that_have_none(t, materialize):
    seen = []

    class Many(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            fixed = x.clone()
            ctx.mark_non_differentiable(fixed)
            ctx._materialize_non_diff_grads = materialize
            return x.clone(), 3, x.clone(), fixed, t.ones(1, dtype=t.int64), None

        @staticmethod
        def backward(ctx, *grads):
            seen.extend(g if g is None else g.tolist() for g in grads)
            return grads[0]

    Many.apply(t.ones(1, requires_grad=True))[0].backward()
    assert seen == [[1.0], None, [0.0], *([[0.0], [0]] if materialize else [None, None]), None]


@BOTH
def test_setup_context_sees_defaults(t):
    class Power(t.autograd.Function):
        @staticmethod
        def forward(x, y=3):
            return x**y

        @staticmethod
        def setup_context(ctx, inputs, output):
            ctx.x, ctx.y = inputs

        @staticmethod
        def backward(ctx, g):
            return g * ctx.y * ctx.x ** (ctx.y - 1), None

    x = t.tensor(2.0, requires_grad=True)
    Power.apply(x).backward()
    assert x.grad.item() == 12


@BOTH
def test_mark_dirty_of_what_is_not_an_input_is_a_warning_while_recording(t):
    class Wrong(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 3
            ctx.mark_dirty(y)
            return y

        @staticmethod
        def backward(ctx, g):
            return 3 * g

    x = t.ones(1, requires_grad=True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert Wrong.apply(x).item() == Wrong.apply(x.detach()).item() == 3
    assert len([w for w in caught if "ctx.mark_dirty() received a tensor that was not an input" in str(w.message)]) == 1


@BOTH
def test_views_keep_retaining_after_a_write(t):
    base = t.ones(1, requires_grad=True).clone()
    written, other = base[:], base[:]
    written.retain_grad()
    other.retain_grad()
    written.mul_(2)
    (written + other).sum().backward()
    assert written.grad.tolist() == other.grad.tolist() == [1.0]


@BOTH
def test_what_an_unpack_hook_gives_is_used_for_leaves_too(t):
    x = t.tensor([3.0], requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda v: v, lambda v: 2 * v):
        y = x**3
        (g,) = t.autograd.grad(y.sum(), x, create_graph=True)
        g.sum().backward()
    assert (g.item(), x.grad.item()) == (108.0, 144.0)


@BOTH
def test_gradient_edges_cannot_be_materialized(t):
    x, y = (t.rand(2, requires_grad=True).clone() for _ in range(2))
    edge = t.autograd.graph.GradientEdge(y.grad_fn, y.output_nr)
    with pytest.raises(RuntimeError, match="materialize_grads cannot be used when the given input is a GradientEdge"):
        t.autograd.grad(x.clone().sum(), (x, edge), allow_unused=True, materialize_grads=True)


@BOTH
def test_gradcheck_moves_the_inputs_themselves(t):
    x = t.rand(2, dtype=t.float64, requires_grad=True)
    kept = x.detach().clone()
    assert t.autograd.gradcheck(lambda _: x.exp(), (x,))
    assert x.tolist() == kept.tolist() and x._version == 0

    def hooked(a):
        a.register_hook(lambda g: g)
        return a * 2

    assert t.autograd.gradcheck(hooked, (x,))


@BOTH
def test_what_is_asked_for_and_passed_on_is_seen_before_hooks(t):
    x = t.ones(1, requires_grad=True)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    y.grad_fn.register_prehook(lambda g: (g[0] * 100,))
    y.retain_grad()
    assert [g.item() for g in t.autograd.grad((y * 1).sum(), (x, y), retain_graph=True)] == [2000.0, 1.0]
    assert y.grad.item() == 10
    assert t.autograd.grad((y * 1).sum(), y)[0].item() == 10
    called = []
    x.grad_fn_of_leaf = (x * 1).grad_fn.next_functions[0][0]
    x.grad_fn_of_leaf.register_prehook(called.append)
    t.autograd.grad((x * 2).sum(), x)
    assert called == []


@BOTH
def test_backward_into_what_is_no_leaf_retains_there(t):
    x = t.ones(2, requires_grad=True)
    y = x * 2
    z = y * 3
    z.sum().backward(inputs=[y], retain_graph=True)
    assert y.grad.tolist() == [3.0, 3.0] and y.retains_grad and x.grad is None
    z.sum().backward(inputs=[y, x])
    assert y.grad.tolist() == x.grad.tolist() == [6.0, 6.0]
    with pytest.raises(RuntimeError, match="second time"):
        z.sum().backward(inputs=[y])
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        (x * 2).sum().backward(inputs=[t.ones(1)])


@BOTH
def test_leaf_hooks_follow_one_another(t):
    x = t.rand(3, requires_grad=True)

    def last(out, given):
        x.grad = given[0] * 10

    accumulate = x.view_as(x).grad_fn.next_functions[0][0]
    x.register_hook(lambda g: g - 2)
    accumulate.register_prehook(lambda g: (g[0] / 5,))
    x.register_post_accumulate_grad_hook(lambda v: (v.grad.add_(0.5), None)[1])
    accumulate.register_hook(last)
    x.sum().backward()
    assert x.grad.tolist() == pytest.approx([3.0, 3.0, 3.0])
    x = t.rand(3, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda v: v)
    x.sum().backward()
    x.register_post_accumulate_grad_hook(lambda v: v.grad)
    with pytest.raises(RuntimeError, match="Tensor post accumulate grad hooks should return None."):
        x.sum().backward()


@BOTH
def test_an_unpack_hook_is_called_once(t):
    counts = [0, 0]

    def pack(v):
        counts[0] += 1
        return v

    def unpack(v):
        counts[1] += 1
        return v

    with t.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = t.ones(5000, requires_grad=True) * t.ones(5000)
    y.sum().backward()
    assert counts == [1, 1]


@BOTH
def test_materialized_gradients_can_be_differentiated(t):
    x = t.ones(1, requires_grad=True)
    (g,) = t.autograd.grad(t.ones(1, requires_grad=True).sum(), x, create_graph=True, materialize_grads=True)
    assert g.requires_grad and t.autograd.grad(g.sum(), x, materialize_grads=True)[0].item() == 0


@BOTH
def test_one_gradient_that_arrives_twice_counts_twice(t):
    x = t.ones(3, requires_grad=True)
    y = x * 2
    (y + y).sum().backward()
    assert x.grad.tolist() == [4.0] * 3
    assert t.autograd.grad(x + x, x, t.ones(3))[0].tolist() == [2.0] * 3
    w = t.ones(2, 2, requires_grad=True)
    assert t.autograd.grad((w @ w + w @ w).sum(), w)[0].tolist() == [[8.0, 8.0], [8.0, 8.0]]
