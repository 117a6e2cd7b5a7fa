"""Writes a GraphModule as a Python package."""

import warnings
from pathlib import Path

import wengert as wg

from ..nn.modules._members import _addindent
from . import _names

_SIMPLE = ("Linear", "Conv1d", "Conv2d", "Conv3d", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d")


def write(module, folder, name):
    """Write module.py, __init__.py, state_dict.pt, and a file for each child that its repr does not make anew."""
    folder, pickled = Path(folder), []
    folder.mkdir(exist_ok=True)
    wg.save(module.state_dict(), folder / "state_dict.pt")
    lines = []
    for child_name, child in module.named_children():
        made = repr(child)
        if type(child) not in [getattr(wg.nn, kind) for kind in _SIMPLE]:
            path = folder / f"{child_name}.pt"
            wg.save(child, path)
            pickled.append(child_name)
            shown = repr(child).replace("\r", " ").replace("\n", " ")
            made = f"torch.load(r'{path}', weights_only=False)"
            lines.append(f"setattr(self, '{child_name}', {made}) # {shown}")
        else:
            lines.append(f"setattr(self, '{child_name}', {made})")
    empty = "torch.empty({}, dtype={})"
    for key, value in module._buffers.items():
        if value is not None:
            lines.append(f"self.register_buffer('{key}', {empty.format(list(value.shape), value.dtype)})")
    for key, value in module._parameters.items():
        if value is not None:
            made = empty.format(list(value.shape), value.dtype)
            lines.append(f"setattr(self, '{key}', torch.nn.Parameter({made}))")
    lines.append(f"self.load_state_dict(torch.load(r'{folder}/state_dict.pt'))")
    imports = "\n".join(known.import_str for known in _names.custom_builtins.values())
    head = f"\nimport torch\n{imports}\n\nfrom torch.nn import *\nclass {name}(torch.nn.Module):\n"
    body = "".join(f"        {line}\n" for line in ["super().__init__()", *lines])
    code = f"{head}    def __init__(self):\n{body}{_addindent(module.code, 4)}\n"
    (folder / "module.py").write_text(code)
    (folder / "__init__.py").write_text("from .module import *")
    if pickled:
        warnings.warn(
            f"Was not able to save the following children modules as reprs -saved as pickled files instead: {pickled}",
            stacklevel=3,
        )
