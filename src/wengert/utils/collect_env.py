"""torch.utils.collect_env: what a report of a problem should say of the machine and the packages."""

import collections
import platform
import sys

SystemEnv = collections.namedtuple(
    "SystemEnv",
    "torch_version is_debug_build cuda_compiled_version os libc_version python_version python_platform "
    "is_cuda_available pip_packages cpu_info",
)


def _packages():
    """The installed packages that numbers depend on, a line each."""
    from importlib import metadata

    names = ("numpy", "wengert", "scipy", "scipy-openblas32", "torchvision")
    found = []
    for name in names:
        try:
            found.append(f"[pip3] {name}=={metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    return "\n".join(found) or "Could not collect"


def get_env_info():
    """What is known of this machine and its packages, as a named tuple of texts.

    >>> get_env_info().is_cuda_available
    'False'
    """
    import os

    import wengert

    libc = "-".join(platform.libc_ver())
    return SystemEnv(
        torch_version=str(wengert.__version__),
        is_debug_build="False",
        cuda_compiled_version="None",
        os=f"{platform.system()} ({platform.machine()})",
        libc_version=libc if libc != "-" else "N/A",
        python_version=f"{sys.version.replace(chr(10), ' ')} ({sys.maxsize.bit_length() + 1}-bit runtime)",
        python_platform=platform.platform(),
        is_cuda_available="False",
        pip_packages=_packages(),
        cpu_info=f"{platform.processor() or platform.machine()}, {os.cpu_count()} CPUs",
    )


def pretty_str(envinfo):
    """The named tuple as the text that people paste into a report."""
    return f"""PyTorch version: {envinfo.torch_version}
Is debug build: {envinfo.is_debug_build}
CUDA used to build PyTorch: {envinfo.cuda_compiled_version}

OS: {envinfo.os}
Libc version: {envinfo.libc_version}

Python version: {envinfo.python_version}
Python platform: {envinfo.python_platform}
Is CUDA available: {envinfo.is_cuda_available}

CPU:
{envinfo.cpu_info}

Versions of relevant libraries:
{envinfo.pip_packages}"""


def get_pretty_env_info():
    """The report as one text."""
    return pretty_str(get_env_info())


def main():
    """Print the report."""
    print("Collecting environment information...")
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
