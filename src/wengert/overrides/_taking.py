"""How calls are taken over: by Tensor subclasses, by foreign classes with `__torch_function__`, by modes."""

import functools
import types
import warnings

from .. import _core
from .._core import Tensor
from ._modes import disabled, leaving_on, local, without_mode

# The method that stands for an operator, by the machine's name of the operator.
_METHODS = {
    "rsub": "__rsub__",
    "floor_divide": "__floordiv__",
    "floor_divide_": "__ifloordiv__",
    "bitwise_and": "__and__",
    "bitwise_or": "__or__",
    "bitwise_xor": "__xor__",
    "bitwise_left_shift": "__lshift__",
    "bitwise_right_shift": "__rshift__",
    "bitwise_and_": "__iand__",
    "bitwise_or_": "__ior__",
    "bitwise_xor_": "__ixor__",
    "bitwise_left_shift_": "__ilshift__",
    "bitwise_right_shift_": "__irshift__",
    "bitwise_not": "__invert__",
    "eq": "__eq__",
    "ne": "__ne__",
    "pow.Tensor_Scalar": "pow",
    "pow.Tensor_Tensor": "pow",
    "pow.Scalar": "__rpow__",
    "pow.Tensor_Scalar_": "__ipow__",
    "pow.Tensor_Tensor_": "__ipow__",
}
# Functions that torch never hands over: they make tensors, or only look at an object.
IGNORED = frozenset((
    "as_tensor", "asarray", "broadcast_shapes", "from_dlpack", "from_numpy", "frombuffer", "tensor", "as_subclass",
    "__deepcopy__", "__reduce_ex__", "__dlpack__", "__dlpack_device__", "bartlett_window", "blackman_window",
    "hamming_window", "hann_window", "kaiser_window", "are_deterministic_algorithms_enabled", "compile", "cond",
    "get_default_device", "get_default_dtype", "get_deterministic_debug_mode", "get_device_module",
    "get_float32_matmul_precision", "get_num_interop_threads", "get_num_threads", "get_rng_state", "initial_seed",
    "is_anomaly_enabled", "is_anomaly_check_nan_enabled", "set_anomaly_enabled", "get_printoptions", "elementwise",
    "why", "is_grad_enabled", "is_storage", "is_tensor", "is_warn_always_enabled", "load", "manual_seed", "save",
    "seed", "set_default_device", "set_default_dtype", "set_default_tensor_type", "set_deterministic_debug_mode",
    "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads", "set_num_threads",
    "set_printoptions", "set_rng_state", "sparse_coo_tensor", "sparse_csr_tensor", "set_warn_always", "typename",
    "use_deterministic_algorithms", "vmap",
))  # fmt: skip
# Of those, the ones that modes are asked about.
_OF_MODES = (
    "as_tensor", "asarray", "bartlett_window", "blackman_window", "hamming_window", "hann_window", "kaiser_window",
    "sparse_coo_tensor", "sparse_csr_tensor", "tensor",
)  # fmt: skip
_LOADED_LATE = "is_complex", "is_conj", "is_floating_point", "is_inference", "is_neg", "is_signed", "numel"
# number + tensor reaches the method of the tensor, by these names.
_REFLECTED = {
    **{name: name for name in ("add", "mul", "bitwise_and", "bitwise_or", "bitwise_xor")},
    "pow.Scalar": "__rpow__",
    "floor_divide": "__rfloordiv__",
    "remainder": "__rmod__",
    "bitwise_left_shift": "__rlshift__",
    "bitwise_right_shift": "__rrshift__",
}
# Functions of nn.functional that torch has in C++, and those of torch that it has in Python.
NATIVE = frozenset((
    "adaptive_avg_pool1d", "avg_pool1d", "avg_pool2d", "avg_pool3d", "bilinear", "celu_", "channel_shuffle", "conv1d",
    "conv2d", "conv3d", "conv_tbc", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d", "cosine_similarity",
    "elu_", "gelu", "hardshrink", "hardtanh_", "leaky_relu_", "linear", "logsigmoid", "native_channel_shuffle",
    "one_hot", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "prelu", "relu_", "rrelu_",
    "scaled_dot_product_attention", "selu_", "softplus", "softshrink", "threshold_",
))  # fmt: skip
IN_PYTHON = frozenset((
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_tensors", "cartesian_prod", "cdist",
    "chain_matmul", "einsum", "lu", "meshgrid", "norm", "split", "stft", "tensordot", "unique", "unique_consecutive",
    "unravel_index",
))  # fmt: skip
_watching = False


def convert(result, cls):
    """A result's tensors as instances of a class, inside tuples and lists too."""
    if cls is Tensor:
        return result
    if isinstance(result, Tensor) and not isinstance(result, cls):
        return result.as_subclass(cls)
    if isinstance(result, (tuple, list)):
        parts = [convert(part, cls) for part in result]
        return type(result)(*parts) if _is_plain_namedtuple(result) else type(result)(parts)
    return result


def _is_plain_namedtuple(result):
    return hasattr(result, "_fields") and not hasattr(result, "n_fields")


@functools.cache
def default_nowrap_functions():
    """Attributes whose tensors stay of the class they have."""
    return frozenset((Tensor._base.__get__, Tensor.grad.__get__))


def default_torch_function(cls, func, types, args=(), kwargs=None):
    """Tensor's own `__torch_function__`: call the function and give its results the subclass."""
    if not all(issubclass(cls, kind) for kind in types):
        return NotImplemented
    with disabled():
        result = func(*args, **(kwargs or {}))
    return result if func in default_nowrap_functions() else convert(result, cls)


def relevant(args, kwargs):
    """The arguments whose classes take calls over: one of each class, subclasses before what they derive from."""
    found = []
    for value in (*args, *kwargs.values()):
        for one in value if type(value) in (tuple, list) else (value,):
            if not _core.override_takes(one) or any(type(one) is type(other) for other in found):
                continue
            at = next((k for k, other in enumerate(found) if issubclass(type(one), type(other))), len(found))
            found.insert(at, one)
    return found


def dispatch(function, args, kwargs, found=None):
    """What the first taker makes of a call; NotImplemented when all decline."""
    function = getattr(function, "instead_of", function)  # another thread may have a mode on
    found = relevant(args, kwargs) if found is None else found
    kinds = tuple(type(one) for one in found)
    if local.modes and _core.override_enabled():
        with without_mode() as mode:
            handler = mode.__torch_function__
            if getattr(handler, "__self__", mode) is not mode:
                raise RuntimeError(
                    "Defining your mode's `__torch_function__` as a classmethod is not supported, please make it a plain method"
                )
            result = handler(function, kinds, args, kwargs)
        if result is not NotImplemented:
            return result
    for one in found:
        result = one.__torch_function__(function, kinds, args, kwargs)
        if result is not NotImplemented:
            return result
    return NotImplemented


def warn_of_methods(function, found):
    """What torch says where a class has its `__torch_function__` as a method of its objects."""
    python = isinstance(function, types.FunctionType)
    for one in found:
        if getattr(one.__torch_function__, "__self__", None) is one:
            warnings.warn(
                f"Defining your `__torch_function__{'' if python else '`'} as a plain method is deprecated and will be an "
                "error in future, please define it as a classmethod.",
                DeprecationWarning if python else UserWarning,
                stacklevel=3,
            )


@functools.cache
def _signature(function):
    from . import _signature

    return _signature(function)


def _spelled_out(function, home, args, kwargs):
    """A call as takers of torch's see it: of a function that torch has in Python, what has a default goes by name."""
    name = function.__name__
    if not (name in IN_PYTHON if home == "wengert" else home == "wengert.nn.functional" and name not in NATIVE):
        return args, kwargs
    if name == "einsum" and len(args) == 2 and isinstance(args[1], (list, tuple)):
        args = (args[0], *args[1])
    bound = _signature(function).bind(*args, **kwargs)
    bound.apply_defaults()
    given, named = [], {}
    for key, parameter in bound.signature.parameters.items():
        value = bound.arguments[key]
        if parameter.kind is parameter.VAR_POSITIONAL:
            given.extend(value)
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(value)
        elif parameter.default is parameter.empty:
            given.append(value)
        else:
            named[key] = value
    return tuple(given), named


def take(function, args, kwargs):
    """Called by the machine: a function with an argument that takes over, or an operator by its name."""
    if isinstance(function, str):
        name = _METHODS.get(function, function)
        if function in _REFLECTED and isinstance(args[0], (int, float, complex)):
            name, args = _REFLECTED[function], args[::-1]
        return dispatch(getattr(Tensor, name), args, kwargs)
    found = relevant(args, kwargs)
    warn_of_methods(function, found)
    if function.__name__ in IN_PYTHON:
        args, kwargs = _spelled_out(function, "wengert", args, kwargs)
    result = dispatch(function, args, kwargs, found)
    if result is NotImplemented:
        listed = "\n".join(f"  - tensor subclass {type(one)}" for one in found)
        raise TypeError(
            f"Multiple dispatch failed for 'torch.{function.__name__}'; all __torch_function__ handlers returned "
            f"NotImplemented:\n\n{listed}\n\nFor more information, try re-running with TORCH_LOGS=not_implemented"
        )
    return result


def bind(method, tensor):
    """A method of the machine's, bound to a tensor whose class takes calls over."""
    return functools.partial(_call_method, method, tensor)


def _call_method(method, tensor, *args, **kwargs):
    return dispatch(method, (tensor, *args), kwargs)


def watch(cls=None):
    """From the first class or mode that takes calls over, functions written in Python ask for takers too."""
    global _watching
    if cls is not None:
        _core.override_class(cls)
    if _watching:
        return
    _watching = True
    import wengert as wg
    from wengert.nn import functional

    for name in functional.__all__:
        getattr(functional, name)  # loads them
    for name in _LOADED_LATE:
        getattr(wg, name)
    for space in (wg, functional, wg.linalg, wg.fft, wg.special, Tensor):
        for name, function in list(vars(space).items()):
            public = not name.startswith("_") or name.startswith("__") and space is Tensor
            ignored = name in IGNORED and space is not wg.linalg  # torch.cond is another one
            if isinstance(function, types.FunctionType) and public and not ignored:
                home = getattr(function, "__module__", "") or ""
                if home.startswith("wengert") and not home.startswith("wengert.overrides"):
                    _watch_in_place(
                        function, "wengert" if space is wg else space.__name__
                    )  # it says torch under the alias
                    if space is not Tensor:
                        function.__module__ = space.__name__  # as a program would name it
    _watch_in_place(wg._assert, "wengert")
    for name in _OF_MODES:
        function = getattr(wg, name, None) or _of_sparse(name)
        setattr(wg, name, _watched(function, "wengert", lambda args, kwargs: []))
    for name in ("backward", "grad"):
        setattr(wg.autograd, name, _watched(getattr(wg.autograd, name), "wengert.autograd", _differentiated))


def _of_sparse(name):
    """A function of wengert.sparse while that is being loaded: its class of tensors makes functions watch."""

    def function(*args, **kwargs):
        from .. import sparse

        return getattr(sparse, name)(*args, **kwargs)

    function.__name__ = name
    return function


def _differentiated(args, kwargs):
    """The takers among the outputs and inputs of a backward pass; what flows into it is not asked."""
    named = {name: value for name, value in kwargs.items() if name in ("tensors", "outputs", "inputs")}
    return relevant(args[:2], named)


def _watched(function, home, relevant=relevant, itself=None):
    """What asks for takers first, then calls the function; takers are given `itself`, by default what this gives."""

    @functools.wraps(function)
    def call(*args, **kwargs):
        found = relevant(args, kwargs)
        if not found and not (local.modes and _core.override_enabled()):
            return function(*args, **kwargs)
        public = itself or call
        warn_of_methods(public, found)
        result = dispatch(public, *_spelled_out(public, home, args, kwargs), found)
        if result is not NotImplemented:
            return result
        raise TypeError(
            f"no implementation found for '{home.replace('wengert', 'torch', 1)}.{public.__name__}' on types "
            f"that implement __torch_function__: {[type(one) for one in found]}"
        )

    return call


def _hand_on(*args, **kwargs):
    handler = 0.5  # a constant of the code, for which a watched function's code has its handler
    return handler(*args, **kwargs)


def _watch_in_place(function, home):
    """Have a function ask for takers and stay the object that it is, as programs compare functions and import them."""
    if getattr(function, "_asks", False):
        return
    code, empty = function.__code__, function.__closure__ is None
    plain = types.FunctionType(
        code, function.__globals__, function.__name__, function.__defaults__, function.__closure__
    )
    plain.__kwdefaults__, plain.__module__ = function.__kwdefaults__, function.__module__
    plain.__qualname__ = function.__qualname__  # errors about arguments name it
    handler = _watched(plain, home, itself=function)
    handing = _hand_on.__code__
    constants = tuple(handler if constant == 0.5 else constant for constant in handing.co_consts)
    named = {"co_name": code.co_name, "co_filename": code.co_filename, "co_firstlineno": code.co_firstlineno}
    function.__code__ = handing.replace(co_consts=constants, co_freevars=() if empty else code.co_freevars, **named)
    function.__wrapped__, function._asks = plain, True


_OPERATORS = {  # while a mode is on, Tensor's operators are these, so that plain tensors ask the mode too
    **{f"__{n}__": m for n, m in (("add", "add"), ("sub", "sub"), ("mul", "mul"), ("truediv", "div"), ("pow", "pow"))},
    **{f"__{n}__": f"__{n}__" for n in ("floordiv", "and", "or", "xor", "lshift", "rshift", "invert", "getitem")},
    **{f"__{n}__": f"__{n}__" for n in ("setitem", "len", "bool", "float", "int", "index", "eq", "ne")},
    **{f"__{n}__": f"__{n}__" for n in ("rsub", "rtruediv", "rpow", "rfloordiv", "rmod", "ifloordiv", "ipow", "imod")},
    **{f"__{n}__": n for n in ("matmul", "neg", "abs", "lt", "le", "gt", "ge")},
    **{f"__i{n}__": f"{n}_" for n in ("add", "sub", "mul")},
    "__radd__": "add",
    "__rmul__": "mul",
    "__mod__": "remainder",
    "__itruediv__": "div_",
}
_on = {}  # one entry for each mode that is on in some thread
_plain = {}  # Tensor's operators as they are without modes
_fitted = False  # whether they are those that ask; None while that changes


def _asking(slot, name):
    plain = _plain[slot]
    method = getattr(Tensor, name) if name != slot else plain

    def operator(self, *args):
        if not (local.modes and _core.override_enabled()):
            return plain(self, *args)
        if any(not isinstance(a, (Tensor, int, float, complex, slice, tuple, list, type(None))) for a in args):
            return plain(self, *args)
        return dispatch(method, (self, *args), {})

    operator.instead_of = plain
    return operator


def entering(mode):
    """The changes of a block in which a mode is on, and what follows from them."""
    watch()
    return (*leaving_on((*local.modes, mode)), (_on, object(), True)), _fit_operators


def _fit_operators():
    """Has Tensor's operators ask while a mode is on in some thread; broken off, it is done in full by the next call."""
    global _fitted, _plain
    if _fitted == bool(_on):
        return
    if _fitted is not False:
        _fitted = None
        for slot, plain in _plain.items():
            setattr(Tensor, slot, plain)
        _core.override_operators_back()
    if _on:
        _plain = {slot: getattr(Tensor, slot) for slot in _OPERATORS}
        made = {slot: _asking(slot, name) for slot, name in _OPERATORS.items()}
        _fitted = None
        for slot, operator in made.items():
            setattr(Tensor, slot, operator)
    _fitted = bool(_on)
