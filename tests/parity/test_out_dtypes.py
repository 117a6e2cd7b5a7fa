"""What out= and the in-place forms refuse or cast, in torch's words."""

import pytest

import wengert as wg

CALLS = {
    **{
        f"{name} {dtype}": lambda t, name=name, dtype=dtype: getattr(t, name)(
            t.tensor([1.5, -2.0]), out=t.zeros(2, dtype=getattr(t, dtype))
        )
        for name in ("abs", "ceil", "floor", "trunc", "frac", "neg", "sign", "sgn", "conj_physical", "fix", "exp")
        for dtype in ("float32", "float64", "int64", "complex64")
    },
    "bitwise_not": lambda t: t.bitwise_not(t.tensor([1, 2]), out=t.zeros(2)),
    "modulus": lambda t: t.abs(t.tensor([3 + 4j]), out=t.zeros(1, dtype=t.float64)),
    "modulus complex": lambda t: t.abs(t.tensor([3 + 4j]), out=t.zeros(1, dtype=t.complex64)),
    "modulus in place": lambda t: t.tensor([3 + 4j]).abs_(),
    "modulus in place, many": lambda t: (t.ones(70000) + 1j).abs_(),
    "signbit": lambda t: t.signbit(t.tensor([1.0]), out=t.zeros(1)),
    "amax": lambda t: t.amax(t.ones(2, 3), dim=0, out=t.zeros(3, dtype=t.float64)),
    "eq": lambda t: t.eq(t.ones(2), t.ones(2), out=t.zeros(2, requires_grad=True)),
    "argmax": lambda t: t.argmax(t.ones(2), out=t.zeros((), requires_grad=True)),
    "exp requires grad": lambda t: t.exp(t.ones(2), out=t.zeros(2, requires_grad=True)),
}


@pytest.mark.parametrize("name", CALLS)
def test_as_in_torch(name):
    torch = pytest.importorskip("torch")
    seen = []
    for t in (wg, torch):
        try:
            made = CALLS[name](t)
            seen.append((str(made.dtype), made.tolist()))
        except Exception as error:
            seen.append((type(error).__name__, str(error).partition("\n")[0]))
    assert seen[0] == seen[1]


# Arguments that are counted with, and arguments that are no tensors.
GIVEN = {
    "tile": lambda t, n: t.ones(2).tile(n),
    "repeat_interleave": lambda t, n: t.tensor([1, 2]).repeat_interleave(n),
    "repeat_interleave dim": lambda t, n: t.repeat_interleave(t.ones(2, 1), n, dim=0),
    "cdist": lambda t, n: t.cdist(t.ones(2, 2), n),
    "combinations": lambda t, n: t.combinations(n),
    "block_diag": lambda t, n: t.block_diag(t.ones(2), n),
    "meshgrid": lambda t, n: t.meshgrid(n, indexing="ij"),
    "cartesian_prod": lambda t, n: t.cartesian_prod(n),
}


@pytest.mark.parametrize("name", GIVEN)
def test_numbers_for_tensors_and_counts(name):
    torch = pytest.importorskip("torch")
    np = pytest.importorskip("numpy")
    for n in (2, np.int64(2)):
        seen = []
        for t in (wg, torch):
            try:
                seen.append(GIVEN[name](t, n).tolist())
            except TypeError as error:
                seen.append(str(error))
        if "int64" not in str(seen):  # of NumPy's numbers both name the class, one with its module
            assert seen[0] == seen[1]
        assert isinstance(seen[0], list) == isinstance(seen[1], list)
