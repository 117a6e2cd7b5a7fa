"""What a library costs before it does anything: seconds to import, memory, and bytes on disk.

    python benchmarks/startup.py --torch /path/to/python-with-torch [--rounds 11] [--json FILE]

Import time is the time of a whole process that imports the library, less that of one that imports nothing; memory is
the resident set at the end of the import; size is what the installed distribution and all it requires take.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path

RESIDENT = "open('/proc/self/status').read().split('VmRSS:')[1].split()[0]"

SIZE = r"""
import re
import sys
from importlib import metadata
from pathlib import Path
seen, queue, total = set(), [sys.argv[1]], 0
while queue:
    name = queue.pop()
    if name in seen:
        continue
    seen.add(name)
    try:
        dist = metadata.distribution(name)
    except metadata.PackageNotFoundError:  # a requirement for another platform
        continue
    for entry in dist.files or []:
        path = Path(dist.locate_file(entry))
        total += path.stat().st_size if path.is_file() else 0
    for need in dist.requires or []:
        if "extra ==" not in need:
            queue.append(re.match(r"[\w.-]+", need)[0])
print(total)
"""


def seconds(python, code):
    """How long a process takes that runs ``code``."""
    start = time.perf_counter()
    subprocess.run([python, "-c", code], check=True)
    return time.perf_counter() - start


def output(python, code, *args):
    """What a process prints that runs ``code``."""
    return subprocess.run([python, "-c", code, *args], check=True, capture_output=True, text=True).stdout.strip()


def measure(peers, rounds):
    """The figures of each library, its imports timed in turn with the other's."""
    times = {library: [] for library, _ in peers}
    for library, python in peers:
        seconds(python, f"import {library}")  # fills the disk cache
    for _ in range(rounds):
        for library, python in peers:
            bare = seconds(python, "pass")
            times[library].append(seconds(python, f"import {library}") - bare)
    figures = {}
    for library, python in peers:
        figures[library] = {
            "import_seconds": statistics.median(times[library]),
            "resident_mb": int(output(python, f"import {library}; print({RESIDENT})")) / 1024,
            "resident_bare_mb": int(output(python, f"print({RESIDENT})")) / 1024,
            "installed_mb": int(output(python, SIZE, library)) / 1e6,
        }
    return figures


def main():
    """Parse the command line, measure, print, write the file."""
    parser = argparse.ArgumentParser(description="Import time, memory and size of wengert and torch.")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch")
    parser.add_argument("--wengert", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    peers = [("wengert", args.wengert)] + ([("torch", args.torch)] if args.torch else [])
    figures = measure(peers, args.rounds)
    for library, f in figures.items():
        print(
            f"{library:<8} import {1e3 * f['import_seconds']:7.1f} ms   resident {f['resident_mb']:6.1f} MB "
            f"(bare Python {f['resident_bare_mb']:.1f})   installed with requirements {f['installed_mb']:6.1f} MB"
        )
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
