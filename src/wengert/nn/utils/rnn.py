"""Sequences of different lengths: packing, padding and back."""

from collections import namedtuple
from itertools import pairwise

import wengert as wg

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]  # fmt: skip

PackedSequence_ = namedtuple(
    "PackedSequence", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"], defaults=(None, None)
)


class PackedSequence(PackedSequence_):
    """Several sequences as one: `data` by time steps, `batch_sizes` the number of sequences alive at each.

    >>> packed = pack_sequence([wg.tensor([1, 2]), wg.tensor([3])])
    >>> packed.data, packed.batch_sizes
    (tensor([1, 3, 2]), tensor([2, 1]))
    """

    def __new__(cls, data, batch_sizes=None, sorted_indices=None, unsorted_indices=None):
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not isinstance(data, (list, tuple)) or len(data) != 2:
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args, **kwargs):
        """The same sequences with `data` converted as Tensor.to does."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self):
        """Itself: everything is on the CPU."""
        return self.to("cpu")

    def double(self):
        """data as float64."""
        return self.to(wg.float64)

    def float(self):
        """data as float32."""
        return self.to(wg.float32)

    def half(self):
        """data as float16."""
        return self.to(wg.float16)

    def long(self):
        """data as int64."""
        return self.to(wg.int64)

    def int(self):
        """data as int32."""
        return self.to(wg.int32)

    def short(self):
        """data as int16."""
        return self.to(wg.int16)

    def char(self):
        """data as int8."""
        return self.to(wg.int8)

    def byte(self):
        """data as uint8."""
        return self.to(wg.uint8)

    @property
    def is_cuda(self):
        """False."""
        return self.data.is_cuda

    def is_pinned(self):
        """Whether data is in pinned memory."""
        return self.data.is_pinned()


def invert_permutation(permutation):
    """The permutation that undoes `permutation` (None stays None).

    >>> invert_permutation(wg.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    steps = wg.arange(0, permutation.numel(), device=permutation.device)
    return wg.empty_like(permutation).scatter_(0, permutation, steps)


def _check_lengths(lengths, batch, max_length):
    if lengths.dim() != 1:
        kind = lengths.type().rpartition(".")[2].removesuffix("Tensor")
        raise RuntimeError(
            "'lengths' argument should be a 1D CPU int64 tensor, but got "
            f"{lengths.dim()}D {lengths.device} {kind} tensor"
        )
    if len(lengths) != batch:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} (batch_size={batch})"
        )
    numbers = lengths.tolist()
    if any(a < b for a, b in pairwise(numbers)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass"
            " `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you"
            " do not need ONNX exportability."
        )
    if not numbers:
        raise RuntimeError("Cannot pack empty tensors.")
    if numbers[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if numbers[0] > max_length:
        raise RuntimeError(f"Expected no length above the padded {max_length}, but got {numbers[0]}")
    return numbers


def pack_padded_sequence(input, lengths, batch_first=False, enforce_sorted=True):
    """Pack (T, N, *) with the lengths (N,); without enforce_sorted the lengths may come in any order.

    >>> pack_padded_sequence(wg.tensor([[1, 3], [2, 0]]), [2, 1]).data
    tensor([1, 3, 2])
    """
    lengths = lengths if isinstance(lengths, wg.Tensor) else wg.as_tensor(lengths, dtype=wg.int64, device="cpu")
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = wg.sort(lengths, descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    numbers = _check_lengths(lengths, input.size(1), input.size(0))
    batch_sizes, pieces, start = [], [], 0
    for alive in range(len(numbers), 0, -1):
        stop = numbers[alive - 1]
        if stop > start:
            # All of these steps have the same number of sequences alive.
            pieces.append(input[start:stop, :alive].reshape(-1, *input.shape[2:]))
            batch_sizes += [alive] * (stop - start)
            start = stop
    data = wg.cat(pieces) if len(pieces) > 1 else pieces[0]
    return PackedSequence(data, wg.tensor(batch_sizes, dtype=wg.int64), sorted_indices, None)


def pad_packed_sequence(sequence, batch_first=False, padding_value=0.0, total_length=None):
    """The inverse of pack_padded_sequence: (padded (T, N, *), lengths (N,)).

    >>> pad_packed_sequence(pack_sequence([wg.tensor([1, 2]), wg.tensor([3])]))
    (tensor([[1, 3],
            [2, 0]]), tensor([2, 1]))
    """
    sizes = sequence.batch_sizes.tolist()
    steps = len(sizes)
    if total_length is not None:
        if total_length < steps:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, but got "
                f"total_length={total_length} and max sequence length being {steps}"
            )
        steps = total_length
    data = sequence.data
    lengths = wg.tensor([sum(size > i for size in sizes) for i in range(sizes[0])], dtype=wg.int64)
    # Every padded cell reads its row of data, or the row of padding put after the last.
    table, start = [[data.size(0)] * sizes[0] for _ in range(steps)], 0
    for t, size in enumerate(sizes):
        table[t][:size] = range(start, start + size)
        start += size
    padding = data.new_full((1, *data.shape[1:]), padding_value)
    padded = wg.cat([data, padding])[wg.tensor(table)]
    if batch_first:
        padded = padded.transpose(0, 1)
    unsorted = sequence.unsorted_indices
    if unsorted is not None:
        padded = padded.index_select(0 if batch_first else 1, unsorted)
        lengths = lengths[unsorted]
    return padded, lengths


def pad_sequence(sequences, batch_first=False, padding_value=0.0, padding_side="right"):
    """Stack sequences (L_i, *) to (T, N, *) or (N, T, *), padded to the longest.

    >>> pad_sequence([wg.tensor([1, 2]), wg.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, wg.Tensor) and not hasattr(sequences, "__iter__"):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    sequences = tuple(sequences.unbind(0) if isinstance(sequences, wg.Tensor) else sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    longest = max(s.size(0) for s in sequences)
    rows = []
    for s in sequences:
        missing = longest - s.size(0)
        if missing:
            fill = s.new_full((missing, *s.shape[1:]), padding_value)
            s = wg.cat([s, fill] if padding_side == "right" else [fill, s])
        rows.append(s)
    return wg.stack(rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences, lengths, batch_first=False):
    """The list of sequences that pad_sequence joined.

    >>> unpad_sequence(wg.tensor([[1, 3], [2, 0]]), wg.tensor([2, 1]))
    [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(padded_sequences, lengths)]


def pack_sequence(sequences, enforce_sorted=True):
    """Pack a list of sequences (L_i, *).

    >>> pack_sequence([wg.tensor([1, 2]), wg.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    lengths = wg.as_tensor([s.size(0) for s in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences):
    """The list of sequences that pack_sequence joined.

    >>> unpack_sequence(pack_sequence([wg.tensor([1, 2]), wg.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
