"""`wengert check` lists the torch names that a script uses and wengert lacks."""

import subprocess
import sys
import textwrap

from wengert.cli import check, coverage, names_used, torch_names


def used(source):
    return names_used.scan(textwrap.dedent(source).encode())


def test_imports_and_aliases():
    names = used("""
        import torch
        import torch.nn as nn
        import torch.nn.functional as F
        from torch import optim as o, Tensor
        from torch.utils.data import DataLoader as Loader
        import numpy as np
        net = nn.Linear(1, 2)
        F.relu(torch.ones(3))
        o.lr_scheduler.StepLR
        Loader([])
        np.einsum("i", 3)
        G = torch.nn.functional
        G.gelu(x)
        def f(x: Tensor) -> torch.Size: ...
        getattr(torch, "erf")
    """)
    assert names == {
        "torch.nn": [3],
        "torch.nn.functional": [4, 13],
        "torch.optim": [5],
        "torch.Tensor": [5, 15],
        "torch.utils.data.DataLoader": [6, 11],
        "torch.nn.Linear": [8],
        "torch.nn.functional.relu": [9],
        "torch.ones": [9],
        "torch.optim.lr_scheduler.StepLR": [10],
        "torch.nn.functional.gelu": [14],
        "torch.Size": [15],
        "torch.erf": [16],
    }


def test_methods_of_what_may_be_tensors():
    names = used("""
        import torch, os
        def flip(x): return x
        y = x.unsqueeze(0).sparse_mask(m)
        self.erfinv()
        "a".format(1); "b".unflatten(); [].copy(); os.log(); d.update({}); z.flip()
        y.grad.zero_(); y.shape
        y.not_a_method()
    """)
    assert set(names) == {"Tensor.unsqueeze", "Tensor.sparse_mask", "Tensor.grad", "Tensor.zero_", "Tensor.shape"}


def test_a_name_that_is_assigned_again_is_no_alias():
    assert used("from torch import nn\nnn = 3\nnn.Linear") == {"torch.nn": [1]}


def test_what_a_function_binds_is_its_own():
    source = """
from torch.utils import data
from torch import nn
def train(nn, n=data.Dataset):
    nn.hidden()
    for k, (data, target) in enumerate(loader): data.shuffle(); target.cos()
loader = data.DataLoader(nn.Linear)
for nn in loader: nn.forward_ad()
"""
    used = names_used.scan(source.encode())
    assert used["torch.utils.data.Dataset"] == [4] and used["torch.utils.data.DataLoader"] == [7]
    assert used["torch.nn.Linear"] == [7] and used["Tensor.cos"] == [6]
    assert not {"torch.nn.hidden", "torch.utils.data.shuffle", "torch.nn.forward_ad"} & set(used)


def test_a_package_that_is_not_there(monkeypatch):
    for name in [n for n in sys.modules if n.startswith("wengert.utils.tensorboard")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    assert coverage.problem("torch.utils.tensorboard.SummaryWriter").endswith("pip install tensorboard")


def test_coverage():
    assert coverage.problem("torch.nn.functional.relu") is None
    assert coverage.problem("torch.Tensor.add") is None
    assert coverage.problem("torch.float32.itemsize") is None
    assert coverage.problem("torch.nn.Linear.my_own") is None
    assert coverage.problem("Tensor.add_") is None
    assert coverage.problem("torch.optim.adamw.AdamW") is None
    assert coverage.problem("torch.utils.data.distributed") is None
    assert coverage.problem("torch.nn.modules.activation.MultiheadAttention") is None
    assert coverage.problem("torch.nested") == "is not in wengert"
    assert coverage.problem("torch.nested.nested_tensor") == "is not in wengert"
    assert coverage.problem("torch.fbgemm_linear_fp16_weight") == "is not in wengert"
    assert coverage.problem("Tensor.to_padded_tensor") == "is not in wengert (if this is a tensor)"
    assert coverage.problem("torch.oness") == "is neither in wengert nor, by that name, in torch 2.13"
    assert coverage.problem("torch.hub.load").startswith("is refused: it downloads and runs code")


def test_report(tmp_path, capsys):
    script = tmp_path / "train.py"
    script.write_text(
        "import torch\nimport torch.nested\nx = torch.ones(2)\ntorch.nested.to_padded_tensor('x')\n\ntorch.nested.to_padded_tensor('y')\n"
    )
    assert check.main([str(script)]) == 1
    assert capsys.readouterr().out == (
        f"{script}:2: torch.nested is not in wengert\n{script}:4: torch.nested.to_padded_tensor is not in wengert (also line 6)\n"
        f"{script}: covered 1 of 3 names\n"
    )
    script.write_text("import torch\ntorch.ones(2).sum()\n")
    assert check.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"{script}: covered 2 of 2 names\n"


def test_bad_files(tmp_path, capsys):
    script = tmp_path / "bad.py"
    script.write_text("x = = 1")
    assert check.main([str(script)]) == 2 and check.main([str(tmp_path / "none.py")]) == 2 and check.main([]) == 2
    assert "bad.py is not Python" in capsys.readouterr().err


def test_the_script_is_not_run(tmp_path):
    script = tmp_path / "loud.py"
    script.write_text("import torch\nprint('ran')\nraise SystemExit(5)\n")
    result = subprocess.run(
        [sys.executable, "-m", "wengert", "check", script], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 and "ran" not in result.stdout, result.stderr


def test_the_list_of_names():
    assert {"relu", "cross_entropy", "scaled_dot_product_attention"} <= torch_names.names("torch.nn.functional")
    assert {"ones", "tensor", "no_grad", "float32", "nn"} <= torch_names.names("torch")
    assert {"backward", "add_", "grad", "sparse_mask"} <= torch_names.names("torch.Tensor")
    assert torch_names.has_module("torch.optim.lr_scheduler") and not torch_names.has_module("torch.nonsense")
