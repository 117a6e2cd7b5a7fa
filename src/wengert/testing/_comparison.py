"""`assert_close`: are two results equal up to rounding? With torch's tolerances and messages."""

import cmath
import sys

import wengert as wg

_TOLERANCES = {
    "float16": (1e-3, 1e-5),
    "bfloat16": (1.6e-2, 1e-5),
    "float32": (1.3e-6, 1e-5),
    "float64": (1e-7, 1e-7),
    "complex32": (1e-3, 1e-5),
    "complex64": (1.3e-6, 1e-5),
    "complex128": (1e-7, 1e-7),
}


class _Different(AssertionError):
    """Two parts differ; `where` is the path to them within sequences and mappings."""

    def __init__(self, text, where=(), error=AssertionError):
        super().__init__(text)
        self.text, self.where, self.error = text, where, error


class _Options:
    """What counts as close."""

    def __init__(self, allow_subclasses, rtol, atol, equal_nan, checks):
        self.allow_subclasses, self.rtol, self.atol, self.equal_nan = allow_subclasses, rtol, atol, equal_nan
        self.checks = checks

    def tolerances(self, *dtypes):
        """rtol and atol: the given ones, or the largest defaults of the dtypes."""
        if (self.rtol is None) != (self.atol is None):
            missing = "rtol" if self.rtol is None else "atol"
            raise _Different(
                f"Both 'rtol' and 'atol' must be either specified or omitted, but got no {missing}.", error=ValueError
            )
        if self.rtol is not None:
            return self.rtol, self.atol
        pairs = [_TOLERANCES.get(str(dtype).rpartition(".")[2], (0.0, 0.0)) for dtype in dtypes]
        return max(rtol for rtol, _ in pairs), max(atol for _, atol in pairs)


def assert_close(
    actual,
    expected,
    *,
    allow_subclasses=True,
    rtol=None,
    atol=None,
    equal_nan=False,
    check_device=True,
    check_dtype=True,
    check_layout=True,
    check_stride=False,
    msg=None,
):
    """Raise AssertionError unless `|actual - expected| <= atol + rtol * |expected|` everywhere.

    Takes tensors, numbers, and sequences and mappings of them; the tolerances default by dtype.

    >>> import wengert
    >>> assert_close(wengert.tensor([1.0]), wengert.tensor([1.0 + 1e-7]))
    """
    options = _Options(
        allow_subclasses,
        rtol,
        atol,
        equal_nan,
        {"device": check_device, "dtype": check_dtype, "layout": check_layout, "stride": check_stride},
    )
    try:
        _compare(actual, expected, options)
    except _Different as difference:
        text = difference.text
        if difference.where:
            path = "".join(f"[{key!r}]" for key in difference.where)
            text += f"\n\nThe failure occurred for item {path}"
        if msg is not None:
            text = msg(text) if callable(msg) else msg
        raise difference.error(text) from None


def assert_allclose(actual, expected, rtol=None, atol=None, equal_nan=True, msg=""):
    """Old name of assert_close, without its checks of dtype and device."""
    if not isinstance(actual, wg.Tensor):
        actual = wg.tensor(actual)
    if not isinstance(expected, wg.Tensor):
        expected = wg.tensor(expected, dtype=actual.dtype)
    assert_close(
        actual,
        expected,
        rtol=rtol,
        atol=atol,
        equal_nan=equal_nan,
        check_device=True,
        check_dtype=False,
        check_stride=False,
        msg=msg or None,
    )


def _is_array(value):
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic))


def _compare(actual, expected, options):
    """Compare a pair of any kind; _Different when it is not close."""
    if isinstance(actual, wg.Tensor) and isinstance(expected, wg.Tensor):
        return _compare_tensors(actual, expected, options)
    if _is_array(actual) and _is_array(expected):
        return _compare_tensors(wg.as_tensor(actual), wg.as_tensor(expected), options)
    if actual is None or expected is None:
        if actual is not expected:
            raise _Different(f"None mismatch: {actual} is not {expected}")
        return None
    if isinstance(actual, bool) and isinstance(expected, bool):
        if actual is not expected:
            raise _Different(f"Booleans mismatch: {actual} is not {expected}")
        return None
    numbers = (int, float, complex)
    if isinstance(actual, numbers) and isinstance(expected, numbers):
        kinds = {int: "int64", float: "float64", complex: "complex128", bool: "bool"}
        tolerances = options.tolerances(*(kinds[type(value)] for value in (actual, expected)))
        if options.checks["dtype"] and type(actual) is not type(expected):
            raise _Different(f"The (d)types do not match: {type(actual)} != {type(expected)}.")
        return _compare_numbers(actual, expected, tolerances, options)
    return _compare_containers(actual, expected, options)


def _compare_containers(actual, expected, options):
    """Sequences and mappings, item by item."""
    from collections.abc import Mapping, Sequence

    if all(isinstance(value, Mapping) for value in (actual, expected)):
        missing, additional = set(expected) - set(actual), set(actual) - set(expected)
        if missing or additional:
            raise _Different(
                "The keys of the mappings do not match:\nMissing keys in the actual mapping: "
                f"{sorted(missing)}\nAdditional keys in the actual mapping: {sorted(additional)}"
            )
        keys = list(expected)
    elif all(isinstance(value, Sequence) and not isinstance(value, (str, bytes)) for value in (actual, expected)):
        if len(actual) != len(expected):
            raise _Different(f"The length of the sequences mismatch: {len(actual)} != {len(expected)}")
        keys = range(len(actual))
    else:
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    for key in keys:
        try:
            _compare(actual[key], expected[key], options)
        except _Different as difference:
            raise _Different(difference.text, (key, *difference.where), difference.error) from None


def _different_by(difference, rtol, atol, number):
    allowed = (lambda bound: f" (up to {bound} allowed)") if rtol or atol else (lambda bound: "")
    relative = difference / abs(number) if number else (float("inf") if difference else 0.0)
    if cmath.isnan(difference) or cmath.isnan(relative) or cmath.isinf(number):
        relative = float("nan")
    return f"Absolute difference: {difference}{allowed(atol)}\nRelative difference: {relative}{allowed(rtol)}"


def _compare_numbers(actual, expected, tolerances, options):
    """Two Python numbers."""
    rtol, atol = tolerances
    both_nan = cmath.isnan(actual) and cmath.isnan(expected)
    if actual == expected or (both_nan and options.equal_nan):
        return
    difference = abs(actual - expected)
    if cmath.isfinite(actual) and cmath.isfinite(expected) and difference <= atol + rtol * abs(expected):
        return
    name = "close" if rtol or atol else "equal"
    raise _Different(
        f"Scalars are not {name}!\n\nExpected {expected} but got {actual}.\n"
        + _different_by(difference, rtol, atol, expected)
    )


def _compare_tensors(actual, expected, options):
    """Two tensors: attributes first, then values."""

    def same(name, left, right):
        if left != right:
            raise _Different(f"The values for attribute '{name}' do not match: {left} != {right}.")

    rtol, atol = options.tolerances(actual.dtype, expected.dtype)
    related = isinstance(actual, type(expected)) or isinstance(expected, type(actual))
    if not (related if options.allow_subclasses else type(actual) is type(expected)):
        raise TypeError(f"No comparison pair was able to handle inputs of type {type(actual)} and {type(expected)}.")
    same("shape", actual.shape, expected.shape)
    if options.checks["layout"]:
        same("layout", actual.layout, expected.layout)
    if options.checks["device"]:
        same("device", actual.device, expected.device)
    if options.checks["dtype"]:
        same("dtype", actual.dtype, expected.dtype)
    if options.checks["stride"]:
        same("stride()", actual.stride(), expected.stride())
    if actual.is_meta or expected.is_meta:  # there are no values
        return
    with wg.no_grad():
        actual, expected = actual.detach(), expected.detach()
        if actual.layout != expected.layout:
            actual, expected = actual.to_dense(), expected.to_dense()
        if actual.layout is wg.strided:
            _compare_values(actual, expected, rtol, atol, options)
        else:
            _compare_entries(actual, expected, rtol, atol, options)


def _compare_entries(actual, expected, rtol, atol, options):
    """Two sparse tensors of one layout: how many entries there are, where, and their values."""
    coordinates = actual.layout is wg.sparse_coo
    kind = "COO" if coordinates else "CSR"
    if actual._nnz() != expected._nnz():
        raise _Different(
            f"The number of specified values in sparse {kind} tensors does not match: {actual._nnz()} != {expected._nnz()}"
        )
    for part in ("_indices",) if coordinates else ("crow_indices", "col_indices"):
        where = f"Sparse {kind} {part.lstrip('_')}"
        _compare_values(getattr(actual, part)(), getattr(expected, part)(), 0, 0, options, where)
    _compare_values(actual._values(), expected._values(), rtol, atol, options, f"Sparse {kind} values")


def _compare_values(actual, expected, rtol, atol, options, what="Tensor-likes"):
    if actual.dtype != expected.dtype:
        dtype = wg.promote_types(actual.dtype, expected.dtype)
        actual, expected = actual.to(dtype), expected.to(dtype)
    if actual.dim() == 0 and actual.dtype is not wg.bool:
        _compare_numbers(actual.item(), expected.item(), (rtol, atol), options)
        return
    matches = wg.isclose(actual, expected, rtol=rtol, atol=atol, equal_nan=options.equal_nan)
    if bool(matches.all()):
        return
    if not (actual.dtype.is_floating_point or actual.dtype.is_complex):
        actual, expected = actual.to(wg.int64), expected.to(wg.int64)
    wrong, total = int((~matches).sum()), matches.numel()
    difference = wg.abs(actual - expected)
    difference[matches] = 0
    relative = difference / wg.abs(expected)
    relative[matches] = 0
    name = "close" if rtol or atol else "equal"

    def greatest(values, bound):
        flat = values.flatten()
        index = int(wg.argmax(flat))
        value, place = flat[index].item(), []
        for length in reversed(values.shape):
            place.insert(0, index % length)
            index //= length
        return f"{value} at index {tuple(place)}" + (f" (up to {bound} allowed)" if rtol or atol else "")

    raise _Different(
        f"{what} are not {name}!\n\nMismatched elements: {wrong} / {total} "
        f"({wrong / total:.1%})\nGreatest absolute difference: {greatest(difference, atol)}\n"
        f"Greatest relative difference: {greatest(relative, rtol)}"
    )
