"""Convolutions whose channels, or groups, fill vectors: every way of cutting them gives torch's numbers, with any threads."""

import pytest

import wengert

# channels in and out of a group, groups, images, sizes, kernel, and the keywords of the convolution
SHAPES = {
    "panels of two and three vectors": (5, 128, 1, 3, (9, 11), (3, 3), {"padding": 1}),
    "the last vector is not full": (3, 100, 1, 3, (12, 9), (3, 2), {"stride": (1, 2)}),
    "channels in blocks": (200, 32, 1, 2, (10, 10), (3, 3), {"padding": 1}),
    "small images together": (16, 48, 1, 37, (3, 5), (3, 3), {"padding": (1, 2)}),
    "rows of padding, apart": (8, 64, 1, 2, (13, 12), (3, 3), {"padding": 4, "dilation": 4}),
    "planes of padding": (4, 32, 1, 2, (5, 6, 7), (3, 2, 3), {"padding": (2, 1, 1), "stride": (2, 1, 1)}),
    "long rows": (3, 16, 1, 2, (2500,), (5,), {"padding": 2}),
    "groups": (6, 32, 3, 4, (10, 9), (3, 3), {"stride": 2, "padding": 1}),
    "lanes": (1, 1, 32, 3, (14, 13), (7, 7), {"padding": 3}),
    "lanes, some unused": (1, 2, 27, 2, (5, 9), (3, 2), {"padding": (1, 0)}),
    "lanes by steps": (1, 1, 16, 3, (11, 12), (3, 5), {"stride": (2, 3), "padding": (1, 2), "dilation": (1, 2)}),
    "lanes of a few positions": (1, 1, 48, 20, (2, 3), (3, 3), {"stride": 2, "padding": 1}),
    "lanes in tiles of rows": (1, 1, 15, 1, (70, 61), (3, 3), {"padding": 2, "stride": (2, 1)}),
    "lanes of several images": (1, 1, 3, 7, (9, 10), (5, 5), {"padding": 2}),
    "lanes of some channels": (4, 3, 10, 5, (9, 8), (3, 3), {"padding": 1, "stride": 2}),
    "lanes of channels, in tiles": (12, 12, 8, 4, (19, 18), (3, 3), {"padding": 1}),
    "lanes of lines": (1, 3, 16, 2, (40,), (4,), {"padding": 3, "stride": 2}),
    "more padding than window, lanes": (1, 1, 32, 2, (4, 5), (1, 1), {"padding": (0, 2), "stride": 3}),
    "one window is the image": (7, 10, 2, 5, (3, 4), (3, 4), {}),
    "more padding than image": (2, 16, 1, 8, (2, 3), (2, 2), {"padding": 5, "dilation": 3}),
}


def _gradients(lib, transposed, dtype, tensors, keywords):
    """The result, and the gradients of all operands for a gradient of the result made of them."""
    x, w, b = (lib.tensor(t, dtype=getattr(lib, dtype)).requires_grad_() for t in tensors)
    name = f"conv{'_transpose' if transposed else ''}{x.ndim - 2}d"
    y = getattr(lib.nn.functional, name)(x, w, b, **keywords)
    (y * y).sum().backward()
    return [t.detach().tolist() for t in (y, x.grad, w.grad, b.grad)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("name", SHAPES)
def test_windows_as_torch(name, transposed, dtype):
    torch = pytest.importorskip("torch")
    few, many, groups, images, sizes, kernel, keywords = SHAPES[name]
    torch.manual_seed(0)
    # A transposed one goes the other way, so that its gradient of the input has the channels that fill vectors, and
    # with padding that leaves something of its result.
    if transposed and name == "more padding than image":
        keywords = keywords | {"padding": 1}
    channels = many if transposed else few
    shapes = [
        (images, groups * channels, *sizes),
        (groups * many, few, *kernel),
        (groups * (few if transposed else many),),
    ]
    tensors = [torch.randn(s, dtype=torch.float64).tolist() for s in shapes]
    ours, theirs = (
        _gradients(lib, transposed, dtype, tensors, keywords | {"groups": groups}) for lib in (wengert, torch)
    )
    for a, b in zip(ours, theirs, strict=True):
        a, b = torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64)
        assert a.shape == b.shape
        assert (a - b).abs().max() <= (2e-5 if dtype == "float32" else 1e-12) * b.abs().max()


@pytest.mark.parametrize("name", SHAPES)
def test_windows_do_not_depend_on_threads(name):
    few, many, groups, images, sizes, kernel, keywords = SHAPES[name]
    wengert.manual_seed(0)
    tensors = [
        wengert.randn(s).tolist()
        for s in ((images, groups * few, *sizes), (groups * many, few, *kernel), (groups * many,))
    ]
    before = wengert.get_num_threads()
    results = []
    try:
        for threads in (1, 3):
            wengert.set_num_threads(threads)
            results.append(_gradients(wengert, False, "float32", tensors, keywords | {"groups": groups}))
    finally:
        wengert.set_num_threads(before)
    assert results[0] == results[1]
