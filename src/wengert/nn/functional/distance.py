"""Distances, normalisation of vectors, one-hot codes."""

import wengert as wg

from ._native import native

_pdist = native("pdist")


def pairwise_distance(x1, x2, p=2.0, eps=1e-6, keepdim=False):
    """p-norm of x1 - x2 + eps over the last dimension.

    >>> pairwise_distance(wg.tensor([[3.0, 4.0]]), wg.zeros(1, 2))
    tensor([5.0000])
    """
    return (x1 - x2 + eps).norm(p, -1, keepdim)


def cosine_similarity(x1, x2, dim=1, eps=1e-8):
    """Dot product over the product of the lengths (each at least eps) along `dim`.

    >>> cosine_similarity(wg.tensor([[3.0, 4.0]]), wg.tensor([[3.0, 4.0]]))
    tensor([1.])
    """
    dtype = wg.promote_types(x1.dtype, x2.dtype)
    if not dtype.is_floating_point:
        name = wg.empty(0, dtype=dtype).type().rpartition(".")[2].removesuffix("Tensor")
        raise RuntimeError(f"expected common dtype to be floating point, yet common dtype is {name}")
    if eps < 0:
        raise RuntimeError(f"eps must be non-negative, got: {eps:g}")
    x1, x2 = wg.broadcast_tensors(*(x if x.is_floating_point() else x.to(dtype) for x in (x1, x2)))

    def unit(x):
        length = x.norm(2, dim, True).clone()
        with wg.no_grad():
            length.clamp_(min=eps)  # hidden from the gradient, as in torch
        return x / length

    return (unit(x1) * unit(x2)).sum(dim)


def pdist(input, p=2.0):
    """Distances of all pairs of rows of (N, D), as (N * (N - 1) / 2,).

    >>> pdist(wg.tensor([[0.0], [2.0], [5.0]]))
    tensor([2., 5., 3.])
    """
    return _pdist(input, p)


def normalize(input, p=2.0, dim=1, eps=1e-12, out=None):
    """Vectors along `dim` divided by their p-norm (at least eps).

    >>> normalize(wg.tensor([[3.0, 4.0]]))
    tensor([[0.6000, 0.8000]])
    """
    length = input.norm(p, dim, keepdim=True).clamp_min(eps).expand_as(input)
    return input / length if out is None else wg.div(input, length, out=out)


def one_hot(tensor, num_classes=-1):
    """Class indices (*) as 0/1 rows (*, num_classes); -1 takes the largest index plus one.

    >>> one_hot(wg.tensor([1, 0]))
    tensor([[0, 1],
            [1, 0]])
    """
    if tensor.dtype != wg.int64:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if wg._core.payload(tensor) is not None:  # of a batch: there is no looking at the values
        if num_classes <= 0:
            raise RuntimeError(
                "When vmap-ing torch.nn.functional.one_hot, please provide an explicit positive num_classes argument."
            )
        return (tensor.unsqueeze(-1) == wg.arange(num_classes)).to(wg.int64)
    if tensor.numel() == 0:
        if num_classes <= 0:
            raise RuntimeError("Can not infer total number of classes from empty tensor.")
        return wg.empty((*tensor.shape, num_classes), dtype=wg.int64)
    if int(tensor.min()) < 0:
        raise RuntimeError("Class values must be non-negative.")
    largest = int(tensor.max())
    if num_classes == -1:
        num_classes = largest + 1
    elif num_classes < 1:
        raise RuntimeError("num_classes should be positive")
    elif num_classes <= largest:
        raise RuntimeError("Class values must be smaller than num_classes.")
    return wg.zeros((*tensor.shape, num_classes), dtype=wg.int64).scatter_(-1, tensor.unsqueeze(-1), 1)
