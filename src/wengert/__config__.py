"""How wengert was built, in words."""

import wengert as _wg


def show():
    """One paragraph on the build.

    >>> show().splitlines()[0]
    'wengert built with:'
    """
    from .backends import cpu

    lines = [
        "wengert built with:",
        "  - a C++20 core on the CPU",
        "  - OpenBLAS (scipy-openblas32)",
        f"  - CPU capability usage: {cpu.get_cpu_capability()}",
        "  - CUDA: no",
        "",
    ]
    return "\n".join(lines)


def parallel_info():
    """The number of threads.

    >>> "get_num_threads" in parallel_info()
    True
    """
    return f"Parallel:\n\tget_num_threads() : {_wg.get_num_threads()}\n"


def _cxx_flags():
    return ""
