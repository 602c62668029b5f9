"""Metrics of drawn boxes in many groups, beside a bootstrap of pycocotools.

    OPENBLAS_NUM_THREADS=1 python benchmarks/detection_metrics.py [FILMS] [GROUPS] [DRAWS]

FILMS films (20,000) of half as many patients, 0.8 lesions and 2.7 boxes each, in GROUPS groups
(40: eight attributes of five levels, so that every film is in eight). Of every group with
intervals from 2,000 draws of patients: average precision (0.5:0.95, 0.5, 0.75, small, medium,
large), average recall, sensitivity at seven rates of false boxes, lesion sensitivity, false boxes
per image and per normal image, fit of hits at an operating point.

Beside it pycocotools, the usual way: films are matched once (`evaluate`), each draw puts the
results of its films in a row and calls `accumulate` and `summarize`. Its time is that of
DRAWS draws (3) of one group, scaled up to 2,000 draws of all groups: an extrapolation.
It is given average precision and recall alone. Seconds of the processor, on one thread.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
import time
from pathlib import Path

import numpy as np
from pycocotools.cocoeval import COCOeval

from xaudit.core.boxes import Boxes
from xaudit.metrics.boxes.average_precision import average_precisions
from xaudit.metrics.boxes.marks import FreeResponse, free_response
from xaudit.metrics.boxes.matching import Matched, Truths, matched
from xaudit.metrics.boxes.operating_point import (
    false_boxes_per_image,
    false_boxes_per_normal_image,
    hit_iou,
    lesion_sensitivity,
)
from xaudit.metrics.scores.detection import sensitivities_at_false_marks

sys.path.append(str(Path(__file__).parents[1] / "tests" / "oracles"))

DRAWS, LEVELS = 2000, 5
RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def some_film(rng: np.random.Generator) -> tuple[Boxes, Truths]:
    """A film of a detector that finds 85 % of the lesions, more or less."""
    lesions = _somewhere(rng, int(rng.poisson(0.8)))
    found = lesions[rng.random(len(lesions)) < 0.85]
    size = np.tile(found[:, 2:] - found[:, :2], 2)
    near = found + rng.normal(0, 0.06, found.shape) * size
    near[:, 2:] = np.maximum(near[:, 2:], near[:, :2] + 1)
    far = _somewhere(rng, int(rng.poisson(2)))
    ratings = np.concatenate([rng.normal(1.5, 1, len(near)), rng.normal(0, 1, len(far))])
    drawn = np.vstack([near, far])
    return Boxes(drawn, ratings, np.zeros(len(drawn), int)), Truths.of(
        Boxes(lesions, np.zeros(len(lesions)), np.zeros(len(lesions), int))
    )


def _somewhere(rng: np.random.Generator, count: int) -> np.ndarray:
    start = rng.uniform(0, 800, (count, 2))
    return np.hstack([start, start + rng.uniform(12, 160, (count, 2))])


def ours(matches: Matched, response: FreeResponse) -> None:
    """Every metric of one group."""
    rng, marks = np.random.default_rng, response.marks
    average_precisions(matches, rng(0), DRAWS)
    sensitivities_at_false_marks(marks, RATES, rng(0), DRAWS)
    lesion_sensitivity(marks, 0.5)
    false_boxes_per_image(marks, 0.5, rng(0), DRAWS)
    false_boxes_per_normal_image(marks, 0.5, rng(0), DRAWS)
    hit_iou(response, 0.5, rng(0), DRAWS)


def theirs(drawn: list[Boxes], truths: list[Truths], draws: int) -> tuple[float, float]:
    """Seconds of matching, and of one draw."""
    from coco_boxes import evaluated  # noqa: PLC0415

    start = time.process_time()
    whole = evaluated(drawn, truths)
    once = time.process_time() - start
    sizes, films = len(whole.params.areaRng), len(drawn)
    rng = np.random.default_rng(0)
    start = time.process_time()
    for _ in range(draws):
        rows = rng.integers(films, size=films)
        resampled = COCOeval(iouType="bbox")
        resampled.params = copy.copy(whole.params)
        # Its list of films is one of names: copies of a film need names of their own.
        resampled.params.imgIds = list(range(films))
        resampled.evalImgs = [
            whole.evalImgs[size * films + row] for size in range(sizes) for row in rows
        ]
        resampled._paramsEval = resampled.params
        with contextlib.redirect_stdout(io.StringIO()):
            resampled.accumulate()
            resampled.summarize()
    return once, (time.process_time() - start) / draws


def main(films: int = 20_000, groups: int = 40, draws: int = 3) -> None:
    rng = np.random.default_rng(0)
    drawn, truths = map(list, zip(*(some_film(rng) for _ in range(films)), strict=True))
    patients = np.arange(films) // 2
    start = time.process_time()
    matches = matched(drawn, truths, patients)
    names = [f"{patient:06}" for patient in patients]
    response = free_response(drawn, [truth.boxes for truth in truths], names)
    matching = time.process_time() - start
    levels = [rng.integers(0, LEVELS, patients[-1] + 1)[patients] for _ in range(groups // LEVELS)]
    chosen = [level == one for level in levels for one in range(LEVELS)]
    start = time.process_time()
    for rows in chosen:
        ours(matches.among(rows), response.among(rows))
    took = matching + time.process_time() - start
    where = np.flatnonzero(chosen[0])
    once, each = theirs([drawn[i] for i in where], [truths[i] for i in where], draws)
    slow = groups * (once + DRAWS * each)
    print("| films | groups | xaudit, all metrics | pycocotools, AP and AR, extrapolated | ratio |")
    print("|---|---|---|---|---|")
    print(f"| {films:,} | {groups} | {took:.1f} s | {slow:,.0f} s | {slow / took:,.0f} |")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
