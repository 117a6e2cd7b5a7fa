"""The house rules as checks: sizes, first sentences, include order, names. Prints what breaks them and exits non-zero.

python tools/house.py [ROOT]
"""

import ast
import re
import subprocess
import sys
from os.path import normpath
from pathlib import Path

MOST_LINES = {".py": 400, ".h": 600, ".cpp": 600, ".def": 600}
MOST_FUNCTION_LINES = 60
MOST_COLUMNS = 160  # the formatters break code at 120; a message of torch's or an address may be longer
UNFINISHED = re.compile(r"(#|//|\*).*\b(TOD[O]|FIXM[E]|XX[X])\b")  # only in comments: torch's messages have such words
GRAB_BAGS = {"utils", "util", "helpers", "misc", "common", "stuff"}
TORCH_OWN = tuple(
    f"src/wengert/{name}"
    for name in ("utils", "_dynamo/utils", "nn/utils", "nn/modules/utils", "distributions/utils", "fx/passes/utils")
)
SAME_NAMES = ("src/wengert/multiprocessing/__init__.py",)  # all of Python's module, and more, as torch's is
PACKAGE = "src/wengert"


def sources(root):
    """The files that the rules are about, as paths relative to the root, from git (new ones included)."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    paths = [Path(p) for p in listed if Path(p).suffix in MOST_LINES]
    return sorted(p for p in paths if (root / p).is_file() and not str(p).startswith("docs/images"))


def check_text(path, text):
    """Rules for any file: its length, the length of its lines, its first line, words of unfinished work."""
    lines = text.splitlines()
    most = MOST_LINES[path.suffix]
    if len(lines) > most:
        yield f"{path}: {len(lines)} lines, at most {most}"
    for number, line in enumerate(lines, 1):
        if path.suffix == ".py" and len(line) > MOST_COLUMNS:
            yield f"{path}:{number}: {len(line)} columns, at most {MOST_COLUMNS}"
        if UNFINISHED.search(line):
            yield f"{path}:{number}: unfinished work belongs into an issue: {line.strip()}"
    if path.suffix != ".py" and lines and not lines[0].startswith("//"):
        yield f"{path}: begins without a sentence that says what it is"


def check_name(path):
    """No grab bags, but for the places where torch has its own."""
    in_torch = str(path).startswith(TORCH_OWN)
    for part in (*path.parts[:-1], path.stem):
        if part in GRAB_BAGS and not in_torch:
            yield f"{path}: '{part}' says nothing about what is in it"


def _is_pytest_mark(node, names):
    """Whether an expression is ``pytest.mark.NAME`` for one of the names."""
    if not isinstance(node, ast.Attribute) or node.attr not in names:
        return False
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def body_length(function):
    """The lines of a function's body: neither its signature nor its docstring makes it harder to hold in the head."""
    body = function.body[1:] if ast.get_docstring(function) and len(function.body) > 1 else function.body
    return function.end_lineno - body[0].lineno + 1


def check_python(path, text):
    """Rules for Python: a docstring, short functions, no star imports, skips with reasons, asserts that can fail."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield f"{path}:{error.lineno}: {error.msg}"
        return
    if tree.body and not ast.get_docstring(tree):
        yield f"{path}: begins without a docstring that says what it is"
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = body_length(node)
            if length > MOST_FUNCTION_LINES:
                yield f"{path}:{node.lineno}: {node.name} has {length} lines, at most {MOST_FUNCTION_LINES}"
        elif isinstance(node, ast.ImportFrom) and any(name.name == "*" for name in node.names):
            if str(path) in SAME_NAMES:
                continue
            yield f"{path}:{node.lineno}: names come by magic: from {node.module} import *"
        elif isinstance(node, ast.Assert) and isinstance(node.test, ast.Constant) and node.test.value:
            yield f"{path}:{node.lineno}: an assertion that cannot fail"
        elif isinstance(node, ast.Call) and _is_pytest_mark(node.func, ("skip", "skipif", "xfail")):
            if not any(k.arg == "reason" for k in node.keywords) and not (node.func.attr == "skip" and node.args):
                yield f"{path}:{node.lineno}: {node.func.attr} without a reason"
        elif _is_pytest_mark(node, ("skip", "xfail")) and id(node) not in called:
            yield f"{path}:{node.lineno}: {node.attr} without a reason"


def _blank(match):
    """As many line breaks as the text had, so that line numbers stay."""
    return "\n" * match[0].count("\n") or " "


def strip_cpp(text):
    """C++ without comments, literals and preprocessor lines, its line numbers unchanged."""
    text = re.sub(r'R"(\w*)\((?:.|\n)*?\)\1"', _blank, text)
    text = re.sub(r'//[^\n]*|/\*(?:.|\n)*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'(?!\w)', _blank, text)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", _blank, text, flags=re.MULTILINE)


def _opens_function(head):
    """Whether a brace after this text opens a function, and not a namespace, a type or a list of values."""
    head = re.sub(r"\b(public|private|protected)\s*:", "", head).strip()
    while head.startswith("template"):
        depth, end = 0, len(head)
        for k, character in enumerate(head):
            depth += (character == "<") - (character == ">")
            if character == ">" and depth == 0:
                end = k + 1
                break
        head = head[end:].strip()
    return "(" in head and not re.match(r"(inline\s+)?(namespace|class|struct|union|enum|extern)\b", head)


def cpp_functions(text):
    """Pairs of first line and length of the functions that stand in namespaces and classes, by matching braces."""
    text, found = strip_cpp(text), []
    stack, start = [], 0  # True: inside a function; the head of what opens is the text since `start`
    for k, character in enumerate(text):
        if character == "{":
            inside = bool(stack) and stack[-1] is not None
            head = text[start:k]
            begins = k - len(head.lstrip()) if not inside and _opens_function(head) else None
            stack.append("inner" if inside else begins)
        elif character == "}" and stack:
            opened = stack.pop()
            if isinstance(opened, int):
                first = text.count("\n", 0, opened) + 1
                found.append((first, text.count("\n", 0, k) + 2 - first))
        if character in "{};" and (not stack or stack[-1] is None):
            start = k + 1
    return found


def include_ranks(readme):
    """The numbered list of core/README.md: pairs of pattern and rank, from the quoted paths of each item."""
    ranks = []
    for line in readme.splitlines():
        item = re.match(r"(\d+)\.\s+(.*?)(\s[—–-]\s|$)", line)
        if item:
            ranks += [(pattern, int(item[1])) for pattern in re.findall(r"`([^`]+)`", item[2])]
    return ranks


def _rank(path, ranks):
    """The rank of a file of core (a path below it): its own line, or its header's, or its folder's; else None."""
    ranks = dict(ranks)
    for name in (str(path), str(path.with_suffix(".h")), f"{path.parent}/*.h", f"{path.parent}/*"):
        if name in ranks:
            return ranks[name]
    return None


def check_includes(root, paths):
    """Floors lean downwards: a file of core includes only files of its own line of the list, or of lines above."""
    readme = root / "core" / "README.md"
    if not readme.is_file():
        return
    ranks = include_ranks(readme.read_text(encoding="utf-8"))
    inside = [p.relative_to("core") for p in paths if p.parts[0] == "core"]
    for path in inside:
        own = _rank(path, ranks)
        if own is None:
            yield f"core/{path}: core/README.md does not list it"
            continue
        text = (root / "core" / path).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            include = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            target = include and next((p for p in _targets(path, include[1]) if p in inside), None)
            rank = target and _rank(target, ranks)
            if rank and rank > own:
                yield f"core/{path}:{number}: includes {target}, which core/README.md lists below it"


def _targets(path, name):
    """Where an include may lead: below core, or beside the file."""
    return [Path(name.removeprefix("core/")), Path(normpath(path.parent / name))]


def check_packages(paths):
    """Every folder of the package is a package."""
    files = set(paths)
    for folder in {p.parent for p in paths if p.suffix == ".py" and str(p).startswith(PACKAGE)}:
        if folder / "__init__.py" not in files:
            yield f"{folder}: has no __init__.py"


def check(root):
    """All that breaks the rules below ``root``, as lines."""
    paths = sources(root)
    for path in paths:
        text = (root / path).read_text(encoding="utf-8")
        yield from check_text(path, text)
        yield from check_name(path)
        if path.suffix == ".py":
            yield from check_python(path, text)
        else:
            for line, length in cpp_functions(text):
                if length > MOST_FUNCTION_LINES:
                    yield f"{path}:{line}: a function of {length} lines, at most {MOST_FUNCTION_LINES}"
    yield from check_includes(root, paths)
    yield from check_packages(paths)


def main(argv):
    """Check the tree that the first argument names, or the one this file is in."""
    root = Path(argv[0]) if argv else Path(__file__).resolve().parent.parent
    problems = list(check(root))
    print("\n".join(problems) if problems else "house rules: nothing to complain about")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
