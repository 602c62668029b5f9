"""How long a command takes before it does anything, and how much memory.

    python benchmarks/startup.py AUDIT [CHECKOUT]

Every command runs in a process of its own, in turn with `python -c pass` and `import torch`, seven
times; with CHECKOUT also on the code of another checkout. Seconds are medians of the processor's
time, so that other work on the machine hardly counts.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
REPEATS = 7
BESIDE = {"python -c pass": ["-c", "pass"], "import torch": ["-c", "import torch"]}


def commands(audit):
    """What is typed → arguments of Python."""
    calls = (
        "--version", "--help", "gate --help", "run --help", "gaet", "metrics", "schema",
        "policy pack:release", f"gate {audit}", f"card {audit}",
    )  # fmt: skip
    return {one.replace(str(audit), "AUDIT"): ["-m", "xaudit", *one.split()] for one in calls}


def spent(arguments, root):
    """Seconds of the processor, and megabytes, of one process."""
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    quiet = [(os.POSIX_SPAWN_OPEN, one, os.devnull, os.O_WRONLY, 0) for one in (1, 2)]
    command = [sys.executable, *arguments]
    process = os.posix_spawn(sys.executable, command, environment, file_actions=quiet)
    _, _, used = os.wait4(process, 0)
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def main(audit, *others):
    with tempfile.TemporaryDirectory() as folder:
        there = Path(shutil.copytree(audit, Path(folder) / "audit"))
        calls = [(name, what, HERE) for name, what in (BESIDE | commands(there)).items()]
        for other in others:
            calls += [(f"{name}, {Path(other).name}", what, Path(other).resolve())
                      for name, what in commands(there).items()]  # fmt: skip
        runs = [[spent(what, root) for _, what, root in calls] for _ in range(REPEATS)]
    print("| | processor s | MB |\n|---|---|---|")
    for number, (name, _, _) in enumerate(calls):
        columns = zip(*(run[number] for run in runs), strict=True)
        seconds, megabytes = (statistics.median(one) for one in columns)
        print(f"| `{name}` | {seconds:.2f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
