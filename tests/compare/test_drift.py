import numpy as np
import pytest

from xaudit.audit.store.store import CaseRow
from xaudit.compare.drift import drift_findings


def rows(name, count, positives, women, shift=0.0, seed=1):
    scores = np.random.default_rng(seed).normal(shift, 1, count)
    return [
        CaseRow(
            f"{name}{n}", f"{name}{n}", n < positives,
            {"sex": "F" if n % count < women else "M"}, float(scores[n]), 0, "none", False,
        )
        for n in range(count)
    ]  # fmt: skip


def by_name(findings):
    return {(one.metric, one.scope.get("level")): one.estimate for one in findings}


def test_same_cases_do_not_drift():
    found = by_name(drift_findings(rows("a", 50, 20, 25), rows("a", 50, 20, 25)))
    for key in (("prevalence_drift", None), ("share_drift", "F"), ("share_drift", "M")):
        assert (found[key].low, found[key].high) == (0.0, 0.0)
    assert found["score_drift", None].value == 0.0


def test_shares_and_scores_of_other_studies():
    found = by_name(
        drift_findings(rows("a", 200, 100, 150, shift=1.0), rows("b", 100, 30, 50, seed=2))
    )
    assert found["prevalence_drift", None].value == pytest.approx(0.2)
    assert found["prevalence_drift", None].method == "Newcombe hybrid score"
    assert found["share_drift", "F"].value == pytest.approx(0.25)
    assert found["share_drift", "M"].value == pytest.approx(-0.25)
    moved = found["score_drift", None]
    assert moved.low > 0.15  # Φ(1/√2) - 1/2 is 0.26
    assert moved.low < 0.26 < moved.high


def test_level_that_only_one_study_has_is_a_difference():
    old = [row for row in rows("b", 100, 30, 50) if row.groups["sex"] == "F"]
    found = by_name(drift_findings(rows("a", 100, 30, 50), old))
    assert found["share_drift", "M"].value == pytest.approx(0.5)
    assert found["share_drift", "F"].value == pytest.approx(-0.5)


def test_one_changed_label_of_the_same_cases_is_seen():
    found = by_name(drift_findings(rows("a", 50, 21, 25), rows("a", 50, 20, 25)))
    assert found["prevalence_drift", None].value == pytest.approx(0.02)
    assert found["prevalence_drift", None].high > 0.02


def test_nothing_scored_is_said():
    lost = [
        CaseRow("x", "x", True, {}, None, 0, "none", False),
        CaseRow("y", "y", False, {}, None, 0, "none", False),
    ]
    assert by_name(drift_findings(lost, lost))["score_drift", None].value is None
