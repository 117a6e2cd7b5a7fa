"""The older names of tensors by dtype: torch.FloatTensor, torch.LongTensor … as constructors and for isinstance."""

from numbers import Integral

import wengert as wg

_DTYPES = {
    "FloatTensor": "float32",
    "DoubleTensor": "float64",
    "HalfTensor": "float16",
    "BFloat16Tensor": "bfloat16",
    "LongTensor": "int64",
    "IntTensor": "int32",
    "ShortTensor": "int16",
    "CharTensor": "int8",
    "ByteTensor": "uint8",
    "BoolTensor": "bool",
}


_FORMS = """
 * (*, torch.device device = None)
 * (torch.Storage storage)
 * (Tensor other)
 * (tuple of ints size, *, torch.device device = None)
 * (object data, *, torch.device device = None)
"""


_IN_C = {"float16": "c10::Half", "bfloat16": "c10::BFloat16", "float32": "float", "float64": "double", "bool": "bool"}
_IN_C |= {"int64": "long int", "int32": "int", "int16": "short int", "int8": "signed char", "uint8": "unsigned char"}


def _options(dtype):
    name = str(dtype).rpartition(".")[2]
    return (
        f"TensorOptions(dtype={_IN_C.get(name, name)}, device=cpu, layout=Strided, requires_grad=false (default), "
        "pinned_memory=false (default), memory_format=(nullopt))"
    )


def construct(dtype, *args, size=None, device=None):
    """What torch.FloatTensor(...) and tensor.new(...) make: sizes if given as numbers or a Size, else the data.

    A tensor of the same dtype is shared. TypeError for another dtype, and for what is not a sequence.
    """
    if size is not None:
        args = (wg.Size(size), *args)
    if not args:
        return wg.empty(0, dtype=dtype)
    if all(isinstance(arg, Integral) for arg in args):
        return wg.empty(*args, dtype=dtype)
    if len(args) > 1:
        given = ", ".join(type(arg).__name__ for arg in args)
        raise TypeError(
            f"new() received an invalid combination of arguments - got ({given}), but expected one of:{_FORMS}"
        )
    (value,) = args
    if isinstance(value, wg.Size):
        return wg.empty(value, dtype=dtype)
    if isinstance(value, wg.Tensor):
        if value.dtype is not dtype:
            raise TypeError(f"expected {_options(dtype)} (got {_options(value.dtype)})")
        return value.detach()
    typed = getattr(value, "_untyped_storage", None)
    if typed is not None and value.dtype is not dtype:
        raise RuntimeError(
            f"Expected a Storage of type {dtype._torch_name} or an UntypedStorage, "
            f"but got type {value.dtype._torch_name} for argument 1 'storage'"
        )
    if isinstance(value, str):
        raise TypeError("new(): invalid data type 'str'")
    if not hasattr(value, "__len__") or isinstance(value, (dict, set)):
        raise TypeError(f"new(): data must be a sequence (got {type(value).__name__})")
    return wg.tensor(value, dtype=dtype)


class _Type(type):
    """Classes that make, and recognise, plain tensors of one dtype."""

    def __call__(cls, *args, **options):
        return construct(cls.dtype, *args, **options)

    def __instancecheck__(cls, instance):
        return isinstance(instance, wg.Tensor) and instance.dtype is cls.dtype

    def __repr__(cls):
        return f"<class 'torch.{cls.__name__}'>"


def __getattr__(name):
    if name not in _DTYPES:
        raise AttributeError(f"module 'torch' has no attribute '{name}'")
    dtype = getattr(wg, _DTYPES[name])
    made = _Type(
        name,
        (),
        {
            "dtype": dtype,
            "__module__": "torch",
            "__doc__": f"Tensors of {dtype}.",
            "is_cuda": False,
            "is_sparse": False,
        },
    )
    globals()[name] = made
    return made
