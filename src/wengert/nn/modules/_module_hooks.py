"""The hook methods of Module and the call that runs them."""

import warnings

import wengert as wg

from . import _hooks
from ._hooks import add_hook


def _first_tensor(result):
    """The tensor whose grad_fn stands for the output, or None."""
    while not isinstance(result, wg.Tensor):
        if isinstance(result, dict):
            result = next((v for v in result.values() if isinstance(v, wg.Tensor)), None)
            return result
        if not isinstance(result, (tuple, list)) or not result:
            return None
        result = result[0]
    return result


class HooksMixin:
    """Registration of hooks and the call path taken when there are any."""

    def register_full_backward_pre_hook(self, hook, prepend=False):
        """Call hook(module, grad_output) before this module's backward; returns a removable handle."""
        return add_hook(self._backward_pre_hooks, hook, prepend=prepend)

    def register_backward_hook(self, hook):
        """The old form of register_full_backward_hook."""
        return self._register_backward(hook, False, False)

    def register_full_backward_hook(self, hook, prepend=False):
        """Call hook(module, grad_input, grad_output) after this module's backward; returns a removable handle."""
        return self._register_backward(hook, True, prepend)

    def _register_backward(self, hook, full, prepend):
        if self._is_full_backward_hook is (not full):
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a "
                "single Module. Please use only one of them."
            )
        self._is_full_backward_hook = full
        return add_hook(self._backward_hooks, hook, prepend=prepend)

    def _get_backward_hooks(self):
        return _hooks.backward_hooks_of(self)

    def _get_backward_pre_hooks(self):
        return [*_hooks._global_backward_pre_hooks.values(), *self._backward_pre_hooks.values()]

    def register_forward_pre_hook(self, hook, *, prepend=False, with_kwargs=False):
        """Call hook(module, args[, kwargs]) before forward; what it returns replaces the arguments."""
        handle = add_hook(self._forward_pre_hooks, hook, [self._forward_pre_hooks_with_kwargs], prepend)
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return handle

    def register_forward_hook(self, hook, *, prepend=False, with_kwargs=False, always_call=False):
        """Call hook(module, args, [kwargs,] output) after forward; what it returns replaces the output."""
        extra = [self._forward_hooks_with_kwargs, self._forward_hooks_always_called]
        handle = add_hook(self._forward_hooks, hook, extra, prepend)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return handle

    def _run_pre_hooks(self, args, kwargs):
        for hook_id, hook in [*_hooks._global_forward_pre_hooks.items(), *self._forward_pre_hooks.items()]:
            if hook_id in self._forward_pre_hooks_with_kwargs:
                result = hook(self, args, kwargs)
                if result is None:
                    continue
                if not (isinstance(result, tuple) and len(result) == 2):
                    raise RuntimeError(
                        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {result}."
                    )
                args, kwargs = result
            else:
                result = hook(self, args)
                if result is not None:
                    args = result if isinstance(result, tuple) else (result,)
        return args, kwargs

    def _forward_hook_list(self):
        """(id, hook, with_kwargs, always_call, is_global) of every forward hook, in order."""
        out = []
        for is_global, hooks, with_kwargs, always in (
            (
                True,
                _hooks._global_forward_hooks,
                _hooks._global_forward_hooks_with_kwargs,
                _hooks._global_forward_hooks_always_called,
            ),
            (False, self._forward_hooks, self._forward_hooks_with_kwargs, self._forward_hooks_always_called),
        ):
            out += [(i, hook, i in with_kwargs, i in always, is_global) for i, hook in hooks.items()]
        return out

    def _call_with_hooks(self, args, kwargs):
        called = set()
        holder = [None, args, kwargs]  # result and the arguments as they are when an error comes
        try:
            return self._hooked_forward(holder, called)
        except Exception:
            for hook_id, hook, with_kwargs, always, is_global in self._forward_hook_list():
                if not always or hook_id in called:
                    continue
                try:
                    result = self._one_forward_hook(hook, with_kwargs, holder)
                    if result is not None:
                        holder[0] = result
                except Exception as e:
                    kind = "global module forward hook" if is_global else "module forward hook"
                    warnings.warn(
                        f"{kind} with ``always_call=True`` raised an exception that was silenced as another error was "
                        f"raised in forward: {e!s}",
                        stacklevel=2,
                    )
            raise

    def _one_forward_hook(self, hook, with_kwargs, holder):
        result, args, kwargs = holder
        return hook(self, args, kwargs, result) if with_kwargs else hook(self, args, result)

    def _hooked_forward(self, holder, called):
        full, plain = self._get_backward_hooks()
        pre = self._get_backward_pre_hooks()
        holder[1], holder[2] = self._run_pre_hooks(holder[1], holder[2])
        bw_hook = None
        if full or pre:
            from ._backward_hook import BackwardHook  # autograd.Function is not needed before

            bw_hook = BackwardHook(self, full, pre)
            holder[1] = bw_hook.setup_input_hook(holder[1])
        holder[0] = self.forward(*holder[1], **holder[2])
        for hook_id, hook, with_kwargs, always, _ in self._forward_hook_list():
            if always:
                called.add(hook_id)
            changed = self._one_forward_hook(hook, with_kwargs, holder)
            if changed is not None:
                holder[0] = changed
        if bw_hook is not None:
            if not isinstance(holder[0], (wg.Tensor, tuple)):
                warnings.warn(
                    "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but "
                    f"received {type(holder[0])}",
                    stacklevel=2,
                )
            else:
                holder[0] = bw_hook.setup_output_hook(holder[0])
        if plain:
            self._attach_plain_hooks(plain, holder[1], holder[0])
        return holder[0]

    def _attach_plain_hooks(self, hooks, args, result):
        tensor = _first_tensor(result)
        node = None if tensor is None else tensor.grad_fn
        if node is None:
            return
        for hook in hooks:
            node.register_hook(_hooks._WrappedHook(hook, self))
        self._maybe_warn_non_full_backward_hook(args, result, node)

    def _maybe_warn_non_full_backward_hook(self, inputs, result, grad_fn):
        text = _non_full_warning(inputs, result, grad_fn)
        if text:
            warnings.warn(text, FutureWarning, stacklevel=2)


_FUTURE = "is deprecated and will be removed in future versions. "
_FULL = "Please use register_full_backward_hook to get the documented behavior."


def _non_full_warning(inputs, result, grad_fn):
    """Why an old backward hook would see wrong gradients, or None."""
    if isinstance(result, wg.Tensor):
        result = (result,)
    if not (isinstance(result, tuple) and all(isinstance(r, wg.Tensor) for r in result)):
        return (
            "Using non-full backward hooks on a Module that does not return a single Tensor or a tuple of Tensors "
            f"{_FUTURE}This hook will be missing some of the grad_output. {_FULL}"
        )
    if isinstance(inputs, wg.Tensor):
        inputs = (inputs,)
    if not (isinstance(inputs, tuple) and all(isinstance(i, wg.Tensor) for i in inputs)):
        return (
            "Using non-full backward hooks on a Module that does not take as input a single Tensor or a tuple of "
            f"Tensors {_FUTURE}This hook will be missing some of the grad_input. {_FULL}"
        )
    nodes = {r.grad_fn for r in result if r.grad_fn is not None}
    if len(nodes) > 1 or (len(nodes) == 1 and grad_fn not in nodes):
        return (
            "Using a non-full backward hook when outputs are generated by different autograd Nodes "
            f"{_FUTURE}This hook will be missing some grad_output. {_FULL}"
        )
    input_nodes = {i.grad_fn for i in inputs if i.grad_fn is not None}
    if {edge[0] for edge in grad_fn.next_functions if edge[0] is not None} != input_nodes:
        return (
            "Using a non-full backward hook when the forward contains multiple autograd Nodes "
            f"{_FUTURE}This hook will be missing some grad_input. {_FULL}"
        )
    return None
