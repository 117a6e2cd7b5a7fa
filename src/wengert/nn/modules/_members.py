"""Walking the tree of a Module, and changing every tensor in it."""

import sys
import warnings

import wengert as wg

from ..._tensor.conversion import parse_to
from ..parameter import Parameter


def _addindent(text, spaces):
    """Indent all lines of `text` but the first; blank ones become empty."""
    first, *rest = text.split("\n")
    return "\n".join([first] + [" " * spaces + line if line.strip() else "" for line in rest])


def _parse_to(args, kwargs):
    """The arguments of Module.to as (device, dtype, non_blocking, memory_format)."""
    said = parse_to(args, kwargs)
    if said["copy"]:
        raise RuntimeError(".to() does not accept copy argument")
    return said["device"], said["dtype"], said["non_blocking"], said["memory_format"]


def _switches():
    """wengert.__future__ if the program has asked for it: (exchange parameters, make new ones)."""
    switches = sys.modules.get("wengert.__future__")
    if switches is None:
        return False, False
    return switches.get_swap_module_params_on_conversion(), switches.get_overwrite_module_params_on_conversion()


def _replace(module, key, param, changed, changed_grad, swap):
    """Convert a parameter as wengert.__future__ was told: exchanged with a new one, or given up for it."""
    grad, made = param.grad, Parameter(changed, param.requires_grad)
    if swap:
        try:
            if grad is not None and changed_grad is not grad:
                changed_grad.requires_grad_(grad.requires_grad)
                param.grad = None
                wg.utils.swap_tensors(grad, changed_grad)
            wg.utils.swap_tensors(param, made)
        except RuntimeError as error:
            raise RuntimeError(f"_apply(): Couldn't swap {type(module).__name__}.{key}") from error
        param.grad = grad
        return
    module._parameters[key] = made
    if changed_grad is not None:
        made.grad = changed_grad.requires_grad_(grad.requires_grad)


class MembersMixin:
    """named_* generators, look-ups by dotted name, apply, and the conversions."""

    def get_submodule(self, target):
        """The module at the dotted path `target` ("" is this module); AttributeError when there is none."""
        mod = self
        for item in target.split(".") if target else ():
            if not hasattr(mod, item):
                raise AttributeError(mod._get_name() + " has no attribute `" + item + "`")
            mod = getattr(mod, item)
            if not isinstance(mod, MembersMixin):
                raise AttributeError("`" + item + "` is not an nn.Module")
        return mod

    def set_submodule(self, target, module, strict=False):
        """Replace (or, when not strict, add) the module at the dotted path `target`."""
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, MembersMixin):
            raise ValueError("`" + "module" + f"` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(parent._get_name() + " has no attribute `" + name + "`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), MembersMixin):
            raise AttributeError("`" + name + "` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target):
        """The Parameter at the dotted path `target`."""
        path, _, name = target.rpartition(".")
        mod = self.get_submodule(path)
        if not hasattr(mod, name):
            raise AttributeError(mod._get_name() + " has no attribute `" + name + "`")
        param = getattr(mod, name)
        if not isinstance(param, Parameter):
            raise AttributeError("`" + name + "` is not an nn.Parameter")
        return param

    def get_buffer(self, target):
        """The buffer at the dotted path `target`."""
        path, _, name = target.rpartition(".")
        mod = self.get_submodule(path)
        if not hasattr(mod, name):
            raise AttributeError(mod._get_name() + " has no attribute `" + name + "`")
        if name not in mod._buffers:
            raise AttributeError("`" + name + "` is not a buffer")
        return getattr(mod, name)

    # -- iteration -----------------------------------------------------------------------------------------------

    def _named_members(self, get_members_fn, prefix="", recurse=True, remove_duplicate=True):
        memo = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for module_prefix, module in modules:
            for key, value in get_members_fn(module):
                if value is None or value in memo:
                    continue
                if remove_duplicate:
                    memo.add(value)
                yield module_prefix + ("." if module_prefix else "") + key, value

    def parameters(self, recurse=True):
        """Iterate over all parameters, each once.

        >>> from wengert.nn import Linear
        >>> [tuple(p.shape) for p in Linear(2, 3).parameters()]
        [(3, 2), (3,)]
        """
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_parameters(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterate over (name, parameter)."""
        yield from self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    def buffers(self, recurse=True):
        """Iterate over all buffers, each once."""
        for _, buf in self.named_buffers(recurse=recurse):
            yield buf

    def named_buffers(self, prefix="", recurse=True, remove_duplicate=True):
        """Iterate over (name, buffer)."""
        yield from self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def children(self):
        """Iterate over the direct submodules."""
        for _, module in self.named_children():
            yield module

    def named_children(self):
        """Iterate over (name, direct submodule), each module once."""
        memo = set()
        for name, module in self._modules.items():
            if module is not None and module not in memo:
                memo.add(module)
                yield name, module

    def modules(self, remove_duplicate=True):
        """Iterate over this module and all below it."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    def named_modules(self, memo=None, prefix="", remove_duplicate=True):
        """Iterate over (dotted name, module) of this module and all below it."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                sub_prefix = prefix + ("." if prefix else "") + name
                yield from module.named_modules(memo, sub_prefix, remove_duplicate)

    # -- changing everything -------------------------------------------------------------------------------------

    def apply(self, fn):
        """Call fn(module) for every submodule, children first, then this one; returns self."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self, fn, recurse=True):
        if recurse:
            for module in self.children():
                module._apply(fn)
        swap, overwrite = _switches()
        for key, param in self._parameters.items():
            if param is None:
                continue
            with wg.no_grad():
                changed = fn(param)
                grad = param.grad
                changed_grad = None if grad is None else fn(grad)
            if changed is not param if swap else overwrite:
                _replace(self, key, param, changed, changed_grad, swap)
            elif changed_grad is not None and changed_grad is not grad:
                param.grad = None  # a gradient must have its parameter's dtype at every moment
                param.data = changed
                requires_grad = grad.requires_grad
                grad.data = changed_grad
                param.grad = grad.requires_grad_(requires_grad)
            else:
                param.data = changed
        for key, buf in self._buffers.items():
            if buf is not None:
                self._buffers[key] = fn(buf)
        return self

    def to(self, *args, **kwargs):
        """Move or convert parameters and buffers in place: to(device), to(dtype), to(tensor), with memory_format.

        Only floating point and complex tensors change dtype.
        """
        device, dtype, non_blocking, memory_format = _parse_to(args, kwargs)
        if dtype is not None:
            if not (dtype.is_floating_point or dtype.is_complex):
                raise TypeError(
                    f"nn.Module.to only accepts floating point or complex dtypes, but got desired dtype={dtype}"
                )
            if dtype.is_complex:
                warnings.warn(
                    "Complex modules are a new feature under active development whose design may change, "
                    "and some modules might not work as expected when using complex tensors as parameters or buffers. "
                    "Please file an issue at https://github.com/pytorch/pytorch/issues/new?template=bug-report.yml "
                    "if a complex module does not work as expected.",
                    stacklevel=2,
                )

        def convert(t):
            wanted = dtype if t.is_floating_point() or t.is_complex() else None
            if t.is_meta and device is not None and wg.device(device).type != "meta":
                raise NotImplementedError(
                    "Cannot copy out of meta tensor; no data! Please use torch.nn.Module.to_empty() instead of "
                    "torch.nn.Module.to() when moving module from meta to a different device."
                )
            if memory_format is not None and t.dim() in (4, 5):
                return t.to(device, wanted, non_blocking, memory_format=memory_format)
            return t.to(device=device, dtype=wanted, non_blocking=non_blocking)

        return self._apply(convert)

    def to_empty(self, *, device, recurse=True):
        """Move to `device` without copying the values."""
        return self._apply(lambda t: wg.empty_like(t, device=device), recurse=recurse)

    def type(self, dst_type):
        """Convert all parameters and buffers to `dst_type`."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self):
        """Floating point parameters and buffers to float32, in place."""
        return self._apply(lambda t: t.float() if t.is_floating_point() else t)

    def double(self):
        """Floating point parameters and buffers to float64, in place."""
        return self._apply(lambda t: t.double() if t.is_floating_point() else t)

    def half(self):
        """Floating point parameters and buffers to float16, in place."""
        return self._apply(lambda t: t.half() if t.is_floating_point() else t)

    def bfloat16(self):
        """Floating point parameters and buffers to bfloat16, in place."""
        return self._apply(lambda t: t.bfloat16() if t.is_floating_point() else t)

    def cpu(self):
        """Everything to the CPU."""
        return self._apply(lambda t: t.cpu())

    def cuda(self, device=None):
        """Everything to a GPU; fails where there is none."""
        return self._apply(lambda t: t.cuda(device))

    def share_memory(self):
        """Everything to shared memory."""
        return self._apply(lambda t: t.share_memory_())

    def train(self, mode=True):
        """Set training mode on this module and all below it."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self):
        """Same as train(False)."""
        return self.train(False)

    def requires_grad_(self, requires_grad=True):
        """Switch gradients of all parameters on or off."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self
