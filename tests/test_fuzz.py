"""Random calls at everything: a result or an ordinary exception comes back, the machine never falls over.

WENGERT_FUZZ_SECONDS sets how long each seed runs (5 s unless told).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SECONDS = float(os.environ.get("WENGERT_FUZZ_SECONDS", 5))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("program", ["fuzz.py", "fuzz_layers.py"])
def test_random_calls_give_results_or_exceptions(program, seed, tmp_path):
    log = tmp_path / "last_call"
    command = [sys.executable, str(HERE / program), str(seed), str(SECONDS), str(log)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS + 120)
    text = log.read_text() if log.exists() else ""
    assert done.returncode == 0, f"exit code {done.returncode} at {text}\n{done.stderr[-2000:]}"
    assert int(text.split()[0]) > 50
