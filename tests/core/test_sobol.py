"""SobolEngine: torch's points, bit by bit; what is left out, begun anew and passed over."""

import pytest

import wengert as wg
from wengert.quasirandom import SobolEngine


def drawn(torch, dimension, scramble):
    """What an engine gives through all that it can do, as integers."""
    engine = torch.quasirandom.SobolEngine(dimension, scramble=scramble, seed=5 if scramble else None)
    seen = [engine.draw(), engine.draw(5), engine.draw(3, dtype=torch.float64), engine.fast_forward(13).draw(3)]
    seen += [engine.reset().draw_base2(4), engine.reset().fast_forward(7).draw(3), engine.draw(2, out=torch.empty(0))]
    return [(points.double() * 2**30).long().tolist() for points in seen], engine.num_generated, repr(engine)


@pytest.mark.parametrize("dimension", [1, 2, 3, 8, 37, 163, 1111])
@pytest.mark.parametrize("scramble", [False, True])
def test_points_are_torchs(dimension, scramble):
    torch = pytest.importorskip("torch")
    assert drawn(wg, dimension, scramble) == drawn(torch, dimension, scramble)


def test_scrambling_without_a_seed_draws_from_the_default_generator():
    torch = pytest.importorskip("torch")
    for library in (wg, torch):
        library.manual_seed(3)
    ours, theirs = SobolEngine(2, scramble=True), torch.quasirandom.SobolEngine(2, scramble=True)
    assert ours.draw(4).tolist() == theirs.draw(4).tolist()
    assert wg.rand(2).tolist() == torch.rand(2).tolist()


def test_each_half_and_quarter_of_the_cube_gets_its_share():
    points = SobolEngine(5, scramble=True, seed=0).draw(64)
    for column in points.unbind(1):
        assert wg.histc(column, bins=16, min=0, max=1).tolist() == [4.0] * 16


def test_what_is_refused():
    for dimension in (0, 1112):
        with pytest.raises(ValueError, match="Supported range of dimensionality for SobolEngine is"):
            SobolEngine(dimension)
    engine = SobolEngine(2)
    engine.draw(3)
    with pytest.raises(
        ValueError, match="The balance properties of Sobol' points require n to be a power of 2. 3 points"
    ):
        engine.draw_base2(1)
