"""Small types of torch's vocabulary: Size, device, layout, memory_format, finfo, iinfo."""

from operator import index

from . import _core


class Size(tuple):
    """The shape of a tensor: a tuple of ints. TypeError for anything else in it.

    >>> Size((2, 3)).numel()
    6
    """

    __slots__ = ()

    def __new__(cls, iterable=()):
        """The sizes, whole numbers of any kind as ints."""
        sizes = tuple(iterable)
        for size in sizes:
            if size.__class__ is not int:
                sizes = tuple(map(_whole, range(len(sizes)), sizes))
                break
        return tuple.__new__(cls, sizes)

    def __repr__(self):
        return f"torch.Size({list(self)})"

    def numel(self):
        """The product of all sizes."""
        n = 1
        for size in self:
            n *= size
        return n

    def __add__(self, other):
        if isinstance(other, tuple):
            return Size(tuple.__add__(self, other))
        reverse = getattr(type(other), "__radd__", None)
        result = NotImplemented if reverse is None else reverse(other, self)
        if result is NotImplemented:
            raise TypeError(f"can only concatenate tuple (not {type(other).__name__}) to torch.Size")
        return result

    def __radd__(self, other):
        return Size(other + tuple(self)) if isinstance(other, tuple) else NotImplemented

    def __mul__(self, n):
        return Size(tuple.__mul__(self, n))

    __rmul__ = __mul__

    def __getitem__(self, at):
        item = tuple.__getitem__(self, at)
        return Size(item) if isinstance(at, slice) else item

    def __reduce__(self):
        return (Size, (tuple(self),))


def _whole(k, size):
    try:
        return index(size)
    except TypeError:
        raise TypeError(f"torch.Size() takes an iterable of 'int' (item {k} is '{type(size).__name__}')") from None


_DEVICE_TYPES = (
    "cpu",
    "cuda",
    "ipu",
    "xpu",
    "mkldnn",
    "opengl",
    "opencl",
    "ideep",
    "hip",
    "ve",
    "fpga",
    "maia",
    "xla",
    "lazy",
    "vulkan",
    "mps",
    "meta",
    "hpu",
    "mtia",
    "privateuseone",
)


class device(_core.Block):
    """Where a tensor lives: the CPU, or "meta", where tensors have no values. Other names can only be written down.

    >>> device("cpu").type
    'cpu'
    """

    __slots__ = ("_undo", "index", "type")

    def __init__(self, type="cpu", index=None):
        if isinstance(type, device):
            type, index = type.type, type.index
        if isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        if not isinstance(type, str):
            raise TypeError(f"device(): argument 'type' (position 1) must be str, not {type.__class__.__name__}")
        if index is not None and not isinstance(index, int):
            raise TypeError(f"device(): argument 'index' (position 2) must be int, not {index.__class__.__name__}")
        if index is not None and index < 0:
            raise RuntimeError("Device index must not be negative")
        name, colon, number = type.partition(":")
        if not all(c.isalpha() or c == "_" for c in name):
            raise RuntimeError(f"Invalid device string: '{type}'")
        if colon:
            if index is not None:
                raise RuntimeError(
                    f"type (string) must not include an index because index was passed explicitly: {type}"
                )
            if not (number.isascii() and number.isdigit()) or number[0] == "0" and number != "0":
                raise RuntimeError(f"Invalid device string: '{type}'")
            index = int(number)
        if name not in _DEVICE_TYPES:
            if not type:
                raise RuntimeError("Device string must not be empty")
            if not name.isascii() or not name.replace("_", "a").isalpha():
                raise RuntimeError(f"Invalid device string: '{type}'")
            raise RuntimeError(
                f"Expected one of {', '.join(_DEVICE_TYPES[:-2])}, mtia, privateuseone device type at start of device string: {name}"
            )
        object.__setattr__(self, "type", name)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name, value):
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def _check_available(self):
        if self.type == "cuda":
            raise AssertionError("Torch not compiled with CUDA enabled")
        if self.type != "cpu":
            raise RuntimeError(f"wengert has no '{self.type}' device: tensors live on the CPU")
        return True

    def __repr__(self):
        return (
            f"device(type='{self.type}')" if self.index is None else f"device(type='{self.type}', index={self.index})"
        )

    def __str__(self):
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self):
        return hash((self.type, self.index))

    def __reduce__(self):
        return (device, (self.type,) if self.index is None else (self.type, self.index))

    def _begin(self):
        from ._tensor.from_data import placing

        return self, *placing(self)


class _Named:
    """A constant of torch's that only has a name."""

    def __init__(self, name):
        self._name = name

    def __repr__(self):
        return f"torch.{self._name}"

    def __reduce__(self):
        return self._name


class layout(_Named):
    """How elements are laid out; wengert has strided tensors only."""


class memory_format(_Named):
    """An order of dims in memory: row-major, channels last, or the one of an operand."""


_LIMITS = {  # bits, eps, max, smallest normal, resolution
    "float16": (16, 2.0**-10, 65504.0, 2.0**-14, 1e-3),
    "bfloat16": (16, 2.0**-7, 3.3895313892515355e38, 2.0**-126, 1e-2),
    "float32": (32, 2.0**-23, 3.4028234663852886e38, 2.0**-126, 1e-6),
    "float64": (64, 2.0**-52, 1.7976931348623157e308, 2.0**-1022, 1e-15),
    "float8_e4m3fn": (8, 2.0**-3, 448.0, 2.0**-6, 1.0),
    "float8_e4m3fnuz": (8, 2.0**-3, 240.0, 2.0**-7, 1.0),
    "float8_e5m2": (8, 2.0**-2, 57344.0, 2.0**-14, 1.0),
    "float8_e5m2fnuz": (8, 2.0**-3, 57344.0, 2.0**-15, 1.0),
    "float8_e8m0fnu": (8, 1.0, 2.0**127, 2.0**-127, 1.0),
}


def _dtype_of(kind):
    """The dtype that one of Python's number types stands for; anything else unchanged."""
    names = {float: "float64", int: "int64", bool: "bool", complex: "complex128"}
    return getattr(_core, names[kind]) if isinstance(kind, type) and kind in names else kind


class _Limits:
    """Limits of a dtype, equal to those of the same dtype."""

    def __eq__(self, other):
        return self.dtype == other.dtype if type(other) is type(self) else NotImplemented

    __hash__ = None


class finfo(_Limits):
    """Limits of a floating-point dtype.

    >>> import wengert
    >>> finfo(wengert.float32).bits
    32
    """

    def __init__(self, type=None):
        dtype = _core.get_default_dtype() if type is None else _dtype_of(type)
        if not isinstance(dtype, _core.dtype):
            name = dtype.__class__.__name__
            raise TypeError(f"finfo(): argument 'type' (position 1) must be torch.dtype, not {name}")
        if not (dtype.is_floating_point or dtype.is_complex):
            raise TypeError(
                "torch.finfo() requires a floating point input type. Use torch.iinfo to handle 'torch.finfo'"
            )
        dtype = dtype.to_real() if dtype.is_complex else dtype
        self.dtype = dtype.name
        self.bits, self.eps, self.max, self.tiny, self.resolution = _LIMITS[dtype.name]
        self.min, self.smallest_normal = -self.max, self.tiny
        if self.dtype == "float8_e8m0fnu":
            self.min = self.tiny  # powers of two, without a sign

    def __repr__(self):
        return (
            f"finfo(resolution={self.resolution:g}, min={self.min:g}, max={self.max:g}, eps={self.eps:g}, "
            f"smallest_normal={self.smallest_normal:g}, tiny={self.tiny:g}, dtype={self.dtype})"
        )


class iinfo(_Limits):
    """Limits of an integer dtype.

    >>> import wengert
    >>> iinfo(wengert.uint8).max
    255
    """

    def __init__(self, type):
        type = _dtype_of(type)
        if not isinstance(type, _core.dtype):
            name = type.__class__.__name__
            raise TypeError(f"iinfo(): argument 'type' (position 1) must be torch.dtype, not {name}")
        if type.name == "bool":
            raise TypeError("torch.bool is not supported by torch.iinfo")
        if type.is_floating_point or type.is_complex:
            raise TypeError("torch.iinfo() requires an integer input type. Use torch.finfo to handle 'torch.iinfo'")
        self.dtype, self.bits = type.name, type.itemsize * 8
        signed = type.is_signed
        self.max = 2 ** (self.bits - signed) - 1
        self.min = -(2 ** (self.bits - 1)) if signed else 0

    def __repr__(self):
        return f"iinfo(min={self.min:g}, max={self.max:g}, dtype={self.dtype})"


strided, sparse_coo = layout("strided"), layout("sparse_coo")
sparse_csr, sparse_csc, sparse_bsr, sparse_bsc = map(layout, ("sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"))
contiguous_format, preserve_format = memory_format("contiguous_format"), memory_format("preserve_format")
channels_last, channels_last_3d = memory_format("channels_last"), memory_format("channels_last_3d")
