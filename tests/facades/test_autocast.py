"""CPU autocast: which ops change type inside a block, gradients through the casts, threads, and the way back."""

import threading

import pytest

import wengert as torch
import wengert.nn.functional as F


@pytest.fixture
def matrices():
    torch.manual_seed(0)
    return torch.randn(3, 3), torch.randn(3, 3)


def test_products_in_the_short_type(matrices):
    a, b = matrices
    with torch.autocast("cpu"):
        products = [
            a @ b,
            a.matmul(b),
            torch.mm(a, b),
            torch.addmm(a, a, b),
            torch.bmm(a[None], b[None]),
            F.linear(a, b),
            F.linear(a, b, bias=a[0]),
            F.scaled_dot_product_attention(a[None], b[None], b[None]),
            F.conv1d(a[None], b[:, :, None]),
            torch.einsum("ij,jk", a, b),
            torch.nn.Linear(3, 2)(a),
        ]
        assert {p.dtype for p in products} == {torch.bfloat16}
        assert (a + b).dtype is a.softmax(0).dtype is torch.float32
        assert (a.double() @ b.double()).dtype is torch.float64
    assert (a @ b).dtype is F.linear(a, b).dtype is torch.float32


def test_losses_in_float32(matrices):
    a, b = matrices
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert F.mse_loss(a @ b, a).dtype is F.cross_entropy(a @ b, torch.arange(3)).dtype is torch.float32


def test_a_product_is_that_of_the_casts(matrices):
    a, b = (m.requires_grad_() for m in matrices)
    with torch.autocast("cpu"):
        inside = a @ b
    outside = a.bfloat16() @ b.bfloat16()
    assert torch.equal(inside, outside)
    (left,), (right,) = (torch.autograd.grad(out.float().square().sum(), a) for out in (inside, outside))
    assert left.dtype is torch.float32 and torch.equal(left, right)


def test_nested_disabled_and_after_an_error(matrices):
    a, b = matrices
    with pytest.raises(ZeroDivisionError), torch.autocast("cpu"):
        with torch.autocast("cpu", enabled=False):
            assert (a @ b).dtype is torch.float32
        assert (a @ b).dtype is torch.bfloat16
        raise ZeroDivisionError
    assert (a @ b).dtype is torch.float32
    with pytest.raises(TypeError):
        print(a @ 2)


def test_other_threads_are_not_concerned(matrices):
    a, b = matrices
    seen = []
    with torch.autocast("cpu"):
        thread = threading.Thread(target=lambda: seen.extend([(a @ b).dtype, F.linear(a, b).dtype]))
        thread.start()
        thread.join()
        assert torch.mm(a, b).dtype is torch.bfloat16
    assert seen == [torch.float32, torch.float32]


def test_set_autocast_enabled(matrices):
    a, b = matrices
    torch.set_autocast_enabled("cpu", True)
    try:
        assert (a @ b).dtype is torch.bfloat16
    finally:
        torch.set_autocast_enabled("cpu", False)
    assert (a @ b).dtype is torch.float32


PLAIN = {
    "l1_loss": lambda t, h: t.nn.functional.l1_loss(h, h),
    "kl_div": lambda t, h: t.nn.functional.kl_div(h, h, reduction="sum"),
    "cosine_embedding_loss": lambda t, h: t.nn.functional.cosine_embedding_loss(h, h, t.ones(4)),
    "multi_margin_loss": lambda t, h: t.nn.functional.multi_margin_loss(h, t.tensor([0, 1, 2, 3])),
    "MultiMarginLoss": lambda t, h: t.nn.MultiMarginLoss()(h, t.tensor([0, 1, 2, 3])),
    "prelu": lambda t, h: t.nn.functional.prelu(h.float(), t.ones(1)),
    "inverse": lambda t, h: (h + t.eye(4)).inverse(),
    "linalg.svd": lambda t, h: t.linalg.svd(h)[1],
    "cdist": lambda t, h: t.cdist(h, h),
    "quantile": lambda t, h: h.quantile(0.5),
    "fft": lambda t, h: t.fft.fft(h),
    "linalg.multi_dot": lambda t, h: t.linalg.multi_dot([h.float(), h.float()]),
    "exp": lambda t, h: h.exp(),
    "reflect": lambda t, h: t.nn.functional.pad(h, (1, 1), mode="reflect"),
    "replicate": lambda t, h: t.nn.functional.pad(h[None, None], (1, 1, 1, 1), mode="replicate"),
    "index_copy": lambda t, h: h.float().index_copy(0, t.tensor([1]), h[:1]),
    **{
        f"{layer} of {size}": lambda t, h, layer=layer, size=size: getattr(t.nn, layer)(4, 3)(
            h[None] if size == "bfloat16" else h[None].float()
        )[0]
        for layer in ("LSTM", "GRU", "RNN")
        for size in ("bfloat16", "float32")
    },
    "softmax": lambda t, h: h.softmax(0),
}


@pytest.mark.parametrize("name", PLAIN)
def test_functions_made_of_ops_get_the_dtypes_that_torch_gives(name):
    dtypes = []
    for t in (torch, pytest.importorskip("torch")):  # wengert, and torch itself
        h, before = t.ones(4, 4).bfloat16(), t.nn.functional.l1_loss
        with t.autocast("cpu", dtype=t.bfloat16):
            dtypes.append(str(PLAIN[name](t, h).dtype))
        assert t.nn.functional.l1_loss is before  # what the block put there is gone with it
    assert dtypes[0] == dtypes[1]


def test_a_device_with_a_number_is_a_device(matrices):
    a, b = matrices
    with torch.autocast("cpu:0") as block:
        assert (a @ b).dtype is torch.bfloat16 and block.device == "cpu:0"
    with pytest.raises(RuntimeError, match="Invalid device string: 'not a device'"):
        torch.autocast("not a device")
