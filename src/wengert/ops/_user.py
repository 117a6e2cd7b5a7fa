"""A user's own elementwise op: a Python formula that runs as one native, differentiable pass."""

import itertools

from . import _declare

_count = itertools.count(1)


def elementwise(function=None, *, derivative=None):
    """Makes a native op of a formula over tensors: fused into one pass over memory, differentiable to any order.

    function: its positional parameters are tensors or numbers, broadcast against each other; parameters with a default
    are numbers, without a derivative. The body may use arithmetic, comparisons and elementwise functions of wengert
    (exp, tanh, where, clamp …); it is run once, on symbols, so it cannot branch on values: use where(). Numbers of the
    surroundings are what they are at that moment; tensors have to be parameters. The derivative follows from the
    formula; derivative= gives another (a function of the same parameters, and `y` for the result, that returns
    d result / d input, one for each tensor): for kinks, or where a simpler form is known.
    TypeError, on the first call, when the body does something that can't be recorded, or that is not elementwise.

    >>> import wengert
    >>> @wengert.elementwise
    ... def swish(x, beta=1.0):
    ...     return x * wengert.sigmoid(beta * x)
    >>> x = wengert.tensor([0.0, 1.0], requires_grad=True)
    >>> y = swish(x, beta=2.0)
    >>> y.sum().backward()
    >>> x.grad
    tensor([0.5000, 1.0908])
    >>> y.grad_fn.name()
    'SwishBackward0'
    """
    if function is None:
        return lambda f: elementwise(f, derivative=derivative)
    name = function.__name__ if function.__name__.isidentifier() else "formula"
    names = _declare.parameters(function)
    defaults = function.__defaults__ or ()
    first = len(names) - len(defaults) - len(function.__kwdefaults__ or ())
    values = dict(zip(names[function.__code__.co_argcount - len(defaults) :], defaults)) | (
        function.__kwdefaults__ or {}
    )
    if first < 1:
        raise TypeError(f"{name}() needs at least one parameter without a default: the tensor it works on")
    for key, value in values.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise TypeError(f"{name}(): the default of '{key}' must be a number, not {type(value).__name__}")
    params = ", ".join([f"Tensor {p}" for p in names[:first]] + [f"Scalar {p}={values[p]!r}" for p in names[first:]])
    unique = f"{name}.user{next(_count)}"
    op = _declare.user_op(f"{unique}({params})", function, derivative)
    op.__doc__ = function.__doc__
    op.__wrapped__ = function
    return op
