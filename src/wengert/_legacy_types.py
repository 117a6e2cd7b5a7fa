"""The older names of tensors by dtype: torch.FloatTensor, torch.LongTensor … as constructors and for isinstance."""

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


class _Type(type):
    """Classes that make, and recognise, plain tensors of one dtype."""

    def __call__(cls, *args, device=None):
        if not args:
            return wg.empty(0, dtype=cls.dtype)
        if all(isinstance(arg, int) for arg in args):
            return wg.empty(*args, dtype=cls.dtype)
        if len(args) > 1:
            given = ", ".join(type(arg).__name__ for arg in args)
            raise TypeError(
                f"new() received an invalid combination of arguments - got ({given}), but expected one of:{_FORMS}"
            )
        (value,) = args
        if isinstance(value, wg.Size):
            return wg.empty(value, dtype=cls.dtype)
        if isinstance(value, wg.Tensor):
            if value.dtype is not cls.dtype:
                raise TypeError(f"expected {cls.__module__}.{cls.__name__} (got {value.type()})")
            return value.detach()
        typed = getattr(value, "_untyped_storage", None)
        if typed is not None and value.dtype is not cls.dtype:
            raise RuntimeError(
                f"Expected a Storage of type {cls.dtype._torch_name} or an UntypedStorage, "
                f"but got type {value.dtype._torch_name} for argument 1 'storage'"
            )
        return wg.tensor(value, dtype=cls.dtype)

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
