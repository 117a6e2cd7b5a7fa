"""`wengert check`: which of the torch names that a script uses are in wengert, without running the script."""

import os
import sys

from . import coverage, names_used

USAGE = "usage: wengert check FILE_OR_FOLDER [...]\n"


def main(argv):
    """Report every missing name with its lines; 0 when nothing is missing, 1 when something is, 2 for bad files.

    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "train.py")
    >>> with open(path, "w") as file:
    ...     _ = file.write("import torch.nested\\ntorch.nested.nested_tensor(None)\\n")
    >>> main([path])  # doctest: +ELLIPSIS
    /.../train.py:1: torch.nested is not in wengert
    /.../train.py:2: torch.nested.nested_tensor is not in wengert
    /.../train.py: covered 0 of 2 names
    1
    """
    if not argv or argv[0] in ("-h", "--help"):
        sys.stderr.write(USAGE)
        return 0 if argv else 2
    status = 0
    for path in _scripts(argv):
        status = max(status, _check(path))
    return status


def _scripts(arguments):
    """The files named, and the .py files in folders named."""
    for argument in arguments:
        if os.path.isdir(argument):
            for folder, _, names in sorted(os.walk(argument)):
                yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".py"))
        else:
            yield argument


def _check(path):
    """Print the report for one file and return its status."""
    try:
        with open(path, "rb") as file:
            used = names_used.scan(file.read(), path)
    except OSError as error:
        sys.stderr.write(f"wengert check: {error}\n")
        return 2
    except (SyntaxError, ValueError) as error:
        sys.stderr.write(f"wengert check: {path} is not Python: {error}\n")
        return 2
    missing = []
    for name, lines in used.items():
        problem = coverage.problem(name)
        if problem is not None:
            missing.append((lines[0], name, lines, problem))
    for first, name, lines, problem in sorted(missing):
        others = f" (also line {', '.join(map(str, lines[1:]))})" if len(lines) > 1 else ""
        print(f"{path}:{first}: {name} {problem}{others}")
    print(f"{path}: covered {len(used) - len(missing)} of {len(used)} names")
    return 1 if missing else 0
