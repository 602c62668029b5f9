"""Peak memory of the explanation stage against the number of cases.

    python benchmarks/memory.py [CASES ...]

Every number of cases runs in a process of its own: the phantom's films, over and over under new
names, through the same shards as an audit, with the reference detector and four methods at small
budgets. Memory is flat when the peak does not grow with the number of cases.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from xaudit.audit.run.shard import ShardWorker, read_cases
from xaudit.audit.store.store import Store
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.phantom.demo import REFERENCE_INPUT, REFERENCE_WEIGHTS
from xaudit.testing import tiny_study

SHARD = 24
METHODS = {
    "gradcam": {},
    "integrated_gradients": {"steps": 4, "max_steps": 4},
    "shap": {"samples": 20, "segments": 5},
    "lime": {"samples": 20, "segments": 5},
}


def peak(count):
    """Megabytes at the most while so many cases are explained."""
    detector = load_detector(DetectorSpec(
        "reference", "1", "xaudit.models.reference:small_cnn", REFERENCE_WEIGHTS, REFERENCE_INPUT
    ))  # fmt: skip
    explainers = [make_explainer(*one) for one in METHODS.items()]
    with tempfile.TemporaryDirectory() as folder:
        films = tiny_study(Path(folder) / "study", patients=25, seed=3).cases
        cases = [replace(films[one % len(films)], case_id=f"case{one}") for one in range(count)]
        names = frozenset(case.case_id for case in cases)
        worker = ShardWorker(Evaluator(detector, 8), explainers, names, Context(1), lambda *_: None)
        store = Store(Path(folder))
        for number, start in enumerate(range(0, count, SHARD)):
            items = read_cases(cases[start : start + SHARD], REFERENCE_INPUT)
            store.write(number, worker.compute(items))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(counts):
    print("| cases | peak MB |\n|---|---|")
    for count in counts:
        command = [sys.executable, __file__, "--one", str(count)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
        print(f"| {count} | {result.stdout.strip()} |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(f"{peak(int(sys.argv[2])):.0f}")
    else:
        main([int(one) for one in sys.argv[1:]] or [50, 500, 2000])
