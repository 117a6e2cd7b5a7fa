"""Module: a tree of parameters, buffers and submodules with a forward method."""

import warnings
from collections import OrderedDict

import wengert as wg

from ..parameter import Buffer, Parameter
from . import _hooks
from ._hooks import (  # noqa: F401  (torch.nn.modules.module exports them)
    _global_backward_hooks,
    _global_backward_pre_hooks,
    _global_forward_hooks,
    _global_forward_hooks_always_called,
    _global_forward_hooks_with_kwargs,
    _global_forward_pre_hooks,
    _WrappedHook,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._members import MembersMixin, _addindent
from ._module_hooks import HooksMixin
from ._state_dict import _EXTRA_STATE_KEY_SUFFIX, StateDictMixin, _IncompatibleKeys  # noqa: F401

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_set = object.__setattr__
_EMPTY_SLOTS = (
    "_backward_pre_hooks",
    "_backward_hooks",
    "_forward_hooks",
    "_forward_hooks_with_kwargs",
    "_forward_hooks_always_called",
    "_forward_pre_hooks",
    "_forward_pre_hooks_with_kwargs",
    "_state_dict_hooks",
    "_state_dict_pre_hooks",
    "_load_state_dict_pre_hooks",
    "_load_state_dict_post_hooks",
)


def _forward_unimplemented(self, *input):
    """Stands for the forward that a subclass has to write."""
    raise NotImplementedError(f'Module [{type(self).__name__}] is missing the required "forward" function')


def _check_name(module, name, kind, own):
    """Refuse a name that cannot be registered; `own` is the dict it would go to."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string. Got {wg.typename(name)}")
    if kind != "module" and "." in name:
        raise KeyError(f'{kind} name can\'t contain "."')
    if kind != "module" and name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')
    if hasattr(module, name) and name not in own:
        raise KeyError(f"attribute '{name}' already exists")
    if "." in name:
        raise KeyError(f'{kind} name can\'t contain ".", got: {name}')
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')


class Module(StateDictMixin, MembersMixin, HooksMixin):
    """Base of all layers and models: assign parameters and submodules to it, and write forward.

    >>> class Double(Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Double()(wg.ones(2))
    tensor([2., 2.])
    """

    dump_patches = False
    _version = 1
    training: bool = True  # annotated, for programs that ask a module for its type hints
    call_super_init = False
    _compiled_call_impl = None
    _is_full_backward_hook = None
    forward = _forward_unimplemented

    def __init__(self, *args, **kwargs):
        if not self.call_super_init:
            if kwargs:
                raise TypeError(
                    f"{type(self).__name__}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            if args:
                raise TypeError(
                    f"{type(self).__name__}.__init__() takes 1 positional argument but {len(args) + 1} were given"
                )
        d = self.__dict__
        d["training"] = True
        d["_parameters"] = {}
        d["_buffers"] = {}
        d["_non_persistent_buffers_set"] = set()
        d["_is_full_backward_hook"] = None
        for name in _EMPTY_SLOTS:
            d[name] = OrderedDict()
        d["_modules"] = {}
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # -- registration --------------------------------------------------------------------------------------------

    def register_buffer(self, name, tensor, persistent=True):
        """Add the tensor (or None) as a buffer called `name`; saved in state_dict when `persistent`."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        _check_name(self, name, "buffer", self._buffers)
        if tensor is not None and not isinstance(tensor, wg.Tensor) and not hasattr(tensor, "__torch_function__"):
            raise TypeError(
                f"cannot assign '{wg.typename(tensor)}' object to buffer '{name}' (torch Tensor or None required)"
            )
        for hook in _hooks._global_buffer_registration_hooks.values():
            output = hook(self, name, tensor)
            tensor = tensor if output is None else output
        self._buffers[name] = tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name, param):
        """Add the Parameter (or None) as a parameter called `name`."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        _check_name(self, name, "parameter", self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{wg.typename(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be created explicitly."
                    f" To express '{name}' as a function of another Tensor, compute the value in the forward() method."
                )
            for hook in _hooks._global_parameter_registration_hooks.values():
                output = hook(self, name, param)
                param = param if output is None else output
        self._parameters[name] = param

    def add_module(self, name, module):
        """Add the Module (or None) as a child called `name`."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{wg.typename(module)} is not a Module subclass")
        _check_name(self, name, "module", self._modules)
        self._modules[name] = self._hooked_submodule(name, module)

    def register_module(self, name, module):
        """Alias of add_module."""
        self.add_module(name, module)

    def _hooked_submodule(self, name, module):
        for hook in _hooks._global_module_registration_hooks.values():
            output = hook(self, name, module)
            module = module if output is None else output
        return module

    # -- attributes ----------------------------------------------------------------------------------------------

    def __getattr__(self, name):
        d = self.__dict__
        if "_parameters" in d:
            if name in d["_parameters"]:
                return d["_parameters"][name]
            if name in d["_buffers"]:
                return d["_buffers"][name]
            if name in d["_modules"]:
                return d["_modules"][name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def _forget(self, name, *places):
        for place in places:
            if name in place:
                if isinstance(place, dict):
                    del place[name]
                else:
                    place.discard(name)

    def __setattr__(self, name, value):
        d = self.__dict__
        params = d.get("_parameters")
        if isinstance(value, Parameter):
            if params is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            self._forget(name, d, self._buffers, self._modules, self._non_persistent_buffers_set)
            self.register_parameter(name, value)
        elif params is not None and name in params:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{wg.typename(value)}' as parameter '{name}' (torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        else:
            self._set_module_or_buffer(name, value)

    def _set_module_or_buffer(self, name, value):
        d = self.__dict__
        modules = d.get("_modules")
        if isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            self._forget(name, d, self._parameters, self._buffers, self._non_persistent_buffers_set)
            modules[name] = self._hooked_submodule(name, value)
        elif modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{wg.typename(value)}' as child module '{name}' (torch.nn.Module or None expected)"
                )
            modules[name] = self._hooked_submodule(name, value)
        else:
            buffers = d.get("_buffers")
            if isinstance(value, wg.Tensor) and isinstance(value, Buffer) or buffers is not None and name in buffers:
                self._set_buffer(name, value)
            else:
                _set(self, name, value)

    def _set_buffer(self, name, value):
        if value is not None and not isinstance(value, wg.Tensor) and not hasattr(value, "__torch_function__"):
            raise TypeError(
                f"cannot assign '{wg.typename(value)}' as buffer '{name}' "
                "(torch.nn.Buffer, torch.Tensor or None expected)"
            )
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        if name in self._buffers:
            if isinstance(value, Buffer):
                self._register(name, value)
                return
            for hook in _hooks._global_buffer_registration_hooks.values():
                output = hook(self, name, value)
                value = value if output is None else output
            self._buffers[name] = value
        else:
            self._register(name, value)

    def _register(self, name, buffer):
        """register_buffer, which a subclass may have replaced by one that does not know `persistent`."""
        method = self.register_buffer
        if getattr(method, "__func__", None) is not Module.register_buffer:
            from inspect import signature

            if "persistent" not in signature(method).parameters:
                if not buffer.persistent:
                    raise RuntimeError(
                        "Registering a non-persistent buffer on a Module subclass that implements "
                        "register_buffer() without the persistent argument is not allowed."
                    )
                method(name, buffer)
                return
        method(name, buffer, buffer.persistent)

    def __delattr__(self, name):
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            object.__delattr__(self, name)

    def __dir__(self):
        names = list(dir(self.__class__)) + list(self.__dict__)
        names += list(self._parameters) + list(self._modules) + list(self._buffers)
        return sorted(name for name in names if not name[0].isdigit())

    # -- calling -------------------------------------------------------------------------------------------------

    def _call_impl(self, *args, **kwargs):
        if not (
            self._backward_hooks
            or self._backward_pre_hooks
            or self._forward_hooks
            or self._forward_pre_hooks
            or _global_backward_pre_hooks
            or _global_backward_hooks
            or _global_forward_hooks
            or _global_forward_pre_hooks
        ):
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    _wrapped_call_impl = _call_impl
    __call__ = _call_impl

    def compile(self, *args, **kwargs):
        """Accepted and without effect: eager calls are the fast path."""

    # -- pickling ------------------------------------------------------------------------------------------------

    def __getstate__(self):
        state = self.__dict__.copy()
        state.pop("_compiled_call_impl", None)
        return state

    def __setstate__(self, state):
        self.__dict__.update(state)
        for name in _EMPTY_SLOTS:  # modules pickled by older versions lack some
            self.__dict__.setdefault(name, OrderedDict())
        self.__dict__.setdefault("_non_persistent_buffers_set", set())
        self.__dict__.setdefault("_is_full_backward_hook", None)

    # -- text ----------------------------------------------------------------------------------------------------

    def _get_name(self):
        return self.__class__.__name__

    def extra_repr(self):
        """What a subclass wants shown between the parentheses of its repr."""
        return ""

    def __repr__(self):
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [f"({key}): {_addindent(repr(module), 2)}" for key, module in self._modules.items()]
        lines = extra_lines + child_lines
        body = ""
        if len(extra_lines) == 1 and not child_lines:
            body = extra_lines[0]
        elif lines:
            body = "\n  " + "\n  ".join(lines) + "\n"
        return f"{self._get_name()}({body})"

    # -- state -----------------------------------------------------------------------------------------------------

    def zero_grad(self, set_to_none=True):
        """Clear the gradients of all parameters (None, or zeros with set_to_none=False)."""
        if getattr(self, "_is_replica", False):
            warnings.warn(
                "Calling .zero_grad() from a module created with nn.DataParallel() has no effect. "
                "The parameters are copied (in a differentiable manner) from the original module. "
                "This means they are not leaf nodes in autograd and so don't accumulate gradients. "
                "If you need gradients in your forward method, consider using autograd.grad instead.",
                stacklevel=2,
            )
        for p in self.parameters():
            if p.grad is None:
                continue
            if set_to_none:
                p.grad = None
                continue
            if p.grad.grad_fn is not None:
                p.grad.detach_()
            else:
                p.grad.requires_grad_(False)
            p.grad.zero_()

    def _replicate_for_data_parallel(self):
        """A copy that refers to this module's buffers and submodules, and has no parameters of its own."""
        replica = self.__new__(type(self))
        replica.__dict__ = self.__dict__ | {
            "_parameters": {},
            "_buffers": self._buffers.copy(),
            "_modules": self._modules.copy(),
            "_is_replica": True,
        }
        return replica
