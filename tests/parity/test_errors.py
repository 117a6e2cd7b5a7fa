"""The texts of torch 2.13's errors where ops are called wrongly: type and message, letter by letter."""

import pytest

import wengert as wg
from wengert.nn import functional as F

F3 = wg.ones(3)


def _reads_freed():
    y = wg.ones(2, requires_grad=True).exp().sum()
    y.backward()
    y.backward()


def _overwritten():
    x = wg.ones(3, requires_grad=True)
    y = x.exp()
    y.add_(1)
    y.sum().backward()


def _leaf_written():
    wg.ones(2, requires_grad=True).add_(1)


def _view_of_leaf():
    wg.ones(2, requires_grad=True)[0] = 5


def _part_of_split():
    (wg.ones(4, requires_grad=True) * 1).split(2)[0].mul_(2)


AGAIN = (
    "Trying to backward through the graph a second time (or directly access saved tensors after they have already been "
    "freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify "
    "retain_graph=True if you need to backward through the graph a second time or if you need to access saved tensors "
    "after calling backward."
)
WRITTEN = (
    "one of the variables needed for gradient computation has been modified by an inplace operation: [torch.FloatTensor "
    "[3]], which is output 0 of Exp, is at version 1; expected version 0 instead. Hint: enable anomaly detection to find "
    "the operation that failed to compute its gradient, with torch.autograd.set_detect_anomaly(True, check_nan=False)."
)
PART = (
    "Output 0 of Split is a view and is being modified inplace. This view is the output of a function that returns "
    "multiple views. Such functions do not allow the output views to be modified inplace. You should replace the inplace "
    "operation by an out-of-place one."
)
VIEW = (
    "view size is not compatible with input tensor's size and stride (at least one dimension spans across two contiguous "
    "subspaces). Use .reshape(...) instead."
)
ZERO_DIM = (
    "invalid index of a 0-dim tensor. Use `tensor.item()` in Python or `tensor.item<T>()` in C++ to convert a 0-dim tensor "
    "to a number"
)
INDICES = (
    "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
    "torch.FloatTensor instead (while checking arguments for embedding)"
)
CHANNELS = "Given groups=1, weight of size [4, 3, 3, 3], expected input[1, 1, 8, 8] to have 3 channels, but got 1 channels instead"
KERNEL = (
    "Calculated padded input size per channel: (8 x 8). Kernel size: (9 x 9). Kernel size can't be greater than actual "
    "input size"
)
MEAN = "mean(): could not infer output dtype. Input dtype must be either a floating point or complex dtype. Got: Long"
CAT = (
    "Sizes of tensors must match except in dimension 0. Expected size 3 but got size 4 for tensor number 1 in the list."
)
NO_GRAPH = "element 0 of tensors does not require grad and does not have a grad_fn"
SHAPE = "Mismatch in shape: grad_output[0] has a shape of torch.Size([4]) and output[0] has a shape of torch.Size([3])."
WRONG = [
    (_reads_freed, RuntimeError, AGAIN),
    (_overwritten, RuntimeError, WRITTEN),
    (_leaf_written, RuntimeError, "a leaf Variable that requires grad is being used in an in-place operation."),
    (_view_of_leaf, RuntimeError, "a view of a leaf Variable that requires grad is being used in an in-place operation."),
    (_part_of_split, RuntimeError, PART),
    (lambda: F3.backward(), RuntimeError, NO_GRAPH),
    (lambda: (wg.ones(3, requires_grad=True) * 2).backward(wg.ones(4)), RuntimeError, SHAPE),
    (lambda: (wg.ones(3, requires_grad=True) * 2).backward(), RuntimeError, "grad can be implicitly created only for scalar outputs"),
    (lambda: wg.ones(2, 3) @ wg.ones(4, 5), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"),
    (lambda: wg.ones(2, 2, 3) @ wg.ones(4, 3, 2), RuntimeError, "The size of tensor a (2) must match the size of tensor b (4) at non-singleton dimension 0"),
    (lambda: wg.ones(2, 3) @ wg.ones(4), RuntimeError, "size mismatch, got input (2), mat (2x3), vec (4)"),
    (lambda: wg.ones(2, 3) + wg.ones(2, 4), RuntimeError, "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 1"),
    (lambda: F3 == wg.ones(4), RuntimeError, "The size of tensor a (3) must match the size of tensor b (4) at non-singleton dimension 0"),
    (lambda: wg.ones(2, 2) @ wg.ones(2, 2).double(), RuntimeError, "expected m1 and m2 to have the same dtype, but got: float != double"),
    (lambda: F.linear(wg.ones(2, 5), wg.ones(4, 3)), RuntimeError, "mat1 and mat2 shapes cannot be multiplied (2x5 and 3x4)"),
    (lambda: F.linear(wg.ones(2, 3).double(), wg.ones(4, 3), wg.ones(4)), RuntimeError, "mat1 and mat2 must have the same dtype, but got Double and Float"),
    (lambda: F.cross_entropy(wg.ones(3, 5), wg.ones(3)), RuntimeError, "expected target dtype to be Long or Byte, but got Float"),
    (lambda: F.cross_entropy(wg.ones(3, 5), wg.zeros(4).long()), ValueError, "Expected input batch_size (3) to match target batch_size (4)."),
    (lambda: F.cross_entropy(wg.ones(1, 5), wg.tensor([7])), IndexError, "Target 7 is out of bounds."),
    (lambda: F.embedding(wg.ones(2), wg.ones(3, 2)), RuntimeError, INDICES),
    (lambda: F.embedding(wg.tensor([9]), wg.ones(3, 2)), IndexError, "index out of range in self"),
    (lambda: wg.ones(6).view(4, 2), RuntimeError, "shape '[4, 2]' is invalid for input of size 6"),
    (lambda: wg.ones(6).reshape(4, -1), RuntimeError, "shape '[4, -1]' is invalid for input of size 6"),
    (lambda: wg.ones(2, 3).t().view(6), RuntimeError, VIEW),
    (lambda: F3[5], IndexError, "index 5 is out of bounds for dimension 0 with size 3"),
    (lambda: F3[0, 0], IndexError, "too many indices for tensor of dimension 1"),
    (lambda: F3.sum(2), IndexError, "Dimension out of range (expected to be in range of [-1, 0], but got 2)"),
    (lambda: wg.tensor(1.0)[0], IndexError, ZERO_DIM),
    (lambda: iter(wg.tensor(1.0)), TypeError, "iteration over a 0-d tensor"),
    (lambda: len(wg.tensor(1.0)), TypeError, "len() of a 0-d tensor"),
    (lambda: wg.ones(3, 2)[wg.ones(4) > 0], IndexError, "The shape of the mask [4] at index 0 does not match "
        "the shape of the indexed tensor [3, 2] at index 0"),
    (lambda: wg.cat([wg.ones(2, 3), wg.ones(2, 4)]), RuntimeError, CAT),
    (lambda: wg.stack([wg.ones(2), wg.ones(3)]), RuntimeError, "stack expects each tensor to be equal size, but got [2] at entry 0 and [3] at entry 1"),
    (lambda: wg.cat([]), ValueError, "torch.cat(): expected a non-empty list of Tensors"),
    (lambda: wg.cat([None, F3]), TypeError, "expected Tensor as element 0 in argument 0, but got NoneType"),
    (lambda: F.conv2d(wg.ones(1, 1, 8, 8), wg.ones(4, 3, 3, 3)), RuntimeError, CHANNELS),
    (lambda: F.conv2d(wg.ones(1, 1, 8, 8), wg.ones(1, 1, 9, 9)), RuntimeError, KERNEL),
    (lambda: F.conv2d(wg.ones(8, 8), wg.ones(1, 1, 3, 3)), RuntimeError, "Expected 3D (unbatched) or 4D (batched) input to conv2d, but "
        "got input of size: [8, 8]"),
    (lambda: F.binary_cross_entropy(wg.tensor([1.5]), wg.tensor([1.0])), RuntimeError, "all elements of input should be between 0 and 1"),
    (lambda: F3 & F3, NotImplementedError, "\"bitwise_and_cpu\" not implemented for 'Float'"),
    (lambda: wg.ones(2).long().mean(), RuntimeError, MEAN),
    (lambda: F3.scatter(0, F3, F3), RuntimeError, "scatter(): Expected dtype int32/int64 for index"),
    (lambda: wg.ones(2, 2).gather(0, wg.zeros(2).long()), RuntimeError, "Index tensor must have the same number of dimensions as input tensor"),
    (lambda: F.one_hot(wg.ones(2)), RuntimeError, "one_hot is only applicable to index tensor of type LongTensor."),
    (lambda: F3.nansum(dtype=wg.complex64), NotImplementedError, "\"nansum_cpu\" not implemented for 'ComplexFloat'"),
    (lambda: F3.requires_grad_(F3), TypeError, "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not Tensor"),
    (lambda: F3.as_strided([-1], [2]), RuntimeError, "Storage size calculation overflowed with sizes=[-1] and strides=[2]"),
]  # fmt: skip


@pytest.mark.parametrize("call,kind,text", WRONG, ids=[text[:40] for _, _, text in WRONG])
def test_the_error_is_torchs(call, kind, text):
    with pytest.raises(kind) as caught:
        call()
    assert str(caught.value).partition("\n")[0] == text
