"""benchmark.Compare: tables of measurements as torch's, character by character."""

import random

import pytest

from wengert.utils import benchmark

STYLES = {
    "plain": lambda table: None,
    "trimmed": lambda table: table.trim_significant_figures(),
    "colored": lambda table: table.colorize(),
    "by row, with warnings": lambda table: (table.colorize(rowwise=True), table.highlight_warnings()),
}


def measured(library, spread):
    """The same made-up times, as measurements of a library."""
    numbers = random.Random(0)
    tasks = [
        (threads, shape, name, factor)
        for threads in (1, 4)
        for shape in ("[64, 64]", "[1024, 64]")
        for name, factor in (("sum", 1.0), ("bmm", 3.3), ("einsum", 11))
        for _ in range(2)
    ]
    for threads, shape, name, factor in tasks:
        base = 3.7e-4 * factor * len(shape) / threads
        times = [base * (1 + numbers.uniform(-spread, spread)) for _ in range(9)]
        spec = library.TaskSpec("f(x)", "", label="dot", sub_label=shape, description=name, num_threads=threads)
        yield library.Measurement(10, times, spec)


def tables(library, style):
    found = []
    for spread in (0.02, 0.6):
        results = list(measured(library, spread))
        for part in (results, results[:-4]):  # the last cells are empty
            table = library.Compare(part)
            STYLES[style](table)
            found.append(str(table))
    return found


@pytest.mark.parametrize("style", STYLES)
def test_tables_are_torchs(style):
    theirs = pytest.importorskip("torch.utils.benchmark")
    assert tables(benchmark, style) == tables(theirs, style)


def test_only_measurements():
    with pytest.raises(ValueError, match=r"Expected an instance of `Measurement`, got <class 'int'> instead\."):
        benchmark.Compare([3])
