"""Intervals of 6 metrics in 40 groups by 2,000 draws of patients, beside fairlearn's MetricFrame.

    python benchmarks/groups.py [CASES] [FAIRLEARN_DRAWS]

Each case is in one of 40 groups (one column, as fairlearn cuts it), and once more in 8 groups (8
columns of 5 levels). fairlearn draws rows, not patients, one draw after the other; its time for
FAIRLEARN_DRAWS more draws (20 unless said; 0 leaves it out) is scaled up. It is no requirement of
ours: pip install fairlearn.
"""

from __future__ import annotations

import resource
import sys
import time
from importlib.util import find_spec

import numpy as np
from scipy.special import expit
from sklearn.metrics import brier_score_loss, roc_auc_score

from xaudit.metrics.discrimination import Predictions
from xaudit.metrics.group_table import draw_group_metrics

METRICS = ("sensitivity", "specificity", "ppv", "brier", "calibration_in_the_large", "auc")
DRAWS = 2000


def study(cases: int) -> tuple[Predictions, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    patients = rng.integers(0, cases // 3, cases)
    labels = rng.random(cases) < 0.4
    logits = rng.normal(size=cases) + 2 * labels - 1
    predictions = Predictions(logits, labels, tuple(f"p{i}" for i in patients))
    return predictions, rng.integers(0, 40, cases), rng.integers(0, 5, (8, cases))


def ours(predictions: Predictions, groups: dict[str, np.ndarray]) -> float:
    start = time.perf_counter()
    drawn = draw_group_metrics(predictions, groups, np.random.default_rng(1), DRAWS, METRICS)
    made = [drawn.estimate(metric, group) for metric in METRICS for group in groups]
    assert all(one.value is not None for one in made)
    return time.perf_counter() - start


def theirs(predictions: Predictions, column: np.ndarray, draws: int) -> float:
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
        y_true=predictions.labels,
        y_pred=expit(predictions.logits),
        sensitive_features=column,
        n_boot=draws,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    assert len(frame.by_group_ci) == 2
    return time.perf_counter() - start


def main() -> None:
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    draws = int(sys.argv[2]) if len(sys.argv) > 2 else 20
    predictions, column, columns = study(cases)
    once = {f"level {i}": column == i for i in range(40)}
    eight = {f"column {c}, level {i}": columns[c] == i for c in range(8) for i in range(5)}
    seconds = ours(predictions, once)
    print(f"{cases} cases, 40 groups, {len(METRICS)} metrics, {DRAWS} draws of patients")
    print(f"xaudit, one column of 40 levels: {seconds:.2f} s")
    print(f"xaudit, eight columns of 5 levels: {ours(predictions, eight):.2f} s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process: {peak:.0f} MB")
    if not draws or not find_spec("fairlearn"):
        print("fairlearn is left out (pip install fairlearn)")
        return
    few, more = (theirs(predictions, column, times * draws) for times in (1, 2))
    slow = (more - few) / draws * DRAWS
    print(f"fairlearn, one column of 40 levels: {slow:.0f} s (from {draws} more draws of rows)")
    print(f"ratio: {slow / seconds:.0f}")


if __name__ == "__main__":
    main()
