"""What an interval over patients holds where cases share randomized copies of the detector.

    python benchmarks/randomized_copies.py [AUDITS]

How like its own map the map of a randomized copy is (Grad-CAM, the reference detector) is measured
for 20 copies on 20 fractured films of 20 patients, and its variance is split into that of copies,
of films, and the rest. Audits are then simulated: normal values with these variances, and values
drawn from those that were measured.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from xaudit.audit.run.second_maps import maps_again
from xaudit.data.prepare import prepare
from xaudit.explain.checks.randomize import layers_from_top, randomized
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.metrics.maps.randomization import randomization_similarity
from xaudit.models.load import load_detector
from xaudit.models.spec import DetectorSpec
from xaudit.phantom.demo import REFERENCE_INPUT, REFERENCE_WEIGHTS
from xaudit.stats.resampling.bootstrap import clustered_mean
from xaudit.testing import tiny_study

COPIES = FILMS = 20
DRAWS = 500


def likenesses():
    """(copies, films): size of the rank correlation of both maps."""
    detector = load_detector(DetectorSpec(
        "reference", "1", "xaudit.models.reference:small_cnn", REFERENCE_WEIGHTS, REFERENCE_INPUT
    ))  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        study = tiny_study(Path(folder) / "study", patients=60, seed=5)
        first = {case.patient: case for case in reversed(study.cases) if case.label}
        films = [prepare(case, detector.input) for case in list(first.values())[:FILMS]]
    explainers, context = [make_explainer("gradcam", {})], Context(0)
    own = maps_again(explainers, films, context, Evaluator(detector, 8))
    rows = []
    for seed in range(COPIES):
        copy = Evaluator(randomized(detector, layers_from_top(detector), seed), 8)
        other = maps_again(explainers, films, context, copy)
        rows.append([
            randomization_similarity(own[key], other[key], inside=film.inside)
            for film in films for key in [(film.case.case_id, "gradcam")]
        ])  # fmt: skip
    return np.array(rows, dtype=float)


def variances(values):
    """Of copies, of films, and of what is left; two ways without repeats."""
    copies, films = values.shape
    rest = values - values.mean(1, keepdims=True) - values.mean(0) + values.mean()
    left = (rest**2).sum() / ((copies - 1) * (films - 1))
    return (
        values.mean(1).var(ddof=1) - left / films,
        values.mean(0).var(ddof=1) - left / copies,
        left,
    )


def held(sample, truth, audits, rng):
    """Share of audits whose interval holds the truth, and its mean width."""
    found = [
        clustered_mean(values, [str(n) for n in range(len(values))], rng, draws=DRAWS)
        for values in (sample() for _ in range(audits))
    ]
    inside = np.mean([one.low <= truth <= one.high for one in found])
    return f"{inside:.3f}, width {np.mean([one.high - one.low for one in found]):.3f}"


def main(audits):
    """Print the variances and what the intervals of simulated audits hold."""
    rng = np.random.default_rng(1)
    values = likenesses()
    of_copies, of_films, left = variances(values)
    print(
        f"mean {values.mean():.3f}; copies {of_copies:.4f}, films {of_films:.4f}, rest {left:.4f}"
    )
    for copies in (1, 5, FILMS):

        def normal(copies=copies):
            luck = rng.normal(0, np.sqrt(of_copies), copies)[np.arange(FILMS) % copies]
            return luck + rng.normal(0, np.sqrt(of_films + left), FILMS)

        print(f"{FILMS} films, {copies} copies: {held(normal, 0.0, audits, rng)}")
    for films in (3, 4, 10, 20):

        def measured(films=films):
            return rng.choice(values.ravel(), films)

        print(f"{films} films, a copy each: {held(measured, values.mean(), audits, rng)}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1500)
