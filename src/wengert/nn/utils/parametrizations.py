"""Ready-made parametrizations: weight_norm, spectral_norm, orthogonal."""

import wengert as wg

from ..functional import normalize
from ..modules.module import Module
from . import parametrize
from .weight_norm import norm_except_dim, weight_from

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim=0):
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g, weight_v):
        return weight_from(weight_v, weight_g, self.dim)

    def right_inverse(self, weight):
        return norm_except_dim(weight, self.dim), weight


def weight_norm(module, name="weight", dim=0):
    """Train the length (original0) and direction (original1) of a parameter apart.

    >>> from wengert.nn import Linear
    >>> sorted(weight_norm(Linear(2, 3)).state_dict())
    ['bias', 'parametrizations.weight.original0', 'parametrizations.weight.original1']
    """
    parametrize.register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def convert_old(state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs):
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for i, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{i}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(convert_old)
    return module


class _SpectralNorm(Module):
    def __init__(self, weight, n_power_iterations=1, dim=0, eps=1e-12):
        super().__init__()
        ndim = weight.dim()
        if dim >= ndim or dim < -ndim:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{ndim}, {ndim - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            with wg.no_grad():
                matrix = self._matrix(weight)
                height, width = matrix.size()
                u, v = matrix.new_empty(height).normal_(0, 1), matrix.new_empty(width).normal_(0, 1)
                self.register_buffer("_u", normalize(u, dim=0, eps=eps))
                self.register_buffer("_v", normalize(v, dim=0, eps=eps))
                self._power_method(matrix, 15)

    def _matrix(self, weight):
        """The weight as a matrix with `dim` as its rows."""
        if self.dim != 0:
            weight = weight.permute(self.dim, *(d for d in range(weight.dim()) if d != self.dim))
        return weight.flatten(1)

    def _power_method(self, matrix, n):
        with wg.no_grad():
            for _ in range(n):
                self._u.copy_(normalize(wg.mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(normalize(wg.mv(matrix.t(), self._u), dim=0, eps=self.eps))

    def forward(self, weight):
        if weight.dim() == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()  # the next forward changes the buffers before this backward
        return weight / wg.vdot(u, wg.mv(matrix, v))

    def right_inverse(self, value):
        return value


def spectral_norm(module, name="weight", n_power_iterations=1, eps=1e-12, dim=None):
    """Keep the largest singular value of a parameter near 1.

    >>> from wengert.nn import Linear
    >>> "parametrizations.weight.0._u" in spectral_norm(Linear(2, 3)).state_dict()
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, wg.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if dim is None:
        transposed = type(module).__name__ in ("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
        dim = 1 if transposed else 0
    return parametrize.register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))


def _is_orthogonal(q):
    """Whether the columns are orthonormal, up to the precision of the dtype."""
    eye = wg.eye(q.size(-1), dtype=q.dtype)
    return wg.allclose(q.mH @ q, eye, atol=10.0 * q.size(-2) * wg.finfo(q.dtype).eps)


def _make_orthogonal(a):
    """The orthogonal factor of QR with a positive diagonal of R."""
    x, tau = wg.geqrf(a)
    return wg.linalg.householder_product(x, tau) * x.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


def _from_skew(x, orthogonal_map):
    """The first columns of exp(a), or of (I + a/2) / (I - a/2), for the skew matrix a of x's lower triangle."""
    n, k = x.size(-2), x.size(-1)
    a = x.tril()
    if n != k:
        a = wg.cat([a, a.new_zeros((*a.shape[:-1], n - k))], dim=-1)
    a = a - a.mH
    if orthogonal_map == "matrix_exp":
        q = wg.linalg.matrix_exp(a)
    else:
        eye = wg.eye(n, dtype=a.dtype)
        q = wg.linalg.solve(wg.add(eye, a, alpha=-0.5), wg.add(eye, a, alpha=0.5))
    return q[..., :k] if n != k else q


def _from_reflections(x):
    """The product of the reflections in x's lower triangle, its columns times the signs on x's diagonal."""
    a = x.tril(-1)
    tau = 2.0 / (1.0 + (a * a).sum(dim=-2))
    return wg.linalg.householder_product(a, tau) * x.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)


class _Orthogonal(Module):
    """An orthogonal matrix (n >= k columns) from an unconstrained one, times a base if there is one."""

    def __init__(self, weight, orthogonal_map, use_trivialization=True):
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X):
        wide = X.size(-2) < X.size(-1)
        if wide:
            X = X.mT
        reflected = self.orthogonal_map == "householder"
        q = _from_reflections(X) if reflected else _from_skew(X, self.orthogonal_map)
        if hasattr(self, "base"):
            q = self.base @ q
        return q.mT if wide else q

    @wg.no_grad()
    def right_inverse(self, Q):
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        wide = Q.size(-2) < Q.size(-1)
        tall = Q.mT if wide else Q
        if not hasattr(self, "base"):
            x = self._reflections_of(tall)
            return x.mT if wide else x
        n, k = tall.size(-2), tall.size(-1)
        if n == k:
            self.base = tall.clone() if _is_orthogonal(tall) else _make_orthogonal(tall)
        else:
            # The columns of the matrix, then random ones, made orthonormal together.
            fill = wg.randn(*(*tall.shape[:-2], n, n - k), dtype=tall.dtype)
            self.base = _make_orthogonal(wg.cat([tall, fill], dim=-1))
        start = wg.zeros_like(Q)  # each map sends it to the identity, which leaves the base
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start

    def _reflections_of(self, tall):
        if self.orthogonal_map != "householder":
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley parametrizations when"
                " use_trivialization=False."
            )
        x, tau = wg.geqrf(tall)
        signs = x.diagonal(dim1=-2, dim2=-1)
        signs.sign_()
        signs[tau == 0.0] *= -1  # a reflection that LAPACK left out
        return x


def orthogonal(module, name="weight", orthogonal_map=None, *, use_trivialization=True):
    """Keep a matrix orthogonal; orthogonal_map is "matrix_exp" (of square matrices, unless another is asked for),
    "cayley" or "householder" (of others). use_trivialization=False: without a base matrix beside the map.

    >>> from wengert.nn import Linear
    >>> w = orthogonal(Linear(2, 2)).weight
    >>> bool(((w @ w.t() - wg.eye(2)).abs() < 1e-5).all())
    True
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, wg.Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    if weight.dim() < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.dim()} dimensions.")
    if orthogonal_map is None:
        square = weight.size(-2) == weight.size(-1)
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    map_ = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return parametrize.register_parametrization(module, name, map_, unsafe=True)
