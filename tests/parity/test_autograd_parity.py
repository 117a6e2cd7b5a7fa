"""The programs of autograd_programs.py do the same under torch and under wengert: values, errors, warnings."""

import textwrap
import warnings

import pytest
from autograd_programs import ERRORS, FACTS, POINTS

import wengert

torch = pytest.importorskip("torch", reason="compares with torch")

# Programs that differ for a reason of their own: which class a C attribute is said to belong to.
LIKE = {"grad_fn set": ("torch._C.TensorBase", "Tensor")}


def _run(library, source):
    """(kind of the outcome, its text, the warnings)."""
    scope = {"torch": library, "F": library.nn.functional}
    exec("def program():\n" + textwrap.indent(source, "    "), scope)  # noqa: S102 (the table of programs above)
    library.manual_seed(0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        library.set_warn_always(True)  # also what an earlier test has heard once
        try:
            kind, text = "value", repr(scope["program"]())
        except Exception as error:
            kind, text = type(error).__name__, str(error)
        finally:
            library.set_warn_always(False)
    told = [(w.category.__name__, str(w.message).partition(" (Triggered")[0]) for w in said]
    # torch's first use of some modules warns of torch.jit.script; a traceback shows the code of who calls
    told = [(c, t.partition(" Traceback of")[0]) for c, t in told if "torch.jit.script" not in t]
    return kind, text.replace("wengert", "torch"), told


def _same(name, source):
    kind, text, told = _run(torch, source)
    got = _run(wengert, source)
    text = text.replace(*LIKE[name]) if name in LIKE else text
    assert got[0] == kind, f"{got}, torch: {kind}: {text}"
    # after torch's sentence may come lines of ours
    assert got[1] == text if kind == "value" else got[1] == text or got[1].startswith(text + "\n")
    assert got[2] == told


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_torchs(name):
    _same(name, ERRORS[name])


@pytest.mark.parametrize("name", FACTS)
def test_a_fact_about_graphs_is_torchs(name):
    _same(name, FACTS[name])


@pytest.mark.parametrize("name", POINTS)
def test_the_gradient_at_a_special_point_is_torchs(name):
    expression, _, at = POINTS[name].partition("|")
    source = (
        f"inf, nan = float('inf'), float('nan'); x = torch.tensor({at}, requires_grad=True); y = {expression}\n"
        "return torch.autograd.grad(y.sum(), x, allow_unused=True)[0] if y.requires_grad else None"
    )
    _same(name, source)
