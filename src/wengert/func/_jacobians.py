"""Jacobians and Hessians: every row in reverse mode, every column in forward mode, all of them inside one vmap."""

from .. import _core
from ..autograd.grad_mode import enable_grad
from ._grad import gradients_of
from ._history import Own, cut, reaches_out
from ._levels import adopt, taped_transform
from ._transforms import _fresh_arguments, _named, _positions, _split_aux, _tensor_outputs, _zeros, checked_aux, jvp
from ._tree import flatten, tree_map, unflatten
from ._vmap import vmap


def _basis(t):
    """Every unit tensor of t's shape, along dim 0."""
    from .. import eye

    n = t.numel()
    return eye(n, dtype=t.dtype).reshape((n, *t.shape))


def _check_real(tensors, who, what):
    for k, t in enumerate(tensors):
        if isinstance(t, _core.Tensor) and t.dtype.is_complex:
            raise RuntimeError(
                f"{who}: Expected all {what} to be real but received complex tensor at flattened input idx: {k}"
            )


def jacrev(func, argnums=0, *, has_aux=False, chunk_size=None, _preallocate_and_copy=False):
    """The Jacobian of func by the arguments argnums, row by row in reverse mode: shape output + input.

    >>> import wengert
    >>> jacrev(wengert.sin)(wengert.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """
    if not (chunk_size is None or chunk_size > 0):
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @_named(func)
    def wrapped(*args):
        tracked, own = _core.is_grad_enabled(), Own()
        with enable_grad():
            moved, inputs, spec = _fresh_arguments(args, argnums, tracked)
            _check_real(inputs, "jacrev", "inputs")
            with taped_transform():
                adopt(args)
                result = func(*moved)
            output, aux = _split_aux(result, has_aux, "vjp(f, *primals)")
            flat, out_spec = _tensor_outputs(output, "vjp(f, *primals)")
            _check_real(flat, "jacrev", "outputs")
            create = tracked and reaches_out([o for o in flat if o.requires_grad], own)
            blocks = [_rows(o, inputs, create, chunk_size) for o in flat]
        result = unflatten([unflatten(block, spec) for block in blocks], out_spec)
        return (result, tree_map(lambda t: cut(t, tracked, own), checked_aux(aux))) if has_aux else result

    return wrapped


def _rows(output, inputs, create, chunk_size):
    """The Jacobian of one output by every input."""

    def pull(cotangent):
        found = gradients_of((output,), (cotangent,), True, create, inputs)
        return [_zeros(t) if g is None else g for t, g in zip(inputs, found)]

    from .. import stack

    n = output.numel()
    if n == 0:
        return [t.detach().new_zeros((*output.shape, *t.shape)) for t in inputs]
    if chunk_size == 1:  # one row after the other: also what vmap can't do
        made = [stack(list(column)) for column in zip(*map(pull, _basis(output)))]
    else:
        made = vmap(pull, chunk_size=chunk_size, randomness="same")(_basis(output))
    return [m.reshape((*output.shape, *t.shape)) for m, t in zip(made, inputs)]


def jacfwd(func, argnums=0, has_aux=False, *, randomness="error"):
    """The Jacobian of func by the arguments argnums, column by column in forward mode: shape output + input.

    >>> import wengert
    >>> jacfwd(wengert.sin)(wengert.zeros(2))
    tensor([[1., 0.],
            [0., 1.]])
    """

    @_named(func)
    def wrapped(*args):
        numbers = _positions(argnums, len(args))
        picked = args[numbers[0]] if isinstance(argnums, int) else tuple(args[n] for n in numbers)
        flat, spec = flatten(picked)
        _check_real(flat, "jacfwd", "inputs")

        def moved(*values):
            adopt(args)
            tree, full = unflatten(values, spec), list(args)
            for n, part in zip(numbers, (tree,) if isinstance(argnums, int) else tree):
                full[n] = part
            output, aux = _split_aux(func(*full), has_aux, "jvp(f, primals, tangents)")
            outputs, state["spec"] = _tensor_outputs(output, "jvp(f, primals, tangents)")
            _check_real(outputs, "jacfwd", "outputs")
            return outputs, aux if has_aux else ()

        def push(*tangents):
            _, columns, aux = jvp(moved, tuple(flat), tangents, has_aux=True)
            return columns, aux

        state, total = {}, sum(t.numel() for t in flat)
        if total:
            columns, aux = vmap(push, randomness=randomness)(*_bases(flat, total))
            aux = tree_map(lambda t: t[0], aux)
        else:
            outputs, aux = moved(*flat)
            columns = [o.new_zeros((0, *o.shape)) for o in outputs]
        blocks = [unflatten(_by_input(c, flat), spec) for c in columns]
        result = unflatten(blocks, state["spec"])
        return (result, aux) if has_aux else result

    return wrapped


def _bases(flat, total):
    """For each tensor its part of every unit direction of all of them together, along dim 0."""
    from .. import eye

    made, start = [], 0
    for t in flat:
        part = eye(total, dtype=t.dtype).narrow(1, start, t.numel())
        made.append(part.reshape((total, *t.shape)))
        start += t.numel()
    return made


def _by_input(columns, flat):
    """The Jacobians of one output by every input, from its derivatives along dim 0."""
    made, start = [], 0
    for t in flat:
        part = columns.narrow(0, start, t.numel()).movedim(0, -1)
        made.append(part.reshape((*part.shape[:-1], *t.shape)))
        start += t.numel()
    return made


def hessian(func, argnums=0):
    """The Hessian of func: forward over reverse mode; shape output + input + input.

    >>> import wengert
    >>> hessian(lambda x: (x ** 3).sum())(wengert.ones(1))
    tensor([[6.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


__all__ = ["hessian", "jacfwd", "jacrev"]
