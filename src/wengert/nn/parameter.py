"""Tensors that a Module registers by itself: parameters, buffers, and their not-yet-shaped forms."""

from collections import OrderedDict

import wengert as wg

from ..ops._setup import disabled_torch_function

__all__ = [
    "Buffer",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "UninitializedTensorMixin",
    "is_lazy",
]


def _rebuild_parameter(data, requires_grad, backward_hooks):
    """Inverse of pickling a Parameter."""
    return Parameter(data, requires_grad)


def _rebuild_parameter_with_state(data, requires_grad, backward_hooks, state):
    """Inverse of pickling a Parameter that carries attributes of its own."""
    from ..io.tensors import _set_state

    return _set_state(Parameter(data, requires_grad), state)


class _ParameterMeta(type(wg.Tensor)):
    """isinstance(x, Parameter) is true for tensors of other classes, too, that Parameter marked."""

    def __instancecheck__(cls, instance):
        if cls is Parameter and isinstance(instance, wg.Tensor) and getattr(instance, "_is_param", False):
            return True
        return type.__instancecheck__(cls, instance)


class Parameter(wg.Tensor, metaclass=_ParameterMeta):
    """A tensor that counts as a parameter of the Module it is assigned to.

    data: the tensor to wrap (shared, not copied; default an empty one). requires_grad: default True. A tensor of a
    subclass keeps its class and is marked as a parameter; RuntimeError when its detach() gives another class.

    >>> Parameter(wg.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    __torch_function__ = disabled_torch_function

    def __new__(cls, data=None, requires_grad=True):
        if data is None:
            data = wg.empty(0)
        if type(data) is wg.Tensor or type(data) is Parameter:
            return wg.Tensor._make_subclass(cls, data, requires_grad)
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns an "
                f"instance of the same type, but return type {type(marked).__name__} was found instead. To use the type "
                "as a Parameter, please correct the detach() semantics defined by its __torch_dispatch__() implementation."
            )
        marked._is_param = True
        return marked

    def __init__(self, *args, **kwargs):  # a subclass's __new__ has its own arguments
        pass

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.data.clone(memory_format=wg.preserve_format), self.requires_grad)
        memo[id(self)] = result
        return result

    def __repr__(self):
        return "Parameter containing:\n" + super().__repr__()

    __str__ = __repr__

    def __reduce_ex__(self, proto):
        from ..io.tensors import state_of

        state = state_of(self)
        hooks = OrderedDict()
        if not state:
            return _rebuild_parameter, (self.data, self.requires_grad, hooks)
        return _rebuild_parameter_with_state, (self.data, self.requires_grad, hooks, state)


_SHAPELESS = (
    "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict`"
    " when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the"
    " parameters before accessing their attributes."
)
_UNUSABLE = (
    "Attempted to use an uninitialized parameter in {}. This error happens when you are using a `LazyModule` or"
    " explicitly manipulating `torch.nn.parameter.{}` objects. When using LazyModules Call `forward` with a dummy"
    " batch to initialize the parameters before calling torch functions"
)
_ALLOWED = {
    "__hash__", "size", "copy_", "is_complex", "is_floating_point", "half", "float", "double", "char", "short", "int",
    "long", "cuda", "cpu", "to", "get_device",
}  # fmt: skip


class UninitializedTensorMixin:
    """What a tensor without a shape may do: move, change dtype, and be given its shape."""

    cls_to_become = wg.Tensor

    @property
    def shape(self):
        raise RuntimeError(_SHAPELESS)

    __torch_function__ = disabled_torch_function  # until there is one: calls of programs without cost what they did

    @classmethod
    def _begin(cls):
        """Have calls that meet an instance refused, from the first instance on."""
        from ..overrides._taking import watch

        UninitializedTensorMixin.__torch_function__ = UninitializedTensorMixin._refuse
        watch(cls)

    @classmethod
    def _refuse(cls, func, types, args=(), kwargs=None):
        if getattr(func, "__name__", None) in _ALLOWED or type(func).__name__ == "method-wrapper":
            return disabled_torch_function(func, types, args, kwargs or {})
        raise ValueError(_UNUSABLE.format(func, cls.__name__))

    def materialize(self, shape, device=None, dtype=None):
        """Give the tensor its shape, in place; it becomes an ordinary parameter or buffer."""
        device = self.data.device if device is None else device
        dtype = self.data.dtype if dtype is None else dtype
        self.data = wg.empty(shape, device=device, dtype=dtype)
        self.__class__ = self.cls_to_become

    def share_memory_(self):
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters"
            " before calling `module.share_memory()`."
        )

    def __repr__(self):
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __reduce_ex__(self, proto):
        return type(self), (self.requires_grad,)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A parameter whose shape is found at the first forward of a lazy module.

    >>> UninitializedParameter()
    <UninitializedParameter>
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad=True, device=None, dtype=None):
        cls._begin()
        return wg.Tensor._make_subclass(cls, wg.empty(0, device=device, dtype=dtype), requires_grad)

    def __init__(self, requires_grad=True, device=None, dtype=None):
        pass

    def __deepcopy__(self, memo):
        if id(self) in memo:
            return memo[id(self)]
        result = type(self)(self.requires_grad, self.data.device, self.data.dtype)
        memo[id(self)] = result
        return result


class UninitializedBuffer(UninitializedTensorMixin, wg.Tensor):
    """A buffer whose shape is found at the first forward of a lazy module.

    >>> UninitializedBuffer()
    <UninitializedBuffer>
    """

    cls_to_become = wg.Tensor

    def __new__(cls, requires_grad=False, device=None, dtype=None, persistent=True):
        cls._begin()
        made = wg.Tensor._make_subclass(cls, wg.empty(0, device=device, dtype=dtype), requires_grad)
        made.persistent = persistent
        made._is_buffer = True
        return made

    def __init__(self, requires_grad=False, device=None, dtype=None, persistent=True):
        pass


def is_lazy(param):
    """Whether `param` still waits for its shape.

    >>> is_lazy(UninitializedParameter())
    True
    """
    return isinstance(param, UninitializedTensorMixin)


class _BufferMeta(type):
    """isinstance(x, Buffer) is true for any tensor that Buffer marked."""

    def __instancecheck__(cls, instance):
        if cls is not Buffer:
            return type.__instancecheck__(cls, instance)
        return isinstance(instance, wg.Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(metaclass=_BufferMeta):
    """Marks a tensor as a buffer: assigned to a Module it is registered, saved when `persistent`.

    >>> isinstance(Buffer(wg.zeros(2)), Buffer)
    True
    """

    def __new__(cls, data=None, *, persistent=True):
        if data is None:
            data = wg.empty(0)
        marked = wg._core.let_require_grad(data.detach(), data.requires_grad)
        marked.persistent = persistent
        marked._is_buffer = True
        return marked
