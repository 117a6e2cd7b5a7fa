"""Functions of `torch` itself that another function, a method or one word answers."""

import importlib

import wengert as wg


class DeviceObjType:
    """The type of a device in TorchScript, for annotations; nothing has it."""


class OutOfMemoryError(RuntimeError):
    """A device is out of memory."""


class AcceleratorError(RuntimeError):
    """A device failed."""


OutOfMemoryError.__module__ = AcceleratorError.__module__ = DeviceObjType.__module__ = "torch"


def typename(obj):
    """The name of an object's type as torch shows it.

    >>> typename(wg.ones(1)), typename(3)
    ('torch.FloatTensor', 'int')
    """
    if isinstance(obj, wg.Tensor):
        return obj.type()
    kind = obj if hasattr(obj, "__qualname__") else type(obj)
    module = (getattr(kind, "__module__", None) or "").replace("wengert", "torch", 1)
    name = kind.__qualname__
    return name if module in ("", "builtins") else f"{module}.{name}"


def is_distributed(input):
    """False."""
    return False


def is_vulkan_available():
    """False."""
    return False


def detach_(input):
    """`Tensor.detach_` as a function."""
    return input.detach_()


def zero_(input):
    """`Tensor.zero_` as a function."""
    return input.zero_()


def get_device(input):
    """-1: the CPU."""
    return input.get_device()


def adaptive_max_pool1d(input, output_size):
    """The largest value of each part, and where it is."""
    return wg.nn.functional.adaptive_max_pool1d(input, output_size, return_indices=True)


def max_pool1d_with_indices(input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False):
    """The largest value of each window, and where it is."""
    return wg.nn.functional.max_pool1d(input, kernel_size, stride, padding, dilation, ceil_mode, return_indices=True)


def _loss(name):
    """A loss of torch.nn.functional with its reduction as a number, the form that torch itself has."""

    def loss(*args, reduction=0, **kwargs):  # torch's default here: no reduction
        names = ("none", "mean", "sum")
        function = getattr(wg.nn.functional, name)
        return function(*args, reduction=names[reduction] if isinstance(reduction, int) else reduction, **kwargs)

    loss.__name__ = loss.__qualname__ = name
    loss.__doc__ = f"torch.nn.functional.{name}, `reduction` being 0 (none), 1 (mean) or 2 (sum)."
    return loss


cosine_embedding_loss = _loss("cosine_embedding_loss")
hinge_embedding_loss = _loss("hinge_embedding_loss")
margin_ranking_loss = _loss("margin_ranking_loss")
triplet_margin_loss = _loss("triplet_margin_loss")


def get_device_module(device=None):
    """The module for a kind of device, `torch.cpu` by default; RuntimeError for an unknown one."""
    kind = "cpu" if device is None else getattr(device, "type", str(device)).partition(":")[0]
    if kind not in ("cpu", "cuda", "mps", "xpu"):
        raise RuntimeError(f"Invalid device string: '{device}'")
    return importlib.import_module(f"wengert.{kind}")


def compiled_with_cxx11_abi():
    """True."""
    return True
