"""ModuleTracker names the modules that are being computed, forward and backward, as torch's does."""

import importlib

import pytest

import wengert


@pytest.mark.parametrize("name", ["wengert", "torch"])
def test_names_forward_and_backward(name):
    library = wengert if name == "wengert" else pytest.importorskip("torch", reason="parity with torch needs torch")
    track = importlib.import_module(f"{library.__name__}.utils.module_tracker")
    nn, seen = library.nn, []

    class Inner(nn.Module):
        def forward(self, x):
            x = x.relu()
            seen.append((sorted(tracker.parents), tracker.is_bw))
            x.register_hook(lambda g: seen.append((sorted(tracker.parents), tracker.is_bw)))
            return {"y": x * 2}

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.list = Inner(), nn.ModuleList([Inner()])

        def forward(self, x):
            return self.list[0](self.first(x)["y"])["y"]

    model = Outer()
    with track.ModuleTracker() as tracker:
        for _ in range(2):
            model(library.ones(2, requires_grad=True)).sum().backward()
    first, second = ["Global", "Outer", "Outer.first"], ["Global", "Outer", "Outer.list.0"]
    assert seen == 2 * [(first, False), (second, False), (second, True), (first, True)]
    assert tracker.parents == {"Global"} and not tracker.is_bw
    model(library.ones(2, requires_grad=True))
    assert len(seen) == 10 and tracker.parents == {"Global"}  # no hook is left
