"""Methods of Tensor that are written in Python."""

import warnings

from .. import _core
from .._core import Tensor
from ..autograd import _collector
from . import conversion, hooks, rare


def _construct(cls, *args, **kwargs):
    """torch.Tensor(…): an empty tensor of given sizes, or the data, in the default dtype."""
    device = kwargs.pop("device", None)
    if device is not None:
        from .._types import device as make

        make(device)._check_available()
    if kwargs and "data" not in kwargs:
        raise TypeError(f"Tensor() got an unexpected keyword argument '{next(iter(kwargs))}'")
    if "data" in kwargs:
        args = (kwargs["data"],)
    from .. import empty

    if not args:
        made = empty(0)
    elif all(isinstance(a, int) and not isinstance(a, bool) for a in args):
        made = empty(*args)
    elif len(args) == 1 and isinstance(args[0], Tensor):
        made = args[0].detach()
    elif len(args) == 1 and args[0].__class__.__name__ == "Size":
        made = empty(args[0])
    elif len(args) == 1 and not isinstance(args[0], (float, str, bool, complex)):
        from .from_data import over_storage

        dtype = _core.get_default_dtype()
        made = over_storage(args[0], dtype)
        made = _core.tensor(args[0], dtype) if made is None else made
    else:
        raise TypeError(f"new(): data must be a sequence (got {args[0].__class__.__name__})")
    return made if cls is Tensor else Tensor._make_subclass(cls, made)


def backward(self, gradient=None, retain_graph=None, create_graph=False, inputs=None):
    """Sums the gradients of this tensor into the .grad of the leaves it depends on.

    gradient: needed unless this is a scalar, of its shape; retain_graph keeps what the nodes saved for another pass
    (default: create_graph); create_graph records the pass itself; inputs: only these accumulate.

    >>> import wengert
    >>> x = wengert.tensor([2.0], requires_grad=True)
    >>> (x ** 2).backward()
    >>> x.grad
    tensor([4.])
    """
    if gradient is None and not retain_graph and not create_graph and inputs is None:
        return _core.backward_scalar(self)
    from .. import autograd

    autograd.backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def _history(tensor, mend):
    from ..autograd._lines import graph_of

    return graph_of(tensor, mend)


def numpy(self, *, force=False):
    """A NumPy array over the same memory. force: of a detached copy if need be."""
    if force:
        self = self.detach()
    elif self.requires_grad and _core.is_grad_enabled():
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            + _history(self, "detach() it, or keep computing with tensors where the gradient is to pass")
        )
    import numpy as np

    if self.dtype in (_core.bfloat16, _core.complex32) or self.dtype.name.startswith("float8"):
        raise TypeError(f"Got unsupported ScalarType {self.dtype._torch_name}")
    return np.asarray(memoryview(self.detach() if self.requires_grad else self))


def __array__(self, dtype=None, copy=None):
    array = self.numpy()
    if dtype is not None and array.dtype != dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def __array_wrap__(self, array, context=None, return_scalar=False):
    if array.dtype == bool:
        array = array.astype("uint8")
    return _core.from_buffer(array)


def __repr__(self, *, tensor_contents=None):
    from .._tensor_str import tensor_str

    if self._wrapped or _core.transforms():
        from ..func._shown import shown

        return shown(self)
    return tensor_str(self)


def __format__(self, spec):
    return self.item().__format__(spec) if self.dim() == 0 else object.__format__(self, spec)


def __contains__(self, element):
    if isinstance(element, (Tensor, int, float, complex, bool)):
        return bool((element == self).any())
    raise RuntimeError(f"Tensor.__contains__ only supports Tensor or scalar, but you passed in a {element.__class__}.")


def __reversed__(self):
    return self if self.dim() == 0 else self.flip(0)


def __complex__(self):
    return complex(self.item() if self.is_complex() and self.numel() == 1 else float(self))


def __deepcopy__(self, memo):
    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the moment.  If you were "
            "attempting to deepcopy a module, this may be because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001" + _history(self, "copy it with detach().clone()")
        )
    from copy import deepcopy

    from ..storage._memory import deepcopy_storage

    made = deepcopy_storage(self, memo)
    if self.__class__ is not Tensor:
        made = Tensor._make_subclass(self.__class__, made)
    _core.let_require_grad(made, self.requires_grad)
    if self.grad is not None:
        made.grad = deepcopy(self.grad, memo)
    if self.__dict__:
        made.__dict__.update(deepcopy(self.__dict__, memo))
    if self.__class__ is not Tensor:
        from ..io.tensors import slots_of

        for name, value in slots_of(self).items():
            setattr(made, name, deepcopy(value, memo))
    memo[id(self)] = made
    return made


def __reduce_ex__(self, protocol):
    from ..io.pickling import reduce_tensor

    return reduce_tensor(self, protocol)


def cuda(self, device=None, non_blocking=False, memory_format=None):
    """AssertionError: there is no CUDA."""
    raise AssertionError("Torch not compiled with CUDA enabled")


def type(self, dtype=None, non_blocking=False):
    """The name of the tensor's type, or the tensor cast to a dtype (or a name such as "torch.FloatTensor")."""
    if dtype is None:
        return f"torch.{self.dtype._torch_name}Tensor"
    if isinstance(dtype, str):
        for candidate in vars(_core).values():
            if isinstance(candidate, _core.dtype) and dtype in (
                f"torch.{candidate._torch_name}Tensor",
                f"torch.{candidate.name}",
            ):
                return self.to(candidate)
        raise ValueError(f"invalid type: '{dtype}'")
    wanted = _core.get_default_dtype() if dtype is Tensor else getattr(dtype, "dtype", dtype)
    if not isinstance(wanted, _core.dtype):
        if hasattr(dtype, "__mro__"):
            raise ValueError(f"invalid type: '{dtype.__name__}'")
        raise TypeError("dtype must be a type, str, or dtype object")
    return self.to(wanted)


def pin_memory(self, device=None):
    """Itself: there is no device to copy to."""
    return self


def is_shared(self):
    """Whether the memory is shared with other processes."""
    import sys

    reductions = sys.modules.get("wengert.multiprocessing.reductions")  # without it nothing can be shared
    return reductions is not None and reductions.is_shared(self)


def share_memory_(self):
    """Moves the data to memory that other processes see too; returns self."""
    from ..multiprocessing import reductions

    return reductions.share(self)


def untyped_storage(self):
    """The memory of this tensor and of all that share it, as bytes."""
    from ..storage import UntypedStorage

    return UntypedStorage._of(self)


def storage(self):
    """The memory as a TypedStorage (deprecated in torch in favour of untyped_storage)."""
    from ..storage import _warn_typed_storage_removal

    _warn_typed_storage_removal()
    return self._typed_storage()


def _typed_storage(self):
    from ..storage import storage_of

    return storage_of(self)


def storage_type(self):
    """The class of storages of this dtype: torch.FloatStorage."""
    from .. import storage as storages

    return getattr(storages, self._typed_storage()._pickle_storage_type())


def set_(self, source=None, storage_offset=0, size=None, stride=None):
    """Makes this tensor a view of another tensor's memory, or of a storage with the given geometry; returns self."""
    from ..storage._memory import set_tensor

    return set_tensor(self, source, storage_offset, size, stride)


def is_set_to(self, tensor):
    """Whether both are the same view of the same storage."""
    return (
        self._same_storage(tensor)
        and self.storage_offset() == tensor.storage_offset()
        and self.shape == tensor.shape
        and self.stride() == tensor.stride()
    )


def get_device(self):
    """-1: the CPU."""
    return -1


def __cuda_array_interface__(self):
    raise AttributeError("Can't get __cuda_array_interface__ on non-CUDA tensor type: " + self.type())


def attach():
    """Gives Tensor and Node their methods that are written in Python."""
    here = globals()
    for name in (
        "backward",
        "numpy",
        "__array__",
        "__array_wrap__",
        "__repr__",
        "__format__",
        "__contains__",
        "__reversed__",
        "__complex__",
        "__deepcopy__",
        "__reduce_ex__",
        "cuda",
        "type",
        "pin_memory",
        "is_shared",
        "share_memory_",
        "is_set_to",
        "untyped_storage",
        "storage",
        "_typed_storage",
        "storage_type",
        "set_",
        "get_device",
    ):
        here[name].__qualname__ = f"Tensor.{name}"  # as errors of calls show it
        setattr(Tensor, name, here[name])
    for method in (conversion.to, conversion.cpu, conversion.dim_order):
        setattr(Tensor, method.__name__, method)
    for method, dtype in (
        ("float", "float32"),
        ("double", "float64"),
        ("half", "float16"),
        ("bfloat16", "bfloat16"),
        ("long", "int64"),
        ("int", "int32"),
        ("short", "int16"),
        ("char", "int8"),
        ("byte", "uint8"),
        ("bool", "bool"),
        ("cfloat", "complex64"),
        ("cdouble", "complex128"),
    ):
        setattr(Tensor, method, conversion.cast_method(method, dtype))
    Tensor.__array_priority__ = 1000
    Tensor.is_pinned = lambda self, device=None: False
    _collector.attach()
    hooks.attach()
    rare.attach()


def warn_copy_construct(by="torch.tensor"):
    """What torch says of torch.tensor(tensor), and of tensor.new_tensor(tensor)."""
    warnings.warn(
        "To copy construct from a tensor, it is recommended to use sourceTensor.detach().clone() or "
        f"sourceTensor.detach().clone().requires_grad_(True), rather than {by}(sourceTensor).",
        UserWarning,
        stacklevel=3,
    )
