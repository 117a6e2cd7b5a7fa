"""The command line: `python -m wengert run | check | demo`, also installed as `wengert`."""

import sys

USAGE = """\
usage: wengert run FILE [ARGS...]        run a PyTorch script, unedited, with wengert as its torch
       wengert run -m MODULE [ARGS...]   the same for a module; also -c CODE, and - for standard input
       wengert check FILE [FILE...]      list every torch name that a script uses and wengert lacks
       wengert demo [NAME]               short demonstrations
       wengert --version
"""


def main(argv=None):
    """Run one command and return its exit status (`argv` without the program's name).

    >>> main(["--help"]) == 0
    usage: wengert run FILE [ARGS...]        run a PyTorch script, unedited, with wengert as its torch
    ...
    True
    """
    argv = sys.argv[1:] if argv is None else list(argv)
    command, arguments = (argv[0], argv[1:]) if argv else ("", [])
    if command in ("-h", "--help", "help"):
        print(USAGE, end="")
        return 0
    if command in ("-V", "--version"):
        import wengert

        interface, _, own = wengert.__version__.partition("+wengert.")
        print(f"wengert {own}, torch {interface} for programs that ask")
        return 0
    if command == "run":
        from .cli import run

        return run.main(arguments)
    if command == "check":
        from .cli import check

        return check.main(arguments)
    if command == "demo":
        from . import demo

        return demo.main(arguments)
    problem = f"wengert: unknown command {command!r}\n" if command else ""
    sys.stderr.write(problem + USAGE)
    return 2


if __name__ == "__main__":
    sys.exit(main())
