"""functional against torch: what layers do not reach, and the texts of errors and warnings."""

import warnings

import pytest

from .parity import assert_same, same_seed, to_wg, torch, wg, x


def both(call, *inputs):
    """call(library.nn.functional, library, inputs) in both libraries."""
    results = []
    for lib, args in ((wg, to_wg(inputs)), (torch, inputs)):
        same_seed(2)
        results.append(call(lib.nn.functional, lib, *args))
    return results


CALLS = {
    "affine_grid": lambda F, lib, t: F.affine_grid(t, (2, 3, 4, 5), align_corners=False),
    "affine_grid corners": lambda F, lib, t: F.affine_grid(t, (2, 3, 4, 5), align_corners=True),
    "one_hot": lambda F, lib, t: F.one_hot((t[0] * 0).long() + 2, 4),
    "normalize": lambda F, lib, t: F.normalize(t, p=3.0, dim=2),
    "softmax dtype": lambda F, lib, t: F.softmax(t, 1, dtype=lib.float64),
    "log_softmax": lambda F, lib, t: F.log_softmax(t, 0),
    "gumbel": lambda F, lib, t: F.gumbel_softmax(t, tau=0.5),
    "dropout": lambda F, lib, t: F.dropout(t, 0.4),
    "dropout in place": lambda F, lib, t: F.dropout(t.detach().clone(), 0.4, inplace=True),
    "rrelu": lambda F, lib, t: F.rrelu(t, training=True),
    "conv_tbc": lambda F, lib, t: F.conv_tbc(t.transpose(1, 2).contiguous(), lib.ones(2, 2, 4), lib.zeros(4), 1),
    "pixel": lambda F, lib, t: F.pixel_unshuffle(F.pixel_shuffle(t.repeat(2, 2, 1, 1), 2), 2),
    "pad negative": lambda F, lib, t: F.pad(t, (-1, 2, 1, -1), value=3.0),
    "pad circular": lambda F, lib, t: F.pad(t, (2, 1), mode="circular"),
    "interpolate area": lambda F, lib, t: F.interpolate(t, 5, mode="area"),
    "recomputed scale": lambda F, lib, t: F.interpolate(
        t, scale_factor=1.6, mode="linear", recompute_scale_factor=True
    ),
    "antialias": lambda F, lib, t: F.interpolate(
        t.repeat(1, 1, 3).reshape(1, 2, 3, 6), (2, 4), mode="bilinear", antialias=True
    ),
    "antialias bicubic": lambda F, lib, t: F.interpolate(
        t.repeat(1, 1, 3).reshape(1, 2, 3, 6), (2, 9), mode="bicubic", antialias=True
    ),
    "bilinear": lambda F, lib, t: F.bilinear(t, t * 2, lib.ones(4, 3, 3), lib.ones(4)),
    "cosine": lambda F, lib, t: F.cosine_similarity(t, t.flip(0), dim=0),
    "pairwise": lambda F, lib, t: F.pairwise_distance(t, t.flip(0), p=1, keepdim=True),
    "pdist": lambda F, lib, t: F.pdist(t[0]),
}


@pytest.mark.parametrize("name", list(CALLS))
def test_call_is_torchs(name):
    assert_same(*both(CALLS[name], x(2, 2, 3)))


@pytest.mark.parametrize("mode", ["bilinear", "nearest", "bicubic"])
@pytest.mark.parametrize("padding_mode", ["zeros", "border", "reflection"])
def test_grid_sample_is_torchs(mode, padding_mode):
    def call(F, lib, image, grid):
        return F.grid_sample(image, grid, mode, padding_mode, align_corners=False)

    assert_same(*both(call, x(2, 3, 5, 4), x(2, 3, 4, 2)), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("masked", [None, "bool", "float"])
def test_attention_is_torchs(causal, masked):
    if causal and masked:
        pytest.skip("torch refuses a mask together with is_causal")

    def call(F, lib, q, k, v):
        mask = None
        if masked:
            mask = lib.ones(4, 5).tril()
            mask = mask.bool() if masked == "bool" else mask
        return F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)

    assert_same(*both(call, x(2, 3, 4, 6), x(2, 3, 5, 6), x(2, 3, 5, 6, seed=2)))


@pytest.mark.parametrize("options", [{}, {"need_weights": False}, {"average_attn_weights": False}])
def test_masked_multi_head_attention_is_torchs(options):
    def call(F, lib, q):
        same_seed(0)
        layer = lib.nn.MultiheadAttention(6, 2)
        causal = lib.nn.Transformer.generate_square_subsequent_mask(4)
        padding = lib.zeros(3, 4)
        padding[1, 3] = float("-inf")
        return [t for t in layer(q, q, q, key_padding_mask=padding, attn_mask=causal, **options) if t is not None]

    assert_same(*both(call, x(4, 3, 6)))


def test_encoder_with_padding_is_torchs():
    def call(F, lib, src):
        same_seed(0)
        layer = lib.nn.TransformerEncoderLayer(6, 2, 8, batch_first=True)
        net = lib.nn.TransformerEncoder(layer, 2).eval()
        padding = lib.zeros(2, 4, dtype=lib.bool)
        padding[1, 2:] = True
        with lib.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch announces its nested tensors
            return net(src, src_key_padding_mask=padding)

    assert_same(*both(call, x(2, 4, 6)))


ERRORS = {
    "dropout": lambda F, lib: F.dropout(lib.ones(1), 1.5),
    "dropout1d": lambda F, lib: F.dropout1d(lib.ones(1)),
    "dropout2d": lambda F, lib: F.dropout2d(lib.ones(1, 2, 3)),
    "softmax": lambda F, lib: F.softmax(lib.ones(2)),
    "glu": lambda F, lib: F.glu(lib.tensor(1.0)),
    "hardtanh": lambda F, lib: F.hardtanh(lib.ones(1), 2, 1),
    "embedding": lambda F, lib: F.embedding(lib.tensor([0]), lib.ones(2, 2), padding_idx=3),
    "bag rank": lambda F, lib: F.embedding_bag(lib.ones(1, 1, 1).long(), lib.ones(2, 2)),
    "bag offsets": lambda F, lib: F.embedding_bag(lib.ones(1).long(), lib.ones(2, 2)),
    "bag mode": lambda F, lib: F.embedding_bag(lib.ones(1, 1).long(), lib.ones(2, 2), mode="min"),
    "batch_norm": lambda F, lib: F.batch_norm(lib.ones(1, 2), None, None, training=True),
    "instance_norm": lambda F, lib: F.instance_norm(lib.ones(1, 2, 1)),
    "group_norm": lambda F, lib: F.group_norm(lib.ones(1), 1),
    "local_response_norm": lambda F, lib: F.local_response_norm(lib.ones(1, 2), 2),
    "poisson": lambda F, lib: F.poisson_nll_loss(lib.ones(1), lib.ones(1), reduction="all"),
    "gaussian": lambda F, lib: F.gaussian_nll_loss(lib.ones(1), lib.ones(1), -lib.ones(1)),
    "gaussian size": lambda F, lib: F.gaussian_nll_loss(lib.ones(2), lib.ones(2), lib.ones(3)),
    "kl_div": lambda F, lib: F.kl_div(lib.ones(1), lib.ones(1)),
    "bce": lambda F, lib: F.binary_cross_entropy(lib.ones(1), lib.ones(2)),
    "bce logits": lambda F, lib: F.binary_cross_entropy_with_logits(lib.ones(1), lib.ones(2)),
    "mse": lambda F, lib: F.mse_loss(lib.ones(2, 1), lib.ones(2)),
    "l1 weight": lambda F, lib: F.l1_loss(lib.ones(2), lib.ones(2), weight=lib.ones(3)),
    "reduction": lambda F, lib: F.cross_entropy(lib.ones(1, 2), lib.tensor([0]), reduction="all"),
    "old reduction": lambda F, lib: F.mse_loss(lib.ones(1), lib.ones(1), size_average=False),
    "ranking": lambda F, lib: F.margin_ranking_loss(lib.ones(1), lib.ones(1, 1), lib.ones(1)),
    "cosine": lambda F, lib: F.cosine_embedding_loss(lib.ones(2), lib.ones(2), lib.ones(2)),
    "multi margin": lambda F, lib: F.multi_margin_loss(lib.ones(1, 2), lib.tensor([0]), p=3),
    "triplet": lambda F, lib: F.triplet_margin_loss(lib.ones(1), lib.ones(1), lib.ones(1), margin=-1),
    "interpolate rank": lambda F, lib: F.interpolate(lib.ones(1, 1, 2), 3, mode="bilinear"),
    "interpolate mode": lambda F, lib: F.interpolate(lib.ones(1, 1, 2), 3, mode="fancy"),
    "interpolate corners": lambda F, lib: F.interpolate(lib.ones(1, 1, 2), 3, align_corners=True),
    "interpolate sizes": lambda F, lib: F.interpolate(lib.ones(1, 1, 2), (3, 3)),
    "interpolate both": lambda F, lib: F.interpolate(lib.ones(1, 1, 2), 3, 2),
    "interpolate none": lambda F, lib: F.interpolate(lib.ones(1, 1, 2)),
    "upsample": lambda F, lib: F.upsample(lib.ones(1, 1, 2), 3),
    "grid mode": lambda F, lib: F.grid_sample(lib.ones(1, 1, 2, 2), lib.ones(1, 1, 1, 2), "best"),
    "grid corners": lambda F, lib: F.grid_sample(lib.ones(1, 1, 2, 2), lib.ones(1, 1, 1, 2)),
    "affine": lambda F, lib: F.affine_grid(lib.ones(1, 3, 3), (1, 1, 2, 2), align_corners=True),
    "pad length": lambda F, lib: F.pad(lib.ones(2), (1,)),
    "pad rank": lambda F, lib: F.pad(lib.ones(2), (1, 1, 1, 1), mode="reflect"),
    "pad mode": lambda F, lib: F.pad(lib.ones(2), (1, 1), mode="mirror"),
    "pixel_shuffle": lambda F, lib: F.pixel_shuffle(lib.ones(1, 3, 2, 2), 2),
    "channel_shuffle": lambda F, lib: F.channel_shuffle(lib.ones(1, 3, 2), 2),
    "one_hot": lambda F, lib: F.one_hot(lib.tensor([3]), 2),
    "fractional": lambda F, lib: F.fractional_max_pool2d(lib.ones(1, 1, 4, 4), 2),
    "unpool": lambda F, lib: F.max_unpool1d(lib.ones(1, 1, 2), lib.zeros(1, 1, 2).long(), 2, output_size=(9,)),
    "attention": lambda F, lib: lib.nn.MultiheadAttention(4, 2)(*[lib.ones(3, 1, 4)] * 3, attn_mask=lib.ones(2, 2)),
    "bilinear": lambda F, lib: F.bilinear(lib.ones(2, 3), lib.ones(3, 3), lib.ones(4, 3, 3)),
}


@pytest.mark.parametrize("name", list(ERRORS))
def test_error_or_warning_is_torchs(name):
    texts = []
    for lib in (wg, torch):
        with pytest.raises(Exception) as caught, warnings.catch_warnings():
            warnings.simplefilter("error")
            ERRORS[name](lib.nn.functional, lib)
        texts.append((caught.type.__name__, str(caught.value)))
    assert texts[0] == texts[1]


def test_every_public_function_exists():
    notes = {"reproducibility_notes", "sparse_support_notes", "tf32_notes"}
    names = [n for n in dir(torch.nn.functional) if n[0].islower() and callable(getattr(torch.nn.functional, n))]
    foreign = {n for n in names if "torch_function" in n or n == "boolean_dispatch"} | notes
    assert [n for n in names if n not in foreign and not hasattr(wg.nn.functional, n)] == []
