"""The house rules are seen to fail: each is broken on purpose in a tree of its own."""

import importlib.util
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("house", ROOT / "tools" / "house.py")
house = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(house)

LONG_PYTHON = '"""A file."""\n\n\ndef long():\n' + "    x = 1\n" * 61
LONG_CPP = "// A file.\nnamespace a {\nint f(int x) {\n" + "  ++x;\n" * 60 + "}\n}\n"
CORE_LIST = "1. `error.h` — errors\n2. `shape.h`, `sizes.cpp` — sizes\n3. `kernels/*.h` — loops\n4. `ops/*` — ops\n"


def _complaints(tmp_path, files):
    """What the rules say about a tree of these files."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return list(house.check(tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("a.py", '"""A file."""\n' * 401, "401 lines, at most 400"),
        ("a.cpp", "// A file.\n" * 601, "601 lines, at most 600"),
        ("a.py", LONG_PYTHON, "a.py:4: long has 61 lines"),
        ("a.cpp", LONG_CPP, "a.cpp:3: a function of 62 lines"),
        ("a.py", '"""A file."""\n# ' + "x" * 160, "a.py:2: 162 columns"),
        ("a.py", '"""A file."""\n# TO' + "DO: more\n", "a.py:2: unfinished work"),
        ("a.py", "x = 1\n", "begins without a docstring"),
        ("a.h", "int x;\n", "begins without a sentence"),
        ("utils/a.py", '"""A file."""\n', "'utils' says nothing"),
        ("a.py", '"""A file."""\nfrom os import *\n', "names come by magic"),
        ("a.py", '"""A file."""\nassert True\n', "an assertion that cannot fail"),
        ("a.py", '"""A file."""\nimport pytest\n\n\n@pytest.mark.skip\ndef f(): ...\n', "skip without a reason"),
        ("a.py", '"""A file."""\nimport pytest\n\nx = pytest.mark.skipif(1 > 0)\n', "skipif without a reason"),
        ("src/wengert/room/a.py", '"""A file."""\n', "src/wengert/room: has no __init__.py"),
    ],
)
def test_each_rule_complains(tmp_path, name, text, complaint):
    assert any(complaint in line for line in _complaints(tmp_path, {name: text}))


def test_include_order(tmp_path):
    files = {
        "core/README.md": CORE_LIST,
        "core/error.h": "// Errors.\n",
        "core/shape.h": '// Sizes.\n#include "error.h"\n#include "kernels/loops.h"\n',
        "core/sizes.cpp": '// Sizes too.\n#include "shape.h"\n',
        "core/kernels/loops.h": '// Loops.\n#include "../ops/add.h"\n#include "../shape.h"\n',
        "core/ops/add.h": '// Adds.\n#include "core/error.h"\n',
        "core/stray.h": "// Not in the list.\n",
    }
    assert _complaints(tmp_path, files) == [
        "core/kernels/loops.h:2: includes ops/add.h, which core/README.md lists below it",
        "core/shape.h:3: includes kernels/loops.h, which core/README.md lists below it",
        "core/stray.h: core/README.md does not list it",
    ]


def test_braces_that_do_not_open_functions():
    text = """// A file.
template <class T, int (*F)(T)>
struct Box {
  Box() : x{1}, y("{") { go(); }  // }
  int f() const noexcept {
    auto g = [](int a) { return a; };
    return g('{');
  }
};
#define PAIR(a) \\
  { a, a }
const int table[] = {1, 2};
extern "C" {
void h() {
}
}
"""
    assert sorted(set(house.cpp_functions(text))) == [(4, 1), (5, 4), (14, 2)]


def test_torch_has_its_own_utils(tmp_path):
    files = {"src/wengert/utils/__init__.py": '"""Torch\'s."""\n', "src/wengert/__init__.py": '"""The package."""\n'}
    assert _complaints(tmp_path, files) == []
