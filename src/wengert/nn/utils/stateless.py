"""Calling a module with other parameters than its own."""

import warnings
from contextlib import contextmanager

import wengert as wg

__all__ = ["functional_call"]


def _tied_groups(module):
    """Names of each shared parameter or buffer, by the tensor."""
    groups = {}
    for members in (module.named_parameters, module.named_buffers):
        for name, tensor in members(remove_duplicate=False):
            groups.setdefault(tensor, set()).add(name)
    return groups


def _untie(module, given):
    """`given` with the other names of tied tensors added; giving two tensors for one is an error."""
    out = dict(given)
    for names in _tied_groups(module).values():
        named = names & given.keys()
        if len({given[n] for n in named}) > 1:
            raise ValueError(
                f"functional_call got multiple values for keys {sorted(named)}, which are tied. "
                "Consider using tie_weights=False"
            )
        if named:
            value = given[next(iter(named))]
            out.update(dict.fromkeys(names, value))
    return out


def _check_keys(module, given):
    known = {name for names in _tied_groups(module).values() for name in names}
    messages = []
    missing, unexpected = known - given.keys(), given.keys() - known
    if unexpected:
        messages.append("Unexpected key(s): " + ", ".join(map(repr, sorted(unexpected))) + ".")
    if missing:
        messages.append("Missing key(s): " + ", ".join(map(repr, sorted(missing))) + ".")
    if messages:
        raise RuntimeError(
            "Error(s) in reparametrizing for {}:\n\t{}".format(module._get_name(), "\n\t".join(messages))
        )


_NOTHING = object()


def _is_tensor(value):
    return value is None or value is _NOTHING or isinstance(value, wg.Tensor)


def _swap(module, name, tensor):
    """Set one tensor by dotted name, bypassing the checks of assignment; returns what was there, or _NOTHING."""
    if not _is_tensor(tensor):
        raise TypeError(f"{tensor} is not an instance of torch.Tensor")
    path, _, last = name.rpartition(".")
    owner = module.get_submodule(path)
    place = next((place for place in (owner._parameters, owner._buffers) if last in place), None)
    old = getattr(owner, last, _NOTHING) if place is None else place[last]
    if not _is_tensor(old):
        raise TypeError(f"attribute `{last}`: {old} is not an instance of torch.Tensor")
    if place is None:
        if tensor is not _NOTHING:
            setattr(owner, last, tensor)
        elif old is not _NOTHING:
            delattr(owner, last)
    elif tensor is _NOTHING:
        del place[last]
    else:
        place[last] = tensor
    return old


@contextmanager
def _reparametrize_module(module, parameters_and_buffers, tie_weights=False, strict=False, stack_weights=False):
    given = _untie(module, parameters_and_buffers) if tie_weights else dict(parameters_and_buffers)
    if strict:
        _check_keys(module, given)
    old = []
    try:
        for name, tensor in given.items():
            old.append((name, _swap(module, name, tensor)))
        yield
    finally:
        for name, tensor in reversed(old):
            changed = _swap(module, name, tensor)
            if name in parameters_and_buffers:
                # A buffer that forward re-assigned is handed back to the caller.
                parameters_and_buffers[name] = changed


def functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """Deprecated: torch.func.functional_call."""
    warnings.warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be removed in a future"
        " version of PyTorch. Please use `torch.func.functional_call` instead which is a drop-in replacement.",
        FutureWarning,
        stacklevel=2,
    )
    return _functional_call(module, parameters_and_buffers, args, kwargs, tie_weights=tie_weights, strict=strict)


def _functional_call(module, parameters_and_buffers, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """module(*args, **kwargs) with the given tensors in place of its parameters and buffers (by name).

    >>> from wengert.nn import Linear
    >>> _functional_call(Linear(2, 1), {"weight": wg.ones(1, 2), "bias": wg.zeros(1)}, wg.ones(2)).item()
    2.0
    """
    if args is None:
        args = ()
    elif not isinstance(args, tuple):
        args = (args,)
    with _reparametrize_module(module, parameters_and_buffers, tie_weights=tie_weights, strict=strict):
        return module(*args, **({} if kwargs is None else kwargs))
