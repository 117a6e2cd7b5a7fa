"""Two tensors exchange what they are."""

import weakref


def _refuse_stale_backward(grad_outputs):
    raise RuntimeError(
        "Trying to execute AccumulateGrad node that was poisoned by swap_tensors this can happen when you try to run "
        "backward on a tensor that was swapped. For a module m with "
        "`torch.__future__.set_swap_module_params_on_conversion(True)` you should not change the device or dtype of "
        "the module (e.g. `m.cpu()` or `m.half()`) between running forward and backward. To resolve this, please only "
        "change the device/dtype before running forward (or after both forward and backward)."
    )


def _slots(cls):
    return [name for base in cls.__mro__ for name in getattr(base, "__slots__", ()) if base.__module__ != "builtins"]


def swap_tensors(t1, t2):
    """Exchange class, attributes, data, gradient and history of two tensors; names keep the objects they had.

    RuntimeError when there is a weak reference to one of them. A graph in which one of them is a leaf can no longer be
    swept.

    >>> import wengert
    >>> a, b = wengert.zeros(1), wengert.nn.Parameter(wengert.ones(2))
    >>> swap_tensors(a, b)
    >>> a, b
    (Parameter containing:
    tensor([1., 1.], requires_grad=True), tensor([0.]))
    """
    from ..autograd.graph import get_gradient_edge

    for name, tensor in (("t1", t1), ("t2", t2)):
        if weakref.getweakrefs(tensor):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
    slots = _slots(type(t1))
    if set(slots) != set(_slots(type(t2))):
        raise RuntimeError("Cannot swap t1 and t2 if they have different slots")
    for tensor in (t1, t2):
        if tensor.is_leaf and tensor.requires_grad:
            get_gradient_edge(tensor).node.register_prehook(_refuse_stale_backward)
    t1._swap(t2)
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    first, second = dict(t1.__dict__), dict(t2.__dict__)
    for tensor, attributes in ((t1, second), (t2, first)):
        tensor.__dict__.clear()
        tensor.__dict__.update(attributes)
    for name in slots:
        values = [(hasattr(t, name), getattr(t, name, None)) for t in (t2, t1)]
        for tensor, (there, value) in zip((t1, t2), values, strict=True):
            if there:
                setattr(tensor, name, value)
            elif hasattr(tensor, name):
                delattr(tensor, name)
