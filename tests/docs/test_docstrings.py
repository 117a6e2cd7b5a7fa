"""Every example in a docstring of the package does what it says."""

import ast
import doctest
import importlib
from pathlib import Path

import pytest

import wengert as wg

FOLDER = Path(wg.__file__).parent
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef)


def _examples():
    """The docstrings with an example, read from the sources: an op's function is native and hides them from doctest."""
    for path in sorted(FOLDER.rglob("*.py")):
        parts = ("wengert", *path.relative_to(FOLDER).with_suffix("").parts)
        module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, DOCUMENTED) and ">>>" in (ast.get_docstring(node) or ""):
                name = getattr(node, "name", "")
                yield pytest.param(module, name, ast.get_docstring(node), id=f"{module}.{name}")


@pytest.mark.parametrize(("module", "name", "text"), list(_examples()))
def test_example(module, name, text, capsys):
    names = dict(vars(importlib.import_module(module)), torch=wg, wg=wg, wengert=wg)
    test = doctest.DocTestParser().get_doctest(text, names, f"{module}.{name}", None, None)
    result = doctest.DocTestRunner(optionflags=OPTIONS).run(test)
    assert test.examples and result.failed == 0, capsys.readouterr().out
