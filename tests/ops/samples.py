"""Sample calls of every op of the table: made from the declaration for elementwise ops, written down for the others."""

import zlib

import numpy as np
from samples_native import native_calls

import wengert as wg
from wengert.ops._declare import OPS

# Numbers for the parameters of elementwise ops that are not tensors.
NUMBERS = {
    "alpha": 1.5, "value": 0.7, "negative_slope": 0.1, "threshold": 0.4, "min_val": -0.8, "max_val": 0.9, "scale": 1.2,
    "input_scale": 0.7, "lambd": 0.3, "beta": 2.0, "n": 1, "min": -0.7, "max": 1.1, "exponent": 2.5, "weight": 0.3,
    "nan": 0.0, "posinf": 9.0, "neginf": -9.0, "self": 1.7, "rounding_mode": None, "p": 2, "decimals": 1, "approximate": "none",
}  # fmt: skip

# Ops without samples, and why.
WITHOUT = {
    **dict.fromkeys(
        ("bernoulli", "bernoulli.p", "binomial", "normal.Tensor_Tensor", "normal.Tensor_float", "normal.float_Tensor", "poisson",
         "_standard_gamma", "dropout", "native_dropout", "_noisy_leaky_relu", "alpha_dropout", "feature_dropout",
         "feature_alpha_dropout"), "random"),
    "_upsample": "through upsample_*", "_upsample_backward": "through upsample_*", "_im2col_backward": "through im2col",
    **dict.fromkeys(("_geqrf", "_ldl", "_ldl_solve", "heaviside", "floor_divide", "igamma", "igammac", "zeta"),
                    "its derivative is refused, as torch's is"),
    "polygamma.of": "its order is a tensor without derivative",
    "_to_samples": "within vmap: tests/func",
    "_round_decimals": "its second operand is a count", "mode": "ties decide the index: tests/ops/test_reductions.py",
    "bitwise_and": "of integers", "bitwise_or": "of integers", "bitwise_xor": "of integers", "bitwise_not": "of integers",
    "bitwise_left_shift": "of integers", "bitwise_right_shift": "of integers", "gcd": "of integers", "lcm": "of integers",
}  # fmt: skip


class Call:
    """Arguments for one call of an op. fixed: names of tensors that have no derivative by torch's definition.
    via(op, *args): how the op is called, where its inputs depend on each other (a symmetric matrix, saved statistics)."""

    def __init__(self, *args, via=None, fixed=(), **kwargs):
        self.args, self.kwargs, self.via, self.fixed = args, kwargs, via, fixed

    def __call__(self, op, args=None, kwargs=None):
        args, kwargs = self.args if args is None else args, self.kwargs if kwargs is None else kwargs
        return self.via(op, *args, **kwargs) if self.via else op(*args, **kwargs)


class Source:
    """Random tensors in float64."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)

    def f(self, *shape, low=-1.5, high=1.5):
        return wg.from_numpy(np.asarray(self.rng.uniform(low, high, shape)))

    def p(self, *shape):
        return self.f(*shape, low=0.3, high=0.9)

    def c(self, *shape):
        return wg.from_numpy(np.asarray(self.rng.uniform(-1, 1, shape) + 1j * self.rng.uniform(-1, 1, shape)))

    def i(self, high, *shape):
        return wg.from_numpy(np.asarray(self.rng.integers(0, high, shape)))

    def b(self, *shape):
        return wg.from_numpy(np.asarray(self.rng.uniform(size=shape) > 0.5))

    def square(self, *batch, n=3):
        """Well-conditioned matrices."""
        return wg.from_numpy(self.rng.uniform(-0.5, 0.5, (*batch, n, n)) + 2 * np.diag(np.arange(1.0, n + 1)))

    def symmetric(self, n=3):
        a = self.rng.uniform(-0.5, 0.5, (n, n))
        return wg.from_numpy(a + a.T + 2 * np.diag(np.arange(1.0, n + 1)))


def kinds(declared):
    """The type of every parameter as its schema spells it."""
    inside = declared.schema[
        declared.schema.index("(") + 1 : declared.schema.rindex(")", 0, (declared.schema + " ->").index(" ->"))
    ]
    parts, depth, start = [], 0, 0
    for k, char in enumerate(inside + ","):
        depth += (char in "[(") - (char in "])")
        if char == "," and depth == 0:
            parts.append(inside[start:k].strip())
            start = k + 1
    return [part.split()[0] for part in parts if part and part != "*"]


def elementwise_call(declared, source, shape=(2, 3)):
    """A call of an elementwise op in its domain: tensors, masks and numbers by the names of its parameters."""
    low, high = declared.options.get("domain") or (-2.5, 2.5)
    args, kwargs = [], {}
    for kind, parameter in zip(kinds(declared), declared.signature[0]):
        name, keyword_only = parameter[0], parameter[4]
        if kind in ("Tensor", "Tensor?", "TensorStrict"):
            value = source.f(*shape, low=low, high=high)
        elif kind == "Index":
            value = source.b(*shape)
        else:
            value = NUMBERS[name]
        if keyword_only:
            kwargs[name] = value
        else:
            args.append(value)
    return Call(*args, **kwargs)


def _views(s):
    f = s.f
    return {
        "clone": [Call(f(2, 3))], "_to_copy": [Call(f(3), wg.float64)], "_to_format": [Call(f(1, 2, 2, 3), wg.channels_last)], "complex": [Call(f(3), f(3))],
        "fill.Tensor": [Call(f(2, 2), f())], "fill.Scalar": [Call(f(2), 1.5)], "contiguous": [Call(f(2, 3).t())],
        **{name: [Call(f(2, 6), [3, 4])] for name in ("view", "_unsafe_view", "_stacked_steps", "_layer_steps")}, "alias": [Call(f(3))],
        "reshape": [Call(f(2, 6), [3, -1]), Call(f(2, 3).t(), [6])], "expand": [Call(f(2, 1), [3, 2, 4])],
        "permute": [Call(f(2, 3, 2), [2, 0, -2])], "_permute_inverse": [Call(f(2, 3, 2), [2, 0, 1])],
        "transpose": [Call(f(2, 3), 0, -1)], "swapaxes": [Call(f(2, 3), 0, 1)], "t": [Call(f(2, 3))],
        "squeeze": [Call(f(1, 3, 1))], "squeeze.dim": [Call(f(1, 3, 1), 0)], "squeeze.dims": [Call(f(1, 3, 1), [0, 2])],
        "unsqueeze": [Call(f(3), -1)], "select": [Call(f(2, 3), 1, -2)], "_select_backward": [Call(f(2), [2, 3], 1, 1)],
        "slice": [Call(f(5, 2), 0, 1, 5, 2), Call(f(5), 0, -3)], "_slice_backward": [Call(f(2, 2), [5, 2], 0, 1, 5, 2)],
        "narrow": [Call(f(4, 3), 0, 1, 2)], "diagonal": [Call(f(3, 4), 1), Call(f(2, 3, 3), 0, -2, -1)],
        "_diagonal_backward": [Call(f(3), [3, 4], 1, 0, 1)], "diag_embed": [Call(f(2, 3), 1)],
        "diag": [Call(f(3), 1), Call(f(3, 3))], "diagflat": [Call(f(2, 2))], "unfold": [Call(f(6, 2), 0, 3, 2)],
        "unfold_backward": [Call(f(2, 2, 3), [6, 2], 0, 3, 2)], "as_strided": [Call(f(6), [2, 2], [2, 1], 1)],
        "as_strided_scatter": [Call(f(6), f(2, 2), [2, 2], [2, 1], 1)],
        "view_as_real": [Call(s.c(3))], "view_as_complex": [Call(f(3, 2))], "real_view": [Call(s.c(3))],
        "imag_view": [Call(s.c(3))], "flatten": [Call(f(2, 2, 2), 1)], "unflatten": [Call(f(2, 6), 1, [2, 3])],
        "ravel": [Call(f(2, 3))], "view_as": [Call(f(6), f(2, 3))], "reshape_as": [Call(f(6), f(2, 3))],
        "expand_as": [Call(f(1, 3), f(2, 3))], "broadcast_to": [Call(f(3), [2, 3])], "movedim": [Call(f(2, 3, 2), [0], [2])],
        "numpy_T": [Call(f(2, 3))], "matrix_H": [Call(f(2, 3))], "mT": [Call(f(2, 2, 3))], "mH": [Call(f(2, 3))],
        "adjoint": [Call(f(2, 3)), Call(s.c(2, 2))], "_as_strided": [Call(f(6), [2, 2], [2, 1], 1, [6], [1], 0)],
        "_restride": [Call(f(2, 2), [2, 1], [6], [1], 1, 0, True)], "sum_to_size": [Call(f(2, 3), [1, 3])],
        "select_scatter": [Call(f(2, 3), f(2), 1, 0)], "slice_scatter": [Call(f(5), f(2), 0, 1, 5, 2)],
        "diagonal_scatter": [Call(f(3, 3), f(2), 1)],
        "copy_": [Call(f(2, 3), f(3), via=lambda op, x, y: op(x * 1, y))], "zero_": [Call(f(3), via=lambda op, x: op(x * 1))],
    }  # fmt: skip


def _joins(s):
    f = s.f
    return {
        "cat": [Call([f(2, 2), f(1, 2)]), Call([f(2, 1), f(2, 3)], -1)], "_cat": [Call([f(2, 2), f(1, 2)], 0, [2, 1])],
        "stack": [Call([f(3), f(3)], -1)], "repeat": [Call(f(3), [2, 2])], "_repeat_backward": [Call(f(2, 6), [3], [2, 2])],
        "flip": [Call(f(2, 3), [0, 1])], "roll": [Call(f(2, 3), [1], [1]), Call(f(2, 3), [2])],
        "_roll_inverse": [Call(f(2, 3), [1], [1])], "tril": [Call(f(3, 3), -1)], "triu": [Call(f(3, 3))],
        "constant_pad_nd": [Call(f(2, 3), [1, 2, 0, 1], 0.5), Call(f(4), [-1, -1])],
        "_constant_pad_backward": [Call(f(3, 6), [2, 3], [1, 2, 0, 1])], "reflection_pad1d": [Call(f(2, 4), [1, 2])],
        "reflection_pad2d": [Call(f(1, 3, 3), [1, 1, 2, 0])], "reflection_pad3d": [Call(f(1, 1, 2, 2, 2), [1] * 6)],
        "replication_pad1d": [Call(f(2, 3), [1, 2])], "replication_pad2d": [Call(f(1, 2, 2), [1, 1, 2, 0])],
        "replication_pad3d": [Call(f(1, 1, 2, 2, 2), [1] * 6)], "_edge_pad": [Call(f(2, 3), [1, 1], "reflect")],
        "_edge_pad_backward": [Call(f(2, 5), [2, 3], [1, 1], "reflect")], "split": [Call(f(5, 2), 2)],
        "split.sizes": [Call(f(5), [2, 3])], "split_with_sizes": [Call(f(5), [1, 4])], "unsafe_split": [Call(f(5), 2)],
        "unsafe_split_with_sizes": [Call(f(5), [1, 4])], "chunk": [Call(f(5), 2)], "unsafe_chunk": [Call(f(5), 2)],
        "unbind": [Call(f(2, 3), 1)], "tensor_split.sections": [Call(f(5), 3)], "tensor_split.indices": [Call(f(5), [1, 3])],
        "tensor_split.tensor_indices_or_sections": [Call(f(5), wg.tensor([1, 3]))], "hsplit.int": [Call(f(2, 4), 2)],
        "hsplit.array": [Call(f(2, 4), [1])], "vsplit.int": [Call(f(4, 2), 2)], "vsplit.array": [Call(f(4, 2), [1])],
        "dsplit.int": [Call(f(1, 2, 4), 2)], "dsplit.array": [Call(f(1, 2, 4), [1])],
    }  # fmt: skip


def _indexing(s):
    f, i, b = s.f, s.i, s.b
    rows, perm = wg.tensor([0, 2, 0]), wg.tensor([2, 0])
    grid = wg.tensor([[0, 1, 2], [2, 0, 1]])
    mask = wg.tensor([[True, False, True], [False, True, True]])
    reduced = [
        Call(f(3), 0, wg.tensor([0, 0, 2, 2]), f(4, low=0.4), how) for how in ("sum", "prod", "mean", "amax", "amin")
    ]
    indexed = [Call(f(3, 2), 0, perm, f(2, 2), how) for how in ("prod", "mean", "amax", "amin")]
    return {
        "index": [Call(f(3, 4), [rows]), Call(f(3, 4), [None, perm]), Call(f(3, 4), [rows, wg.tensor([1, 1, 3])])],
        "_index_backward": [Call(f(3, 4), [3, 4], [rows])], "_index_put_kept": [Call(f(3, 4), [perm], False)],
        "index_put": [Call(f(3, 2), [perm], f(2, 2)), Call(f(3), [rows], f(3), True)],
        "masked_fill.Tensor": [Call(f(2, 3), mask, f())], "masked_fill.Scalar": [Call(f(2, 3), mask, 0.5)],
        "masked_select": [Call(f(2, 3), mask)], "_masked_select_backward": [Call(f(4), mask, [2, 3])],
        "masked_scatter": [Call(f(2, 3), mask, f(5))], "masked_scatter_backward": [Call(f(2, 3), mask, [5])],
        "gather": [Call(f(3, 3), 0, grid)], "_gather_backward": [Call(f(2, 3), [3, 3], 0, grid)],
        "scatter.src": [Call(f(3, 3), 0, grid, f(2, 3))], "scatter.value": [Call(f(3, 3), 0, grid, 0.5)],
        "scatter_add": [Call(f(3, 3), 0, i(3, 2, 3), f(2, 3))], "scatter_reduce": reduced, "index_reduce": indexed,
        "index_select": [Call(f(3, 2), 0, rows)], "index_select_backward": [Call(f(3, 2), [3, 2], 0, rows)],
        "index_add": [Call(f(3, 2), 0, rows, f(3, 2), alpha=2.5)], "index_copy": [Call(f(3, 2), 0, perm, f(2, 2))],
        "index_fill.int_Tensor": [Call(f(3, 2), 0, perm, f())], "index_fill.int_Scalar": [Call(f(3, 2), 0, perm, 0.5)],
        "take": [Call(f(2, 3), i(6, 4))], "_take_backward": [Call(f(4), [2, 3], i(6, 4))],
        "put": [Call(f(2, 3), wg.tensor([4, 1]), f(2)), Call(f(2, 3), wg.tensor([4, 4]), f(2), True)],
        "_put_kept": [Call(f(2, 3), wg.tensor([4, 1]), False)], "take_along_dim": [Call(f(3, 3), grid, 0)],
        "embedding": [Call(f(4, 2), i(4, 3, 2)), Call(f(4, 2), wg.tensor([0, 2, 3]), 1)],
        "embedding_dense_backward": [Call(f(3, 2), wg.tensor([0, 1, 0]), 4, -1, False)],
        "_scatter_picked": [Call(f(2), 1, wg.tensor([2, 0]), [2, 3], False)],
        "_gather_picked": [Call(f(2, 3), 1, wg.tensor([2, 0]), False)],
        "_plane_scatter": [Call(f(2, 4), wg.tensor([[0, 5, 3, 0], [1, 1, 2, 4]]), [2, 6], 1)],
        "_plane_gather": [Call(f(2, 6), wg.tensor([[0, 5, 3, 0], [1, 1, 2, 4]]), 1)],
        "_cumextreme_backward": [Call(f(3), wg.tensor([0, 0, 2]), 0)], "where": [Call(b(2, 3), f(2, 3), f(3))],
    }  # fmt: skip


def _symmetric(op, A, *rest):
    return op((A + A.mT) / 2, *rest)


def _products(s):
    f = s.f
    return {
        "_adjoint": [Call(f(2, 3))], "_conj": [Call(s.c(3))], "_scaled": [Call(f(3), 2.5)], "mm": [Call(f(2, 3), f(3, 2))],
        "_mm_by": [Call(f(2, 3), f(3, 4), False), Call(f(2, 3), f(3, 4), True)], "bmm": [Call(f(2, 2, 3), f(2, 3, 2))],
        "mv": [Call(f(2, 3), f(3))], "dot": [Call(f(3), f(3))], "vdot": [Call(f(3), f(3)), Call(s.c(3), s.c(3))],
        "addmm": [Call(f(2, 2), f(2, 3), f(3, 2), beta=0.5, alpha=1.5), Call(f(2), f(2, 3), f(3, 2))],
        "addmv": [Call(f(2), f(2, 3), f(3), beta=0.5, alpha=1.5)],
        "baddbmm": [Call(f(2, 2, 2), f(2, 2, 3), f(2, 3, 2), beta=0.5, alpha=1.5)],
        "addr": [Call(f(2, 3), f(2), f(3), beta=0.5, alpha=1.5)],
        "matmul": [Call(f(2, 3), f(3, 2)), Call(f(3), f(3, 2)), Call(f(2, 1, 2, 3), f(3, 3, 2)), Call(f(2, 2, 3), f(3)),
                   Call(f(3), f(3)), Call(s.c(2, 2), s.c(2, 2))],
        "linear": [Call(f(2, 3), f(2, 3), f(2)), Call(f(2, 2, 3), f(2, 3)), Call(f(3), f(2, 3), f(2))],
        "_cholesky_ex": [Call(s.symmetric(), False, via=_symmetric)], "linalg_qr": [Call(s.square()), Call(f(4, 2))],
        "_linalg_svd": [Call(f(3, 2))], "_linalg_eigh": [Call(s.symmetric(), via=_symmetric)], "_linalg_inv_ex": [Call(s.square(2))],
        "_linalg_det": [Call(s.square())], "_linalg_slogdet": [Call(s.square())], "_linalg_solve": [Call(s.square(), f(3, 2))],
        "_triangular": [Call(s.square(), f(3, 2), True, False)], "_pinv": [Call(f(3, 2), wg.tensor(1e-15), False)],
        "linalg_matrix_exp": [Call(f(2, 2))], "_linalg_lu": [Call(s.square(), True)],
        "_linalg_eig": [Call(s.square(), via=lambda op, A: op(A)[0])], "_lstsq": [Call(f(4, 2), f(4, 1), 0.0, False)],
    }  # fmt: skip


def _reductions(s):
    f, p = s.f, s.p
    return {
        "_extreme_backward": [Call(f(2), f(2, 3), via=lambda op, g, x: op(g, x, x.amax(1), [1], False))],
        "_expand_reduced": [Call(f(2), [2, 3], [1], False)], "sum": [Call(f(2, 3)), Call(f())],
        "sum.dim_IntList": [Call(f(2, 3), [1]), Call(f(2, 3), [0, 1], True)], "nansum": [Call(f(2, 3), [0])],
        "mean": [Call(f(2, 3))], "mean.dim": [Call(f(2, 3), [0], True)], "_spread_mean": [Call(f(2), [2, 3], [1], False)],
        "prod": [Call(f(2, 3)), Call(wg.tensor([1.5, 0.0, 2.0], dtype=wg.float64))], "prod.dim_int": [Call(f(2, 3), 1, True)],
        "_euclidean_dist": [Call(f(2, 3), f(4, 3, low=3.0, high=5.0))], "amax": [Call(f(2, 3), [1]), Call(f(2, 3))],
        "_prod_backward": [Call(f(2), f(2, 3), 1, False)], "amin": [Call(f(2, 3), [0], True)], "max": [Call(f(2, 3))],
        "aminmax": [Call(f(2, 3)), Call(f(2, 3), dim=1)], "max.dim": [Call(f(2, 3), 1)], "max.other": [Call(f(2, 3), f(3))], "min": [Call(f(2, 3))],
        "min.dim": [Call(f(2, 3), 0, True)], "min.other": [Call(f(2, 3), f(2, 1))], "trace": [Call(f(3, 4))],
        "_trace_backward": [Call(f(), [3, 4])], "logsumexp": [Call(f(2, 3), [1]), Call(f(2, 3), [0, 1], True)],
        "var.dim": [Call(f(2, 3), [1])], "var": [Call(f(2, 3)), Call(f(4), False)], "std.dim": [Call(f(2, 3), [1], False, True)],
        "var.correction": [Call(f(2, 3), [1], correction=0.5)], "std.correction": [Call(f(2, 3), [1], correction=0)],
        "std": [Call(f(2, 3))], "_var_backward": [Call(f(2), f(2, 3), [1], 1, False)],
        "var_mean.dim": [Call(f(2, 3), [1])], "var_mean.correction": [Call(f(2, 3), [1], correction=0)],
        "var_mean": [Call(f(2, 3))], "std_mean.dim": [Call(f(2, 3), [1])], "std_mean": [Call(f(2, 3))],
        "std_mean.correction": [Call(f(2, 3), [1], correction=0)],
        "linalg_vector_norm": [Call(f(2, 3), order, [1]) for order in (2, 1, 3, 2.5, float("inf"), -1.5)],
        "_norm_backward": [Call(f(2), x := f(2, 3), x.norm(2, 1), 2, [1], False)],
        "cumsum": [Call(f(2, 3), 1)], "_reverse_cumsum": [Call(f(2, 3), 1)],
        "cumprod": [Call(f(2, 3), 1), Call(wg.tensor([1.5, 0.0, 2.0], dtype=wg.float64), 0)],
        "_recurrence": [Call(f(2, 3), f(2, 3), 1, False), Call(f(4), f(4), 0, True)], "_shifted": [Call(f(2, 3), 1, 0.0, False)],
        "cummax": [Call(f(2, 4), 1)], "cummin": [Call(f(2, 4), 1)], "logcumsumexp": [Call(f(2, 3), 1)],
        "softmax.int": [Call(f(2, 3), 1), Call(f(2, 3), 0)], "log_softmax.int": [Call(f(2, 3), -1), Call(f(2, 3), 0)],
        "_softmax_backward": [Call(f(2, 3), p(2, 3), 1)], "_log_softmax_backward": [Call(f(2, 3), f(2, 3), 1)],
        "sort": [Call(f(2, 4)), Call(f(4, 2), 0, True)], "sort.stable": [Call(f(2, 4), stable=True)],
        "topk": [Call(f(2, 4), 2), Call(f(4, 2), 2, 0, False)], "kthvalue": [Call(f(2, 4), 2)], "median": [Call(f(5))],
        "median.dim": [Call(f(2, 3), 1)], "nanmedian": [Call(f(5))], "nanmedian.dim": [Call(f(2, 3), 1, True)],
    }  # fmt: skip


def _losses(s):
    f, p = s.f, s.p
    pair = [Call(f(2, 3), f(2, 3), how) for how in (0, 1, 2)]
    signs = [Call(f(2, 3), wg.tensor([[1.0, -1, 1], [-1, 1, 1]], dtype=wg.float64), how) for how in (0, 1, 2)]
    chances = [Call(p(2, 3), p(2, 3), how) for how in (0, 1, 2)]
    classes, planes, weight = wg.tensor([0, 2, 1]), s.i(3, 2, 2, 2), p(3)
    return {
        "_loss_spread": [Call(f(), [2, 3], 1), Call(f(2, 3), [2, 3], 0)], "mse_loss": pair, "soft_margin_loss": signs,
        "_soft_margin_backward": [Call(f(), f(3), f(3).sign(), how) for how in (0, 1, 2)], "_log_sigmoid_backward": [Call(f(3), f(3))],
        "_smooth_l1_loss": [Call(f(2, 3), f(2, 3), how, 0.7) for how in (0, 1, 2)], "_binary_cross_entropy": chances,
        "huber_loss": [Call(f(2, 3), f(2, 3), how, 0.7) for how in (0, 1, 2)], "_bce_with_logits": pair,
        "_bce_with_logits_weighted": [Call(f(2, 3), f(2, 3), p(3), p(3), 1)], "smooth_l1_loss": pair,
        "binary_cross_entropy": [Call(p(2, 3), p(2, 3)), Call(p(2, 3), p(2, 3), p(3))],
        "binary_cross_entropy_with_logits": [Call(f(2, 3), p(2, 3)), Call(f(2, 3), p(2, 3), None, p(3))],
        "nll_loss_forward": [Call(f(3, 3), classes, weight, how, -100) for how in (0, 1, 2)],
        "nll_loss2d_forward": [Call(f(2, 3, 2, 2), planes, weight, how, 1) for how in (0, 1, 2)],
        "_nll_loss_backward": [Call(f(), [3, 3], classes, None, 1, -100, wg.tensor(3.0, dtype=wg.float64))],
        "nll_loss_nd": [Call(f(3, 3), classes), Call(f(2, 3, 2, 2), planes, weight, fixed=("weight",))],
        "cross_entropy_loss": [Call(f(3, 3), classes), Call(f(3, 3), classes, weight, 1, -100, 0.1, fixed=("weight",)),
                               Call(f(3, 3), p(3, 3), weight), Call(f(2, 3, 2, 2), planes)],
    }  # fmt: skip


def _statistics(x, dims, eps=1e-5):
    x = x.detach()
    return x.mean(dims, True), (x.var(dims, correction=0, keepdim=True) + eps).rsqrt()


def _again(dims, after, shape=None, flat=False):
    """Calls the backward pass of a norm with the statistics of its input."""

    def call(op, g, x, weight):
        stats = _statistics(x if shape is None else x.reshape(shape), dims)
        if flat:
            stats = tuple(t.flatten() if shape is None else t.squeeze(-1) for t in stats)
        return op(g, x, *after(stats, weight))

    return call


def _norms(s):
    f, p = s.f, s.p
    x = f(2, 4, 3)
    rows, eps = [4, 3], 1e-5
    stats, held = (None, None, True, 0.1, eps), (f(4), p(4), False, 0.1, eps)
    layer = _again((1, 2), lambda t, w: (rows, *t, w, eps))
    batch = _again((0, 2), lambda t, w: (*t, w, True, eps), flat=True)
    group = _again((2,), lambda t, w: (*t, w, 2, 4, 3, 2, eps), (2, 2, 6), flat=True)

    def root(op, g, x, weight):
        return op(g, x, rows, (x.detach().square().mean((1, 2), True) + eps).rsqrt(), weight, eps)

    return {
        "native_layer_norm": [Call(x, rows, p(*rows), f(*rows), eps), Call(f(2, 3), [3], None, None, eps)],
        "_layer_norm_backward": [Call(f(2, 4, 3), x, p(*rows), via=layer)], "layer_norm": [Call(x, rows, p(*rows), f(*rows))],
        "_fused_rms_norm": [Call(x, rows, p(*rows), eps)], "rms_norm": [Call(x, rows, p(*rows), eps)],
        "_fused_rms_norm_backward": [Call(f(2, 4, 3), x, p(*rows), via=root)],
        "_batch_norm": [Call(x, p(4), f(4), *stats), Call(x, p(4), f(4), *held)], "batch_norm": [Call(x, p(4), f(4), *stats, True)],
        "_batch_norm_backward": [Call(f(2, 4, 3), x, p(4), via=batch), Call(f(2, 4, 3), x, f(4), p(4), p(4), False, eps)],
        "native_batch_norm": [Call(x, p(4), f(4), *stats)], "_native_batch_norm_legit": [Call(x, p(4), f(4), *held)],
        "_native_batch_norm_legit.no_stats": [Call(x, p(4), f(4), True, 0.1, eps)],
        "_batch_norm_with_update": [Call(x, p(4), f(4), None, None, 0.1, eps)],
        "_group_norm": [Call(x, p(4), f(4), 2, 4, 3, 2, eps)], "group_norm": [Call(x, 2, p(4), f(4))],
        "_group_stats": [Call(x, via=lambda op, x: op(x, *(t.squeeze(2) for t in _statistics(x.reshape(2, 2, 6), 2))))],
        "_group_norm_backward": [Call(f(2, 4, 3), x, p(4), via=group)],
    }  # fmt: skip


def _windows(s):
    f = s.f
    conv = ([2], [1], [1], 1)
    pair = ([1, 1], [1, 0], [1, 1], 1)
    return {
        "_conv_bias": [Call(f(2, 3, 2))], "affine_grid_generator": [Call(f(2, 2, 3), [2, 1, 2, 3], False)],
        "_conv": [Call(f(2, 2, 5), f(3, 2, 3), f(3), *conv), Call(f(1, 2, 3, 3), f(2, 1, 2, 2), None, [1, 1], [0, 1], [1, 1], 2)],
        "_conv_input": [Call(f(2, 3, 3), f(3, 2, 3), f(2), [2, 2, 5], *conv)], "_conv_weight": [Call(f(2, 3, 3), f(2, 2, 5), [3, 2, 3], *conv)],
        "convolution": [Call(f(1, 2, 3, 3), f(2, 2, 2, 2), f(2), *pair[:3], False, [0, 0], 1),
                        Call(f(1, 2, 3), f(2, 2, 2), f(2), [2], [0], [1], True, [1], 1)],
        "conv1d": [Call(f(2, 2, 5), f(3, 2, 3), f(3), 2, 1)], "conv1d.padding": [Call(f(2, 2, 5), f(3, 2, 3), f(3), 1, "same")],
        "conv2d": [Call(f(1, 2, 4, 3), f(2, 2, 2, 2), f(2), 1, (1, 0)), Call(f(2, 3, 3), f(2, 1, 2, 2), f(2), groups=2)],
        "conv2d.padding": [Call(f(1, 2, 3, 3), f(2, 2, 2, 2), f(2), 1, "valid")], "conv3d": [Call(f(1, 1, 2, 3, 2), f(2, 1, 2, 2, 1), f(2))],
        "conv3d.padding": [Call(f(1, 1, 2, 2, 2), f(1, 1, 3, 1, 1), f(1), 1, "same")],
        "conv_transpose1d": [Call(f(1, 2, 3), f(2, 2, 2), f(2), 2)], "conv_transpose2d.input": [Call(f(1, 2, 2, 2), f(2, 2, 2, 2), f(2), 2, 1)],
        "conv_transpose3d.input": [Call(f(1, 1, 2, 2, 1), f(1, 1, 2, 2, 2), f(1))],
        "max_pool1d_with_indices": [Call(f(1, 2, 5), [2])], "max_pool2d_with_indices": [Call(f(1, 4, 4), [2, 2], [1, 2], [1, 0])],
        "max_pool3d_with_indices": [Call(f(1, 2, 3, 3), [2])], "avg_pool1d": [Call(f(1, 2, 5), [2], [], [1])],
        "avg_pool2d": [Call(f(1, 4, 4), [2, 2], [1, 2], [1, 0], False, False), Call(f(1, 4, 4), [2], divisor_override=3)],
        "avg_pool3d": [Call(f(1, 2, 3, 3), [2])], "_avg_pool": [Call(f(1, 4, 4), [2, 2], [2, 2], [0, 0], False, True, None, 2)],
        "_avg_pool_backward": [Call(f(1, 2, 2), [1, 4, 4], [2, 2], [2, 2], [0, 0], False, True, None, 2)],
        "adaptive_avg_pool1d": [Call(f(1, 2, 5), [2])], "adaptive_avg_pool2d": [Call(f(1, 3, 5), [2, 2])],
        "adaptive_avg_pool3d": [Call(f(1, 2, 3, 3), [1, 2, 2])], "_adaptive_avg_pool": [Call(f(1, 3, 5), [2, 2])],
        "_adaptive_avg_pool_backward": [Call(f(1, 2, 2), [1, 3, 5], [2, 2])], "adaptive_max_pool1d": [Call(f(1, 2, 5), [2])],
        "adaptive_max_pool2d": [Call(f(1, 3, 5), [2, 2])], "adaptive_max_pool3d": [Call(f(1, 2, 3, 3), [1, 2, 2])],
    }  # fmt: skip


def _bounds(s):
    f = s.f
    return {
        "clamp.numbers": [Call(f(2, 3), -0.5, 0.7), Call(f(2, 3), min=0.1)],
        "clamp.tensors": [Call(f(2, 3), f(3, low=-1, high=0), f(3, low=0, high=1))],
    }


def _later(s):
    f = s.f
    sized = {"nearest": [2.0], "nearest_exact": [2.0]}
    calls = {
        "_cholesky_solve": [Call(f(3, 2), s.square(), via=lambda op, B, L: op(B, L.tril(), False))], "frexp": [Call(f(3), via=lambda op, x: op(x)[0])],
        "_fft_c2c": [Call(s.c(4), [0], 0, True)], "_fft_r2c": [Call(f(2, 4), [1], 0, True)], "glu": [Call(f(2, 4)), Call(f(4, 3), 0)],
        "_fft_c2r": [Call(f(2, 4), via=lambda op, x: op(OPS["_fft_r2c"].function(x, [1], 0, True), [1], 0, 4))],
        "_attention": [Call(f(1, 2, 3, 2), f(1, 2, 4, 2), f(1, 2, 4, 2), None, causal, 0.7) for causal in (False, True)],
        "_attention_backward": [Call(f(1, 1, 3, 2), f(1, 1, 3, 2), f(1, 1, 3, 2), f(1, 1, 3, 2), via=_attended)],
        "_attention_math": [Call(f(1, 3, 2), f(1, 4, 2), f(1, 4, 2), f(3, 4), 0.0, False, 0.7)],
        "scaled_dot_product_attention": [Call(f(2, 3, 2), f(2, 4, 2), f(2, 4, 2)), Call(f(2, 3, 2), f(2, 4, 2), f(2, 4, 2), f(3, 4))],
        "_all_steps": [Call(f(5, 8), f(3, 2), f(3, 2), f(8, 2), f(8), "LSTM", [3, 2], r, via=lambda op, *a: op(*a)[:3]) for r in (False, True)]
        + [Call(f(5, 6), f(3, 2), None, f(6, 2), f(6), "GRU", [3, 2], True, via=lambda op, *a: op(*a)[:2])],
        "im2col": [Call(f(1, 2, 3, 3), [2, 2], [1, 1], [1, 0], [1, 2])], "col2im": [Call(f(1, 8, 4), [3, 3], [2, 2], [1, 1], [0, 0], [1, 1])],
        "upsample_linear1d": [Call(f(1, 2, 3), [5], False), Call(f(1, 2, 3), [5], True)],
        "upsample_bilinear2d": [Call(f(1, 1, 3, 2), [4, 5], False)], "upsample_trilinear3d": [Call(f(1, 1, 2, 2, 2), [3, 2, 3], True)],
        "upsample_bicubic2d": [Call(f(1, 1, 3, 4), [5, 6], False)], "_upsample_bilinear2d_aa": [Call(f(1, 1, 4, 5), [2, 3], False)],
        "_upsample_bicubic2d_aa": [Call(f(1, 1, 4, 5), [2, 3], False)],
    }  # fmt: skip
    for dims in (1, 2, 3):
        for name in sized:
            op = f"{'_' * (name != 'nearest')}upsample_{name}{dims}d"
            calls[op] = [Call(f(1, 2, *[3, 2, 2][:dims]), [4, 3, 5][:dims])]
    return {name: some for name, some in calls.items() if name in OPS and some}


def _attended(op, g, q, k, v):
    output, sums = OPS["_attention"].function(q.detach(), k.detach(), v.detach(), None, False, 0.7)
    return op(g, q, k, v, output, sums, None, False, 0.7)


def samples(seed=0):
    """Op name -> its sample calls."""
    source = Source(seed)
    table = native_calls(Call, Source(seed + 1))
    for family in (_views, _joins, _indexing, _products, _reductions, _losses, _norms, _windows, _bounds, _later):
        table.update(family(source))
    for name, declared in OPS.items():
        if ".user" not in name and declared.kind in ("elementwise", "fused") and name not in {**table, **WITHOUT}:
            table[name] = [elementwise_call(declared, Source(zlib.crc32(name.encode())))]
    return table
