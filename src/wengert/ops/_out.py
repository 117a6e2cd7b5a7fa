"""out=: results of functions written in Python that go into tensors the caller gave."""

import warnings

from .. import _core


def _refuse_gradients(name):
    raise RuntimeError(
        f"{name}(): functions with out=... arguments don't support automatic differentiation, but one of the arguments "
        "requires grad."
    )


_CASTABLE = "{shown}: Expected {field} to be safely castable from {made} dtype, but got {field} with dtype {got}"
_STRICT = "Expected out tensor to have dtype {made_in_c}, but got {got_in_c} instead"
_CAST = {  # ops whose results may be cast on the way, by what torch calls them there and the result
    "geqrf": ("torch.geqrf", "a"),
    "orgqr": ("torch.linalg.householder_product", "result"),
    "linalg_householder_product": ("torch.linalg.householder_product", "result"),
    "linalg_eig": ("torch.linalg.eig", "eigenvalues"),
    "linalg_eigvals": ("torch.linalg.eigvals", "eigenvalues"),
    "linalg_lstsq": ("torch.linalg.lstsq", "solution"),
    "linalg_matrix_rank": ("torch.linalg.matrix_rank", "result"),
    "linalg_cond": ("linalg.cond", "result"),
    "linalg_pinv": ("linalg.pinv", "result"),
    "linalg_tensorinv": ("tensorinv", "result"),
    "linalg_tensorsolve": ("tensorsolve", "result"),
    "cholesky": ("cholesky", "result"),
    "cholesky_solve": ("cholesky_solve", "result"),
    "cholesky_inverse": ("cholesky_inverse", "result"),
    "matrix_power": ("matrix_power", "result"),
}
_PROMOTED = "result type {made} can't be cast to the desired output type {got}"
_REAL = "{shown} expects a floating point output tensor, but got {got}"
_FOURIER = "{shown} expects a complex output tensor, but got {got}"
_JOINED = "torch.cat(): input types can't be cast to the desired output type {got}"
_CASTS = {  # further ones that cast, and how they refuse
    **dict.fromkeys(("kron", "outer", "diff", "logit", "nanmean"), _PROMOTED),
    **dict.fromkeys(("hstack", "vstack", "dstack", "column_stack"), _JOINED),
    **{f"fft_{name}": _REAL for name in ("irfft", "hfft", "irfftn", "hfftn")},
    **{f"fft_{name}": _FOURIER for name in ("fft", "rfft", "fftn", "ifftn", "rfftn", "ihfftn")},
    "mvlgamma": "mvlgamma: result type {made} can't be cast to the desired output type {made}",
}
_EXACT = {  # those that want their own dtype, in words of their own
    "linalg_norm": "linalg.norm expected out tensor dtype {made} but got: {got}",
    "linalg_matrix_norm": "linalg.matrix_norm expected out tensor dtype {made} but got: {got}",
    "linalg_multi_dot": "multi_dot(): expected out tensor to have dtype {made_in_c} but got {got_in_c}",
    "chain_matmul": "multi_dot(): expected out tensor to have dtype {made_in_c} but got {got_in_c}",
    "linalg_vecdot": "linalg.vecdot: Expected out of dtype{made} but found {got}",
    **dict.fromkeys(
        ("tensordot", "inner"),
        "tensordot: Expected the output tensor to have dtype {made}, but got an output tensor with dtype {got}",
    ),
    "ormqr": "torch.ormqr: Expected input and result to have the same dtype, but input has dtype{made} and result has "
    "dtype {got}",
    "quantile": "quantile() out tensor must be same dtype as the input tensor",
    "nanquantile": "quantile() out tensor must be same dtype as the input tensor",
    "nan_to_num": "nan_to_num: dtype of out: {got} should be same as input: {made}",
    "gelu": "Found dtype {got} but expected {made}",
    "polar": "Expected object of scalar type {made} but got scalar type {got} for argument 'out'",
    "histc": "torch.histogram: input tensor and hist tensor should have the same dtype, but got input {made_in_c} and "
    "hist {got_in_c}",
    **{f"fft_{name}": _FOURIER for name in ("ifft", "ihfft")},
}


_FIELDS = {"linalg_eig": ("eigenvalues", "eigenvectors")}  # results that refuse under names of their own


def _check_dtype(result, out, name, at=0):
    """RuntimeError unless a result may go into a tensor, in the words of the op."""
    made, got = result.dtype, out.dtype
    if made is got:
        return
    from .. import can_cast

    shown, field = _CAST.get(name, (name.removeprefix("fft_").replace("ifftn", "fftn"), ""))
    field = _FIELDS[name][at] if name in _FIELDS else field
    text = _CASTABLE if field else _CASTS.get(name)
    if text and can_cast(made, got) and not (text is _REAL and got.is_complex):
        return
    raise (TypeError if text == _JOINED else RuntimeError)(
        (text or _EXACT.get(name, _STRICT)).format(
            shown=shown,
            field=field,
            made=made._torch_name,
            got=got._torch_name,
            made_in_c=made._compiler_name,
            got_in_c=got._compiler_name,
        )
    )


def write(result, out, name="out", at=0):
    """Copies results to the tensors given as out, which take their shapes. RuntimeError if dtypes do not go together."""
    if isinstance(result, tuple):
        return type(result)([write(r, o, name, k) for k, (r, o) in enumerate(zip(result, out))])
    from .. import no_grad

    for t in (result, out):
        if t._wrapped:
            from ..func._observe import observe

            observe(_core.payload(t), f"out={name}")

    if _core.is_grad_enabled() and (result.requires_grad or out.requires_grad):
        _refuse_gradients(name)
    _check_dtype(result, out, name, at)
    with no_grad():
        if out.shape != result.shape:
            if out.numel():
                warnings.warn(
                    "An output with one or more elements was resized since it had shape "
                    f"{list(out.shape)}, which does not match the required output shape {list(result.shape)}. This "
                    "behavior is deprecated, and in a future PyTorch release outputs will not be resized unless they "
                    "have zero elements. You can explicitly reuse an out tensor t by resizing it, inplace, to zero "
                    "elements with t.resize_(0).",
                    stacklevel=3,
                )
            out.resize_(result.shape)
        return out.copy_(result)


def with_out(body):
    """Gives a function the keyword out."""

    def function(*args, out=None, **kwargs):
        result = body(*args, **kwargs)
        return result if out is None else write(result, out, body.__name__)

    function.__name__, function.__doc__, function.__wrapped__ = body.__name__, body.__doc__, body
    return function
