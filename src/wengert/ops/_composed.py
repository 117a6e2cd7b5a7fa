"""Derivatives of ops that have a body of their own by those of the ops that they could be composed of."""

from .._core import is_grad_enabled, let_require_grad


def through(function, g, *inputs):
    """The gradients, one for each input, of function(*inputs) times g; g is a tuple where the function gives several."""
    from .. import enable_grad
    from ..autograd import grad

    recorded = is_grad_enabled()
    with enable_grad():  # aliases: an input that is given twice has a gradient in each place
        roots = [t.view_as(t) if t.requires_grad else let_require_grad(t.detach()) for t in inputs]
        made = function(*roots)
        return grad(made, roots, g, create_graph=recorded, allow_unused=True)
