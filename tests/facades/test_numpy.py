"""What NumPy makes of tensors: their memory, or torch's refusal where a gradient would be lost in silence."""

import numpy as np
import pytest

import wengert

REFUSAL = r"Can't call numpy\(\) on Tensor that requires grad. Use tensor.detach\(\).numpy\(\) instead."
CALLS = {
    "asarray": np.asarray,
    "asarray_dtype": lambda x: np.asarray(x, dtype=np.float64),
    "array": np.array,
    "list": lambda x: np.asarray([x, x]),
    "concatenate": lambda x: np.concatenate([x, x]),
    "add": lambda x: np.add(x, 1),
    "sin": np.sin,
    "isnan": np.isnan,
    "assert_allclose": lambda x: np.testing.assert_allclose(x, x),
    "__array__": lambda x: x.__array__(),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_tensor_that_requires_grad_is_refused(name):
    leaf = wengert.ones(2, requires_grad=True)
    for x in (leaf, leaf * 2):
        with pytest.raises(RuntimeError, match=REFUSAL):
            CALLS[name](x)
    plain, theirs = CALLS[name](leaf.detach()), CALLS[name](np.ones(2, dtype=np.float32))
    assert plain is None and theirs is None or np.array_equal(np.asarray(plain), theirs)


def test_an_array_shares_memory():
    x = wengert.zeros(2, 3)
    np.asarray(x.t())[2, 0] = 5
    assert x.tolist() == [[0, 0, 5], [0, 0, 0]]
    with pytest.raises(BufferError, match="requires grad"):
        memoryview(wengert.ones(1, requires_grad=True))
