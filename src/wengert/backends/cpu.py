"""What the CPU can do."""


def get_cpu_capability():
    """The vector instructions that the kernels use, "AVX512", "AVX2" or "DEFAULT".

    >>> get_cpu_capability() in ("AVX512", "AVX2", "DEFAULT", "NEON")
    True
    """
    try:
        with open("/proc/cpuinfo") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    if "avx512f" in flags:
        return "AVX512"
    return "AVX2" if "avx2" in flags else "DEFAULT"
