"""The base class of all optimizers: parameter groups, per-parameter state, hooks, checkpoints."""

import warnings
from collections import OrderedDict, defaultdict
from functools import wraps

import wengert as wg

from .._core import _clear_grads
from ..utils.hooks import RemovableHandle
from ._checkpoint import pack, unpack

__all__ = ["Optimizer", "register_optimizer_step_post_hook", "register_optimizer_step_pre_hook"]

_global_pre_hooks = OrderedDict()
_global_post_hooks = OrderedDict()
_recorders = []  # `record_function`, while a profiler is on

_HOOK_TABLES = (
    "_optimizer_step_pre_hooks",
    "_optimizer_step_post_hooks",
    "_optimizer_state_dict_pre_hooks",
    "_optimizer_state_dict_post_hooks",
    "_optimizer_load_state_dict_pre_hooks",
    "_optimizer_load_state_dict_post_hooks",
)


class _Required:
    """The default of an option that every parameter group must give a value for."""

    def __repr__(self):
        return "<required parameter>"


required = _Required()


def _register(table, hook, prepend=False):
    handle = RemovableHandle(table)
    table[handle.id] = hook
    if prepend:
        table.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook):
    """Calls ``hook(optimizer, args, kwargs)`` before every ``step`` of every optimizer; returns a handle to remove it.

    Example::

        >>> from wengert.optim.optimizer import register_optimizer_step_pre_hook
        >>> handle = register_optimizer_step_pre_hook(lambda optimizer, args, kwargs: None)
        >>> handle.remove()
    """
    return _register(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook):
    """Calls ``hook(optimizer, args, kwargs)`` after every ``step`` of every optimizer; returns a handle to remove it.

    Example::

        >>> from wengert.optim.optimizer import register_optimizer_step_post_hook
        >>> handle = register_optimizer_step_post_hook(lambda optimizer, args, kwargs: None)
        >>> handle.remove()
    """
    return _register(_global_post_hooks, hook)


def _run_with_hooks(self, func, args, kwargs):
    args = (self, *args)
    for hook in (*_global_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()):
        result = hook(self, args, kwargs)
        if result is not None:
            if not (isinstance(result, tuple) and len(result) == 2):
                raise RuntimeError(f"{func} must return None or a tuple of (new_args, new_kwargs), but got {result}.")
            args, kwargs = result
    out = func(*args, **kwargs)
    for hook in (*self._optimizer_step_post_hooks.values(), *_global_post_hooks.values()):
        hook(self, args, kwargs)
    return out


def _hooked(func):
    """Wraps a ``step`` function so that it runs the hooks; costs a few truth tests when there are none."""

    @wraps(func)
    def step(self, *args, **kwargs):
        if _recorders:
            with _recorders[-1](f"Optimizer.step#{type(self).__name__}.step"):
                return _run_with_hooks(self, func, args, kwargs)
        if _global_pre_hooks or _global_post_hooks or self._optimizer_step_pre_hooks or self._optimizer_step_post_hooks:
            return _run_with_hooks(self, func, args, kwargs)
        return func(self, *args, **kwargs)

    step.hooked = True
    return step


def _split_names(params):
    """Takes ``[(name, tensor), ...]`` apart; plain tensors have no name."""
    names, tensors = [], []
    for param in params:
        if isinstance(param, tuple):
            names.append(param[0])
            param = param[1]
        tensors.append(param)
    if names and len(names) != len(tensors):
        raise ValueError("all optimizer params should be with/without names. Some param names are missing")
    return names, tensors


class Optimizer:
    """Base class of all optimizers.

    Args:
        params: an iterable of tensors, of ``(name, tensor)`` pairs, or of dicts that define parameter groups.
        defaults: option values for groups that do not give their own.

    Raises:
        TypeError: ``params`` is a tensor or a set, or holds something that is not a tensor.
        ValueError: ``params`` is empty, a parameter is not a leaf, or is in two groups.

    Example::

        >>> import wengert as wg
        >>> class Descent(wg.optim.Optimizer):
        ...     @wg.no_grad()
        ...     def step(self, closure=None):
        ...         for group in self.param_groups:
        ...             for p in group["params"]:
        ...                 p -= group["lr"] * p.grad
        >>> x = wg.tensor([1.0], requires_grad=True)
        >>> opt = Descent([x], {"lr": 0.25})
        >>> (x * x).sum().backward()
        >>> opt.step()
        >>> x
        tensor([0.5000], requires_grad=True)
    """

    profile_hook_step = staticmethod(_hooked)

    def __init__(self, params, defaults):
        self.defaults = defaults
        for name in _HOOK_TABLES:
            setattr(self, name, OrderedDict())
        self._patch_step_function()
        if isinstance(params, wg.Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
                + wg.typename(params)
            )
        self.state = defaultdict(dict)
        self.param_groups = []
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def _patch_step_function(self):
        # Once a class: a subclass written by a user gets its own `step` wrapped at the first construction.
        cls = type(self)
        if not getattr(cls.step, "hooked", False):
            cls.step = _hooked(cls.step)

    def __getstate__(self):
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state):
        self.__dict__.update(state)
        for name in _HOOK_TABLES:
            if name not in self.__dict__:
                setattr(self, name, OrderedDict())
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)

    def __repr__(self):
        lines = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        if len(lines) == 1:
            return lines[0] + ")"
        return "\n".join(lines) + "\n)"

    def register_step_pre_hook(self, hook):
        """Calls ``hook(optimizer, args, kwargs)`` before ``step``; it may return new ``(args, kwargs)``."""
        return _register(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook):
        """Calls ``hook(optimizer, args, kwargs)`` after ``step``."""
        return _register(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(self, hook, prepend=False):
        """Calls ``hook(optimizer)`` at the start of ``state_dict``."""
        return _register(self._optimizer_state_dict_pre_hooks, hook, prepend)

    def register_state_dict_post_hook(self, hook, prepend=False):
        """Calls ``hook(optimizer, state_dict)`` at the end of ``state_dict``; it may return another dict."""
        return _register(self._optimizer_state_dict_post_hooks, hook, prepend)

    def register_load_state_dict_pre_hook(self, hook, prepend=False):
        """Calls ``hook(optimizer, state_dict)`` at the start of ``load_state_dict``; it may return another dict."""
        return _register(self._optimizer_load_state_dict_pre_hooks, hook, prepend)

    def register_load_state_dict_post_hook(self, hook, prepend=False):
        """Calls ``hook(optimizer)`` at the end of ``load_state_dict``."""
        return _register(self._optimizer_load_state_dict_post_hooks, hook, prepend)

    def state_dict(self):
        """Returns ``{"state": ..., "param_groups": ...}`` with parameters replaced by their running number.

        Example::

            >>> import wengert as wg
            >>> opt = wg.optim.SGD([wg.zeros(2, requires_grad=True)], lr=0.1)
            >>> opt.state_dict()["param_groups"][0]["params"]
            [0]
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        packed = pack(self.param_groups, self.state)
        for hook in self._optimizer_state_dict_post_hooks.values():
            result = hook(self, packed)
            if result is not None:
                packed = result
        return packed

    def load_state_dict(self, state_dict):
        """Takes over options and state from a dict made by ``state_dict``, of this library or of torch.

        State tensors are cast to their parameter's dtype (``step`` keeps its own).

        Raises:
            ValueError: the groups, or the numbers of parameters in them, differ.

        Example::

            >>> import wengert as wg
            >>> opt = wg.optim.SGD([wg.zeros(2, requires_grad=True)], lr=0.1)
            >>> opt.load_state_dict(opt.state_dict())
        """
        state_dict = state_dict.copy()
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            result = hook(self, state_dict)
            if result is not None:
                state_dict = result
        state, groups = unpack(self.param_groups, state_dict)
        self.__setstate__({"state": state, "param_groups": groups})
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def zero_grad(self, set_to_none=True):
        """Clears the gradients of all parameters: to None, or in place to zeros with ``set_to_none=False``.

        Example::

            >>> import wengert as wg
            >>> x = wg.ones(2, requires_grad=True)
            >>> x.sum().backward()
            >>> wg.optim.SGD([x]).zero_grad()
            >>> x.grad is None
            True
        """
        if _recorders:
            with _recorders[-1](f"Optimizer.zero_grad#{type(self).__name__}.zero_grad"):
                self._clear_grads(set_to_none)
        else:
            self._clear_grads(set_to_none)

    def _clear_grads(self, set_to_none):
        for group in self.param_groups:
            if set_to_none:
                _clear_grads(group["params"])
                continue
            for p in group["params"]:
                grad = p.grad
                if grad is not None:
                    if grad.grad_fn is not None:
                        grad.detach_()
                    else:
                        grad.requires_grad_(False)
                    grad.zero_()

    def step(self, closure=None):
        """Updates the parameters once; subclasses define it.

        Args:
            closure: a function without arguments that computes the loss and its gradients anew.
        """
        raise NotImplementedError

    def add_param_group(self, param_group):
        """Adds a group of parameters with options of its own, for example a layer that was frozen until now.

        Args:
            param_group: a dict with ``params`` and any of the optimizer's options.

        Example::

            >>> import wengert as wg
            >>> opt = wg.optim.SGD([wg.zeros(2, requires_grad=True)], lr=0.1)
            >>> opt.add_param_group({"params": wg.zeros(3, requires_grad=True), "lr": 0.01})
            >>> len(opt.param_groups)
            2
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        params = param_group["params"]
        if isinstance(params, wg.Tensor):
            params = [params]
        elif isinstance(params, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but "
                "the ordering of tensors in sets will change between runs. Please use a list instead."
            )
        names, params = _split_names(params)
        param_group["params"] = params
        if names:
            param_group["param_names"] = names
        self._check_tensors(params)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(f"parameter group didn't specify a value of required optimization parameter {name}")
            param_group.setdefault(name, default)
        self._check_disjoint(param_group)
        self.param_groups.append(param_group)

    def _check_tensors(self, params):
        for param in params:
            if not isinstance(param, wg.Tensor):
                raise TypeError("optimizer can only optimize Tensors, but one of the params is " + wg.typename(param))
            if not self.defaults.get("differentiable", None) and not (param.is_leaf or param.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")

    def _check_disjoint(self, param_group):
        params = {id(p) for p in param_group["params"]}
        if len(params) != len(param_group["params"]):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "in future, this will cause an error; "
                "see github.com/pytorch/pytorch/issues/40967 for more information",
                stacklevel=4,
            )
        named = "param_names" in param_group
        for group in self.param_groups:
            if ("param_names" in group) != named:
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param group "
                    f"{'with names' if named else 'without names'} to the optimizer"
                )
        if any(id(p) in params for group in self.param_groups for p in group["params"]):
            raise ValueError("some parameters appear in more than one parameter group")


def __getattr__(name):
    from . import _for_subclasses

    try:
        return vars(_for_subclasses)[name]
    except KeyError:
        raise AttributeError(f"module 'torch.optim.optimizer' has no attribute '{name}'") from None
