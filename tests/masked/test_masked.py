"""torch.masked: what the mask leaves out does not count, neither in values nor in gradients."""

import numpy as np
import pytest

import wengert as wg

RNG = np.random.default_rng(7)
X = RNG.standard_normal((4, 5))
MASK = RNG.random((4, 5)) > 0.4
MASK[2] = False
LANES = [0, 1, 3]  # those with an element

REFERENCE = {
    "sum": np.sum, "prod": np.prod, "mean": np.mean, "amax": np.max, "amin": np.min,
    "var": lambda v: np.var(v, ddof=1) if len(v) > 1 else np.nan,
    "std": lambda v: np.std(v, ddof=1) if len(v) > 1 else np.nan,
    "norm": lambda v: np.sqrt((v**2).sum()), "logsumexp": lambda v: np.log(np.exp(v).sum()),
    "median": lambda v: np.sort(v)[(len(v) - 1) // 2],
}  # fmt: skip


@pytest.mark.parametrize("keepdim", [False, True])
@pytest.mark.parametrize("name", REFERENCE)
def test_reductions_are_those_of_the_kept_elements(name, keepdim):
    args = (2.0, 1) if name == "norm" else (1,)
    result = getattr(wg.masked, name)(wg.from_numpy(X), *args, keepdim=keepdim, mask=wg.from_numpy(MASK))
    assert result.shape == ((4, 1) if keepdim else (4,))
    expected = [REFERENCE[name](X[k][MASK[k]]) for k in LANES]
    got = result.reshape(4)[LANES].numpy()
    several = [MASK[k].sum() > 1 or name not in ("var", "std") for k in LANES]
    np.testing.assert_allclose(got[several], np.array(expected)[several], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "value"), [("sum", 0), ("prod", 1), ("amax", -np.inf), ("amin", np.inf), ("mean", np.nan)]
)
def test_a_lane_without_elements_gives_the_identity(name, value):
    result = getattr(wg.masked, name)(wg.from_numpy(X), 1, mask=wg.from_numpy(MASK))
    np.testing.assert_equal(result[2].item(), value)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "softmin", "cumsum", "cumprod"])
def test_elements_left_out_have_no_gradient(name):
    x = wg.from_numpy(X.copy()).requires_grad_()
    y = getattr(wg.masked, name)(x, 1, mask=wg.from_numpy(MASK))
    kept = wg.from_numpy(MASK)
    (y[LANES] * wg.from_numpy(X[::-1].copy())[LANES])[kept[LANES]].sum().backward()
    assert not x.grad[~kept].nan_to_num(0.0).any()
    assert x.grad[kept].any()


def test_a_mask_of_more_dims_is_refused():
    with pytest.raises(IndexError, match="_input_mask expected broadcastable mask"):
        wg.masked.sum(wg.ones(2), mask=wg.ones(1, 2, dtype=wg.bool))


def test_masked_tensors_are_refused():
    with pytest.raises(NotImplementedError, match="mask="):
        wg.masked.masked_tensor(wg.ones(2), wg.ones(2, dtype=wg.bool))
