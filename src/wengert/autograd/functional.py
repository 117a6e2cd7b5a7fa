"""Jacobians, Hessians and their products with vectors, of functions of tensors."""

from .. import _core
from .grad_mode import enable_grad, set_grad_enabled

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]

Tensor = _core.Tensor

_UNUSED = "The output of the user-provided function is independent of input {}. This is not allowed in strict mode."
_FLAT_JACOBIAN = (
    "While computing the hessian, found that the jacobian of the user-provided function with respect to input {} is independent of the "
    "input. This is not allowed in strict mode. You should ensure that your function is twice differentiable and that the jacobian depends "
    "on the inputs (this would be violated by a linear function for example)."
)
_FLAT_HESSIAN = (
    "The hessian of the user-provided function with respect to input {} is independent of the input. This is not allowed in strict mode. "
    "You should ensure that your function is thrice differentiable and that the hessian depends on the inputs."
)
_FLAT_GRADIENT = "The gradient with respect to input {} is independent of the inputs of the user-provided function. This is not allowed in strict mode."
_NO_GRADIENT = (
    "Output {} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the "
    "input when running in strict mode."
)
_REQUIRED = {
    "outputs": _NO_GRADIENT,
    "grad_inputs": _FLAT_GRADIENT,
    "jacobian": _FLAT_JACOBIAN,
    "hessian": _FLAT_HESSIAN,
}
_MISSING = {
    "back": _UNUSED,
    "back_trick": "The gradient with respect to the input is independent of entry {} in the grad_outputs when using the double backward trick "
    "to compute forward mode gradients. This is not allowed in strict mode.",
    "double_back": "The jacobian of the user-provided function is independent of input {}. This is not allowed in strict mode.",
    "double_back_trick": "The hessian of the user-provided function is independent of entry {} in the grad_jacobian. This is not allowed in "
    "strict mode as it prevents from using the double backward trick to replace forward mode AD.",
}
_CUT = "The {} of the user-provided function is independent of input {}. This is not allowed in strict mode when create_graph=True."


def _as_tuple(value, what, who):
    """(was a tuple, tuple of tensors)"""
    is_tuple = isinstance(value, tuple)
    values = value if is_tuple else (value,)
    for k, t in enumerate(values):
        if not isinstance(t, Tensor):
            given = f"value at index {k} has type {type(t)}." if is_tuple else f"given {what} has type {type(t)}."
            raise TypeError(f"The {what} given to {who} must be either a Tensor or a tuple of Tensors but the {given}")
    return is_tuple, values


def _one(values, is_tuple):
    return tuple(values) if is_tuple else values[0]


def _prepare(tensors, create_graph, need_graph):
    """Aliases to differentiate by: in the history of the originals with create_graph, else on their own."""
    if need_graph and _core.transforms():
        from ..func._observe import REQUIRES_GRAD

        raise RuntimeError(REQUIRES_GRAD)
    if any(t._wrapped for t in tensors):
        from ..func._history import fresh

        return tuple(fresh(t, create_graph) if need_graph else t for t in tensors)
    if create_graph:
        return tuple(
            t.view_as(t) if t.requires_grad or not need_graph else t.detach().requires_grad_() for t in tensors
        )
    return tuple(t.detach().requires_grad_(need_graph) for t in tensors)


def _finish(tensors, create_graph):
    if isinstance(tensors, Tensor):
        return tensors if create_graph else tensors.detach()
    return tuple(_finish(t, create_graph) for t in tensors)


_grad_preprocess, _grad_postprocess, _tuple_postprocess = _prepare, _finish, _one  # what libraries call them


def _require(tensors, kind, strict):
    if not strict:
        return
    for k, t in enumerate(tensors):
        if t is None:
            raise RuntimeError(_UNUSED.format(k))
        if not t.requires_grad:
            raise RuntimeError(_REQUIRED[kind].format(k))


def _gradients(outputs, inputs, weights=None, create_graph=False, retain_graph=None):
    """autograd.grad that leaves out outputs without a history."""
    from . import grad

    weights = (None,) * len(outputs) if weights is None else weights
    pairs = [(o, w) for o, w in zip(outputs, weights) if o is not None and o.requires_grad]
    if not pairs:
        return (None,) * len(inputs)
    return grad(
        [o for o, _ in pairs],
        inputs,
        [w for _, w in pairs],
        allow_unused=True,
        create_graph=create_graph,
        retain_graph=retain_graph,
    )


def _fill(found, like, strict, create_graph, stage):
    """Zeros for what is None; in strict mode an error for that and for what can't be differentiated again."""
    made = []
    for k, (g, t) in enumerate(zip(found, like)):
        if g is None:
            if strict:
                raise RuntimeError(_MISSING[stage].format(k))
            g = t.new_zeros(t.shape)
        elif strict and create_graph and not g.requires_grad:
            raise RuntimeError(_CUT.format("hessian" if "double" in stage else "jacobian", k))
        made.append(g)
    return tuple(made)


def _vectors(v, like, is_tuple, create_graph, who):
    _, v = _as_tuple(v, "v", who)
    v = _prepare(v, create_graph, need_graph=False)
    if len(v) != len(like) and (is_tuple or len(v) != 1):
        if is_tuple:
            raise RuntimeError(f"v is a tuple of invalid length: should be {len(like)} but got {len(v)}.")
        raise RuntimeError("The given v should contain a single Tensor.")
    for k, (a, b) in enumerate(zip(v, like)):
        if a.shape != b.shape:
            where = f"Entry {k} in " if is_tuple else ""
            raise RuntimeError(f"{where}v has invalid size: should be {b.shape} but got {a.shape}.")
    return v


def _begin(func, inputs, create_graph, strict, who):
    """(inputs were a tuple, fresh inputs, outputs were a tuple, outputs)"""
    inputs_tuple, inputs = _as_tuple(inputs, "inputs", who)
    inputs = _prepare(inputs, create_graph, need_graph=True)
    outputs_tuple, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", who)
    _require(outputs, "outputs", strict)
    return inputs_tuple, inputs, outputs_tuple, outputs


def vjp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v times its Jacobian).

    >>> import wengert
    >>> vjp(lambda x: x.exp().sum(), wengert.zeros(2))
    (tensor(2.), tensor([1., 1.]))
    """
    with enable_grad():
        inputs_tuple, inputs, outputs_tuple, outputs = _begin(func, inputs, create_graph, strict, "vjp")
        if v is not None:
            v = _vectors(v, outputs, outputs_tuple, create_graph, "vjp")
        elif len(outputs) != 1 or outputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the user-provided function returns a single Tensor with a single element."
            )
    with set_grad_enabled(create_graph or _core.is_grad_enabled()):
        found = _fill(_gradients(outputs, inputs, v, create_graph), inputs, strict, create_graph, "back")
    return _one(_finish(outputs, create_graph), outputs_tuple), _one(_finish(found, create_graph), inputs_tuple)


def jvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), its Jacobian times v), by differentiating the vector-Jacobian product once more.

    >>> import wengert
    >>> jvp(lambda x: x ** 2, wengert.ones(2), wengert.ones(2))
    (tensor([1., 1.]), tensor([2., 2.]))
    """
    with enable_grad():
        inputs_tuple, given = _as_tuple(inputs, "inputs", "jvp")
        inputs = _prepare(given, create_graph, need_graph=True)
        if v is not None:
            v = _vectors(v, inputs, inputs_tuple, create_graph, "jvp")
        elif len(inputs) != 1 or inputs[0].numel() != 1:
            raise RuntimeError(
                "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
            )
        outputs_tuple, outputs = _as_tuple(func(*inputs), "outputs of the user-provided function", "jvp")
        _require(outputs, "outputs", strict)
        dummies = tuple(o.detach().new_zeros(o.shape).requires_grad_() for o in outputs)
        first = _gradients(outputs, inputs, dummies, create_graph=True)
        _require(first, "grad_inputs", strict)
        found = _gradients(first, dummies, v, create_graph)
        found = _fill(found, outputs, strict, create_graph, "back_trick")
    return _one(_finish(outputs, create_graph), outputs_tuple), _one(_finish(found, create_graph), outputs_tuple)


def _rows(output, inputs, k, create_graph, strict):
    """The Jacobian of output (number k) by every input, row by row."""
    from .. import stack

    rows = [[] for _ in inputs]
    for e in range(output.numel()):
        found = _gradients((output.reshape(-1)[e],), inputs, None, create_graph, retain_graph=True)
        for position, (row, g, t) in enumerate(zip(rows, found, inputs)):
            if g is None:
                if strict:
                    raise RuntimeError(
                        f"Output {k} of the user-provided function is independent of input {position}. This is not allowed in strict mode."
                    )
                g = t.detach().new_zeros(t.shape)
            elif strict and create_graph and not g.requires_grad:
                raise RuntimeError(
                    "The jacobian of the user-provided function is independent of "
                    f"input {position}. This is not allowed in strict mode when create_graph=True."
                )
            row.append(g)
    return tuple(
        stack(row).reshape((*output.shape, *t.shape)) if row else t.new_zeros((*output.shape, *t.shape))
        for row, t in zip(rows, inputs)
    )


def _rows_at_once(output, inputs, create_graph):
    """The same by one batched sweep."""
    from .. import eye
    from . import grad

    n = output.numel()
    basis = eye(n, dtype=output.dtype).reshape((n, *output.shape))
    if not output.requires_grad or not n:
        return tuple(t.detach().new_zeros((*output.shape, *t.shape)) for t in inputs)
    found = grad(
        output, inputs, basis, retain_graph=True, create_graph=create_graph, allow_unused=True, is_grads_batched=True
    )
    return tuple(
        t.detach().new_zeros((*output.shape, *t.shape)) if g is None else g.reshape((*output.shape, *t.shape))
        for g, t in zip(found, inputs)
    )


def _construct_standard_basis_for(tensors, tensor_numels):
    """For each tensor its block of the unit matrix over all their elements together, a row for every element of any.

    >>> import wengert
    >>> [b.tolist() for b in _construct_standard_basis_for((wengert.ones(1), wengert.ones(1)), (1, 1))]
    [[[1.0], [0.0]], [[0.0], [1.0]]]
    """
    total, start, made = sum(tensor_numels), 0, []
    for t, n in zip(tensors, tensor_numels):
        made.append(t.new_zeros(total, n))
        made[-1].diagonal(-start).fill_(1)
        start += n
    return tuple(made)


def _jacobian_forward(func, inputs, strict, vectorize):
    if strict:
        raise RuntimeError(
            'torch.autograd.functional.jacobian: `strict=True` and `strategy="forward-mode"` are not supported together (yet). Please either '
            'set `strict=False` or `strategy="reverse-mode"`.'
        )
    if not vectorize:
        raise NotImplementedError(
            "Computing Jacobian using forward-AD or forward-over-reverse Hessian isonly implemented for `vectorize=True`."
        )
    from ..func import jacfwd
    from ..func._levels import no_transform

    inputs_tuple, inputs = _as_tuple(inputs, "inputs", "jacobian")
    shape, running = [], _core.transforms()

    def checked(*args):
        with no_transform(running):  # to func, these are no transforms
            is_tuple, outputs = _as_tuple(func(*args), "outputs", "jacobian")
        shape.append(is_tuple)
        return outputs

    made = jacfwd(checked, argnums=tuple(range(len(inputs))))(*inputs)
    made = [list(_finish(row, False)) if inputs_tuple else row[0].detach() for row in made]
    return made if shape[0] else made[0]


def jacobian(func, inputs, create_graph=False, strict=False, vectorize=False, strategy="reverse-mode"):
    """The Jacobian of func: for each output and input a tensor of shape output + input (nested in tuples where they are).

    >>> import wengert
    >>> jacobian(lambda x: x ** 2, wengert.ones(2))
    tensor([[2., 0.],
            [0., 2.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError(
            'Expected strategy to be either "forward-mode" or "reverse-mode". Hint: If your function has more outputs than inputs, '
            '"forward-mode" tends to be more performant. Otherwise, prefer to use "reverse-mode".'
        )
    if strategy == "forward-mode":
        if create_graph:
            raise NotImplementedError(
                'torch.autograd.functional.jacobian: `create_graph=True` and `strategy="forward-mode"` are not supported together (yet). '
                'Please either set `create_graph=False` or `strategy="reverse-mode"`.'
            )
        return _jacobian_forward(func, inputs, strict, vectorize)
    with enable_grad():
        inputs_tuple, inputs, outputs_tuple, outputs = _begin(func, inputs, create_graph, strict, "jacobian")
        if vectorize and strict:
            raise RuntimeError(
                "torch.autograd.functional.jacobian: `strict=True` and `vectorized=True` are not supported together. Please either set "
                "`strict=False` or `vectorize=False`."
            )
        made = [
            _rows_at_once(o, inputs, create_graph) if vectorize else _rows(o, inputs, k, create_graph, strict)
            for k, o in enumerate(outputs)
        ]
    made = _finish(tuple(made), create_graph)
    return _one([_one(row, inputs_tuple) for row in made], outputs_tuple)


def hessian(func, inputs, create_graph=False, strict=False, vectorize=False, outer_jacobian_strategy="reverse-mode"):
    """The Hessian of func, whose output is a single element: for each two inputs a tensor of shape input + input.

    >>> import wengert
    >>> hessian(lambda x: (x ** 3).sum(), wengert.ones(1))
    tensor([[6.]])
    """
    inputs_tuple, inputs = _as_tuple(inputs, "inputs", "hessian")
    if outer_jacobian_strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')

    def single(*args):
        is_tuple, outputs = _as_tuple(func(*args), "outputs of the user-provided function", "hessian")
        _require(outputs, "outputs", strict)
        if is_tuple or not isinstance(outputs[0], Tensor):
            raise RuntimeError("The function given to hessian should return a single Tensor")
        if outputs[0].numel() != 1:
            raise RuntimeError("The Tensor returned by the function given to hessian should contain a single element")
        return outputs[0].squeeze()

    def first(*args):
        found = jacobian(single, args, create_graph=True)
        _require(found, "jacobian", strict)
        return found

    made = jacobian(
        first, inputs, create_graph=create_graph, strict=strict, vectorize=vectorize, strategy=outer_jacobian_strategy
    )
    return made if inputs_tuple else made[0][0]


def _scalar(func, inputs, create_graph, strict, who):
    inputs_tuple, inputs, outputs_tuple, outputs = _begin(func, inputs, create_graph, strict, who)
    if outputs_tuple or not isinstance(outputs[0], Tensor):
        raise RuntimeError(f"The function given to {who} should return a single Tensor")
    if outputs[0].numel() != 1:
        raise RuntimeError(f"The Tensor returned by the function given to {who} should contain a single element")
    first = _gradients(outputs, inputs, None, create_graph=True)
    _require(first, "jacobian", strict)
    return inputs_tuple, inputs, outputs, first


def _vector_or_scalar(v, inputs, inputs_tuple, create_graph, who):
    if v is not None:
        return _vectors(v, inputs, inputs_tuple, create_graph, who)
    if len(inputs) != 1 or inputs[0].numel() != 1:
        raise RuntimeError(
            "The vector v can only be None if the input to the user-provided function is a single Tensor with a single element."
        )
    return None


def vhp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), v times its Hessian).

    >>> import wengert
    >>> vhp(lambda x: (x ** 3).sum(), wengert.ones(1), wengert.ones(1))
    (tensor(1.), tensor([6.]))
    """
    with enable_grad():
        was_tuple, given = _as_tuple(inputs, "inputs", "vhp")
        v = _vector_or_scalar(v, given, was_tuple, create_graph, "vhp")
        inputs_tuple, inputs, outputs, first = _scalar(func, inputs, create_graph, strict, "vhp")
    with set_grad_enabled(create_graph or _core.is_grad_enabled()):
        found = _fill(_gradients(first, inputs, v, create_graph), inputs, strict, create_graph, "double_back")
    return _finish(outputs[0], create_graph), _one(_finish(found, create_graph), inputs_tuple)


def hvp(func, inputs, v=None, create_graph=False, strict=False):
    """(func(*inputs), its Hessian times v).

    >>> import wengert
    >>> hvp(lambda x: (x ** 3).sum(), wengert.ones(1), wengert.ones(1))
    (tensor(1.), tensor([6.]))
    """
    with enable_grad():
        was_tuple, given = _as_tuple(inputs, "inputs", "hvp")
        v = _vector_or_scalar(v, given, was_tuple, create_graph, "hvp")
        inputs_tuple, inputs, outputs, first = _scalar(func, inputs, create_graph, strict, "hvp")
        dummies = tuple(t.detach().new_zeros(t.shape).requires_grad_() for t in inputs)
        second = _gradients(first, inputs, dummies, create_graph=True)
        _require(second, "hessian", strict)
    with set_grad_enabled(create_graph or _core.is_grad_enabled()):
        found = _fill(_gradients(second, dummies, v, create_graph), inputs, strict, create_graph, "double_back_trick")
    return _finish(outputs[0], create_graph), _one(_finish(found, create_graph), inputs_tuple)
