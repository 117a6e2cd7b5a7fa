"""A chain of a million nodes: seconds to build, sweep and free it, and the memory at its peak.

python benchmarks/deep.py [--torch /path/to/python-with-torch] [--nodes 1000000] [--json FILE]
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

CHAIN = """
import importlib, json, resource, sys, time
torch, nodes = importlib.import_module(sys.argv[1]), int(sys.argv[2])
torch.set_num_threads(2)
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
before, clock = peak(), time.perf_counter
x = torch.ones(1, requires_grad=True)
t0 = clock()
y = x
for _ in range(nodes):
    y = y * 1.0
t1 = clock()
y.backward(retain_graph=True)
t2 = clock()
del y
t3 = clock()
assert x.grad.item() == 1.0
print(json.dumps({"build": t1 - t0, "sweep": t2 - t1, "free": t3 - t2, "peak_mb": peak() - before}))
"""


def measure(library, python, nodes):
    """The figures of one library, from a process of its own."""
    command = [python, "-c", CHAIN, library, str(nodes)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main():
    """Parse the command line, measure, print, write the file."""
    parser = argparse.ArgumentParser(description="A very deep graph in wengert and torch.")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch")
    parser.add_argument("--wengert", metavar="PYTHON", default=sys.executable)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    peers = [("wengert", args.wengert)] + ([("torch", args.torch)] if args.torch else [])
    figures = {library: measure(library, python, args.nodes) for library, python in peers}
    for library, f in figures.items():
        print(
            f"{library:<8} build {f['build']:6.3f} s   sweep {f['sweep']:6.3f} s   free {f['free']:6.3f} s   "
            f"peak {f['peak_mb']:7.1f} MB"
        )
    if args.json:
        Path(args.json).write_text(json.dumps(figures, indent=1) + "\n")


if __name__ == "__main__":
    main()
