"""Hooks on tensors and nodes, and the handles that take them away."""

from .. import _core


def _lines():
    from ..autograd import _lines

    return _lines


def _handle(owner, hook, kind):
    from ..utils.hooks import CoreHandle

    return CoreHandle(owner, _core.add_hook(owner, hook, kind))


def register_hook(self, hook):
    """hook(grad) is called when the gradient of this tensor is known; what it returns (if not None) replaces it.

    RuntimeError when the tensor does not require grad.
    """
    if not self.requires_grad:
        raise RuntimeError(
            "cannot register a hook on a tensor that doesn't require gradient" + _lines().where_cut(self)
        )
    return _handle(self, hook, "tensor")


def register_post_accumulate_grad_hook(self, hook):
    """hook(tensor) is called after a backward pass has written this leaf's .grad."""
    if not self.requires_grad:
        raise RuntimeError(
            "cannot register a hook on a tensor that doesn't require gradient" + _lines().where_cut(self)
        )
    if self.grad_fn is not None:
        raise RuntimeError(
            "post accumulate grad hooks cannot be registered on non-leaf tensors"
            + f"\n  it was made by {_lines().made_at(self)}"
        )
    return _handle(self, hook, "post_accumulate")


def retain_grad(self):
    """This non-leaf keeps its gradient in .grad."""
    _core.retain_grad(self)


def register_node_hook(self, fn):
    """fn(grad_inputs, grad_outputs) is called after this node has run; a tuple it returns replaces grad_inputs."""
    return _handle(self, fn, "post")


def register_node_prehook(self, fn):
    """fn(grad_outputs) is called before this node runs; a tuple it returns replaces grad_outputs."""
    return _handle(self, fn, "pre")


def _names(self):
    saved = self._names_of_saved
    return [*object.__dir__(self), *(f"_saved_{n}" for n in saved), *(f"_raw_saved_{n}" for n in saved)]


def _shown(name, after, refusal):
    given = f"_{name}_of_a_program"  # the dict that a program has put in the place of the hooks

    def get(self):
        hooks = self.__dict__.get(given)
        if hooks is not None:
            return hooks
        hooks = _core.hooks_of(self, after)
        if hooks is None:
            return None
        from collections import OrderedDict

        return OrderedDict(hooks)

    def put(self, hooks):
        for number in _core.hooks_of(self, after) or ():
            _core.remove_hook(self, number)
        self.__dict__[given] = hooks

        def run(g):
            for hook in tuple(hooks.values()):
                made = hook(g)
                g = g if made is None else made
            return None if after else g

        if hooks is not None:
            _core.add_hook(self, run, "post_accumulate" if after else "tensor")

    def delete(self):
        raise RuntimeError(f"Deletion of {refusal} not allowed!")

    return property(get, put, delete, f"The hooks that {name} has added, by number, or None.")


def attach():
    """Gives Tensor and Node the methods of this file."""
    _core.Tensor._backward_hooks = _shown("register_hook", False, "_backwards_hooks")
    _core.Tensor._post_accumulate_grad_hooks = _shown(
        "register_post_accumulate_grad_hook", True, "_post_accumulate_grad_hooks"
    )
    for method in (register_hook, register_post_accumulate_grad_hook, retain_grad):
        setattr(_core.Tensor, method.__name__, method)
    _core.Node.register_hook, _core.Node.register_prehook = register_node_hook, register_node_prehook
    _core.Node.__dir__ = _names
