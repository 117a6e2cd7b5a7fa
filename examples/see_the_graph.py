"""See what autograd sees: the graph of a small computation as a picture, and the chain rule in words."""

import tempfile
from pathlib import Path

import wengert as torch
from wengert import viz


def main(short=False):
    """Draw the graph of a line's mean squared error, and explain it."""
    params = {"w": torch.tensor([2.0], requires_grad=True), "b": torch.tensor([0.5], requires_grad=True)}
    x, t = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 3.0, 5.0])
    loss = ((params["w"] * x + params["b"] - t) ** 2).mean()

    graph = viz.graph(loss, params)
    print(graph.text(), "\n")
    words = viz.explain(loss, params)
    print(words)
    folder = Path(tempfile.mkdtemp()) if short else Path(".")
    print("\nwrote", graph.save(folder / "graph.svg"), "and", graph.save(folder / "graph.html"))
    loss.backward()
    assert f"dw = {params['w'].grad.item():g}" in words


if __name__ == "__main__":
    main()
