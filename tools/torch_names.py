"""Write the list of torch's public names that `wengert run` and `wengert check` consult (needs torch installed).

    python tools/torch_names.py src/wengert/cli/torch_names.z

The file is zlib-compressed text, one line a namespace: `torch.nn.functional relu gelu …`.  A line exists for every
public module of torch and for a few classes whose methods `wengert check` resolves.
"""

import importlib
import pathlib
import sys
import types
import warnings
import zlib

# Internal helpers, test machinery and whatever starts a service or a compiler when imported.
SKIPPED = (
    "torch.testing._",
    "torch.utils.model_dump",
    "torch.utils.collect_env",
    "torch.utils.bottleneck",
    "torch.distributed.launcher",
    "torch.distributed.elastic",
    "torch.distributed.run",
    "torch.distributed.launch",
    "torch.ao.",
    "torch.contrib",
    "torch.utils.benchmark.",
    "torch.utils.hipify",
    "torch.utils.jit",
    "torch.distributed.benchmarks",
    "torch.distributed.pipeline",
    "torch.export.",
    "torch.fx.passes",
    "torch.fx.experimental",
    "torch.onnx.",
    "torch.jit.",
)
CLASSES = (
    "torch.Tensor",
    "torch.Generator",
    "torch.Size",
    "torch.dtype",
    "torch.device",
    "torch.nn.Module",
    "torch.optim.Optimizer",
)
NOISE = {"torch", "TYPE_CHECKING", "T", "P", "R", "K", "V", "F_co", "T_co", "T_module", "m"}
# Modules that cannot be imported where the list is written, with what their documentation names.
DOCUMENTED = {"torch.utils.tensorboard": "FileWriter SummaryWriter", "torch.utils.tensorboard.writer": "SummaryWriter"}


def module_names(root):
    """Names of the public modules under torch's folder, found by file, not by import."""
    yield "torch"
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[-1] == "__init__":
            parts = parts[:-1]
        name = ".".join(("torch",) + parts)
        if parts and not any(part.startswith("_") for part in parts) and not name.startswith(SKIPPED):
            yield name


def is_torchs_own(value):
    """Whether a module's attribute is torch's, not an import of the standard library."""
    if isinstance(value, types.ModuleType):
        return value.__name__.split(".")[0] == "torch"
    module = getattr(value, "__module__", None)
    if isinstance(module, str):
        return module.split(".")[0] in ("torch", "torchgen", "_VariableFunctionsClass")
    return isinstance(value, (str, int, float, tuple, types.BuiltinFunctionType)) or type(value).__module__ == "torch"


def public_names(namespace):
    """The public attribute names of one module."""
    exported = set(getattr(namespace, "__all__", ()))
    settings = set(dir(type(namespace))) - set(dir(types.ModuleType))  # modules that torch replaces by objects
    original = getattr(namespace, "m", None)
    found = set(dir(namespace)) | settings | set(dir(original) if isinstance(original, types.ModuleType) else ())
    return sorted(
        name
        for name in found - NOISE
        if not name.startswith("_")
        and (name in exported or name in settings or is_torchs_own(getattr(namespace, name, None)))
    )


def lines():
    """One text line a namespace."""
    import torch

    warnings.simplefilter("ignore")
    for name in module_names(pathlib.Path(torch.__file__).parent):
        try:
            module = importlib.import_module(name)
        except Exception as error:
            print(f"left out {name}: {type(error).__name__}", file=sys.stderr)
            yield f"{name} {DOCUMENTED.get(name, '')}".rstrip()
            continue
        yield " ".join([name, *public_names(module)])
    for name in CLASSES:
        module, _, attribute = name.rpartition(".")
        cls = getattr(importlib.import_module(module), attribute)
        yield " ".join([name, *(n for n in dir(cls) if not n.startswith("_"))])


def main(argv):
    """Write the list to argv[1] and say how large it is."""
    text = "\n".join(lines()) + "\n"
    packed = zlib.compress(text.encode(), 9)
    pathlib.Path(argv[1]).write_bytes(packed)
    print(f"{text.count(chr(10))} namespaces, {len(text.split())} names, {len(packed)} bytes")


if __name__ == "__main__":
    main(sys.argv)
