"""Private names of torch's that programs about autograd use: the same program gives the same in both."""

import pytest

import wengert

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])


def private(t):
    """torch._C of one of the two."""
    import importlib

    return importlib.import_module(t.__name__ + "._C")


def error(kind, function, *args):
    """The text of the error that a call ends in."""
    with pytest.raises(kind) as caught:
        function(*args)
    return str(caught.value)


@BOTH
def test_callbacks_run_once_when_the_pass_is_over_and_may_add_callbacks(t):
    engine, order = t.autograd.Variable._execution_engine, []
    x = t.ones(2, requires_grad=True)

    def last():
        order.append("last")

    def first():
        order.append(x.grad.tolist())
        engine.queue_callback(last)

    x.register_hook(lambda g: engine.queue_callback(first))
    (x * 3).sum().backward()
    assert order == [[3.0, 3.0], "last"]
    assert error(RuntimeError, engine.queue_callback, first).startswith("Final callbacks can only be installed")


@BOTH
def test_the_engine_under_its_old_name(t):
    run = t.autograd.Variable._execution_engine.run_backward
    x, other = t.ones(2, requires_grad=True), t.ones(1, requires_grad=True)
    y, g = x * x, t.ones(2)
    assert [v.tolist() for v in run((y,), (g,), True, False, (x,), True, False)] == [[2.0, 2.0]] and x.grad is None
    assert run((y,), (g,), True, False, (x,), True, True) is None and x.grad.tolist() == [2.0, 2.0]
    assert run((y,), (g,), True, False, (), True, True) is None and x.grad.tolist() == [4.0, 4.0]
    assert "appears to not have been used" in error(RuntimeError, run, (y,), (g,), True, False, (other,), False, False)


@BOTH
def test_what_the_running_pass_says_about_itself(t):
    c, seen = private(t), {}
    x = t.ones(2, requires_grad=True)
    y = x.exp()

    def hook(g):
        seen["pass"], seen["keeps"] = c._current_graph_task_id(), c._autograd._get_current_graph_task_keep_graph()
        seen["node"] = type(c._current_autograd_node()).__name__
        seen["runs"] = c._will_engine_execute_node(y.grad_fn)

    y.register_hook(hook)
    y.sum().backward(retain_graph=True)
    first = seen["pass"]
    y.sum().backward()
    assert seen == {"pass": first + 1, "keeps": False, "node": "ExpBackward0", "runs": True}
    assert (c._current_graph_task_id(), c._current_autograd_node()) == (-1, None)
    assert "expects an grad_fn, but got Tensor" in error(RuntimeError, c._will_engine_execute_node, x)
    assert "only be called during the backward pass" in error(RuntimeError, c._will_engine_execute_node, y.grad_fn)


@BOTH
def test_whether_a_leaf_runs_is_not_known_in_grad(t):
    x = t.ones(2, requires_grad=True)
    y = x.exp()
    t.autograd.graph.register_multi_grad_hook([x], print)
    with pytest.raises(RuntimeError, match="A leaf node was passed to _will_engine_execute_node"):
        t.autograd.grad(y.sum(), x)


@BOTH
def test_special_nodes(t):
    functions = private(t)._functions
    x = t.ones(2, requires_grad=True)
    late = functions.DelayedError("not this way", 1)(x)
    assert late.grad_fn.name().endswith("Error") and late.tolist() == [1.0, 1.0]
    assert error(RuntimeError, late.sum().backward).startswith("not this way")
    functions.UndefinedGrad()(x).sum().backward()
    assert x.grad is None
    assert isinstance((x * 2).grad_fn, functions.MulBackward0)
    assert isinstance((x * 2).grad_fn.next_functions[0][0], functions.AccumulateGrad)
    assert error(RuntimeError, functions.AccumulateGrad) == "Cannot construct"
    assert error(AttributeError, getattr, functions, "NoSuchBackward0")


@BOTH
def test_version_counters_can_be_set(t):
    x = t.ones(2)
    x.add_(1)
    with t.autograd._unsafe_preserve_version_counter(x):
        x.mul_(2).mul_(2)
    assert x._version == 1
    setter = private(t)._autograd._unsafe_set_version_counter
    setter((x,), (5,))
    assert x._version == 5
    assert error(RuntimeError, setter, (x,), (-1,)) == "Cannot set a version_counter to a value below 0: -1"


@BOTH
def test_hooks_on_saved_tensors_cannot_be_disabled_inside_a_block_of_them(t):
    graph, enabled = t.autograd.graph, private(t)._autograd._saved_tensors_hooks_is_enabled
    with graph.saved_tensors_hooks(lambda x: x, lambda x: x), pytest.raises(RuntimeError, match="^no$"):
        graph.disable_saved_tensors_hooks("no").__enter__()
    assert enabled()
    with graph.disable_saved_tensors_hooks("no"):
        assert not enabled()


@BOTH
def test_once_differentiable_ends_in_an_error_node(t):
    class Double(t.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @t.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    x = t.ones(2, requires_grad=True)
    g = t.ones(2, requires_grad=True)
    (got,) = t.autograd.grad(Double.apply(x), x, g, create_graph=True)
    assert type(got.grad_fn).__name__ == "Error"
    assert "differentiate twice a function that was marked with @once_diff" in error(RuntimeError, got.sum().backward)


@BOTH
def test_variable_checks_what_it_is_given(t):
    variable = t.autograd.Variable
    assert variable().shape == (0,)
    assert error(TypeError, variable, [1.0]) == "Variable data has to be a tensor, but got list"
    assert "floating point and complex" in error(RuntimeError, variable, t.ones(1, dtype=t.int64), True)
    with pytest.warns(UserWarning, match="volatile was removed"):
        variable(t.ones(1), volatile=True)


@BOTH
def test_layouts_and_thread_modes_have_names(t):
    assert str(t.sparse_csr) == "torch.sparse_csr"
    with t.autograd.set_multithreading_enabled(False):
        assert not t.autograd.is_multithreading_enabled()
    assert t.autograd.is_multithreading_enabled()
    from importlib import import_module

    resize = import_module(t.__name__ + ".autograd._functions").Resize
    assert resize.apply(t.arange(4.0), (2, 2)).shape == (2, 2)
    assert "requested resize to 3x2 (6 elements" in error(RuntimeError, resize.apply, t.ones(4), (3, 2))
