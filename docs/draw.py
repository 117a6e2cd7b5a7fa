"""Draw the pictures of the documentation with wengert itself: ``python docs/draw.py``."""

from pathlib import Path

import wengert as torch
from wengert import nn, viz

IMAGES = Path(__file__).resolve().parent / "images"


def classifier():
    """The graph of one step of the classifier in README.md's picture."""
    torch.manual_seed(0)
    model = nn.Sequential()
    model.add_module("hidden", nn.Linear(784, 128))
    model.add_module("relu", nn.ReLU())
    model.add_module("output", nn.Linear(128, 10))
    loss = nn.functional.cross_entropy(model(torch.randn(64, 784)), torch.randint(0, 10, (64,)))
    return viz.graph(loss, model)


def main():
    """Write every picture into docs/images."""
    IMAGES.mkdir(exist_ok=True)
    print(classifier().save(IMAGES / "graph.svg"))


if __name__ == "__main__":
    main()
