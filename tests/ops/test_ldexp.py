"""Powers of two by whole exponents beside torch: the dtype of the number stays, and it is rounded once."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")
NUMBERS, EXPONENTS = [1e-30, 3.0, 0.0, float("inf"), 1.0, 1.5, -2.0], [130, -2, 3000, -3000, 128, -140, 40]


def found(lib, dtype, whole, shapes):
    x = lib.tensor(NUMBERS[: shapes[0]], dtype=getattr(lib, dtype))
    e = lib.tensor(EXPONENTS[: shapes[1]], dtype=getattr(lib, whole))
    return lib.ldexp(x[0] if shapes[0] == 1 else x, e[0] if shapes[1] == 1 else e)


@pytest.mark.parametrize("shapes", [(7, 7), (1, 7), (7, 1), (1, 1)])
@pytest.mark.parametrize("whole", ["int16", "int32", "int64"])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
@pytest.mark.filterwarnings("ignore:An output with one or more elements was resized:UserWarning")  # inside torch's
def test_whole_exponents(dtype, whole, shapes):
    ours, torchs = (found(lib, dtype, whole, shapes) for lib in (wg, torch))
    assert str(ours.dtype) == str(torchs.dtype)
    np.testing.assert_array_equal(ours.double().numpy(), torchs.double().numpy())


def test_other_exponents_promote():
    for a in ("float16", "float32", "float64", "int64"):
        for b in ("float16", "float32", "float64"):
            ours, torchs = (
                L.ldexp(L.ones(2, dtype=getattr(L, a)), L.ones(2, dtype=getattr(L, b))) for L in (wg, torch)
            )
            assert str(ours.dtype) == str(torchs.dtype) and ours.tolist() == torchs.tolist() == [2.0, 2.0]


def test_its_gradient_is_the_power():
    x = wg.tensor([1.0, 3.0], dtype=wg.float16, requires_grad=True)
    wg.ldexp(x, wg.tensor([3, -2])).sum().backward()
    assert x.grad.dtype is wg.float16 and x.grad.tolist() == [8.0, 0.25]


def test_bool_exponents_are_refused():
    said = []
    for lib in (wg, torch):
        with pytest.raises(NotImplementedError) as e:
            lib.ldexp(lib.ones(2), lib.tensor([True, False]))
        said.append(str(e.value))
    assert said[0] == said[1]


def test_in_place_and_out():
    x = wg.ones(2)
    assert x.ldexp_(wg.tensor([1, 3])) is x and x.tolist() == [2.0, 8.0]
    out = wg.empty(2)
    assert wg.ldexp(x, wg.tensor([1, 1]), out=out) is out and out.tolist() == [4.0, 16.0]
