"""Norms of vectors and matrices, distances, covariances: made of linalg_vector_norm and products."""

import warnings

from ._composed import through
from ._declare import composite, host
from ._out import write
from .arithmetic import conj, sub
from .linalg_host import bare
from .reduce import linalg_vector_norm

_INFINITY = float("inf")
_TYPES = {"int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte", "bool": "Bool"}


def _listed(dim):
    return [dim] if isinstance(dim, int) else list(dim)


@composite("norm(Tensor self, any p='fro', any dim=None, bool keepdim=False, ScalarType? dtype=None)")
def norm(self, p="fro", dim=None, keepdim=False, out=None, dtype=None):
    """The p-norm of all elements or over dims; p="fro" is 2, p="nuc" the sum of a matrix's singular values.

    >>> wengert.tensor([3.0, 4.0]).norm()
    tensor(5.)
    """
    if out is not None:
        return write(norm(self, p, dim, keepdim, dtype=dtype), out, "norm")
    if p is None or p == "fro":
        p = 2
    if p == "nuc":
        dim = (-2, -1) if dim is None else _listed(dim)
        return linalg_matrix_norm(self, "nuc", dim, keepdim, dtype=dtype)
    if isinstance(p, str):
        raise RuntimeError(f"linalg.matrix_norm: Order {p} not supported.")
    return linalg_vector_norm(self, p, dim, keepdim, dtype=dtype)


@composite("frobenius_norm(Tensor self, int[1] dim=[], bool keepdim=False)", method=False, out=True)
def frobenius_norm(self, dim=(), keepdim=False):
    """The square root of the sum of squared moduli over dims."""
    return linalg_vector_norm(self, 2, dim, keepdim)


@composite("nuclear_norm(Tensor self, int[2] dim=(-2, -1), bool keepdim=False)", method=False, out=True)
def nuclear_norm(self, dim=(-2, -1), keepdim=False):
    """The sum of singular values."""
    return linalg_matrix_norm(self, "nuc", dim, keepdim)


def _singular_values(a, dim, keepdim, reduce):
    from .. import linalg

    first, second = (d % a.ndim for d in dim)
    values = reduce(linalg.svdvals(a.movedim((first, second), (-2, -1))))
    if keepdim:
        for d in sorted((first, second)):
            values = values.unsqueeze(d)
    return values


def _check_order(order):
    supported = order in ("fro", "nuc") if isinstance(order, str) else abs(order) in (1, 2, _INFINITY)
    if not supported:
        shown = order if isinstance(order, str) else f"{order:g}"
        raise RuntimeError(f"linalg.matrix_norm: Order {shown} not supported.")


@composite(
    "linalg_matrix_norm(Tensor self, any ord='fro', int[] dim=(-2, -1), bool keepdim=False, *, ScalarType? dtype=None)",
    method=False,
    function=False,
    aliases=("linalg.matrix_norm",),
    out=True,
)
def linalg_matrix_norm(A, ord="fro", dim=(-2, -1), keepdim=False, *, dtype=None):
    """The norm of matrices: "fro", "nuc", inf and 1 (largest sum of moduli of a row, a column), 2 (largest singular
    value), and with a minus sign the smallest of those."""
    if A.ndim < 2:
        raise RuntimeError("linalg.matrix_norm: The input tensor A must have at least 2 dimensions.")
    _check_order(ord)
    dim = _listed(dim)
    if len(dim) != 2:
        raise RuntimeError(f"linalg.matrix_norm: dim must be a 2-tuple. Got {' '.join(map(str, dim))}")
    for d in dim:
        if not -A.ndim <= d < A.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-A.ndim}, {A.ndim - 1}], but got {d})"
            )
    first, second = (d % A.ndim for d in dim)
    if first == second:
        raise RuntimeError(f"linalg.matrix_norm: dims must be different. Got ({dim[0]}, {dim[1]})")
    if dtype is not None:
        A = A.to(dtype)
    if ord == "fro" or (0 in (A.shape[first], A.shape[second]) and ord in (1, 2, _INFINITY)):
        return linalg_vector_norm(A, 2, dim, keepdim)  # 0 of empty matrices
    if ord == "nuc":
        return _singular_values(A, dim, keepdim, lambda s: s.sum(-1))
    smallest = ord < 0
    if abs(ord) == 2:
        return _singular_values(A, dim, keepdim, lambda s: s.amin(-1) if smallest else s.amax(-1))
    if abs(ord) == _INFINITY:
        first, second = second, first
    sums = linalg_vector_norm(A, 1, first, keepdim)
    second -= not keepdim and second > first
    return sums.amin(second, keepdim) if smallest else sums.amax(second, keepdim)


@composite(
    "linalg_norm(Tensor self, any ord=None, int[]? dim=None, bool keepdim=False, *, ScalarType? dtype=None)",
    method=False,
    function=False,
    aliases=("linalg.norm",),
    out=True,
)
def linalg_norm(A, ord=None, dim=None, keepdim=False, *, dtype=None):
    """The norm of a vector or of a matrix, by the number of dims."""
    if dim is not None:
        dim = _listed(dim)
        if len(dim) not in (1, 2):
            raise RuntimeError(f"linalg.norm: If dim is specified, it must be of length 1 or 2. Got {dim}")
    elif ord is not None and A.ndim not in (1, 2):
        raise RuntimeError(
            f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D."
        )
    if ord is not None and (len(dim) == 2 if dim is not None else A.ndim == 2):
        return linalg_matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)
    if isinstance(ord, str):
        return linalg_matrix_norm(A, ord, (0, 1) if dim is None else dim, keepdim, dtype=dtype)  # which refuses
    return linalg_vector_norm(A, 2 if ord is None else ord, dim, keepdim, dtype=dtype)


@composite("norm_except_dim(Tensor v, int pow=2, int dim=0)", method=False)
def norm_except_dim(v, pow=2, dim=0):
    """The norm over all dims but one (over all with dim=-1), that dim kept."""
    if dim == -1:
        return norm(v, pow)
    others = [d for d in range(v.ndim) if d != dim]
    return linalg_vector_norm(v, pow, others, True) if others else v.abs()


@composite("renorm(Tensor self, Scalar p, int dim, Scalar maxnorm)", inplace=True, out=True)
def renorm(self, p, dim, maxnorm):
    """Slices along a dim scaled down to a norm of at most maxnorm."""
    if self.ndim < 2:
        raise RuntimeError(f"renorm: input needs at least 2 dimensions, got {self.ndim} dimensions")
    if p <= 0:
        raise RuntimeError("renorm: non-positive-norm not supported")
    if maxnorm < 0:
        raise RuntimeError(f"renorm: expected maxnorm to be >= 0 but got {maxnorm}")
    return _renorm(self, p, dim % self.ndim, maxnorm)


def _scaled_down(self, p, dim, maxnorm):
    from .. import float32  # in which the factor of half precision is found

    others = [d for d in range(self.ndim) if d != dim]
    work = float32 if self.is_floating_point() and self.dtype.itemsize == 2 else None
    norms = linalg_vector_norm(self, p, others, True, dtype=work)
    factor = (norms > maxnorm).to(norms.dtype).mul(maxnorm / (norms + 1e-7) - 1).add(1)
    return self * factor.to(self.dtype)


@host(
    "_renorm(Tensor self, Scalar p, int dim, Scalar maxnorm) -> Tensor",
    forward=lambda *args: _scaled_down(*args).contiguous(),
    composed=_scaled_down,
    function=False,
    method=False,
)
def _renorm(g, self, p, dim, maxnorm):
    """torch.renorm of what fits."""
    return through(lambda x: _scaled_down(x, p, dim, maxnorm), g, self)[0]


@composite("dist(Tensor self, Tensor other, Scalar p=2)")
def dist(self, other, p=2):
    """The p-norm of self - other."""
    return _dist(self, other, p)


def _difference_norm(self, other, p):
    difference = sub(self, other)
    if not (difference.is_floating_point() or difference.is_complex()):
        kind = _TYPES[str(difference.dtype).rpartition(".")[2]]
        raise RuntimeError(f"norm(): input dtype should be either floating point or complex. Got {kind} instead.")
    return linalg_vector_norm(difference, p)


@host(
    "_dist(TensorStrict self, TensorStrict other, Scalar p) -> Tensor",
    composed=_difference_norm,
    function=False,
    method=False,
)
def _dist(g, self, other, p):
    """torch.dist."""
    return through(lambda a, b: _difference_norm(a, b, p), g, self, other)


def _weighted(x, fweights, aweights):
    """The weight of each observation, and the sum of weights, for cov."""
    weight = None
    for name, given, kind in (("fweights", fweights, "integral"), ("aweights", aweights, "floating point")):
        if given is None:
            continue
        if given.ndim > 1:
            raise RuntimeError(
                f"cov(): expected {name} to have one or fewer dimensions but got {name} with {given.ndim} dimensions"
            )
        if given.is_floating_point() != (name == "aweights"):
            raise RuntimeError(f"cov(): expected {name} to have {kind} dtype but got {name} with {given.dtype} dtype")
        if given.numel() != x.shape[1]:
            raise RuntimeError(
                f"cov(): expected {name} to have the same numel as there are observations in the input "
                f"but got {given.numel()} != {x.shape[1]}"
            )
        if given.numel() and (bare(given) < 0).any():
            raise RuntimeError(f"cov(): {name} cannot be negative")
        weight = given if weight is None else weight * given
    return weight


@composite("cov(Tensor self, *, int correction=1, Tensor? fweights=None, Tensor? aweights=None)")
def cov(self, *, correction=1, fweights=None, aweights=None):
    """The covariances of variables (rows) over observations (columns)."""
    if self.ndim > 2:
        raise RuntimeError(
            f"cov(): expected input to have two or fewer dimensions but got an input with {self.ndim} dimensions"
        )
    if str(self.dtype).endswith(".bool"):
        raise RuntimeError("cov(): bool dtype is not supported for input")
    x = self if self.ndim == 2 else self.reshape(1, -1)
    weight = _weighted(x, fweights, aweights)
    n = x.shape[1]
    if weight is None:
        mean, total = x.sum(1, keepdim=True) / n, n
        factor = n - correction
    else:
        total = weight.sum()
        if bare(total) == 0:
            raise RuntimeError("cov(): weights sum to zero, can't be normalized")
        mean = (x * weight).sum(1, keepdim=True) / total
        squares = (weight * aweights).sum() if aweights is not None else total
        factor = total - correction * squares / total if correction else total
    if (factor if weight is None else bare(factor)) <= 0:
        warnings.warn(
            "cov(): degrees of freedom is <= 0. Correction should be strictly less than the number of observations.",
            stacklevel=3,
        )
        factor = factor * 0
    centred = x - mean
    other = conj(centred if weight is None else centred * weight)
    result = centred @ other.transpose(0, 1).to(centred.dtype) / factor
    return result.squeeze()


@composite("corrcoef(Tensor self)")
def corrcoef(self):
    """The correlation coefficients of variables (rows) over observations (columns)."""
    if self.ndim > 2:
        raise RuntimeError(
            f"corrcoef(): expected input to have two or fewer dimensions but got an input with {self.ndim} dimensions"
        )
    c = cov(self)
    if c.ndim == 0:
        return c / c
    deviation = c.diagonal().sqrt()
    deviation = deviation.real if deviation.is_complex() else deviation
    c = c / deviation.unsqueeze(1) / deviation.unsqueeze(0)
    if c.is_complex():
        from .. import complex as complex_

        return complex_(c.real.clamp(-1, 1), c.imag.clamp(-1, 1))
    return c.clamp(-1, 1)
