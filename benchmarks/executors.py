"""A whole run by one worker and by two, each with one thread.

    python benchmarks/executors.py [PATIENTS] [EXECUTOR ...]

Films of the phantom, the reference detector, four methods and all checks; each run is `xaudit run`
in a folder of its own, from an empty start to findings.json. What two workers cannot share out is
the start of both, the plan, the maps that only the card shows, and the findings.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.testing import tiny_study

AUDIT = {
    "name": "executors",
    "data": {
        "format": "manifest", "root": "study", "manifest": "manifest.csv", "name": "films",
        "patient": "patient", "groups": ["sex"],
    },
    "detector": {
        "name": "reference", "version": "1", "architecture": "xaudit.models.reference:small_cnn",
        "weights": str(REFERENCE_WEIGHTS),
        "input": {
            "height": 224, "width": 160, "color": "gray", "channels": 1, "mean": [0.35],
            "std": [0.25],
        },
        "output": {"kind": "logit"},
        "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed", "note": "n"}],
    },
    "explain": {
        "methods": {"gradcam": {}, "integrated_gradients": {}, "shap": {}, "lime": {}},
        "checks": {"cases": 20}, "shortcuts": 0,
    },
}  # fmt: skip


def seconds(folder, executor, workers):
    """Of a whole run."""
    out = folder / f"{executor}-{workers}"
    command = [
        sys.executable, "-m", "xaudit", "run", str(folder / "audit.yaml"), "--out", str(out),
        "--executor", executor, "--workers", str(workers),
    ]  # fmt: skip
    cores = sorted(os.sched_getaffinity(0))[:workers]
    began = time.perf_counter()
    # A core and a thread for each worker, also where there is one of them.
    subprocess.run(
        command, check=True, capture_output=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),
    )  # fmt: skip
    return time.perf_counter() - began


def main(patients, executors):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tiny_study(folder / "study", patients=patients, seed=3)
        AUDIT["explain"]["cases"] = patients
        (folder / "audit.yaml").write_text(yaml.safe_dump(AUDIT, sort_keys=False), encoding="utf-8")
        print("| executor | one worker | two workers | ratio |\n|---|---|---|---|")
        for executor in executors:
            one, two = (seconds(folder, executor, workers) for workers in (1, 2))
            print(f"| {executor} | {one:.0f} s | {two:.0f} s | {one / two:.2f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2:] or ["processes", "ray"])
