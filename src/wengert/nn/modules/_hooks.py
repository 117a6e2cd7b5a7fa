"""Hooks of Modules: the global ones, and the wrapper that gives backward hooks the module's own gradients."""

import warnings
import weakref
from collections import OrderedDict

import wengert as wg
from wengert.utils.hooks import RemovableHandle

_global_backward_pre_hooks = OrderedDict()
_global_backward_hooks = OrderedDict()
_global_is_full_backward_hook = None
_global_forward_pre_hooks = OrderedDict()
_global_forward_hooks = OrderedDict()
_global_forward_hooks_always_called = OrderedDict()
_global_forward_hooks_with_kwargs = OrderedDict()
_global_buffer_registration_hooks = OrderedDict()
_global_module_registration_hooks = OrderedDict()
_global_parameter_registration_hooks = OrderedDict()


class _WrappedHook:
    """A hook that, when `module` is given, is called with that module first, without keeping it alive."""

    def __init__(self, hook, module=None):
        self.hook = hook
        for name in ("__module__", "__name__", "__qualname__", "__doc__"):
            if hasattr(hook, name):
                setattr(self, name, getattr(hook, name))
        self.with_module = module is not None
        if self.with_module:
            self.module = weakref.ref(module)

    def __call__(self, *args, **kwargs):
        if not self.with_module:
            return self.hook(*args, **kwargs)
        module = self.module()
        if module is None:
            raise RuntimeError("You are trying to call the hook of a dead Module!")
        return self.hook(module, *args, **kwargs)

    def __getstate__(self):
        state = {"hook": self.hook, "with_module": self.with_module}
        if self.with_module:
            state["module"] = self.module()
        return state

    def __setstate__(self, state):
        self.hook = state["hook"]
        self.with_module = state["with_module"]
        if self.with_module:
            if state["module"] is None:
                raise RuntimeError("You are trying to revive the hook of a dead Module!")
            self.module = weakref.ref(state["module"])


def add_hook(hooks, hook, extra=(), prepend=False):
    """Put `hook` into the dict `hooks` and return its handle; `extra` are dicts to clean up with it."""
    handle = RemovableHandle(hooks, extra_dict=list(extra) if extra else None)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle


def _has_any_global_hook():
    return bool(
        _global_backward_pre_hooks
        or _global_backward_hooks
        or _global_forward_pre_hooks
        or _global_forward_hooks
        or _global_forward_hooks_always_called
        or _global_forward_hooks_with_kwargs
    )


def register_module_buffer_registration_hook(hook):
    """Call hook(module, name, buffer) at every register_buffer; a returned tensor replaces the buffer."""
    return add_hook(_global_buffer_registration_hooks, hook)


def register_module_module_registration_hook(hook):
    """Call hook(module, name, submodule) at every registration; a returned Module replaces the submodule."""
    return add_hook(_global_module_registration_hooks, hook)


def register_module_parameter_registration_hook(hook):
    """Call hook(module, name, param) at every registration; a returned Parameter replaces the parameter."""
    return add_hook(_global_parameter_registration_hooks, hook)


def register_module_forward_pre_hook(hook):
    """Call hook(module, args) before the forward of every module; what it returns replaces the arguments."""
    return add_hook(_global_forward_pre_hooks, hook)


def register_module_forward_hook(hook, *, with_kwargs=False, always_call=False):
    """Call hook(module, args, output) after the forward of every module; what it returns replaces the output."""
    extra = [_global_forward_hooks_with_kwargs, _global_forward_hooks_always_called]
    handle = add_hook(_global_forward_hooks, hook, extra)
    if with_kwargs:
        _global_forward_hooks_with_kwargs[handle.id] = True
    if always_call:
        _global_forward_hooks_always_called[handle.id] = True
    return handle


def _register_global_backward(hook, full):
    global _global_is_full_backward_hook
    if _global_is_full_backward_hook is (not full):
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a "
            "global Module hook. Please use only one of them."
        )
    _global_is_full_backward_hook = full
    return add_hook(_global_backward_hooks, hook)


def register_module_backward_hook(hook):
    """The old form of register_module_full_backward_hook."""
    return _register_global_backward(hook, False)


def register_module_full_backward_pre_hook(hook):
    """Call hook(module, grad_output) before the backward of every module."""
    return add_hook(_global_backward_pre_hooks, hook)


def register_module_full_backward_hook(hook):
    """Call hook(module, grad_input, grad_output) after the backward of every module."""
    return _register_global_backward(hook, True)


def backward_hooks_of(module):
    """The module's backward hooks after the global ones, as (full, not full)."""
    full, plain = [], []
    if _global_is_full_backward_hook is True:
        full += _global_backward_hooks.values()
    if module._is_full_backward_hook is True:
        full += module._backward_hooks.values()
    if _global_is_full_backward_hook is False:
        plain += _global_backward_hooks.values()
    if module._is_full_backward_hook is False:
        plain += module._backward_hooks.values()
    return full, plain


class BackwardHookFunction(wg.autograd.Function):
    """The identity, as a node of its own where a module's gradients can be seen."""

    @staticmethod
    def forward(ctx, *args):
        ctx.mark_non_differentiable(*[arg for arg in args if not arg.requires_grad])
        return args

    @staticmethod
    def backward(ctx, *args):
        return args


class BackwardHook:
    """Brackets one forward call with identity nodes and runs the user's hooks on their gradients."""

    def __init__(self, module, user_hooks, user_pre_hooks):
        self.module = module
        self.user_hooks = user_hooks
        self.user_pre_hooks = user_pre_hooks
        self.grad_outputs = None
        self.n_inputs = self.n_outputs = -1
        self.input_index = self.output_index = None

    def _spread(self, indices, values, size):
        out = [None] * size
        for index, value in zip(indices, values):
            out[index] = value
        return tuple(out)

    def _checked(self, old, new):
        if new is None:
            return old
        new = new if isinstance(new, tuple) else (new,)
        if len(new) != len(old):
            raise RuntimeError(
                f"Backward hook returned an invalid number of grad_input, got {len(new)}, but expected {len(old)}"
            )
        return new

    def _mark(self, args, on_node):
        """Pass the tensors of `args` through one identity node; returns (args, indices of the tensors or None)."""
        indices = [i for i, arg in enumerate(args) if isinstance(arg, wg.Tensor)]
        if not (wg.is_grad_enabled() and any(args[i].requires_grad for i in indices)):
            return args, None
        marked = BackwardHookFunction.apply(*[args[i] for i in indices])
        nodes = [t.grad_fn for t in marked if t.grad_fn is not None]
        nodes = [n for n in nodes if n.name() == "BackwardHookFunctionBackward"]
        if not nodes:
            raise RuntimeError("Error while setting up backward hooks. Please open an issue with a code sample.")
        on_node(nodes[0])
        out = list(args)
        for index, tensor in zip(indices, marked):
            out[index] = tensor
        cls = type(args)
        return (cls(*out) if hasattr(args, "_fields") else cls(out)), indices

    def _run(self, grad_inputs):
        for hook in self.user_hooks:
            grad_inputs = self._checked(grad_inputs, hook(self.module, grad_inputs, self.grad_outputs))
        self.grad_outputs = None
        return grad_inputs

    def setup_input_hook(self, args):
        """Watch the gradients that leave through the inputs `args`."""

        def on_node(node):
            def hook(grad_input, _):
                if self.grad_outputs is None:
                    return None  # the outputs were not part of this backward
                spread = self._spread(self.input_index, grad_input, self.n_inputs)
                result = self._run(spread)
                return tuple(result[i] for i in self.input_index)

            node.register_hook(hook)

        args, self.input_index = self._mark(args, on_node)
        self.n_inputs = len(args)
        return args

    def _run_pre_hooks(self):
        for hook in self.user_pre_hooks:
            got = hook(self.module, self.grad_outputs)
            if got is None:
                continue
            got = got if isinstance(got, tuple) else (got,)
            if len(got) != len(self.grad_outputs):
                raise RuntimeError(
                    "Backward pre hook returned an invalid number of grad_output, "
                    f"got {len(got)}, but expected {len(self.grad_outputs)}"
                )
            self.grad_outputs = got

    def _run_without_inputs(self):
        warnings.warn(
            "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs"
            " require gradients. See https://docs.pytorch.org/docs/main/generated/torch.nn.Module.html"
            "#torch.nn.Module.register_full_backward_hook for more details.",
            stacklevel=5,
        )
        grad_inputs = (None,) * self.n_inputs
        for hook in self.user_hooks:
            res = hook(self.module, grad_inputs, self.grad_outputs)
            if res is not None and not (isinstance(res, tuple) and all(el is None for el in res)):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for"
                    " all gradients."
                )
        self.grad_outputs = None

    def setup_output_hook(self, outputs):
        """Watch the gradients that arrive at the outputs (a tensor or a tuple)."""

        def on_node(node):
            def hook(_, grad_output):
                self.grad_outputs = self._spread(self.output_index, grad_output, self.n_outputs)
                self._run_pre_hooks()
                grads = self.grad_outputs
                if self.input_index is None and self.user_hooks:
                    self._run_without_inputs()
                return tuple(grads[i] for i in self.output_index)

            node.register_hook(hook)

        single = not isinstance(outputs, tuple)
        args, self.output_index = self._mark((outputs,) if single else outputs, on_node)
        self.n_outputs = len(args)
        return args[0] if single else args
