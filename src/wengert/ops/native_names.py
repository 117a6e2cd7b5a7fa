"""Names of the native layer that programs ask for: softmax backwards, unsafe indexing, grid samplers, segments."""

from .. import _core
from . import linalg_host as numpy_
from . import softmax as _soft
from ._declare import composite, host
from .linalg_checks import kind, refuse

_HIDDEN = {"method": False}


@composite(**_HIDDEN)
def _softmax_backward_data(grad_output, output, dim, input_dtype=None):
    """The gradient of softmax from its output."""
    result = _soft._softmax_backward(grad_output, output, dim)
    return result if input_dtype is None else result.to(input_dtype)


@composite(**_HIDDEN)
def _log_softmax_backward_data(grad_output, output, dim, input_dtype=None):
    """The gradient of log_softmax from its output."""
    result = _soft._log_softmax_backward(grad_output, output, dim)
    return result if input_dtype is None else result.to(input_dtype)


@composite(**_HIDDEN)
def _pin_memory(input, device=None):
    """Refused, as by torch where no device is: what programs name in their tables of operations."""
    refuse("Cannot access accelerator device when none is available.")


@composite(**_HIDDEN)
def _sparse_addmm(input, mat1, mat2, *, beta=1, alpha=1):
    """addmm, by the name that it has for sparse matrices."""
    from .. import addmm

    return addmm(input, mat1, mat2, beta=beta, alpha=alpha)


@composite(**_HIDDEN)
def _softmax(input, dim, half_to_float=False):
    """softmax."""
    return input.softmax(dim)


@composite(**_HIDDEN)
def _log_softmax(input, dim, half_to_float=False):
    """log_softmax."""
    return input.log_softmax(dim)


@composite(**_HIDDEN)
def _safe_softmax(input, dim, dtype=None):
    """softmax that is 0 where all of the dim is -inf."""
    nothing = (input == float("-inf")).all(dim, keepdim=True)
    return input.masked_fill(nothing, 0).softmax(dim, dtype=dtype).masked_fill(nothing, 0)


@composite(**_HIDDEN)
def _unsafe_index(input, indices):
    """input[indices], None for a whole dim."""
    return input[tuple(slice(None) if i is None else i for i in indices)]


@composite(**_HIDDEN)
def _unsafe_index_put(input, indices, values, accumulate=False):
    """index_put."""
    return input.index_put(tuple(indices), values, accumulate)


def _clamped(input, indices):
    return [None if i is None else i.clamp(-input.shape[d], input.shape[d] - 1) for d, i in enumerate(indices)]


@composite(**_HIDDEN)
def _unsafe_masked_index(input, mask, indices, fill):
    """input[indices] where mask is true (indices elsewhere may be out of range), fill elsewhere."""
    if not input.numel():
        broadcast = _unsafe_index(input.new_zeros([max(n, 1) for n in input.shape]), _clamped_to_one(indices))
        return broadcast.new_full((broadcast * mask).shape, fill)
    result = _unsafe_index(input, _clamped(input, indices))
    return result.masked_fill(~mask, fill)


def _clamped_to_one(indices):
    return [None if i is None else i * 0 for i in indices]


@composite(**_HIDDEN)
def _unsafe_masked_index_put_accumulate(input, mask, indices, values):
    """input with values added at indices where mask is true."""
    if not input.numel():
        return input.clone()
    picked = _clamped(input, indices)
    where = tuple(slice(None) if i is None else i for i in picked)
    added = values.masked_fill(~mask, 0)
    if any(i is None for i in picked):
        places = _flat_places(input, where)
        return (
            input.reshape(-1)
            .index_add(0, places.reshape(-1), added.expand(places.shape).reshape(-1))
            .reshape(input.shape)
        )
    return input.index_put(where, added, True)


def _flat_places(input, where):
    """The linear index of each element of input[where]."""
    from .. import arange

    return arange(input.numel()).reshape(input.shape)[where]


@composite(**_HIDDEN)
def native_dropout_backward(grad_output, mask, scale):
    """The gradient of dropout."""
    return grad_output * mask * scale


def _sampled(input, grid, interpolation_mode, padding_mode, align_corners):
    from ..nn import functional

    mode = ("bilinear", "nearest", "bicubic")[interpolation_mode]
    padding = ("zeros", "border", "reflection")[padding_mode]
    return functional.grid_sample(input, grid, mode, padding, align_corners)


@composite(**_HIDDEN)
def grid_sampler_2d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler of images."""
    return _sampled(input, grid, interpolation_mode, padding_mode, align_corners)


@composite(**_HIDDEN)
def grid_sampler_3d(input, grid, interpolation_mode, padding_mode, align_corners):
    """grid_sampler of volumes."""
    return _sampled(input, grid, interpolation_mode, padding_mode, align_corners)


@composite(**_HIDDEN)
def _shape_as_tensor(input):
    """The sizes as a tensor."""
    from .. import tensor

    return tensor(list(input.shape))


@composite(function=False)
def __rdiv__(self, other):
    """other / self."""
    return self.reciprocal() * other


@composite(function=False)
def __div__(self, other):
    """self / other."""
    return self / other


@composite(function=False)
def __idiv__(self, other):
    """self /= other."""
    return self.div_(other)


@composite
def isreal(input):
    """Whether the imaginary part is 0."""
    return input.imag == 0 if input.is_complex() else input.new_ones(input.shape).bool()


@composite
def round_(self, *, decimals=0):
    """In-place form of round."""
    return self.copy_(self.round(decimals=decimals))


def _refused_in_place(name, node):
    """The in-place form of an op whose gradient torch has for the other form only."""

    def written(self):
        if not (_core.is_grad_enabled() and self.requires_grad):
            return _core.run_inplace(name, (self,))
        from ..autograd._special_nodes import without_derivative

        values = _core.run(name, (self.detach(),))
        return self.copy_(without_derivative(values, self, node, f"inplace version of {name}"))

    written.__name__, written.__doc__ = (
        f"{name}_",
        f"In-place form of {name}; NotImplementedError in the backward pass.",
    )
    return composite(aliases=(f"arc{name[1:]}_",))(written)


acosh_, asinh_, atanh_ = (_refused_in_place(f"a{f}h", f"A{f}hBackward0") for f in ("cos", "sin", "tan"))


@composite
def logit_(self, eps=None):
    """In-place form of logit."""
    return self.copy_(self.clone().logit(eps))


@composite(function=False)
def float_power_(self, exponent):
    """In-place form of float_power, for tensors that are float64 or complex128 already."""
    from .. import complex128, float64

    wide = complex128 if self.is_complex() or _is_complex(exponent) else float64
    if self.dtype != wide:
        refuse(
            f"the base given to float_power_ has dtype {kind(self)} but the operation's result requires dtype "
            f"{'ComplexDouble' if wide == complex128 else 'Double'}"
        )
    return self.copy_(self.clone().float_power(exponent))


def _is_complex(value):
    return value.is_complex() if hasattr(value, "is_complex") else isinstance(value, complex)


def _numpy_frexp(x):
    import numpy as np

    if not x.is_floating_point():
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")

    mantissa, exponent = np.frexp(numpy_.array(x.float() if x.itemsize == 2 else x))
    return numpy_.tensor(np.asarray(mantissa)).to(x.dtype), numpy_.tensor(np.asarray(exponent, "int32"))


@host("frexp(Tensor self) -> (Tensor mantissa, Index exponent)", forward=_numpy_frexp)
def frexp(g, exponent):
    """mantissa in [0.5, 1) and exponent with self = mantissa * 2**exponent."""
    return g / exponent.to(g.dtype).exp2()


_IDENTITY = {"sum": 0.0, "mean": float("nan"), "prod": 1.0, "max": float("-inf"), "min": float("inf")}


def _reduce_segment(part, reduce, initial):
    """One segment over its first dim."""
    n = part.shape[0]
    if reduce == "mean":
        if n == 0:
            return part.new_full(part.shape[1:], float("nan") if initial is None else initial) + part.sum(0) * 0
        return (part.sum(0) + (initial or 0)) / n
    if reduce in ("sum", "prod"):
        result = part.sum(0) if reduce == "sum" else part.prod(0)
        return result if initial is None else result + initial if reduce == "sum" else result * initial
    if n == 0:
        return part.new_full(part.shape[1:], _IDENTITY[reduce] if initial is None else initial) + part.sum(0) * 0
    result = part.amax(0) if reduce == "max" else part.amin(0)
    if initial is None:
        return result
    bound = result.new_full((), initial)
    return result.maximum(bound) if reduce == "max" else result.minimum(bound)


@composite(aliases=("_segment_reduce",), **_HIDDEN)
def segment_reduce(data, reduce, *, lengths=None, indices=None, offsets=None, axis=0, unsafe=False, initial=None):
    """The sum, mean, max, min or prod of runs along an axis, given by lengths or offsets (batched before axis)."""
    from .. import stack

    reduce = reduce.removeprefix("a") if reduce in ("amax", "amin") else reduce  # either name will do
    if reduce not in _IDENTITY:
        refuse(f"reduce argument must be either sum, prod, mean, amax or amin, got {reduce}")
    if (lengths is None) == (offsets is None):
        refuse("segment_reduce(): Either lengths or offsets must be defined.")
    axis %= data.ndim
    if offsets is not None:
        lengths = offsets.diff(dim=-1)
    if axis:
        return stack(
            [
                segment_reduce(d, reduce, lengths=n, axis=axis - 1, unsafe=unsafe, initial=initial)
                for d, n in zip(data.unbind(0), lengths.unbind(0))
            ]
        )
    counts = lengths.tolist()
    if not unsafe and min(counts, default=0) < 0:
        refuse("lengths contains negative value!")
    if not unsafe and sum(counts) != data.shape[0]:
        refuse(
            "segment_reduce(): Expected all rows of lengths along axis to sum to "
            "data.size(lengths.dim()-1) when !unsafe."
        )
    parts, start = [], 0
    for n in counts:
        parts.append(_reduce_segment(data.narrow(0, start, n), reduce, initial))
        start += n
    return stack(parts) if parts else data.new_zeros((0, *data.shape[1:]))


_segment_reduce = segment_reduce
