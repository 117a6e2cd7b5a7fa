"""Look-ups in flat tensors and tables: take, put, embedding, one_hot, isin."""

from .._core import payload
from ._declare import composite, constant, primitive
from .compare import where
from .index import index_select, masked_fill
from .linalg_checks import kind
from .shape import reshape


@primitive("take(Tensor self, Index index)")
def take(g, self, index):
    """The elements at linear indices, in the shape of index.

    >>> wengert.tensor([[4, 3], [2, 1]]).take(wengert.tensor([0, 3]))
    tensor([4, 1])
    """
    return _take_backward(g, self.shape, index)


@primitive("_take_backward(Tensor grad, int[] sizes, Index index)", method=False, function=False)
def _take_backward(g, index):
    """Zeros with grad added at linear indices."""
    return take(g, index)


@primitive("put(Tensor self, Index index, Tensor source, bool accumulate=False)", inplace=True)
def put(g, self, index, source, accumulate):
    """self with source written (or added) at linear indices."""
    return _put_kept(g, index, accumulate), reshape(take(g, index), source.shape)


@primitive("_put_kept(Tensor grad, Index index, bool accumulate)", method=False, function=False)
def _put_kept(g, index, accumulate):
    """grad without what put overwrites."""
    return _put_kept(g, index, accumulate)


@primitive("take_along_dim(Tensor self, Index indices, int? dim=None)")
def take_along_dim():
    """gather with broadcasting; over the flattened tensors when dim is None."""


@primitive(
    "embedding(Tensor weight, Index indices, int padding_idx=-1, bool scale_grad_by_freq=False, bool sparse=False)",
    method=False,
)
def embedding(g, weight, indices, padding_idx, scale_grad_by_freq):
    """The rows of weight that indices names; the row padding_idx gets no gradient."""
    return embedding_dense_backward(g, indices, weight.shape[0], padding_idx, scale_grad_by_freq)


@primitive(
    "embedding_dense_backward(Tensor grad_output, Index indices, int num_weights, int padding_idx, "
    "bool scale_grad_by_freq)",
    method=False,
    function=False,
)
def embedding_dense_backward(g, grad_output, indices, padding_idx):
    """Rows added up where they were looked up, without the padding row."""
    flat = reshape(indices, [-1])
    dropped = reshape(flat == padding_idx, [-1, 1])
    return reshape(masked_fill(index_select(g, 0, flat), dropped, 0), grad_output.shape)


@constant("one_hot(Index self, int num_classes=-1)", method=False)
def one_hot():
    """1 at the index in a new last dim, 0 elsewhere; as many classes as the largest index asks for by default."""


@composite(method=False)
def embedding_renorm_(input, indices, max_norm, norm_type=2.0):
    """Scales those looked-up rows of a table down, in place, whose norm is larger than max_norm."""
    from .. import no_grad

    with no_grad():
        rows = indices.reshape(-1).unique()
        values = index_select(input, 0, rows)
        norms = values.norm(norm_type, 1, keepdim=True)
        scale = where(norms > max_norm, max_norm / (norms + 1e-7), norms.new_ones(norms.shape))
        return input.index_copy_(0, rows, values * scale)


def _check_bags(weight, indices, per_sample_weights, padding_idx):
    """Refuse what does not fit together."""
    from .. import int32, int64

    if indices.dtype not in (int64, int32):
        raise RuntimeError(
            "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got "
            f"{indices.type()} instead (while checking arguments for embedding_bag)"
        )
    n = weight.shape[0]
    if padding_idx is not None and not -n <= padding_idx < n:
        raise RuntimeError(
            f"padding_idx must be within the number of embeddings, -{n} through {n - 1}, but got {padding_idx}"
        )
    if per_sample_weights is not None and per_sample_weights.dtype != weight.dtype:
        raise RuntimeError(
            "Expected tensor for argument #1 'weight' to have the same type as tensor for argument #1 "
            f"'per_sample_weights'; but type {weight.type()} does not equal {per_sample_weights.type()} "
            "(while checking arguments for embedding_bag)"
        )


def _out_of_range(indices, n, kernel):
    """What is said of the first index outside the table."""
    at, value = next(((i, v) for i, v in enumerate(indices.tolist()) if not 0 <= v < n), (None, None))
    if at is None:
        return "embedding_bag: the indices were changed while they were read"
    if kernel:
        return f"Index {at} of input takes value {value} which is not in the valid range [0, {n})"
    return f"embedding_bag: Expected idx >= 0 && idx < num_embeddings but found idx to be {value}"


@constant("_first_maxima(Tensor rows, Index bag, int count) -> Index", function=False, method=False)
def _first_maxima():
    """For every bag and column the first of the rows with the largest value; the number of rows where there is none."""


@primitive(
    "_sum_rows(Tensor source, Index places, Index to, Index? factors, int count)",
    eager=True,
    grad_name="EmbeddingBagBackward0",
    function=False,
    method=False,
)
def _sum_rows(g, source_like, places, to, factors):
    """count rows: the sums of factors[k] * source[places[k]] over all k with the same to[k]."""
    if payload(g) is None:
        return _sum_rows(g, to, places, factors, source_like.shape[0]), None
    rows = index_select(g, 0, to)  # in a transform, of ops that have rules for it
    rows = rows if factors is None else rows * factors.unsqueeze(-1)
    return rows.new_zeros(source_like.shape).index_add(0, places, rows), None


@composite(method=False)
def embedding_bag(
    weight,
    indices,
    offsets,
    scale_grad_by_freq=False,
    mode=0,
    sparse=False,
    per_sample_weights=None,
    include_last_offset=False,
    padding_idx=None,
):
    """Rows of weight looked up and summed (mode 0), averaged (1) or maximised (2) bag by bag.

    offsets says where in indices each bag starts. Returns the bags, the bag of each index, the sizes of the bags, and
    the rows that the maxima are from; of equal ones the first, which gets the gradient.
    """
    starts = offsets[:-1] if include_last_offset else offsets
    if starts.numel() and int(starts[0]) != 0:
        raise RuntimeError(
            "offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. "
            f"However, got {int(starts[0])}"
        )
    if starts.numel() and int(offsets[-1]) > indices.numel():
        raise RuntimeError(
            f"offsets[-1] can not be greater than input's length {indices.numel()} but got offsets[-1] of "
            f"{int(offsets[-1])}"
        )
    from .. import bfloat16, cat, float16, float64

    _check_bags(weight, indices, per_sample_weights, padding_idx)
    kernel = weight.dtype != float64 and mode != 2 and padding_idx is None  # whose words an error has
    padding_idx = -1 if padding_idx is None else padding_idx % weight.shape[0]
    indices = indices.long()
    steps = indices.new_zeros(indices.numel() + 1).index_add(0, starts.long(), indices.new_ones(starts.numel()))
    bag = steps[:-1].cumsum(0) - 1
    narrow = weight.dtype in (float16, bfloat16)
    summed = mode != 2 and not narrow and not scale_grad_by_freq  # without the rows side by side
    summed = summed and (per_sample_weights is None or not per_sample_weights.requires_grad)
    summed = summed and all(t is None or payload(t) is None for t in (weight, indices, offsets, per_sample_weights))
    used, places, factors, rows = bag, indices, per_sample_weights, None
    if padding_idx >= 0:
        positions = (indices != padding_idx).nonzero().reshape(-1)
        used, places = (t.index_select(0, positions) for t in (bag, indices))
        factors = None if factors is None else factors.index_select(0, positions)
    try:
        if summed:
            out = _sum_rows(weight, places, used, factors, starts.numel())
        else:
            rows = embedding(weight, places, padding_idx, scale_grad_by_freq)
    except IndexError:
        raise RuntimeError(_out_of_range(indices, weight.shape[0], kernel)) from None
    if rows is not None:
        rows = rows.float() if narrow else rows  # sums are rounded once
        rows = rows if factors is None else rows * factors.unsqueeze(-1)
    sizes = indices.new_zeros(starts.numel()).index_add(0, used, indices.new_ones(used.numel()))
    if mode == 2:
        at = _first_maxima(rows, used, starts.numel())
        # A row of zeros behind all others is what an empty bag holds.
        out = cat([rows, rows.new_zeros(1, weight.shape[1])]).gather(0, at)
        best = cat([places, indices.new_zeros(1)])[at]
    else:
        best = sizes.clone()
        if rows is not None:
            out = rows.new_zeros(starts.numel(), weight.shape[1]).index_add(0, used, rows)
        if mode == 1:
            out = out / sizes.clamp_min(1).unsqueeze(-1).to(out.dtype)
    out = out.to(weight.dtype) if narrow else out
    return out, bag, sizes, best


def _among(elements, tests):
    """Whether each is one of the tests, which are in order: by a table of the whole numbers from the least to the
    largest where that is short, else by the first test that is not below it."""
    from .. import searchsorted

    if not tests.is_floating_point():
        low, high = tests[0].item(), tests[-1].item()
        if high - low <= 4 * (tests.numel() + elements.numel()):
            table = tests.new_zeros(high - low + 1).bool()
            table[tests.long() - low] = True
            return table.take(elements.clamp(low, high).long() - low) & (elements >= low) & (elements <= high)
    return tests.take(searchsorted(tests, elements).clamp_max(tests.numel() - 1)) == elements


@composite(method=False, out=True)
def isin(elements, test_elements, *, assume_unique=False, invert=False):
    """Whether each element is among the test elements.

    >>> wengert.isin(wengert.tensor([1, 2, 3]), wengert.tensor([2]))
    tensor([False,  True, False])
    """
    from .. import as_tensor, promote_types

    elements, tests = as_tensor(elements), as_tensor(test_elements).reshape(-1)
    for given in (elements, tests):
        if given.is_complex() or kind(given) == "Bool":
            raise RuntimeError(f"Unsupported input type encountered for isin(): {kind(given)}")
    if not tests.numel():
        found = elements.new_zeros(elements.shape).bool()
    elif tests.numel() < 16:
        found, *others = (elements == test for test in tests)
        for other in others:
            found = found | other
    else:
        dtype = promote_types(elements.dtype, tests.dtype)
        found = _among(elements.to(dtype), tests.to(dtype).sort()[0])
    return found.logical_not() if invert else found
