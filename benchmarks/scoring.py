"""Time of scoring maps, beside Quantus on the same maps and beside what the maps cost.

    python benchmarks/scoring.py [MAPS]

First the metrics that both have, map by map as both are called, in this process, in turn: the
ratio is what counts. Then every row that an audit stores of a case (four maps, the references,
their agreement), as a share of the time in which the four main methods explain it on the real
MobileNetV2, or on one with random weights where XAUDIT_DETECTORS (or ../shared/data) has none.
All times are of the processor, so that other work on the machine does not count.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings

import numpy as np
from explain import CONTEXT, METHODS, detectors, load, real_cases

from xaudit.audit.scores.agreement import agreement_rows
from xaudit.audit.scores.score import reference_scores, score_rows
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.metrics.maps.localization import hit, mass, pixel_auc, rank_accuracy

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import quantus

PLAIN = {"normalise": False, "abs": False, "disable_warnings": True, "display_progressbar": False}
SHARED = {
    "mass": (mass, quantus.RelevanceMassAccuracy(**PLAIN)),
    "rank accuracy": (rank_accuracy, quantus.RelevanceRankAccuracy(**PLAIN)),
    "hit": (hit, quantus.PointingGame(**PLAIN)),
    "pixel AUC": (pixel_auc, quantus.AUC(**PLAIN)),
}
REPEATS = 7


def seconds(action):
    """Median processor time of a few calls, after one that is not counted."""
    action()
    spent = []
    for _ in range(REPEATS):
        began = time.process_time()
        action()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


def side_by_side(outcomes):
    """Metric → (ours, theirs) in seconds for one map."""
    cases = [one.job.case for one in outcomes]
    maps = [np.maximum(one.attribution.values, 0) for one in outcomes]
    batch = {
        "model": None,
        "x_batch": np.stack([case.image[:1] for case in cases]),
        "y_batch": np.ones(len(cases), int),
        "a_batch": np.stack(maps)[:, None],
        "s_batch": np.stack([case.lesion_mask for case in cases])[:, None],
    }
    for name, (own, other) in SHARED.items():

        def score(own=own):
            return [own(a, case.lesions, case.inside) for a, case in zip(maps, cases, strict=True)]

        def score_theirs(other=other):
            return other(**batch)

        yield name, seconds(score) / len(maps), seconds(score_theirs) / len(maps)


def rows_of(cases, outcomes, grid):
    """Every row that an audit stores of the scores of these cases."""
    count = 0
    for case in cases:
        made = [one.attribution for one in outcomes if one.job.case is case]
        for attribution in made:
            count += len(score_rows(attribution, case, "0 px"))
        count += len(reference_scores(case, grid, "0 px"))
        maps = {one.method: one.values for one in made if one.degenerate is None}
        count += len(list(agreement_rows(maps, case, "0 px")))
    return count


def main(count=4):
    """Print both tables for so many radiographs."""
    cases = real_cases(count)
    name, network, _ = next(iter(detectors()))
    evaluator = Evaluator(load(name, network))
    jobs = [Job(case, make_explainer(method, {})) for case in cases for method in METHODS]
    began = time.process_time()
    outcomes = list(explain_all(evaluator, jobs, CONTEXT))
    explained = time.process_time() - began
    print(f"{len(jobs)} maps of {len(cases)} radiographs, 224 × 224\n")
    print("| metric | xaudit, ms a map | Quantus, ms a map | ratio |\n|---|---|---|---|")
    totals = np.zeros(2)
    readable = [one for one in outcomes if one.attribution.degenerate is None]
    for metric, own, other in side_by_side(readable):
        totals += own, other
        print(f"| {metric} | {own * 1e3:.2f} | {other * 1e3:.2f} | {other / own:.1f} |")
    print(f"| together | {totals[0] * 1e3:.2f} | {totals[1] * 1e3:.2f} | "
          f"{totals[1] / totals[0]:.1f} |")  # fmt: skip
    scoring = seconds(lambda: rows_of(cases, outcomes, evaluator.feature_grid))
    print(f"\nexplaining {explained:.1f} s, all scores {scoring:.2f} s: "
          f"{scoring / explained:.1%} of it")  # fmt: skip


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
