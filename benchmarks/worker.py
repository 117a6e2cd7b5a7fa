"""One library in one process: reads a case and a number of runs from stdin, answers with seconds, until stdin ends."""

import gc
import importlib
import json
import sys
import time

from cases import CASES


def _timed(step, runs, clock):
    """Seconds for one step, as the mean of ``runs`` of them without garbage collection in between."""
    gc.collect()
    gc.disable()
    start = clock()
    for _ in range(runs):
        step()
    seconds = (clock() - start) / runs
    gc.enable()
    return seconds


def _prepared(torch, name, target, clock):
    """The step of a case, the first value it gives, and how many runs of it fill ``target`` seconds."""
    step = CASES[name](torch)
    value = float(step().detach().reshape(-1)[0])
    step()
    runs = max(1, round(target / _timed(step, 1, clock)))
    if runs > 1:
        runs = max(1, round(target / _timed(step, max(1, runs // 10), clock)))
    return step, value, runs


def main(library, threads, target, clock):
    """Serve timings: ``{"case": name}`` starts a case, ``{"time": true}`` asks for one timing of it."""
    torch = importlib.import_module(library)
    torch.set_num_threads(threads)
    step = runs = None
    for line in sys.stdin:
        request = json.loads(line)
        if "case" in request:
            try:
                step, value, runs = _prepared(torch, request["case"], target, clock)
                answer = {"value": value, "runs": runs}
            except Exception as error:
                answer = {"error": f"{type(error).__name__}: {error}"}
        else:
            answer = {"seconds": _timed(step, runs, clock)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), getattr(time, sys.argv[4]))
