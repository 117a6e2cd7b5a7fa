"""Train a small network on the digits: what one would write with torch, line for line."""

import time

import wengert as wg
from wengert import nn
from wengert.demo._data import digits
from wengert.utils.data import DataLoader, TensorDataset

HELD_OUT = 360


class Result:
    """What the training left: the model, the loss of each step, accuracies per epoch, and the held-out digits."""

    __slots__ = ("accuracies", "images", "labels", "losses", "model", "predictions", "seconds")


def build_model():
    """Two layers: 64 pixels to 128 hidden values to 10 digits."""
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))


def train(epochs, seed, report=None):
    """Train for ``epochs`` and return a :class:`Result`; ``report(epoch, loss, accuracy)`` is called after each one."""
    wg.manual_seed(seed)
    images, labels = digits()
    order = wg.randperm(len(images))
    train_rows, test_rows = order[HELD_OUT:], order[:HELD_OUT]
    loader = DataLoader(TensorDataset(images[train_rows], labels[train_rows]), batch_size=48, shuffle=True)
    result = Result()
    result.images, result.labels = images[test_rows], labels[test_rows]
    result.model, result.losses, result.accuracies = build_model(), [], []
    optimizer = wg.optim.Adam(result.model.parameters(), lr=3e-3)
    start = time.perf_counter()
    for epoch in range(1, epochs + 1):
        for x, t in loader:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(result.model(x), t)
            loss.backward()
            optimizer.step()
            result.losses.append(loss.item())
        with wg.no_grad():
            result.predictions = result.model(result.images).argmax(1)
        result.accuracies.append((result.predictions == result.labels).float().mean().item())
        if report:
            report(epoch, result.losses[-1], result.accuracies[-1])
    result.seconds = time.perf_counter() - start
    return result


def one_step(model, images, labels):
    """The loss of one batch, with its graph."""
    return nn.functional.cross_entropy(model(images), labels)
