"""torch.fx: graphs, their code and their errors are torch's; modules of graphs compute, copy, pickle and train."""

import copy
import pickle

import programs
import pytest

import wengert as wg
from wengert import fx


def doubled(x):
    return [2 * value for value in x]


fx.wrap("doubled")


@pytest.mark.parametrize("name", sorted(programs.PROGRAMS))
def test_as_torch(name):
    torch = pytest.importorskip("torch")
    theirs_fx = pytest.importorskip("torch.fx")

    ours, theirs = programs.PROGRAMS[name](wg, fx), programs.PROGRAMS[name](torch, theirs_fx)
    assert str(ours) == str(theirs)


def test_wrapped_functions_are_one_node():
    module = fx.symbolic_trace(lambda x: doubled(x))
    assert [node.op for node in module.graph.nodes] == ["placeholder", "call_function", "output"]
    assert module([1, 2]) == [2, 4]
    assert doubled([1]) == [2]  # put back after the trace


def test_modules_are_as_they_were_after_a_trace_that_failed():
    call, get = wg.nn.Module.__call__, wg.nn.Module.__getattr__
    with pytest.raises(fx.proxy.TraceError):
        fx.symbolic_trace(lambda x: 1 if x else 0)
    assert wg.nn.Module.__call__ is call
    assert wg.nn.Module.__getattr__ is get


def test_gradients_through_a_traced_module():
    plain = wg.nn.Sequential(wg.nn.Linear(3, 4), wg.nn.Tanh(), wg.nn.Linear(4, 1))
    traced = fx.symbolic_trace(plain)
    x = wg.randn(5, 3)
    plain(x).sum().backward()
    expected = [p.grad.clone() for p in plain.parameters()]
    plain.zero_grad()
    traced(x).sum().backward()  # the same parameters
    for p, e in zip(traced.parameters(), expected):
        assert wg.equal(p.grad, e)


@pytest.mark.parametrize("again", [copy.deepcopy, lambda module: pickle.loads(pickle.dumps(module))])
def test_copies_are_apart(again):
    module = fx.symbolic_trace(wg.nn.Sequential(wg.nn.Linear(2, 2), wg.nn.ReLU()))
    other = again(module)
    assert other.code == module.code
    x = wg.randn(3, 2)
    assert wg.equal(other(x), module(x))
    with wg.no_grad():
        next(other.parameters()).zero_()
    assert not wg.equal(other(x), module(x))


def test_to_folder_is_a_package(tmp_path, monkeypatch):
    import importlib
    import sys

    module = fx.symbolic_trace(wg.nn.Sequential(wg.nn.Linear(2, 2), wg.nn.ReLU()))
    with pytest.warns(UserWarning, match="Was not able to save the following children modules as reprs"):
        module.to_folder(tmp_path / "written", "Written")
    source = (tmp_path / "written" / "module.py").read_text()
    assert "class Written(torch.nn.Module):" in source
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", wg)
    for name in ("torch.nn", "torch.fx", "torch.fx._pytree", "torch.utils", "torch.utils._pytree"):
        monkeypatch.setitem(sys.modules, name, importlib.import_module(name.replace("torch", "wengert", 1)))
    made = importlib.import_module("written").Written()
    x = wg.randn(3, 2)
    assert wg.equal(made(x), module(x))


def test_shapes_are_noted():
    from wengert.fx.passes.shape_prop import ShapeProp

    module = fx.symbolic_trace(wg.nn.Sequential(wg.nn.Conv2d(1, 2, 3)))
    ShapeProp(module).propagate(wg.ones(1, 1, 5, 5))
    assert [tuple(node.meta["tensor_meta"].shape) for node in module.graph.nodes] == [
        (1, 1, 5, 5),
        (1, 2, 3, 3),
        (1, 2, 3, 3),
    ]


def test_a_graph_may_be_edited_while_one_walks_over_it():
    module = fx.symbolic_trace(lambda x: wg.relu(x) + 1)
    for node in module.graph.nodes:
        if node.target is wg.relu:
            with module.graph.inserting_after(node):
                new = module.graph.call_function(wg.tanh, node.args)
            node.replace_all_uses_with(new)
            module.graph.erase_node(node)
    module.recompile()
    assert [node.name for node in module.graph.nodes] == ["x", "tanh", "add", "output"]
    assert wg.equal(module(wg.ones(1)), wg.tanh(wg.ones(1)) + 1)


def test_hooks_of_changes():
    module, seen = fx.symbolic_trace(lambda x: wg.relu(x)), []
    module._register_create_node_hook(lambda node: seen.append(("made", node.name)))
    module._register_erase_node_hook(lambda node: seen.append(("erased", node.name)))
    with module._set_replace_hook(lambda old, new, user: seen.append((old.name, new, user.name))):
        relu = list(module.graph.nodes)[1]
        with module.graph.inserting_after(relu):
            tanh = module.graph.call_function(wg.tanh, relu.args)
        relu.replace_all_uses_with(tanh)
        module.graph.erase_node(relu)
    assert seen == [("made", "tanh"), ("relu", "tanh", "output"), ("erased", "relu")]


def test_calls_of_python_functions_reach_takers_with_their_defaults():
    seen = []

    class Taker:
        @classmethod
        def __torch_function__(cls, func, types, args=(), kwargs=None):
            seen.append((func.__name__, len(args), kwargs or {}))

    wg.nn.functional.relu(Taker())
    wg.split(Taker(), 2)
    wg.relu(Taker())
    assert seen == [("relu", 1, {"inplace": False}), ("split", 2, {"dim": 0}), ("relu", 1, {})]
