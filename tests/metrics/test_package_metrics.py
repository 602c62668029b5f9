"""Metrics of other packages: what they do wrong is a reason, and no number."""

import numpy as np
import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.metric import METRICS, Metric, MetricFacts, Undefined
from xaudit.metrics.package_metrics import added, added_estimate, added_map_scores
from xaudit.metrics.scores.discrimination import Predictions

VALUES = np.arange(12, dtype=np.float32).reshape(3, 4)
LESIONS = np.eye(3, 4, dtype=bool)[None]
INSIDE = np.ones((3, 4), dtype=bool)
CASES = Predictions(np.array([0.5, -1.0, 2.0]), np.array([True, False, True]), ("a", "b", "b"))


@pytest.fixture
def bring(monkeypatch):
    """Put a metric of another package in place of all that are there."""
    there = {}
    monkeypatch.setattr(METRICS, "_things", there)
    monkeypatch.setattr(METRICS, "_group", None)

    def put(function, kind, bounds=(0.0, 1.0)):
        facts = MetricFacts("theirs", "?", "higher", *bounds, "number", "any", "elsewhere")
        there["theirs"] = Metric(facts, function, kind)
        return there["theirs"]

    return put


def of_map(bring, function, **more):
    bring(function, "map", **more)
    return added_map_scores(VALUES, LESIONS, INSIDE)["theirs"]


def test_a_metric_of_maps_gets_the_map_and_its_lesions(bring):
    share = of_map(bring, lambda values, lesions, inside: values[lesions[0] & inside].sum() / 66)
    assert share == pytest.approx(15 / 66)
    assert isinstance(share, float)
    assert of_map(bring, lambda *_: Undefined("too small")) == Undefined("too small")


def test_metrics_of_this_package_are_not_called_as_added():
    assert added("map") == added("scores") == ()


def overwrites(values, lesions, inside):
    values[:] = 0
    return 1.0


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda *_: float("nan"), "theirs of elsewhere returned nan, not between 0 and 1"),
        (lambda *_: 1.5, "theirs of elsewhere returned 1.5, not between 0 and 1"),
        (lambda *_: None, "theirs of elsewhere failed: float() argument"),
        (lambda *_: np.ones(2), "theirs of elsewhere failed: only "),
        (lambda *_: {}["key"], "theirs of elsewhere failed: 'key'"),
        (overwrites, "theirs of elsewhere failed: assignment destination is read-only"),
    ],
)
def test_what_a_metric_of_maps_does_wrong_is_the_reason(bring, function, reason):
    found = of_map(bring, function)
    assert isinstance(found, Undefined)
    assert found.reason.startswith(reason)
    assert VALUES[2, 3] == 11


def test_bounds_that_are_open_hold_any_finite_value(bring):
    assert of_map(bring, lambda *_: -1e9, bounds=(None, None)) == -1e9
    assert isinstance(of_map(bring, lambda *_: np.inf, bounds=(None, None)), Undefined)


def of_scores(bring, function):
    return added_estimate(bring(function, "scores"), CASES, np.random.default_rng(0), 10)


def test_a_metric_of_scores_gives_its_estimate(bring):
    own = Estimate(0.5, 0.2, 0.8, "theirs", 0.95, n=3, clusters=2)
    assert of_scores(bring, lambda p, rng, draws: own) is own
    none = Estimate.missing("nothing to say", n=3, clusters=2)
    assert of_scores(bring, lambda p, rng, draws: none) is none


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (lambda *_: 0.5, "failed: expected an Estimate, got float"),
        (lambda *_: 1 // 0, "failed: integer division"),
        (lambda *_: Estimate(2.0, 1.0, 3.0, "x", 0.95, n=3), "returned 2, not between 0 and 1"),
    ],
)
def test_what_a_metric_of_scores_does_wrong_is_the_reason(bring, function, reason):
    found = of_scores(bring, function)
    assert found.value is None
    assert reason in found.undefined
    assert (found.n, found.clusters) == (3, 2)
