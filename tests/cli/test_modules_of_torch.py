"""What `import` finds under torch's names: modules below functions of the same name, and modules that are not here."""

import subprocess
import sys

import pytest

PROGRAMS = {
    "a function keeps its name when the module below it is imported": """
import torch.nn.utils.spectral_norm as take
from torch.nn.utils.spectral_norm import SpectralNorm
import torch, torch.nn.utils.weight_norm
print(take is torch.nn.utils.spectral_norm, callable(take), callable(torch.nn.utils.weight_norm), SpectralNorm)
""",
    "modules by from": """
from torch.utils import cpp_extension, mobile_optimizer, model_zoo
from torch.jit import annotations
import torch.jit.annotations, torch.utils.model_zoo
print(callable(model_zoo.load_url), annotations.BroadcastingList2[int], annotations.List[int])
""",
    "private names that libraries import": """
import torch
from torch._tensor_str import PRINT_OPTS, _add_suffixes, _str_intern, _tensor_str
from torch.autograd.functional import _as_tuple, _grad_postprocess, _tuple_postprocess
x = torch.arange(6.0).view(2, 3) / 4
print(_tensor_str(x, 7), _tensor_str(x[:0], 0), _str_intern(x), _add_suffixes("a", ["b", "c"], 2, True))
print(torch._C._get_default_device(), torch.cuda._initialized, torch.finfo(float).eps, torch.iinfo(int).max)
print(torch._convert_indices_from_coo_to_csr(torch.tensor([0, 0, 2]), 3, out_int32=True))
print(torch._convert_indices_from_csr_to_coo(torch.tensor([0, 2, 3]), torch.tensor([1, 2, 0]), transpose=True))
print(torch._segment_reduce(torch.ones(4), "sum", offsets=torch.tensor([0, 3, 4])))
print(_as_tuple(x, "x", "f")[0], _grad_postprocess((x.requires_grad_() * 1,), create_graph=False))
""",
    "a line search by its private name": """
import torch
from torch.optim.lbfgs import _cubic_interpolate, _strong_wolfe
def loss(x, t, d):
    p = (x + t * d).requires_grad_()
    value = (p**4).sum() + (p**2).sum()
    return float(value), torch.autograd.grad(value, p)[0]
x = torch.tensor([1.0, -2.0], dtype=torch.float64)
f, g = loss(x, 0.0, x)
value, gradient, step, calls = _strong_wolfe(loss, x, 1.0, -g, f, g, g.dot(-g))
print(f"{value:.9f}", gradient, step, calls)
print(_cubic_interpolate(0.0, 1.0, torch.tensor(-1.0), 1.0, 2.0, torch.tensor(3.0)))
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_prints_what_torch_prints(name):
    pytest.importorskip("torch")
    source = PROGRAMS[name]
    printed = [
        subprocess.run(
            [sys.executable, "-W", "ignore", *how, "-c", source], capture_output=True, text=True, check=False
        )
        for how in (["-m", "wengert", "run"], [])
    ]
    assert printed[1].returncode == 0, printed[1].stderr
    assert (printed[0].stdout, printed[0].stderr) == (printed[1].stdout, printed[1].stderr)
