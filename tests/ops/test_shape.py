"""Views, splits, combinations and factories against NumPy; torch's error texts; what shares memory with what."""

import numpy as np
import pytest

import wengert as wg


def arange(*shape):
    return np.arange(np.prod(shape), dtype=np.float64).reshape(shape)


A, C = arange(4, 6), arange(2, 3, 4)
SAME = {
    "view": (lambda m, x: x.reshape(3, 8), A),
    "view of -1": (lambda m, x: x.reshape(-1, 2), A),
    "transpose": (lambda m, x: x.swapaxes(0, 2), C),
    "movedim": (lambda m, x: m.moveaxis(x, (0, 2), (1, 0)), C),
    "squeeze": (lambda m, x: x.reshape(2, 1, 12, 1).squeeze(), C),
    "ravel": (lambda m, x: x.T.ravel(), A),
    "flip": (lambda m, x: m.flip(x, (0, 2)), C),
    "roll": (lambda m, x: m.roll(x, (1, -2), (0, 1)), A),
    "roll flat": (lambda m, x: m.roll(x, 5), A),
    "rot90": (lambda m, x: m.rot90(x, 3, (0, 1)), A),
    "tile": (lambda m, x: m.tile(x, (2, 1, 3)), A),
    "tril": (lambda m, x: m.tril(x, -1), C),
    "triu": (lambda m, x: m.triu(x, 2), A),
    "diagonal": (lambda m, x: m.diagonal(x, 1), A),
    "diagflat": (lambda m, x: m.diagflat(x[0], -1), A),
    "hstack": (lambda m, x: m.hstack([x, x[:, :2]]), A),
    "vstack": (lambda m, x: m.vstack([x[0], x[1]]), A),
    "dstack": (lambda m, x: m.dstack([x, x]), A),
    "column_stack": (lambda m, x: m.column_stack([x[:, 0], x]), A),
    "stack": (lambda m, x: m.stack([x, x], -1), A),
    "vander": (lambda m, x: m.vander(x[0], 3), A),
    "linspace": (lambda m, x: m.linspace(-1, 3, 9), A),
    "linspace of one": (lambda m, x: m.linspace(2, 3, 1), A),
    "arange": (lambda m, x: m.arange(1.0, -3.0, -0.5), A),
    "eye": (lambda m, x: m.eye(2, 4), A),
}


@pytest.mark.parametrize("name", SAME)
def test_agrees_with_numpy(name):
    f, a = SAME[name]
    got, expected = f(wg, wg.tensor(a)), f(np, a)
    assert got.shape == expected.shape
    assert np.allclose(got.numpy(), expected)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x.view(12),
        lambda x: x.reshape(2, 6),
        lambda x: x.permute(1, 0),
        lambda x: x.expand(1, 3, 4),
        lambda x: x.unsqueeze(0).squeeze(0),
        lambda x: x.select(0, 1),
        lambda x: x[1:, ::2],
        lambda x: x.narrow(1, 1, 2),
        lambda x: x.diagonal(),
        lambda x: x.unfold(1, 2, 1),
        lambda x: x.as_strided((2, 2), (1, 4), 1),
        lambda x: x.split(2)[0],
        lambda x: x.chunk(2, 1)[1],
        lambda x: x.unbind()[2],
        lambda x: x.view(wg.int64),
        lambda x: x.T,
        lambda x: x.flatten(),
    ],
)
def test_views_share_memory_and_versions(f):
    x = wg.tensor(arange(3, 4))
    y = f(x)
    assert y.data_ptr() - x.data_ptr() in range(12 * 8)
    y.zero_()
    assert x._version == 1
    assert x.count_nonzero() < 11


def test_split_lengths():
    x = wg.arange(10)
    assert [len(t) for t in x.split(4)] == [4, 4, 2]
    assert [len(t) for t in x.split([1, 9])] == [1, 9]
    assert [len(t) for t in x.chunk(3)] == [4, 4, 2]
    assert [len(t) for t in x.tensor_split(3)] == [4, 3, 3]
    assert [len(t) for t in x.tensor_split((2, 7))] == [2, 5, 3]
    assert [len(t) for t in wg.zeros(0).chunk(3)] == [0, 0, 0]


def test_gradients_of_some_parts():
    x = wg.tensor(arange(5, 2), requires_grad=True)
    a, _, c = x.split([1, 2, 2])
    ((2 * a).sum() + (3 * c).sum() + x.unbind(1)[1].sum()).backward()
    assert x.grad.tolist() == [[2, 3], [0, 1], [0, 1], [3, 4], [3, 4]]


def test_padding():
    a = arange(2, 3, 4)
    x = wg.tensor(a)
    pads = ((0, 0), (2, 1), (1, 2))
    for mode, numpy_mode in (("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")):
        got = wg._ops.pad(x.unsqueeze(0), (1, 2, 2, 1), mode)[0]
        assert np.array_equal(got.numpy(), np.pad(a, pads, mode=numpy_mode))
    assert np.array_equal(wg._ops.pad(x, (1, 2, 2, 1), "constant", 7).numpy(), np.pad(a, pads, constant_values=7))
    assert np.array_equal(wg._ops.pad(x, (-1, -2)).numpy(), a[..., 1:-2])


@pytest.mark.parametrize("mode", ["constant", "reflect", "replicate", "circular"])
def test_gradient_of_padding_is_its_adjoint(mode):
    x = wg.tensor(arange(1, 3, 4), requires_grad=True)
    y = wg._ops.pad(x, (2, 1), mode)
    v = wg.tensor(1.0 + arange(*y.shape))
    (g,) = wg.autograd.grad(y, x, v)
    step = wg.tensor(1.0 + arange(1, 3, 4) ** 2)
    assert np.allclose((g * step).sum().item(), (wg._ops.pad(step, (2, 1), mode) * v).sum().item())


def test_dtypes_of_factories():
    assert wg.full((2,), 1).dtype == wg.int64
    assert wg.full((2,), True).dtype == wg.bool
    assert wg.full((2,), 1j).dtype == wg.complex64
    assert wg.arange(3).dtype == wg.int64
    assert wg.arange(3.0).dtype == wg.float32
    assert wg.zeros(2, dtype=wg.uint8).dtype == wg.uint8
    assert wg.ones_like(wg.zeros(2, dtype=wg.int32)).dtype == wg.int32
    assert wg.zeros(2, requires_grad=True).requires_grad
    assert wg.cat([wg.zeros(1), wg.zeros(1, dtype=wg.float64)]).dtype == wg.float64


def test_arange_and_linspace_have_the_exact_ends():
    assert wg.linspace(0.1, 0.7, 7)[-1] == wg.tensor(0.7)
    assert wg.arange(0, 1, 0.1).shape == (10,)
    assert wg.arange(0.3, 50, 0.1)[490].item() == float(np.float32(float(np.float32(0.3 + 48.8)) + 2 * 0.1))


def test_in_place_changes_of_shape():
    x = wg.zeros(1, 3).requires_grad_()
    y = (x * 2).squeeze_().unsqueeze_(1).transpose_(0, 1)
    assert y.shape == (1, 3)
    y.sum().backward()
    assert x.grad.tolist() == [[2, 2, 2]]
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used in an in-place operation"):
        x.t_()
    assert wg.zeros(2).resize_(3, 4).shape == (3, 4)


z = wg.zeros
ERRORS = [
    (lambda: z(2, 3).view(-1, -1), RuntimeError, "only one dimension can be inferred"),
    (
        lambda: z(0, 3).view(-1, 0),
        RuntimeError,
        (
            "cannot reshape tensor of 0 elements into shape [-1, 0] because the unspecified dimension size -1 can be any "
            "value and is ambiguous"
        ),
    ),
    (
        lambda: z(2, 3).t().view(6),
        RuntimeError,
        (
            "view size is not compatible with input tensor's size and stride (at least one dimension spans across two "
            "contiguous subspaces). Use .reshape(...) instead."
        ),
    ),
    (
        lambda: z(2, 3).expand(3),
        RuntimeError,
        (
            "expand(torch.FloatTensor{[2, 3]}, size=[3]): the number of sizes provided (1) must be greater or equal to the "
            "number of dimensions in the tensor (2)"
        ),
    ),
    (lambda: z(2, 3).permute(0, 0), RuntimeError, "permute(): duplicate dims are not allowed."),
    (lambda: z(2, 3, 4).t(), RuntimeError, "t() expects a tensor with <= 2 dimensions, but self is 3D"),
    (lambda: z(3).unsqueeze(5), IndexError, "Dimension out of range (expected to be in range of [-2, 1], but got 5)"),
    (
        lambda: z(2, 3).select(0, 5),
        IndexError,
        "select(): index 5 out of range for tensor of size [2, 3] at dimension 0",
    ),
    (lambda: z(3).narrow(0, 2, 2), RuntimeError, "start (2) + length (2) exceeds dimension size (3)."),
    (lambda: z(3).split(-1), RuntimeError, "split expects split_size be non-negative, but got split_size=-1"),
    (
        lambda: z(3).split((1, 1)),
        RuntimeError,
        (
            "split_with_sizes expects split_sizes to sum exactly to 3 (input tensor's size at dimension 0), but got "
            "split_sizes=[1, 1]"
        ),
    ),
    (lambda: z(3).chunk(0), RuntimeError, "chunk expects `chunks` to be greater than 0, got: 0"),
    (lambda: z(()).unbind(), IndexError, "Dimension specified as 0 but tensor has no dimensions"),
    (lambda: z(3, 3).diagonal(0, 0, 0), RuntimeError, "diagonal dimensions cannot be identical 0, 0"),
    (lambda: z(3).unfold(0, 4, 1), RuntimeError, "maximum size for tensor at dimension 0 is 3 but size is 4"),
    (
        lambda: z(3).as_strided((4,), (1,)),
        RuntimeError,
        (
            "setStorage: sizes [4], strides [1], storage offset 0, and itemsize 4 requiring a storage size of 16 are out of "
            "bounds for storage of size 12"
        ),
    ),
    (
        lambda: z(2, 3).unflatten(1, (2, 2)),
        RuntimeError,
        "unflatten: Provided sizes [2, 2] don't multiply up to the size of dim 1 (3) in the input tensor",
    ),
    (lambda: z(3, 3).movedim((0, 0), (0, 1)), RuntimeError, "movedim: repeated dim in `source` ([0, 0])"),
    (
        lambda: z(3, 3).view(wg.float64),
        RuntimeError,
        "self.size(-1) must be divisible by 2 to view Float as Double (different element sizes), but got 3",
    ),
    (lambda: wg.cat([]), ValueError, "torch.cat(): expected a non-empty list of Tensors"),
    (lambda: wg.cat([z(()), z(())]), RuntimeError, "zero-dimensional tensor (at position 0) cannot be concatenated"),
    (
        lambda: z(2, 3).repeat(2),
        RuntimeError,
        "Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor",
    ),
    (lambda: z(2, 3).roll((1, 1), (0,)), RuntimeError, "shifts and dimensions must align. shifts: 2, dims:1"),
    (lambda: z(2).tril(), RuntimeError, "tril: input tensor must have at least 2 dimensions"),
    (lambda: wg.arange(5, 0), RuntimeError, "upper bound and lower bound inconsistent with step sign"),
    (lambda: wg.linspace(0, 1, -1), RuntimeError, "number of steps must be non-negative"),
    (lambda: wg.eye(-1), RuntimeError, "n must be greater or equal to 0, got -1"),
    (
        lambda: wg.full((2,), 1j, dtype=wg.float32),
        RuntimeError,
        "value cannot be converted to type float without overflow",
    ),
    (
        lambda: wg.full((2,), 300, dtype=wg.uint8),
        RuntimeError,
        "value cannot be converted to type uint8_t without overflow",
    ),
    (lambda: wg.empty(-1), RuntimeError, "Trying to create tensor with negative dimension -1: [-1]"),
    (lambda: wg.view_as_complex(z(3)), RuntimeError, "Tensor must have a last dimension of size 2"),
    (
        lambda: z(2, 3, 4).H,
        RuntimeError,
        (
            "tensor.H is only supported on matrices (2-D tensors). Got 3-D tensor. For batches of matrices, consider using "
            "tensor.mH"
        ),
    ),
]


@pytest.mark.parametrize("call, kind, text", ERRORS, ids=[e[2][:40] for e in ERRORS])
def test_errors(call, kind, text):
    with pytest.raises(kind) as e:
        call()
    assert str(e.value) == text


def test_broadcast_tensors_gives_back_what_has_the_shape_already():
    a, b = wg.ones(2, 3, requires_grad=True), wg.ones(3)
    wide, other = wg.broadcast_tensors(a, b)
    assert wide is a and other is not b and other.shape == (2, 3)
    with pytest.raises(TypeError, match="expected Tensor as element 1 in argument 0, but got int"):
        wg.broadcast_tensors(a, 3)


@pytest.mark.parametrize("length", range(1, 8))
def test_unfold_gives_every_whole_window(length):
    for size in range(length + 1):
        for step in range(1, 5):
            x = wg.arange(length)
            windows = [list(range(at, at + size)) for at in range(0, length - size + 1, step)]
            assert x.unfold(0, size, step).tolist() == windows
            assert wg.stack((x, x + 9), 1).unfold(0, size, step)[:, 1].tolist() == [[v + 9 for v in w] for w in windows]
