"""Data pipes: classes become methods of each other by name; errors and texts are torch's."""

import pytest

import wengert

torch = pytest.importorskip("torch")


def described(wg):
    """What a chain of pipes gives and what it says of itself."""
    data = wg.utils.data
    streams = __import__("importlib").import_module(data.__name__ + ".datapipes.iter")

    class Doubler(data.IterDataPipe):
        def __init__(self, source):
            self.source = source

        def __iter__(self):
            return (2 * x for x in self.source)

    data.functional_datapipe("doubled_here")(Doubler)
    numbers = streams.IterableWrapper(range(5))
    others = streams.IterableWrapper([7, 8, 9])
    chain = numbers.doubled_here().filter(bool).map(str)
    batches = numbers.batch(2)
    said = [list(chain), list(batches), len(batches), list(batches.unbatch()), list(numbers.zip(others))]
    said += [list(numbers.concat(others)), len(numbers.concat(others)), repr(numbers)]
    for action in (
        lambda: data.functional_datapipe("doubled_here")(Doubler),
        lambda: numbers.nothing,
        lambda: numbers.batch(0),
    ):
        with pytest.raises(Exception) as caught:
            action()
        said.append((type(caught.value).__name__, str(caught.value)))
    return said


def test_pipes_do_what_torchs_do():
    assert described(wengert) == described(torch)
