"""`wengert run`: runs a script as `python FILE` would, with `import torch` finding wengert."""

import os
import sys
import types

USAGE = "usage: wengert run FILE [ARGS...] | -m MODULE [ARGS...] | -c CODE [ARGS...] | - [ARGS...]\n"


class _CannotStart(Exception):
    """The script cannot be found; its text is what python itself would print."""


def main(argv):
    """Run the script named by the arguments in this process and return 0; its own exit status passes through.

    >>> import subprocess, sys
    >>> script = "import torch; print(torch.tensor([2.0]) * 3)"
    >>> subprocess.run([sys.executable, "-m", "wengert", "run", "-c", script], capture_output=True).stdout
    b'tensor([6.])\\n'
    """
    if not argv or argv[0] in ("-h", "--help"):
        sys.stderr.write(USAGE)
        return 0 if argv else 2
    from .. import _alias

    _alias.install()
    _alias.install_in_children()
    try:
        program = _program(argv)
    except _CannotStart as problem:
        sys.stderr.write(f"{sys.executable}: {problem}\n")
        return 2 if argv[0] != "-m" else 1
    _execute(*program)
    return 0


def _execute(module, get_code):
    """Run the code as `__main__`; an exception leaves with the user's part of its traceback only."""
    sys.modules["__main__"] = module
    code = None
    try:
        code = get_code()
        exec(code, module.__dict__)  # noqa: S102 (running the script is what was asked)
    except SystemExit:
        raise
    except BaseException as error:
        _show_only_the_users_frames(error, code)
        raise


def _show_only_the_users_frames(error, code):
    """Have the interpreter print the exception without the frames that started the script."""
    traceback = error.__traceback__
    while traceback is not None and traceback.tb_frame.f_code is not code:
        traceback = traceback.tb_next
    traceback = _without_alias_frames(traceback)
    hook = sys.excepthook

    def show(kind, value, _):
        sys.last_traceback = traceback
        hook(kind, value.with_traceback(traceback), traceback)

    sys.excepthook = show


def _without_alias_frames(traceback):
    """Drop the import machinery's frames that belong to the alias of torch."""
    from .. import _alias

    kept = []
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename != _alias.__file__:
            kept.append(traceback)
        traceback = traceback.tb_next
    for index, entry in enumerate(kept):
        entry.tb_next = kept[index + 1] if index + 1 < len(kept) else None
    return kept[0] if kept else None


def _main_module(**attributes):
    """A fresh `__main__` with the attributes that python gives it."""
    module = types.ModuleType("__main__")
    if sys.version_info < (3, 14):  # later ones make it when it is asked for
        attributes["__annotations__"] = {}
    module.__dict__.update({"__builtins__": sys.modules["builtins"], **attributes})
    return module


def _set_first_path(entry):
    """Put the script's folder where `python FILE` puts it: in place of the folder wengert was started from."""
    if getattr(sys.flags, "safe_path", False) or sys.flags.isolated:
        return
    sys.path[0:1] = [entry]


def _program(argv):
    """The `__main__` module and a function that compiles its code, for each form of the command."""
    first, rest = argv[0], argv[1:]
    if first == "-m":
        if not rest:
            raise _CannotStart("Argument expected for the -m option")
        return _module_program(rest[0], rest[1:])
    if first == "-c":
        if not rest:
            raise _CannotStart("Argument expected for the -c option")
        source = rest[0]
        sys.argv = ["-c", *rest[1:]]
        _set_first_path("")
        return _main_module(), lambda: compile(source, "<string>", "exec", dont_inherit=True)
    if first == "-":
        sys.argv = list(argv)
        _set_first_path("")
        return _main_module(), lambda: compile(sys.stdin.read(), "<stdin>", "exec", dont_inherit=True)
    return _file_program(first, rest)


def _file_program(path, arguments):
    """A script, a compiled script, or a folder or zip file with a `__main__.py`."""
    import zipfile

    if not os.path.exists(path):
        raise _CannotStart(f"can't open file {os.path.abspath(path)!r}: [Errno 2] No such file or directory")
    sys.argv = [path, *arguments]
    if os.path.isdir(path) or zipfile.is_zipfile(path):
        return _folder_program(path)
    from importlib.machinery import SourceFileLoader, SourcelessFileLoader

    _set_first_path(os.path.dirname(os.path.realpath(path)))
    full_path = os.path.abspath(path)
    compiled = path.endswith(".pyc")
    loader = (SourcelessFileLoader if compiled else SourceFileLoader)("__main__", full_path)
    module = _main_module(__file__=full_path, __loader__=loader, __cached__=None)

    def get_code():
        if compiled:
            return loader.get_code("__main__")
        with open(full_path, "rb") as file:
            return compile(file.read(), full_path, "exec", dont_inherit=True)

    return module, get_code


def _folder_program(path):
    """The `__main__` of a folder or a zip file."""
    import pkgutil

    importer = pkgutil.get_importer(path)
    spec = importer.find_spec("__main__") if importer is not None else None
    if spec is None:
        raise _CannotStart(f"can't find '__main__' module in {os.path.abspath(path)!r}")
    if not (getattr(sys.flags, "safe_path", False) or sys.flags.isolated):
        sys.path[0:1] = [path]
    else:
        sys.path.insert(0, path)
    module = _main_module(__file__=spec.origin, __loader__=spec.loader, __spec__=spec, __package__="")
    return module, lambda: spec.loader.get_code("__main__")


def _module_program(name, arguments):
    """A module found by name, or a package's `__main__`, as for `python -m`."""
    from importlib import util

    _set_first_path(os.getcwd())
    sys.argv = ["-m", *arguments]
    try:
        spec = util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = util.find_spec(name + ".__main__")
    except ModuleNotFoundError as error:
        raise _CannotStart(f"Error while finding module specification for {name!r} ({error})") from None
    if spec is None or spec.loader is None:
        raise _CannotStart(f"No module named {name}")
    sys.argv[0] = spec.origin
    module = _main_module(
        __file__=spec.origin, __loader__=spec.loader, __spec__=spec, __package__=spec.parent, __cached__=spec.cached
    )
    return module, lambda: spec.loader.get_code(spec.name)
