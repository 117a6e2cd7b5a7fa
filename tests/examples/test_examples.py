"""Every program in examples/ runs in its short form, ends in an assertion, and is in the list of its README."""

import ast
import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "examples"
PROGRAMS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_example(path, capsys):
    runpy.run_path(str(path), run_name="example")["main"](short=True)
    assert capsys.readouterr().out


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda p: p.stem)
def test_it_ends_in_an_assertion(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    main = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main")
    assert isinstance(main.body[-1], ast.Assert)


def test_the_list_is_complete():
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert PROGRAMS and all(f"`{path.name}`" in listed for path in PROGRAMS)
