"""The package functorch, which torch.func took over: its names with the warnings that tell the new ones."""

import copy
import functools
import warnings

from .. import __version__, func, nn, stack

__all__ = [
    "FunctionalModule",
    "FunctionalModuleWithBuffers",
    "__version__",
    "combine_state_for_ensemble",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "make_functional",
    "make_functional_with_buffers",
    "vjp",
    "vmap",
]


def _deprecated(new):
    """Warn, at each call, that the function is called `new` by now."""

    def mark(function):
        @functools.wraps(function)
        def warned(*args, **kwargs):
            warnings.warn(
                "We've integrated functorch into PyTorch. As the final step of the integration, "
                f"`functorch.{function.__name__}` is deprecated as of PyTorch 2.0 and will be deleted in a future "
                f"version of PyTorch >= 2.3. Please use `{new}` instead; see the PyTorch 2.0 release notes and/or the "
                "`torch.func` migration guide for more details https://pytorch.org/docs/main/func.migrating.html",
                FutureWarning,
                stacklevel=2,
            )
            return function(*args, **kwargs)

        return warned

    return mark


functionalize, grad, grad_and_value = (
    _deprecated(f"torch.func.{f.__name__}")(f) for f in (func.functionalize, func.grad, func.grad_and_value)
)
hessian, jacfwd, jacrev, jvp, vjp = (
    _deprecated(f"torch.func.{f.__name__}")(f) for f in (func.hessian, func.jacfwd, func.jacrev, func.jvp, func.vjp)
)
vmap = _deprecated("torch.vmap")(func.vmap)


class FunctionalModuleWithBuffers(nn.Module):
    """A model as a function of its parameters, its buffers and its input; made by make_functional_with_buffers."""

    def __init__(self, stateless_model, param_names, buffer_names):
        super().__init__()
        self.stateless_model = stateless_model
        self.param_names, self.buffer_names = param_names, buffer_names

    def forward(self, params, buffers, *args, **kwargs):
        """What the model gives for args with these parameters and buffers."""
        state = dict(zip((*self.param_names, *self.buffer_names), (*params, *buffers)))
        return func.functional_call(self.stateless_model, state, args, kwargs)


class FunctionalModule(FunctionalModuleWithBuffers):
    """A model without buffers as a function of its parameters and its input; made by make_functional."""

    def forward(self, params, *args, **kwargs):
        """What the model gives for args with these parameters."""
        return super().forward(params, (), *args, **kwargs)


def _taken_apart(kind, model, disable_autograd_tracking):
    model = copy.deepcopy(model)
    params, buffers = dict(model.named_parameters()), dict(model.named_buffers())
    if disable_autograd_tracking:
        for p in params.values():
            p.requires_grad_(False)
    return kind(model, tuple(params), tuple(buffers)), tuple(params.values()), tuple(buffers.values())


@_deprecated("torch.func.functional_call")
def make_functional(model, disable_autograd_tracking=False):
    """(function, parameters) of a copy of a model without buffers: function(parameters, *args) is model(*args).

    disable_autograd_tracking: the parameters require no gradient. RuntimeError for a model with buffers.

    >>> import warnings, wengert
    >>> warnings.simplefilter("ignore", FutureWarning)
    >>> f, params = make_functional(wengert.nn.Linear(2, 3))
    >>> f(params, wengert.ones(4, 2)).shape
    torch.Size([4, 3])
    """
    if next(model.buffers(), None) is not None:
        raise RuntimeError(
            "make_functional(model): `model` has buffers. Please use make_functional_with_buffers(model) instead."
        )
    return _taken_apart(FunctionalModule, model, disable_autograd_tracking)[:2]


@_deprecated("torch.func.functional_call")
def make_functional_with_buffers(model, disable_autograd_tracking=False):
    """(function, parameters, buffers) of a copy of a model: function(parameters, buffers, *args) is model(*args).

    >>> import warnings, wengert
    >>> warnings.simplefilter("ignore", FutureWarning)
    >>> f, params, buffers = make_functional_with_buffers(wengert.nn.BatchNorm1d(2))
    >>> len(params), len(buffers)
    (2, 3)
    """
    return _taken_apart(FunctionalModuleWithBuffers, model, disable_autograd_tracking)


@_deprecated("torch.func.stack_module_state")
def combine_state_for_ensemble(models):
    """(function, parameters, buffers) of many models alike: their parameters and buffers are stacked along a new dim 0.

    RuntimeError where there is no model, or their classes or modes differ.

    >>> import warnings, wengert
    >>> warnings.simplefilter("ignore", FutureWarning)
    >>> f, params, buffers = combine_state_for_ensemble([wengert.nn.Linear(2, 3) for _ in range(5)])
    >>> wengert.vmap(f, in_dims=(0, 0, None))(params, buffers, wengert.ones(4, 2)).shape
    torch.Size([5, 4, 3])
    """
    models = list(models)
    if not models:
        raise RuntimeError("combine_state_for_ensemble: Expected at least one model, got 0.")
    if any(model.training != models[0].training for model in models):
        raise RuntimeError("combine_state_for_ensemble: Expected all models to have the same training/eval mode.")
    if any(type(model) is not type(models[0]) for model in models):
        raise RuntimeError("combine_state_for_ensemble: Expected all models to be of the same class.")
    parts = [_taken_apart(FunctionalModuleWithBuffers, model, False) for model in models]
    stacked = (tuple(stack(same).detach() for same in zip(*every)) for every in list(zip(*parts))[1:])
    return parts[0][0], *stacked
