"""The demonstration: the data are what they should be, it learns, and it writes its pictures."""

from xml.etree import ElementTree

import pytest

import wengert as wg
from wengert.demo import digits, main
from wengert.demo._plot import braille, loss_svg
from wengert.demo._train import train


def test_digits():
    images, labels = digits()
    assert images.shape == (1797, 8, 8) and images.dtype == wg.float32
    assert labels.shape == (1797,) and labels.dtype == wg.int64
    assert (images.min().item(), images.max().item()) == (0.0, 1.0)
    assert wg.bincount(labels).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


@pytest.mark.parametrize("seed", [0, 2])
def test_it_learns(seed):
    seen = []
    result = train(25, seed, lambda *news: seen.append(news))
    assert result.accuracies[-1] > 0.95
    assert result.losses[-1] < 0.3 * result.losses[0]
    assert [epoch for epoch, _, _ in seen] == list(range(1, 26))


def test_command(tmp_path, capsys):
    assert main(["--epochs", "2", "--seed", "3", "--out", str(tmp_path / "new" / "folder")]) == 0
    said = capsys.readouterr().out
    assert "epoch   2/2" in said and "held-out accuracy" in said
    for name in ("loss.svg", "digits.svg", "graph.svg"):
        ElementTree.parse(tmp_path / "new" / "folder" / name)
    assert "1.weight" in (tmp_path / "new" / "folder" / "graph.html").read_text(encoding="utf-8")


def test_command_refuses_no_epochs(capsys):
    with pytest.raises(SystemExit):
        main(["--epochs", "0"])
    assert "--epochs must be at least 1" in capsys.readouterr().err


def test_plots_of_a_constant_and_of_one_value():
    assert len(braille([1.0] * 5, width=10, height=4)) == 5
    ElementTree.fromstring(loss_svg([0.5], "one"))


def test_braille_falls_with_the_curve():
    lines = braille([10.0 ** (-k / 10) for k in range(40)], width=20, height=8)
    first = [next(k for k, c in enumerate(line[10:]) if c > "\u2800") for line in lines[:-1]]
    assert first == sorted(first) and first[0] <= 1 and first[-1] > 12
