"""Groups of a table of predictions: whole audits, beside the build before and fairlearn.

    python benchmarks/groups.py [ROWS] [FAIRLEARN_DRAWS] [--before] [--audits]

Whole audits of ROWS rows × 500 sites × 60 groups (12 columns of 5 levels; half of them are the
same for all rows of a patient), each in a process of its own: seconds, those of the processor (one
core; others may be busy) and peak memory of this build, and with --before of the build before
groups were told by sums, taken from the history of this repository into a temporary folder.
--audits leaves the rest out.

Beside it fairlearn's MetricFrame: 6 metrics in the 12 columns, one after the other, without gaps.
It draws rows, not patients, one draw after the other; its time for FAIRLEARN_DRAWS more draws (20
unless said; 0 leaves it out) is scaled up to the draws of the audit. It is no requirement of ours:
pip install fairlearn.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

DRAWS = 2000
BEFORE = "78d9480"
"""The last commit in which every group was drawn from its cases."""


def by_fairlearn(table: Mapping[str, np.ndarray], column: str, draws: int) -> float:
    from fairlearn.metrics import MetricFrame  # noqa: PLC0415

    def share(success, among):
        return lambda y, p: float(success(y, p > 0.5)[among(y, p > 0.5)].mean())

    metrics = {
        "sensitivity": share(lambda y, c: c, lambda y, c: y),
        "specificity": share(lambda y, c: ~c, lambda y, c: ~y),
        "ppv": share(lambda y, c: y, lambda y, c: c),
        "brier": brier_score_loss,
        "calibration_in_the_large": lambda y, p: float(y.mean() - p.mean()),
        "auc": roc_auc_score,
    }
    start = time.perf_counter()
    frame = MetricFrame(
        metrics=metrics,
        y_true=table["label"].astype(bool),
        y_pred=table["score"],
        sensitive_features=table[column],
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    assert len(frame.by_group_ci) == 2
    return time.perf_counter() - start


def drawn(rows: int) -> dict[str, np.ndarray]:
    """Columns of a table of 500 sites and 60 groups, two rows of a patient on average."""
    rng = np.random.default_rng(7)
    patient = rng.integers(0, rows // 2, rows)
    label = rng.random(rows) < 0.4
    score = expit(rng.normal(size=rows) + 2 * label - 1).round(6)
    site = rng.integers(0, 500, rows // 2)[patient]
    names_of = {"case": ("c", np.arange(rows)), "patient": ("p", patient), "site": ("s", site)}
    columns = {name: np.char.add(one, of.astype(str)) for name, (one, of) in names_of.items()}
    columns |= {"label": label.astype(int), "score": score}
    for number in range(12):
        level = rng.integers(0, 5, rows // 2)[patient] if number % 2 else rng.integers(0, 5, rows)
        columns[f"g{number}"] = np.char.add("level ", level.astype(str))
    return columns


def table(rows: int, folder: Path) -> Path:
    """The table as a file, and its audit file."""
    columns = drawn(rows)
    with (folder / "table.csv").open("w", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        file.writelines(
            ",".join(map(str, row)) + "\n" for row in zip(*columns.values(), strict=True)
        )
    groups = "".join(f"    g{one}: {{column: g{one}}}\n" for one in range(12))
    audit = folder / "audit.yaml"
    audit.write_text(f"{AUDIT}{groups}", encoding="utf-8")
    return audit


AUDIT = """\
name: scale
detector:
  format: predictions
  name: drawn
  operating_points: [{name: half, probability: 0.5, origin: fixed}]
data:
  table: table.csv
  columns: {id: case, label: label, score: score, patient: patient, site: site}
  groups:
"""


def whole_audit(code: Path, audit: Path, out: Path) -> tuple[float, float, float]:
    """Seconds, those of the processor, and peak megabytes of `xaudit run` with this package."""
    # As pip leaves a package: compiled.
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "OMP_NUM_THREADS": "1"}
    environment = os.environ | compiled | {"PYTHONPATH": str(code)}
    compiling = [sys.executable, "-m", "compileall", "-q", str(code / "xaudit")]
    subprocess.run(compiling, env=environment, check=True)
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "xaudit", "run", str(audit), "--out", str(out)],
        env=environment,
        cwd=out.parent,
        stdout=subprocess.DEVNULL,
    )
    # What the system reports behind its end counts this process too, which made the table.
    peak, ended = 0.0, None
    while ended is None:
        peak = _peak(process.pid) or peak
        time.sleep(0.05)
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        ended = status if pid else None
    if ended:
        raise SystemExit(f"the audit with {code} ended with {os.waitstatus_to_exitcode(ended)}")
    of_processor = usage.ru_utime + usage.ru_stime
    return time.perf_counter() - start, of_processor, peak or usage.ru_maxrss / 1024


def _peak(process: int) -> float | None:
    """Largest megabytes that a process has held so far; None where that is not known."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return float(found[0]) / 1024 if found else None


def audits(rows: int, before: bool) -> float:
    """Seconds of the processor for this build."""
    here = Path(__file__).resolve().parents[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        audit = table(rows, folder)
        seconds, ours, memory = whole_audit(here, audit, folder / "now")
        print(f"{rows} rows, 500 sites, 60 groups: {seconds:.1f} s, {ours:.1f} s of the processor, "
              f"{memory:.0f} MB", flush=True)  # fmt: skip
        if before:
            old = folder / "code"
            old.mkdir()
            packed = subprocess.run(
                ["git", "archive", BEFORE, "xaudit", "templates"],
                cwd=here, check=True, capture_output=True,
            )  # fmt: skip
            subprocess.run(["tar", "-x", "-C", str(old)], input=packed.stdout, check=True)
            slow, theirs, large = whole_audit(old, audit, folder / "then")
            print(f"the build before ({BEFORE}): {slow:.1f} s, {theirs:.1f} s of the processor, "
                  f"{large:.0f} MB")  # fmt: skip
            print(f"ratio: {theirs / ours:.1f} in processor time, {large / memory:.1f} in memory")
    return ours


def main() -> None:
    parser = argparse.ArgumentParser(description="Groups of a table of predictions.")
    parser.add_argument("rows", nargs="?", type=int, default=20_000)
    parser.add_argument("fairlearn_draws", nargs="?", type=int, default=20)
    parser.add_argument("--before", action="store_true", help="also audit with the build before")
    parser.add_argument("--audits", action="store_true", help="leave fairlearn out")
    asked = parser.parse_args()
    ours = audits(asked.rows, asked.before)
    if not asked.audits:
        beside_fairlearn(asked.rows, asked.fairlearn_draws, ours)


def beside_fairlearn(rows: int, draws: int, ours: float) -> None:
    if not draws or not find_spec("fairlearn"):
        print("fairlearn is left out (pip install fairlearn)")
        return
    columns = drawn(rows)
    few, more = (by_fairlearn(columns, "g0", times * draws) for times in (1, 2))
    slow = 12 * (more - few) / draws * DRAWS
    print(f"fairlearn, 12 columns: {slow:.0f} s (from {draws} more draws of rows in one of them)")
    print(f"ratio: {slow / ours:.0f}")


if __name__ == "__main__":
    main()
