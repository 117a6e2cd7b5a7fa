"""Who is asked before a call runs: classes with `__torch_function__` and modes, at the rarer doors. The same program in both."""

import copy
import importlib
import inspect
import warnings

import pytest

import wengert

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("t", [wengert, torch], ids=["wengert", "torch"])


def part(t, name):
    """A module of one of the two."""
    return importlib.import_module(f"{t.__name__}.{name}")


class Taker:
    """Takes every call over and tells which it was."""

    @classmethod
    def __torch_function__(cls, func, types, args=(), kwargs=None):
        return f"took {func.__name__}"


def replaced(tensor, index, value):
    tensor[index] = value
    return tensor.tolist()


@BOTH
def test_gradients_of_a_subclass_are_of_the_subclass(t):
    class Sub(t.Tensor):
        pass

    p = t.ones(2).as_subclass(Sub).requires_grad_()
    (grad,) = t.autograd.grad((p * 2).sum(), p)
    assert type(grad) is Sub and grad.tolist() == [2.0, 2.0]
    (p * 3).sum().backward()
    assert type(p.grad) is t.Tensor and p.grad.tolist() == [3.0, 3.0]


@BOTH
def test_backward_passes_ask_what_they_are_given(t):
    class Sub(t.Tensor):  # from here on functions written in Python ask
        pass

    assert t.autograd.grad(Taker(), Taker()) == "took grad"
    assert t.autograd.grad([Taker()], [Taker()]) == "took grad"
    assert t.autograd.backward(Taker()) == "took backward"


@BOTH
@pytest.mark.parametrize(
    "name", ["is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg", "is_signed", "numel"]
)
def test_questions_ask(t, name):
    assert getattr(t, name)(Taker()) == f"took {name}"
    seen = []

    class Sub(t.Tensor):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append(func)
            return "asked"

    assert getattr(t, name)(t.ones(1).as_subclass(Sub)) == "asked" and seen == [getattr(t, name)]
    if name != "numel":
        assert getattr(t.ones(1).as_subclass(Sub), name)() == "asked" and seen[1] == getattr(t.Tensor, name)


@BOTH
def test_an_index_and_what_is_assigned_may_take_over(t):
    x = t.tensor([5, 6])
    assert x[Taker()] == x[0, Taker()] == "took __getitem__"
    assert replaced(x, Taker(), 1) == replaced(x, (0, Taker()), 1) == replaced(x, 0, Taker()) == [5, 6]

    class Sub(t.Tensor):
        pass

    chosen = x[t.tensor([True, False]).as_subclass(Sub)]
    assert type(chosen) is Sub and chosen.tolist() == [5]
    assert replaced(x, t.tensor([1]).as_subclass(Sub), t.tensor(9).as_subclass(Sub)) == [5, 9]
    with pytest.raises(IndexError, match="are valid indices"):
        x[object()]


@BOTH
def test_modes_see_what_makes_tensors(t):
    class Mode(part(t, "overrides").TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return func.__name__

    one = t.ones(1)
    with Mode() as mode:
        current, stack = (
            part(t, "overrides")._get_current_function_mode(),
            part(t, "overrides")._get_current_function_mode_stack(),
        )
        made = [
            t.tensor([1]),
            t.as_tensor([1]),
            t.asarray([1]),
            t.hann_window(3),
            t.sparse_coo_tensor([[0]], [1.0], (1,)),
        ]
        made += [t.numel(one), t.is_floating_point(one)]
    assert current is mode and stack == [mode]
    assert made == ["tensor", "as_tensor", "asarray", "hann_window", "sparse_coo_tensor", "numel", "is_floating_point"]
    assert t.tensor([1]).tolist() == [1]


@BOTH
def test_a_mode_of_class_methods_is_refused(t):
    class Mode(part(t, "overrides").TorchFunctionMode):
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            return func(*args, **(kwargs or {}))

    x = t.ones(1)
    with (
        pytest.raises(RuntimeError, match="^Defining your mode's `__torch_function__` as a classmethod is not supp"),
        Mode(),
    ):
        x + x


@BOTH
def test_a_handler_that_is_a_method_of_objects_is_warned_of(t):
    class Old:
        def __torch_function__(self, func, types, args=(), kwargs=None):
            return "old"

    with pytest.warns(UserWarning, match="^Defining your `__torch_function__` as a plain method is deprecated"):
        assert t.abs(Old()) == "old"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert t.abs(Taker()) == "took abs"


@BOTH
def test_overridable_functions_have_stand_ins_of_their_signature(t):
    overrides = part(t, "overrides")
    found = overrides.get_testing_overrides()
    for function in (t.add, t.Tensor.add_, t.stack, t.Tensor.backward, t.nn.functional.mse_loss, t.linalg.det):
        assert function in found
    assert list(inspect.signature(found[t.matmul]).parameters)[:2] == ["input", "other"]
    assert found[t.nn.functional.linear](1, 2) == -1
    with pytest.raises(TypeError, match="^expected a sequence$"):
        overrides.has_torch_function(object())
    assert part(t, "utils._mode_utils").all_same_mode([1, 1]) and not part(t, "utils._mode_utils").all_same_mode([1, 2])


@BOTH
def test_overloads_are_not_copied(t):
    packet = t.ops.aten.add
    assert copy.deepcopy({packet.Tensor: packet}) == {packet.Tensor: packet}


@BOTH
def test_distributions_take_what_takes_over(t):
    assert part(t, "distributions.utils").broadcast_all(Taker(), 1.0) == "took broadcast_tensors"


@BOTH
def test_an_unpacked_leaf_shows_as_a_leaf(t):
    x = t.ones(2, requires_grad=True)
    with t.autograd.graph.saved_tensors_hooks(lambda s: s.tolist(), t.tensor):
        y = x * x
    saved = y.grad_fn._saved_self
    assert saved is not x and saved.is_leaf and saved.grad_fn is None and saved.requires_grad
    assert repr(saved) == "tensor([1., 1.], requires_grad=True)"
    (saved * 3).sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


@BOTH
def test_save_on_cpu_keeps_no_copy_unless_pinned(t):
    x = t.ones(2, requires_grad=True) * 2
    with t.autograd.graph.save_on_cpu():
        y = x * x
    assert y.grad_fn._saved_self.data_ptr() == x.data_ptr()
