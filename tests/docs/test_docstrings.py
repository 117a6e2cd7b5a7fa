"""Every example in a docstring of the package does what it says."""

import doctest
import importlib
from pathlib import Path

import pytest

import wengert as wg

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def _modules():
    """The names of the package's modules that hold an example, found beside the package's own file."""
    folder = Path(wg.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if ">>>" in path.read_text(encoding="utf-8"):
            parts = ("wengert", *path.relative_to(folder).with_suffix("").parts)
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", list(_modules()))
def test_examples(name):
    module = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"torch": wg, "wg": wg, "wengert": wg}, optionflags=OPTIONS)
    assert result.attempted > 0 and result.failed == 0
