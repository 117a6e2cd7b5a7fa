"""Names outside torch's public list that libraries import: they are there and do what torch's do."""

import pytest

import wengert

NAMES = [
    "_C._get_tracing_state",
    "_C._log_api_usage_once",
    "_C.DisableTorchFunctionSubclass",
    "_C._LinAlgError",
    "_C._nn.gelu",
    "_C._nn.flatten_dense_tensors",
    "_C._nn.replication_pad1d",
    "_VF.relu",
    "_dynamo.disable",
    "_dynamo.config",
    "_dynamo.reset",
    "_jit_internal._copy_to_script_wrapper",
    "_jit_internal.boolean_dispatch",
    "_lowrank.svd_lowrank",
    "_utils._flatten_dense_tensors",
    "functional.einsum",
    "functional.F",
    "return_types.max",
    "return_types.sort",
    "optim.optimizer._use_grad_for_differentiable",
    "optim.optimizer._get_value",
    "optim.optimizer.ParamsT",
    "optim.optimizer._default_to_fused_or_foreach",
    "nn.init._no_grad_normal_",
    "nn.init._no_grad_trunc_normal_",
    "nn.functional._Reduction",
    "nn.functional.has_torch_function",
    "nn.functional.handle_torch_function",
    "distributions.utils._standard_normal",
    "distributions.utils._sum_rightmost",
    "distributions.constraints._CorrCholesky",
    "serialization.MAP_LOCATION",
    "thread_safe_generator",
    "DisableTorchFunction",
    "futures.wait_all",
    "utils._pytree.tree_map",
]


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_there_as_in_torch(name):
    import importlib

    for library in (wengert, pytest.importorskip("torch")):
        parts, value = name.split("."), library
        for part in parts:
            found = hasattr(value, part)
            value = getattr(value, part) if found else importlib.import_module(f"{value.__name__}.{part}")


def both(call):
    torch = pytest.importorskip("torch")
    return call(wengert), call(torch)


def test_flat_rows_and_back():
    def call(library):
        tensors = [library.arange(4.0).view(2, 2), library.ones(3)]
        flat = library._utils._flatten_dense_tensors(tensors)
        return [flat.tolist(), *(t.tolist() for t in library._utils._unflatten_dense_tensors(flat, tensors))]

    mine, theirs = both(call)
    assert mine == theirs


def test_cond_and_numbers():
    def call(library):
        x = library.ones(2)
        out = [library.cond(flag, lambda t: t + 1, lambda t: t - 1, (x,)) for flag in (True, library.tensor(False))]
        numbers = [library.sym_max(1, 2.0), library.sym_min(1, 2.0), library.sym_int(-2.7), library.sym_not(False)]
        with pytest.raises(RuntimeError, match="Expected pred to be bool or single-element tensor"):
            library.cond(library.ones(2), lambda t: t, lambda t: t, (x,))
        return [t.tolist() for t in out], numbers, [type(n) for n in numbers]

    mine = call(wengert)
    assert mine == ([[2.0, 2.0], [0.0, 0.0]], [2.0, 1.0, -2, True], [float, float, int, bool])


def test_futures():
    def call(library):
        futures = library.futures
        first, second = futures.Future(), futures.Future()
        chained = first.then(lambda f: f.value() + 1)
        failing = first.then(lambda f: 1 / 0)
        both_done = futures.collect_all([first, second])
        before = (first.done(), both_done.done())
        first.set_result(1)
        second.set_exception(ValueError("no"))
        with pytest.raises(ValueError, match="no"):
            futures.wait_all([first, second])
        with pytest.raises(Exception, match="division by zero"):
            failing.wait()
        with pytest.raises(RuntimeError):
            first.set_result(2)
        with pytest.raises(ValueError, match="no"):
            both_done.wait()
        third = futures.Future()
        third.set_result(3)
        together = futures.collect_all([first, third]).wait()
        return before, chained.wait(), both_done.done(), [f.value() for f in together], futures.wait_all([first, third])

    mine, theirs = both(call)
    assert mine == theirs


def test_return_types_before_their_op_is_called():
    values = wengert.max(wengert.eye(2), 0)
    assert isinstance(values, wengert.return_types.max)
    assert wengert.return_types.sort.n_fields == 2
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        wengert.return_types.nothing  # noqa: B018
