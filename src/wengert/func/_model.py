"""Models as functions of their parameters."""


def functional_call(module, parameter_and_buffer_dicts, args=None, kwargs=None, *, tie_weights=True, strict=False):
    """module(*args, **kwargs) with other parameters and buffers than its own, from a dict (or a tuple of dicts) by name.

    >>> import wengert
    >>> model = wengert.nn.Linear(2, 1, bias=False)
    >>> functional_call(model, {"weight": wengert.ones(1, 2)}, wengert.ones(2)).tolist()
    [2.0]
    """
    from ..nn.utils import stateless

    dicts = parameter_and_buffer_dicts
    if isinstance(dicts, dict):
        merged = dicts
    elif isinstance(dicts, (tuple, list)):
        for d in dicts:
            if not isinstance(d, dict):
                raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        names = [name for d in dicts for name in d]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        merged = {name: value for d in dicts for name, value in d.items()}
    else:
        raise ValueError(
            f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(dicts)}"
        )
    return stateless._functional_call(module, merged, args, kwargs, tie_weights=tie_weights, strict=strict)


def stack_module_state(models):
    """(parameters, buffers) of models of one kind, by name, each stacked along a new dim 0.

    >>> import wengert
    >>> params, buffers = stack_module_state([wengert.nn.Linear(2, 1) for _ in range(3)])
    >>> params["weight"].shape
    torch.Size([3, 1, 2])
    """
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if not (all(m.training for m in models) or not any(m.training for m in models)):
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")

    def gather(members):
        return {name: _stacked(name, [dict_of[name] for dict_of in members]) for name in members[0]}

    params = gather([dict(m.named_parameters()) for m in models])
    buffers = gather([dict(m.named_buffers()) for m in models])
    return params, buffers


def _stacked(name, tensors):
    from .. import stack

    needs = tensors[0].requires_grad
    if any(t.requires_grad != needs for t in tensors):
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    return stack([t.detach() for t in tensors]).requires_grad_(needs)


def _plain(module):
    """A batch norm without running statistics."""
    from wengert import nn

    if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.track_running_stats:
        module.running_mean = module.running_var = module.num_batches_tracked = None
        module.track_running_stats = False


def replace_all_batch_norm_modules_(root):
    """Makes every batch norm inside root (and root) keep no running statistics, so that vmap can run it; returns root.

    >>> import wengert
    >>> replace_all_batch_norm_modules_(wengert.nn.BatchNorm1d(2)).running_mean is None
    True
    """
    for module in root.modules():
        _plain(module)
    return root


__all__ = ["functional_call", "replace_all_batch_norm_modules_", "stack_module_state"]
