"""tools/parity.py: what counts as the same output, and its table; some scripts run under wengert alone."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))

import parity


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("loss 0.1234", "loss 0.1234"),
        ("loss 0.1235", "loss 0.1234"),
        ("lr  1e-3", "lr 1e-3"),
        ("1000.05 nan", "1000.00 nan"),
        ("tensor([1., 2.])", "tensor([1., 2.])"),
        ("tensor([1.0000, -2.5001])", "tensor([1.0000, -2.5000])"),
    ],
)
def test_equal_outputs(ours, theirs):
    assert parity.difference(ours, theirs) is None


@pytest.mark.parametrize(
    ("ours", "theirs", "words"),
    [
        ("loss 0.1238", "loss 0.1234", "0.1238, torch prints 0.1234"),
        ("step 3", "step 4", "3, torch prints 4"),
        ("loss 1.0", "lost 1.0", "torch prints 'lost 1.0'"),
        ("a 1\nb 2", "a 1", "2 lines, torch prints 1"),
        ("x nan", "x 1.0", "nan, torch prints 1.0"),
        ("x 1.0", "x nan", "1.0, torch prints nan"),
        ("float32", "float64", "torch prints 'float64'"),
        ("1 2", "1", "torch prints '1'"),
    ],
)
def test_different_outputs(ours, theirs, words):
    assert words in parity.difference(ours, theirs)


def test_tolerances_are_arguments():
    assert parity.difference("10.000000", "10.010000") is not None
    assert parity.difference("10.000000", "10.010000", rtol=1e-2) is None


def test_the_page_lists_every_script():
    scripts = sorted(parity.SCRIPTS.glob("*.py"))
    rows = [(s.stem, 3, 0.5, 2.0, None if i else "line 1: a|b") for i, s in enumerate(scripts)]
    page = parity.page(rows, scripts, 1e-4, 2e-5, "2.13.0")
    assert f"**{len(scripts) - 1} of {len(scripts)} scripts print the same.**" in page and r"no: line 1: a\|b" in page
    assert all(f"[{s.stem}](../../examples/scripts/{s.name}) | {parity.purpose(s)} |" in page for s in scripts)
    assert len(scripts) >= 30 and all(parity.purpose(s) for s in scripts)


@pytest.mark.parametrize("name", ["lbfgs_fit", "makemore_bigram", "gcn", "maml", "dataloader_tour", "gaussian_process"])
def test_runs_under_wengert(name):
    output, _, failure = parity.run([sys.executable, "-m", "wengert", "run", str(parity.SCRIPTS / f"{name}.py")])
    assert failure is None and parity.count_numbers(output) > 5 and "nan" not in output
