"""Random numbers: the same bits as torch's CPU generator, and what must hold without torch at hand."""

import subprocess
import sys

import pytest

import wengert as wg

try:
    import torch
except ImportError:
    torch = None
# torch says of integers that a floating dtype rounds that they will be an error some day.
pytestmark = pytest.mark.filterwarnings("ignore:.*is out of bounds:UserWarning")
parity = pytest.mark.skipif(torch is None, reason="the oracle, torch, is not installed")

FLOATS = ["float16", "bfloat16", "float32", "float64"]
INTEGERS = ["uint8", "int8", "int16", "int32", "int64"]
SEED = 1234

# What torch 2.13 gives after manual_seed(1234); L is the library.
KNOWN = {
    "L.rand(3)": [0.028979241847991943, 0.4018985629081726, 0.25984418392181396],
    "L.rand(3, dtype=L.float64)": [0.2318341720884639, 0.07875386135027063, 0.46640616040796923],
    "L.rand(2, dtype=L.float16)": [0.0289764404296875, 0.40185546875],
    "L.randn(3)": [0.0461304634809494, 0.4024028182029724, -1.0115290880203247],
    "L.randn(17)[[0, 1, 8, 16]]": [-0.1117185652256012, -0.09228753298521042, 0.6369126439094543, -2.5273351669311523],
    "L.randn(18, dtype=L.float64)[[0, 9, 17]]": [-0.0883100793877292, -0.19519943298065903, 0.08526555321521527],
    "L.randn(1, dtype=L.complex64)": [(0.032619163393974304 + 0.2845417559146881j)],
    "L.randn(16, dtype=L.bfloat16)[[0, 15]]": [-0.11181640625, -1.0234375],
    "L.randint(10, (6,))": [5, 1, 6, 5, 6, 4],
    "L.randint(-(2**40), 2**40, (2,))": [204000912083, 166721346613],
    "L.randperm(8)": [7, 5, 2, 3, 4, 6, 1, 0],
    "L.empty(3).uniform_(-2, 5)": [-1.7971453666687012, 0.8132899403572083, -0.18109071254730225],
    "L.empty(3).normal_(1, 3)": [1.138391375541687, 2.2072083950042725, -2.0345873832702637],
    "L.empty(3).exponential_(2)": [0.13187482953071594, 0.041014011949300766, 0.31406015157699585],
    "L.empty(3).log_normal_()": [2.981006383895874, 6.078789710998535, 0.35949385166168213],
    "L.empty(3).cauchy_()": [-1.1211869716644287, -3.9590227603912354, -0.10593175143003464],
    "L.empty(4).geometric_(0.2)": [7.0, 12.0, 4.0, 4.0],
    "L.empty(6).bernoulli_(0.3)": [1.0, 1.0, 0.0, 0.0, 0.0, 1.0],
    "L.empty(2, dtype=L.int64).random_()": [3532910284440527571, 2252509165406510133],
    "L.bernoulli(L.full((6,), 0.5))": [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
    "L.normal(L.zeros(2), L.tensor([1.0, 2.0]))": [0.0461304634809494, 0.8048056364059448],
    "L.multinomial(L.tensor([0.1, 0.2, 0.7]), 5, True)": [1, 0, 2, 2, 2],
    "L.multinomial(L.tensor([0.1, 0.2, 0.7]), 2)": [1, 2],
    "L.poisson(L.tensor([0.5, 3.0, 50.0]))": [0.0, 1.0, 48.0],
    "L.binomial(L.tensor([3.0, 100.0]), L.tensor([0.5, 0.3]))": [1.0, 30.0],
    "L._standard_gamma(L.tensor([0.5, 3.0]))": [1.5278927087783813, 3.633683443069458],
    "L._sample_dirichlet(L.tensor([0.5, 3.0]))": [0.296012818813324, 0.703987181186676],
}

FILLS = {
    "x.uniform_()": FLOATS,
    "x.uniform_(-0.3, 1.7)": FLOATS,
    "x.uniform_(1, 1.00001)": FLOATS,  # rounding to the end of the range stands for its start
    "x.normal_()": FLOATS,
    "x.normal_(-0.3, 1.7)": FLOATS,
    "x.exponential_()": FLOATS,
    "x.exponential_(0.3)": FLOATS,
    "x.log_normal_(0.2, 0.7)": FLOATS,
    "x.cauchy_(0.2, 0.7)": FLOATS,
    "x.geometric_(0.3)": FLOATS + INTEGERS,
    "x.bernoulli_(0.3)": [*FLOATS, *INTEGERS, "bool"],
    "x.random_()": [*FLOATS, *INTEGERS, "bool"],
    "x.random_(100)": FLOATS + INTEGERS,
    "x.random_(3, 100)": FLOATS + INTEGERS,
    "x.random_(-3, 2**28)": ["int32", "int64", "float64"],
    "x.random_(-(2**61), 2**62)": ["int64"],
    "x.random_(-(2**63), None)": ["int64", "bfloat16", "float32", "float64"],
    "x.random_(5, None)": INTEGERS + FLOATS,
    "x.bernoulli_(L.arange(x.numel(), dtype=L.float32).div(max(x.numel(), 1)).reshape(x.shape))": [*FLOATS, "int64"],
    "x.bernoulli_(L.arange(x.numel(), dtype=L.float64).div(max(x.numel(), 1)).reshape(x.shape))": ["float32"],
}

LAYOUTS = [
    *(f"L.zeros({n}, dtype=d)" for n in (0, 1, 2, 15, 16, 17, 33, 100, 1027)),
    "L.zeros((), dtype=d)",
    "L.zeros(7, 9, dtype=d).t()",
    "L.zeros(7, 9, dtype=d)[:, ::2]",
    "L.zeros(40, dtype=d)[::2]",
    "L.zeros(4, 5, 6, dtype=d).permute(1, 2, 0)[1:3]",
    "L.zeros(5, 1, 7, dtype=d).transpose(0, 1)",
]

# Samples and factories that both libraries must give alike: value and state afterwards.
CALLS = [
    *KNOWN,
    "L.rand(2, 3)",
    "L.rand((2, 3), dtype=L.complex128)",
    "L.randn(3, 11, dtype=L.complex64)",
    "L.randn(70000)",
    "L.rand(5000, dtype=L.bfloat16)",
    "L.rand_like(L.zeros(3, 4).t())",
    "L.randn_like(L.zeros(5, 6).t())",
    "L.randn_like(L.zeros(5), dtype=L.float64)",
    "L.randint_like(L.zeros(9), 3)",
    "L.randint_like(L.zeros(9), 3, 8)",
    "L.randint(3, 9, (2, 3), dtype=L.float32)",
    "L.randint(2**40, (4,))",
    "L.randint(-(2**62), 2**62, (7,), dtype=L.float64)",
    "L.randint(2**27 + 1, 2**28 + 5, (7,), dtype=L.float32)",
    "L.randperm(0)",
    "L.randperm(1)",
    "L.randperm(1000, dtype=L.int16)",
    "L.randperm(33, dtype=L.float32)",
    "L.normal(0.5, 2.0, (3, 7))",
    "L.normal(L.arange(20.0), 2.0)",
    "L.normal(3.0, L.arange(20.0))",
    "L.normal(L.arange(4.0), L.arange(3.0).reshape(3, 1))",
    "L.normal(L.arange(4.0, dtype=L.float64), L.ones(4))",
    "L.bernoulli(L.rand(5, 4).t())",
    "L.bernoulli(L.rand(5, 4, dtype=L.float64))",
    "L.bernoulli(L.zeros(20), 0.3)",
    "L.multinomial(L.rand(6, 9), 20, True)",
    "L.multinomial(L.rand(6, 9, dtype=L.float64), 4)",
    "L.multinomial(L.rand(9, 6).t(), 4)",
    "L.multinomial(L.rand(200), 2)",
    "L.multinomial(L.rand(200), 1)",
    "L.multinomial(L.tensor([0.0, 1.0, 0.0, 0.0, 2.0, 0.0]), 6)",
    "L.multinomial(L.rand(50).half(), 7)",
    "L.multinomial(L.rand(50).half(), 7, True)",
    "L.poisson(L.rand(300) * 40)",
    "L.poisson((L.rand(30, 4, dtype=L.float64) * 12).t())",
    "L.binomial(L.full((300,), 40.0), L.rand(300))",
    "L.binomial(L.full((300, 4), 7.0, dtype=L.float64), L.rand(4, dtype=L.float64))",
    "L._standard_gamma(L.rand(300) * 5)",
    "L._standard_gamma(L.rand(300, dtype=L.float64) * 5)",
    "L._sample_dirichlet(L.rand(30, 7) * 5)",
    "L._sample_dirichlet(L.rand(30, 7, dtype=L.float64) * 5)",
    "L.dropout(L.ones(50), 0.3, True)",
    "L.dropout(L.ones(50, dtype=L.float64), 0.9, True)",
    "L.alpha_dropout(L.arange(50.0), 0.3, True)",
    "L.feature_dropout(L.ones(5, 7, 3), 0.3, True)",
    "L.feature_alpha_dropout(L.ones(5, 7, 3), 0.3, True)",
    "L.dropout_(L.ones(50), 0.3, True)",
    "L.alpha_dropout_(L.arange(50.0), 0.3, True)",
    "L.nn.functional.dropout(L.ones(50), 0.3)",
]


def run(library, expression, **names):
    library.manual_seed(SEED)
    return eval(expression, {"L": library, **names})


def values(tensor):
    """Numbers by their text: the sign of a zero counts."""
    return repr(tensor.tolist()), tuple(tensor.shape), str(tensor.dtype).rpartition(".")[2]


def state(library):
    return bytes(library.get_rng_state().tolist())


@pytest.mark.parametrize("expression", KNOWN)
def test_known_numbers(expression):
    assert run(wg, expression).tolist() == KNOWN[expression]


@parity
@pytest.mark.parametrize("expression", CALLS)
def test_same_as_torch(expression):
    ours = run(wg, expression)
    theirs = run(torch, expression)
    assert values(ours) == values(theirs)
    assert ours.stride() == theirs.stride()
    assert state(wg) == state(torch)


@parity
@pytest.mark.parametrize("fill", FILLS)
def test_fills_are_the_same_as_torchs(fill):
    for dtype in FILLS[fill]:
        for layout in LAYOUTS:
            results = []
            for library in (wg, torch):
                x = eval(layout, {"L": library, "d": getattr(library, dtype)})
                assert run(library, fill, x=x) is x
                results.append((values(x), state(library)))
            assert results[0] == results[1], (dtype, layout)


@parity
def test_all_sizes_of_normal_samples():
    for n in range(100):
        for dtype in FLOATS:
            assert values(run(wg, f"L.randn({n}, dtype=L.{dtype})")) == values(
                run(torch, f"L.randn({n}, dtype=L.{dtype})")
            )


@parity
def test_a_long_mixed_sequence():
    for library in (wg, torch):
        library.manual_seed(-3)
    draws = [
        "L.rand(i)",
        "L.randn(i % 7)",
        "L.randint(99, (i,))",
        "L.randn(i, dtype=L.float64)",
        "L.empty(3).cauchy_()",
    ]
    for i in range(60):
        expression = draws[i % len(draws)]
        a, b = (eval(expression, {"L": library, "i": i}) for library in (wg, torch))
        assert values(a) == values(b)
    assert state(wg) == state(torch)
    assert wg.initial_seed() == torch.initial_seed()


@parity
def test_states_travel_between_the_libraries():
    wg.manual_seed(5)
    wg.randn(3)  # leaves half a pair
    torch.set_rng_state(torch.tensor(list(state(wg)), dtype=torch.uint8))
    assert values(wg.randn(5)) == values(torch.randn(5))
    torch.rand(1000)
    wg.set_rng_state(wg.tensor(list(state(torch)), dtype=wg.uint8))
    assert values(wg.rand(700)) == values(torch.rand(700))


# ---- the generator


def test_seeds():
    assert wg.manual_seed(-1).initial_seed() == 2**64 - 1 == wg.initial_seed()
    assert wg.seed() == wg.initial_seed()
    g = wg.Generator()
    assert g.initial_seed() == 67280421310721
    assert g.manual_seed(3) is g
    with pytest.raises(ValueError, match="Overflow when unpacking long long"):
        wg.manual_seed(2**64)
    with pytest.raises(ValueError, match="invalid literal"):
        wg.manual_seed("a")


def test_without_a_seed_each_process_draws_its_own_numbers():
    program = "import wengert; print(wengert.initial_seed(), wengert.rand(1).item())"
    drawn = {subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout for _ in range(2)}
    assert len(drawn) == 2


def test_generators_are_apart_from_the_default_one():
    g = wg.Generator().manual_seed(9)
    wg.manual_seed(0)
    before = state(wg)
    a = wg.rand(4, generator=g)
    for draw in (lambda: wg.randperm(5, generator=g), lambda: wg.multinomial(wg.ones(4), 2, generator=g)):
        draw()
    assert state(wg) == before
    wg.manual_seed(9)
    assert wg.rand(4).tolist() == a.tolist()
    assert (
        wg.rand(2, generator=None).tolist()
        == wg.rand(4, generator=g.manual_seed(9))[:0].tolist()
        + run(wg, "(L.manual_seed(9), L.rand(4), L.rand(2))[2]").tolist()
    )


def test_state_is_restored_with_half_a_pair():
    wg.manual_seed(1)
    wg.randn(1)
    kept = wg.get_rng_state()
    a = wg.randn(3)
    wg.set_rng_state(kept)
    assert wg.randn(3).tolist() == a.tolist()
    assert kept.dtype == wg.uint8
    assert kept.numel() == 5056


def test_fork_rng():
    wg.manual_seed(1)
    before = state(wg)
    with wg.random.fork_rng():
        wg.rand(3)
    assert state(wg) == before
    with wg.random.fork_rng(enabled=False):
        wg.rand(3)
    assert state(wg) != before

    @wg.random.fork_rng()
    def draw():
        return wg.rand(3)

    before = state(wg)
    assert draw().tolist() == draw().tolist()
    assert state(wg) == before
