"""Time wengert beside torch: the same programs, turn by turn, each library in a process of its own.

    python benchmarks/run.py --torch /path/to/python-with-torch [--only WORD] [--rounds 15] [--json FILE]

The two processes stay alive and are asked for one timing in turn, so that a slow minute of the machine hits both.
A ratio is torch's time over wengert's in the same round; its median and the range of its middle half are shown.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

from cases import CASES

HERE = Path(__file__).parent


class Worker:
    """A library in a process that answers requests line by line."""

    def __init__(self, library, python, threads, target, clock):
        self.env = dict(os.environ, OMP_NUM_THREADS=str(threads), MKL_NUM_THREADS=str(threads))
        self.command = [python, str(HERE / "worker.py"), library, str(threads), str(target), clock]
        self.library = library
        self.start()

    def start(self):
        """Begin the process."""
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, text=True, env=self.env)

    def ask(self, **request):
        """Send one request and wait for its answer."""
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            status = self.process.wait()
            self.start()
            return {"error": f"the process ended with status {status}"}
        return json.loads(line)

    def close(self):
        """End the process by ending its input."""
        self.process.stdin.close()
        self.process.wait()


def quartiles(values):
    """The lower quartile, the median and the upper quartile."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def readable(seconds):
    """A time in the unit that suits it."""
    for unit, scale in (("s", 1), ("ms", 1e-3), ("us", 1e-6)):
        if seconds >= scale:
            return f"{seconds / scale:.3g} {unit}"
    return f"{seconds / 1e-9:.3g} ns"


def time_case(name, workers, rounds):
    """The record of one case: each library's times in seconds, the ratios, and whether the values agree."""
    record = {"case": name, "seconds": {w.library: [] for w in workers}}
    values = {}
    for worker in workers:
        answer = worker.ask(case=name)
        if "error" in answer:
            record["error"] = f"{worker.library}: {answer['error']}"
            return record
        values[worker.library] = answer["value"]
    for turn in range(rounds):
        for worker in workers if turn % 2 == 0 else workers[::-1]:
            record["seconds"][worker.library].append(worker.ask(time=True)["seconds"])
    record["median"] = {library: statistics.median(times) for library, times in record["seconds"].items()}
    record["value"] = values
    if len(workers) == 2:
        ours, theirs = (record["seconds"][w.library] for w in workers)
        record["ratio"] = quartiles([b / a for a, b in zip(ours, theirs)])
        a, b = values.values()
        record["same"] = abs(a - b) <= 1e-3 * max(abs(a), abs(b), 1e-6)
    return record


def line(record):
    """One row of the printed table."""
    if "error" in record:
        return f"{record['case']:<58} {record['error']}"
    row = f"{record['case']:<58}" + "".join(f" {readable(t):>9}" for t in record["median"].values())
    if "ratio" in record:
        low, middle, high = record["ratio"]
        row += f" {middle:7.2f}x  ({low:.2f} to {high:.2f})"
        row += "" if record["same"] else f"  VALUES DIFFER {record['value']}"
    return row


def machine():
    """The conditions of the measurement."""
    model = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as lines:
            model = next(row.split(":", 1)[1].strip() for row in lines if row.startswith("model name"))
    except (OSError, StopIteration):
        pass
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def version(library, python):
    """The version that an interpreter has of a library."""
    code = f"import {library}; print({library}.__version__)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def main():
    """Parse the command line, run the cases, print the table, write the file."""
    parser = argparse.ArgumentParser(description="Time wengert beside torch.")
    parser.add_argument("--torch", metavar="PYTHON", help="an interpreter that has torch; without it wengert is alone")
    parser.add_argument("--wengert", metavar="PYTHON", default=sys.executable, help="an interpreter that has wengert")
    parser.add_argument("--only", metavar="WORD", default="", help="only the cases with this word in their name")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.05, help="how long one timing should take")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--cpu", action="store_true", help="CPU time, not elapsed: on a busy machine, with one thread")
    parser.add_argument("--json", metavar="FILE", help="write every timing there")
    args = parser.parse_args()

    peers = [("wengert", args.wengert)] + ([("torch", args.torch)] if args.torch else [])
    clock = "process_time" if args.cpu else "perf_counter"
    conditions = machine() | {"threads": args.threads, "rounds": args.rounds, "clock": clock}
    conditions["versions"] = {library: version(library, python) for library, python in peers}
    print(json.dumps(conditions))
    workers = [Worker(library, python, args.threads, args.seconds, clock) for library, python in peers]
    print(f"{'median of one step':<58}" + "".join(f" {w.library:>9}" for w in workers))
    records = []
    for name in (n for n in CASES if args.only.lower() in n.lower()):
        records.append(time_case(name, workers, args.rounds))
        print(line(records[-1]), flush=True)
    for worker in workers:
        worker.close()
    if args.json:
        Path(args.json).write_text(json.dumps({"conditions": conditions, "cases": records}, indent=1) + "\n")


if __name__ == "__main__":
    main()
