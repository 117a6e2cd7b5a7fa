"""What CPU autocast does to which op: products in the shorter type, losses and the like in float32, or all in the widest.

While a thread has autocast on, the ops named here are redirected to functions that cast their arguments first; without
it nothing is in their way. Compositions in Python are replaced under their names meanwhile.
"""

import functools
import threading
import types

import wengert as wg

from .. import _core
from ..ops._declare import FUNCTIONS, OPS

LOWER = (
    "matmul", "mm", "bmm", "addmm", "addbmm", "baddbmm", "linear", "linalg.vecdot", "scaled_dot_product_attention",
    "conv1d", "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "convolution",
    "prelu", "chain_matmul", "linalg.multi_dot",
)  # fmt: skip
SINGLE = (
    "mse_loss", "smooth_l1_loss", "huber_loss", "soft_margin_loss", "poisson_nll_loss", "nll_loss_nd", "cross_entropy_loss",
    "binary_cross_entropy", "binary_cross_entropy_with_logits", "l1_loss", "kl_div", "ctc_loss", "cosine_embedding_loss",
    "hinge_embedding_loss", "margin_ranking_loss", "triplet_margin_loss", "multi_margin_loss", "multilabel_margin_loss",
    "prod", "trace", "polar", "quantile", "nanquantile", "stft", "cdist", "view_as_complex", "grid_sampler",
    "grid_sample", "avg_pool3d", "max_pool3d", "max_unpool2d", "max_unpool3d", "adaptive_avg_pool3d",
    "adaptive_max_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
    "reflection_pad1d", "reflection_pad2d", "replication_pad1d", "replication_pad2d", "replication_pad3d",
    "cholesky", "cholesky_inverse", "cholesky_solve", "inverse", "lu_solve", "orgqr", "ormqr", "geqrf", "pinverse", "qr",
    "svd", "triangular_solve",
    *("linalg." + name for name in (
        "cond", "matrix_rank", "solve", "cholesky", "cholesky_ex", "svd", "svdvals", "eig", "eigh", "eigvals", "eigvalsh",
        "inv", "inv_ex", "householder_product", "tensorinv", "tensorsolve", "lu", "qr", "lstsq",
    )),
    *("fft." + kind + name + dims for kind in ("", "i") for name in ("fft", "rfft", "hfft") for dims in ("", "2", "n")),
)  # fmt: skip

WIDEST = ("index_copy",)

_lock = threading.Lock()
_done = False  # whether the ops are redirected; None while that changes
_redirected = []
_replaced = []  # (holder, name, function): plain functions, which are called by their names in these
_operator = wg.Tensor.__matmul__


def _twin(function):
    """A callable of the same op that is never redirected."""
    same = _core.OpFunction(function.__name__)
    for op, *_ in function.overloads:
        same.add(OPS[op].schema, False)
    return same


def _cast(value, dtype):
    if isinstance(value, wg.Tensor):
        suits = value.is_floating_point() and value.dtype is not wg.float64 and value.dtype is not dtype
        return value.to(dtype) if suits else value
    if type(value) in (list, tuple):
        return type(value)(_cast(item, dtype) for item in value)
    return value


def _widest(args):
    """float32 where one of the tensors has it, else the short type that they share; no other short type comes first."""
    widest = short = wg.get_autocast_dtype("cpu")
    for a in args:
        if isinstance(a, wg.Tensor) and a.is_floating_point() and a.dtype is not wg.float64:
            if wg.float32 in (widest, a.dtype):
                widest = wg.float32
            elif a.dtype is not short:
                raise RuntimeError("Unexpected floating ScalarType in at::autocast::prioritize")
    return widest


def _caster(op, wanted, is_on):
    """The op behind casts of its tensors; `wanted(args)` is the type they get."""

    @functools.wraps(op)
    def call(*args, **kwargs):
        if is_on():
            dtype = wanted(args)
            args = [_cast(value, dtype) for value in args]
            kwargs = {name: _cast(value, dtype) for name, value in kwargs.items()}
        return op(*args, **kwargs)

    return call


def _replace(name, wanted, is_on):
    """Puts casts before the plain functions of a name, wherever they are called by it."""
    space, _, last = name.rpartition(".")
    for holder in (getattr(wg, space),) if space else (wg, wg.Tensor, wg.nn.functional):
        if holder is wg.nn.functional and last in holder.__all__:
            getattr(holder, last)  # loads it
        function = vars(holder).get(last)
        if isinstance(function, types.FunctionType):
            _replaced.append((holder, last, function))
            setattr(holder, last, _caster(function, wanted, is_on))


def fit(threads, is_on, fast_dtype):
    """Redirects the ops while there are threads with autocast on, and gives them back when there are none.

    is_on() and fast_dtype() answer for the calling thread. Broken off, it is done in full by the next call.
    """
    global _done
    with _lock:
        if _done == bool(threads):
            return
        _done = None
        while _redirected:
            _redirected[-1].redirect(None)
            _redirected.pop()
        while _replaced:
            setattr(*_replaced[-1])
            _replaced.pop()
        wg.Tensor.__matmul__ = _operator
        if threads:
            _redirect_all(is_on, fast_dtype)
        _done = bool(threads)


def _redirect_all(is_on, fast_dtype):
    for names, wanted in ((LOWER, lambda _: fast_dtype()), (SINGLE, lambda _: wg.float32), (WIDEST, _widest)):
        for name in names:
            function = FUNCTIONS.get(name)
            if isinstance(function, _core.OpFunction):
                _redirected.append(function)
                function.redirect(_caster(_twin(function), wanted, is_on))
            _replace(name, wanted, is_on)
    product = FUNCTIONS["matmul"]
    wg.Tensor.__matmul__ = lambda a, b: product(a, b) if isinstance(b, wg.Tensor) else _operator(a, b)
