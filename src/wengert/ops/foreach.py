"""torch._foreach_*: one op for each tensor of lists."""

from .._core import Tensor

_FROM_TENSORS = ("addcdiv", "addcmul")
# In lists these take numbers too, as the operations of these names do for one tensor.
_AS = {"maximum": "clamp_min", "minimum": "clamp_max", "maximum_": "clamp_min_", "minimum_": "clamp_max_"}


def _item(value, k, lists):
    """What the k-th call gets of an argument."""
    return value[k] if isinstance(value, (list, tuple)) and lists else value


def _call(name, t, arguments, options):
    if name == "norm":
        from ..linalg import vector_norm

        return vector_norm(t, *arguments, **options)
    if name == "max":
        return t.max()
    if name in _FROM_TENSORS or name in tuple(n + "_" for n in _FROM_TENSORS):
        value = arguments[2] if len(arguments) > 2 else options.get("value", 1)
        return getattr(t, name)(arguments[0], arguments[1], value=value)
    if isinstance(t, Tensor):
        return getattr(t, _AS.get(name, name))(*arguments, **options)
    from .. import pow

    return pow(t, *arguments)


def _check_lists(name, length, args):
    """Refuses lists of other lengths; numbers may stand in a list at one place."""
    op = name.rstrip("_")
    lists = [value for value in args if isinstance(value, (list, tuple))]
    if not length and not any(lists) or (op == "copy" and [] in args):
        raise RuntimeError("Tensor list must have at least one tensor.")
    numbers_at = {"addcdiv": 2, "addcmul": 2, "lerp": 1, "copy": None}.get(op, 0)
    for at, value in enumerate(args):
        if isinstance(value, (list, tuple)) and len(value) != length:
            if at == numbers_at and length and not any(isinstance(v, Tensor) for v in value):
                raise RuntimeError("Tensor list must have same number of elements as scalar list.")
            raise RuntimeError(f"Tensor lists must have the same number of tensors, got {length} and {len(value)}")
        if isinstance(value, Tensor) and value.dim() and op in ("add", "mul", "div"):
            raise RuntimeError(
                f"scalar tensor expected to be 0 dim but it has {value.dim()} dimensions and {value.numel()} elements."
            )
        if isinstance(value, Tensor) and op in _FROM_TENSORS and value.numel() != length:
            raise RuntimeError(
                f"Expected length of scalars to match input of length {length} but got {value.numel()} instead."
            )


def make(name):
    """torch._foreach_<name>: a tuple of results; the lists themselves, changed, for names that end in "_"."""

    def foreach(self, *args, **kwargs):
        if not isinstance(self, (list, tuple)) and not (name == "pow" and args):
            raise TypeError(
                f"_foreach_{name}(): argument 'self' (position 1) must be tuple of Tensors, not {type(self).__name__}"
            )
        length = len(self) if isinstance(self, (list, tuple)) else len(args[0])
        _check_lists(name, length, args)
        results = []
        for k in range(length):
            arguments = [_item(value, k, True) for value in args]
            if isinstance(args[-1] if args else None, Tensor) and name in _FROM_TENSORS:
                arguments[-1] = args[-1][k].item()
            options = {key: _item(value, k, True) for key, value in kwargs.items()}
            results.append(_call(name, _item(self, k, True), arguments, options))
        return self if name.endswith("_") else tuple(results)

    foreach.__name__ = f"_foreach_{name}"
    foreach.__doc__ = f"{name} of each tensor in a list."
    return foreach


def find(name):
    """The function named _foreach_<op>, or None when there is no such op."""
    op = name[len("_foreach_") :]
    known = op in ("norm", "max", *_AS) or hasattr(Tensor, op)
    return make(op) if known else None
