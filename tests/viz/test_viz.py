"""Pictures and words for a graph: what they contain, that they are well-formed, and that nothing is disturbed."""

import doctest
import importlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

import wengert as wg
from wengert import viz


def _line_fit():
    """The mean squared error of a line through three points, and its parameters by name."""
    params = {"w": wg.tensor([2.0], requires_grad=True), "b": wg.tensor([0.5], requires_grad=True)}
    x, t = wg.tensor([1.0, 2.0, 3.0]), wg.tensor([1.0, 3.0, 5.0])
    return ((params["w"] * x + params["b"] - t) ** 2).mean(), params


def test_nodes_and_edges():
    loss, params = _line_fit()
    graph = viz.graph(loss, params)
    titles = [node.title for node in graph.nodes]
    assert titles[:5] == ["output", "mean", "pow", "sub", "add"]
    assert sorted(titles[5:]) == ["b", "mul", "w"]
    assert {n.title: n.shape for n in graph.nodes if n.kind == "parameter"} == {"w": (1,), "b": (1,)}
    for node in graph.nodes:
        assert all(i > node.number for i in node.inputs)


def test_tree():
    x = wg.tensor([1.0, 2.0], requires_grad=True)
    assert viz.graph((x + 1).sum(), {"x": x}).text() == "output  5\n└─ sum  scalar\n   └─ add  2\n      └─ x  2"


def test_a_shared_node_is_shown_once():
    x = wg.tensor(2.0, requires_grad=True)
    y = wg.exp(x)
    text = viz.graph(y * y).text()
    assert text.count("exp") == 2
    assert text.count("↑ exp") == 1


def test_memory_is_counted_once_and_not_for_parameters():
    weight = wg.ones(10, 10, requires_grad=True)
    x = wg.ones(10, 10)
    y = wg.exp(x @ weight)
    assert viz.graph(y, {"weight": weight}).summary().endswith("800 B saved for backward")


def test_places_are_shown_without_the_way_to_them():
    x = wg.ones(3, requires_grad=True)
    page = viz.graph((x * x).sum()).html()
    assert "test_places_are_shown" in page
    assert str(Path(__file__).parent) not in page


def test_freed_buffers_are_said():
    x = wg.ones(3, requires_grad=True)
    loss = (x * x).sum()
    loss.backward()
    graph = viz.graph(loss)
    assert [n.freed for n in graph.nodes if n.title == "mul"] == [True]


def test_svg_is_well_formed_and_boxes_do_not_overlap():
    wg.manual_seed(0)
    model = wg.nn.Sequential(wg.nn.Linear(4, 8), wg.nn.Tanh(), wg.nn.Linear(8, 2))
    x = wg.randn(5, 4)
    y = model(x) + model(x * 2)
    root = ElementTree.fromstring(viz.graph(y.sum(), model).svg())
    name = "{http://www.w3.org/2000/svg}"
    rects = [{k: float(r.get(k)) for k in ("x", "y", "width", "height")} for r in root.iter(f"{name}rect")]
    assert len(rects) == len(viz.graph(y.sum(), model))
    for i, a in enumerate(rects):
        for b in rects[:i]:
            apart = abs(a["y"] - b["y"]) >= a["height"]
            apart = apart or a["x"] + a["width"] <= b["x"] or b["x"] + b["width"] <= a["x"]
            assert apart
    texts = [t.text for t in root.iter(f"{name}text")]
    assert "0.weight" in texts and "2.bias" in texts


def test_a_weight_used_far_away_is_drawn_there_again():
    w = wg.ones(2, requires_grad=True)
    y = wg.ones(2)
    for _ in range(10):
        y = wg.tanh(y * w)
    graph = viz.graph(y.sum(), {"w": w})
    name = "{http://www.w3.org/2000/svg}"
    boxes = [b for b in ElementTree.fromstring(graph.svg()).iter(f"{name}g") if b.get("class") == "parameter"]
    assert len(boxes) == 9  # the first two steps are near enough to share one
    assert {b.get("data-node") for b in boxes} == {str(n.number) for n in graph.nodes if n.kind == "parameter"}


def test_files(tmp_path):
    loss, params = _line_fit()
    graph = viz.graph(loss, params)
    for ending, start in [(".svg", "<svg"), (".html", "<!doctype html>"), (".dot", "digraph"), (".txt", "output")]:
        assert graph.save(tmp_path / f"graph{ending}").read_text(encoding="utf-8").startswith(start)
    with pytest.raises(ValueError, match=r"cannot write a graph as '\.png'"):
        graph.save(tmp_path / "graph.png")


def test_names_are_escaped():
    x = wg.ones(1, requires_grad=True)
    graph = viz.graph(x * 2, {'<a&"': x})
    ElementTree.fromstring(graph.svg())
    assert '\\"' in graph.dot()
    assert "<a&" not in graph.html()


def test_refusals():
    with pytest.raises(ValueError, match="no grad_fn"):
        viz.graph(wg.ones(1))
    x = wg.ones(1, requires_grad=True)
    y = x
    for _ in range(50):
        y = y * 2
    with pytest.raises(ValueError, match="more than 20 nodes"):
        viz.graph(y, limit=20)


def test_explain_gives_the_chain_rule_with_its_numbers():
    loss, params = _line_fit()
    text = str(viz.explain(loss, params))
    assert "v3 = w · [1, 2, 3]" in text
    assert "dw += dv3 · [1, 2, 3], summed to its shape" in text
    assert "dv5 += dv6 · 2 · v5 = [1, 1, 1]" in text
    assert text.splitlines()[5].endswith("db = 3")
    assert params["w"].grad is None
    loss.backward()
    assert params["w"].grad.item() == pytest.approx(6.0)


def test_explain_numbers_both_columns():
    x = wg.tensor(3.0, requires_grad=True)
    rows = str(viz.explain(wg.sin(x * x))).splitlines()[5:]
    assert [int(row[:3]) for row in rows if row[:3].strip()] == [1, 2, 3]
    column = rows[-1].index(str(4))
    assert [int(row[column - 2 : column + 1]) for row in rows] == list(range(3 + len(rows), 3, -1))


@pytest.mark.parametrize("module", ["wengert.viz._graph", "wengert.viz._explain"])
def test_examples(module):
    result = doctest.testmod(importlib.import_module(module))
    assert result.attempted > 0 and result.failed == 0
