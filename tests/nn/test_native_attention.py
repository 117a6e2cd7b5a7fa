"""The one-call attention of several heads beside torch's: results, weights, masks and refusals."""

import numpy as np
import pytest

import wengert as wg

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(3)
X, K, V = (RNG.normal(size=(2, 3, 4)).astype("float32") for _ in range(3))
WEIGHTS = [RNG.normal(size=size).astype("float32") for size in ((12, 4), (12,), (4, 4), (4,))]
CAUSAL, PADDED = np.triu(np.ones((3, 3), bool), 1), np.array([[False, False, True], [False, True, True]])
EACH = np.broadcast_to(CAUSAL, (2, 2, 3, 3)).copy()
CALLS = {
    "self": ((X, X, X), {}),
    "every_head": ((X, X, X), {"average_attn_weights": False}),
    "no_weights": ((X, X, X), {"need_weights": False}),
    "keys_of_others": ((X, K, K), {}),
    "three": ((X, K, V), {}),
    "causal": ((X, X, X), {"mask": CAUSAL, "mask_type": 0}),
    "padded": ((X, K, K), {"mask": PADDED, "mask_type": 1}),
    "mask_of_every_head": ((X, X, X), {"mask": EACH, "mask_type": 2}),
}


def call(lib, inputs, options, sizes=(4, 2), weights=WEIGHTS):
    made = {}

    def tensor(a):  # one array stays one tensor
        return made.setdefault(id(a), lib.tensor(a))

    options = {k: lib.tensor(v) if isinstance(v, np.ndarray) else v for k, v in options.items()}
    with lib.no_grad():
        return lib._native_multi_head_attention(*map(tensor, inputs), *sizes, *map(tensor, weights), **options)


@pytest.mark.parametrize("name", CALLS)
def test_results_and_weights(name):
    for ours, torchs in zip(call(wg, *CALLS[name]), call(torch, *CALLS[name]), strict=True):
        assert (ours is None) == (torchs is None)
        if ours is not None:
            np.testing.assert_allclose(ours.numpy(), torchs.numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize(
    ("inputs", "options", "sizes"),
    [
        ((X[0], X[0], X[0]), {}, (4, 2)),
        ((X, X, X), {}, (5, 2)),
        ((X, X, X), {}, (4, 3)),
        ((X, X[:, :2].copy(), X[:, :2].copy()), {}, (4, 2)),
        ((X, X, X), {"mask": CAUSAL}, (4, 2)),
    ],
)
def test_what_does_not_fit_is_refused(inputs, options, sizes):
    said = []
    for lib in (wg, torch):
        with pytest.raises(RuntimeError) as e:
            call(lib, inputs, options, sizes)
        said.append(str(e.value).partition("\n")[0])
    assert said[0] == said[1]


def test_the_parts_that_heads_are_given():
    qkv, bias = RNG.normal(size=(2, 3, 12)).astype("float32"), WEIGHTS[1]
    ours, torchs = (L._transform_bias_rescale_qkv(L.tensor(qkv), L.tensor(bias), 2) for L in (wg, torch))
    for a, b in zip(ours, torchs, strict=True):
        assert a.stride() == b.stride()
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
