"""torch.library: operations that a program defines, with their derivatives; control flow as functions."""

import pytest

import wengert as wg
from wengert.library import Library, custom_op, define, impl, register_autograd


@custom_op("tests_library::cube", mutates_args=())
def cube(x: wg.Tensor, *, scale: float = 1.0) -> wg.Tensor:
    """scale x^3, through NumPy."""
    return wg.from_numpy(x.detach().numpy() ** 3) * scale


def test_an_operation_is_called_by_its_name():
    assert wg.ops.tests_library.cube(wg.tensor([2.0]), scale=0.5).tolist() == [4.0]
    assert wg.ops.tests_library.cube.default(wg.tensor([2.0])).tolist() == [8.0]
    assert repr(cube) == "<CustomOpDef(tests_library::cube)>"
    with pytest.raises(AttributeError, match="'_OpNamespace' 'tests_library' object has no attribute 'nothing'"):
        wg.ops.tests_library.nothing  # noqa: B018
    assert not hasattr(wg.ops, "no_such_namespace")


def test_it_has_the_derivative_that_was_registered():
    @custom_op("tests_library::square", mutates_args=())
    def square(x: wg.Tensor) -> wg.Tensor:
        return (x.detach().double() ** 2).to(x.dtype)

    x = wg.tensor([3.0], requires_grad=True)
    with pytest.raises(RuntimeError, match=r"^Trying to backward through tests_library.square.default but no autograd"):
        square(x).backward()

    def setup(ctx, inputs, output):
        ctx.save_for_backward(*inputs)

    square.register_autograd(lambda ctx, g: g * 2 * ctx.saved_tensors[0], setup_context=setup)
    square(x).backward()
    assert x.grad.tolist() == [6.0]


def test_keyword_only_arguments_reach_the_setup():
    def setup(ctx, inputs, keyword_only_inputs, output):
        ctx.scale, ctx.x = keyword_only_inputs["scale"], inputs[0]

    register_autograd("tests_library::cube", lambda ctx, g: g * 3 * ctx.scale * ctx.x**2, setup_context=setup)
    x = wg.tensor([2.0], requires_grad=True)
    cube(x, scale=0.5).backward()
    assert x.grad.tolist() == [6.0]


def test_a_library_of_schemas():
    library = Library("tests_library2", "DEF")
    library.define("double(Tensor x) -> Tensor")
    library.impl("double", lambda x: x * 2, "CPU")
    library.impl("double", lambda x: x * 0, "Meta")
    assert wg.ops.tests_library2.double(wg.ones(1)).tolist() == [2.0]
    define("tests_library2::half", "(Tensor x) -> Tensor")
    impl("tests_library2::half", "cpu", lambda x: x / 2)
    assert wg.ops.tests_library2.half(wg.ones(1)).tolist() == [0.5]
    with pytest.raises(RuntimeError, match="Could not find the operator tests_library2::third"):
        impl("tests_library2::third", "cpu", lambda x: x / 3)


def test_a_scan_with_any_function():
    from wengert._higher_order_ops.associative_scan import associative_scan

    x = wg.tensor([[1.0, 2.0, 3.0]], requires_grad=True)
    products = associative_scan(lambda a, b: a * b, x, 1)
    assert products.tolist() == [[1.0, 2.0, 6.0]]
    assert wg.autograd.grad(products[0, 2], x)[0].tolist() == [[6.0, 3.0, 2.0]]
    decay, total = associative_scan(
        lambda a, b: (a[0] * b[0], a[1] * b[0] + b[1]), (wg.full((3,), 0.5), wg.ones(3)), 0, reverse=True
    )
    assert decay.tolist() == [0.125, 0.25, 0.5] and total.tolist() == [1.75, 1.5, 1.0]


def test_an_operation_over_kernels_of_triton_runs_its_function():
    torch = pytest.importorskip("torch")

    def program(torch):
        thrice = torch.library.triton_op("tests_library::thrice", mutates_args=())
        x = torch.ones(2, requires_grad=True)

        def kernel(x: torch.Tensor) -> torch.Tensor:
            return x * 3

        kernel.__annotations__ = {"x": torch.Tensor, "return": torch.Tensor}
        op = thrice(kernel)
        with pytest.raises(RuntimeError, match="no autograd formula was registered"):
            op(x).sum().backward()
        op.register_autograd(lambda ctx, g: g * 3)
        op(x).sum().backward()
        return op(x).tolist(), torch.ops.tests_library.thrice(x).tolist(), x.grad.tolist()

    assert program(wg) == program(torch)
