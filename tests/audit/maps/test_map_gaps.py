"""Gaps of maps between groups: on planted scores, by hand and by what a run writes."""

from pathlib import Path

import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.maps.map_gaps import faithfulness_findings, localization_gap_findings
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, ProbeRow, ScoreRow, Store

MEANS = Means(StatisticsConfig(draws=400), 1, "patient")


def run(count=80, gap=0.3, lost=()):
    """Explained cases whose maps lie in the lesion less often at "B"; two cases a patient."""
    rng = np.random.default_rng(4)
    rows = [
        CaseRow(f"c{n}", f"p{n // 2}", True, {"site": "AB"[n // 2 % 2], "sex × site": "x"},
                1.0, 1, "mask", True)
        for n in range(count)
    ]  # fmt: skip
    scores = [
        ScoreRow(row.case_id, "gradcam", metric, float(value), None)
        for row in rows
        if row.case_id not in lost
        for metric, value in (
            ("mass", 0.5 - gap * (row.groups["site"] == "B") + rng.normal(0, 0.05)),
            ("hit", rng.random() < (0.9 if row.groups["site"] == "A" else 0.9 - 2 * gap)),
        )
    ]
    return Results(Store(Path("nowhere")), tuple(rows), tuple(scores), (), {})


def by_id(findings):
    return {one.id: one for one in findings}


def gap_id(metric, level, analysis="scored"):
    return (
        f"{metric}_gap[analysis={analysis},compared=rest,group=site,level={level},method=gradcam]"
    )


def test_gap_is_the_difference_of_means_and_its_interval_holds_the_planted_one():
    results = run()
    found = by_id(localization_gap_findings(results, ["gradcam"], MEANS))
    masses = {row.case_id: row.value for row in results.scores if row.metric == "mass"}
    sides = {
        level: np.mean(
            [masses[row.case_id] for row in results.cases if row.groups["site"] == level]
        )
        for level in "AB"
    }
    one = found[gap_id("mass", "B")]
    assert one.estimate.value == pytest.approx(sides["B"] - sides["A"])
    assert one.estimate.low < -0.3 < one.estimate.high < -0.2
    assert (one.estimate.clusters, one.estimate.n, one.positives) == (40, 80, 40)
    assert found[gap_id("mass", "A")].estimate.value == pytest.approx(-one.estimate.value)
    assert found[gap_id("hit", "B")].estimate.high < 0
    assert not any("×" in key for key in found)


def test_lost_maps_are_left_out_of_the_scored_and_count_in_the_worst_case():
    lost = {f"c{n}" for n in range(80) if n // 2 % 2 == 0 and n % 4 == 0}
    found = by_id(localization_gap_findings(run(gap=0.0, lost=lost), ["gradcam"], MEANS))
    scored, worst = (found[gap_id("mass", "A", how)].estimate for how in ("scored", "worst_case"))
    assert scored.n == 80 - len(lost)
    assert scored.low < 0 < scored.high
    assert worst.n == 80
    assert worst.high < -0.1


def test_small_sides_have_a_reason_and_middling_ones_a_caution():
    small = by_id(localization_gap_findings(run(12), ["gradcam"], MEANS))[gap_id("mass", "A")]
    assert "6 cases on one side, 10 needed" in small.estimate.undefined
    middling = by_id(localization_gap_findings(run(40), ["gradcam"], MEANS))[gap_id("mass", "A")]
    assert "20 cases on one side, 30 needed" in middling.estimate.caution


def test_gain_is_averaged_over_baselines_and_compared():
    results = run()
    rng = np.random.default_rng(5)
    checks = [
        ProbeRow(row.case_id, "gradcam", "symmetric_relevance_gain", "baseline", level,
                 float(0.4 * (row.groups["site"] == "A") + shift + rng.normal(0, 0.02)), None)
        for row in results.cases
        for level, shift in (("mean", 0.1), ("blur", 0.3))
    ]  # fmt: skip
    checks.append(ProbeRow("c0", "gradcam", "stability", "disturbance", "noise", 9.0, None))
    found = by_id(faithfulness_findings(checks, results, MEANS))
    own = found["symmetric_relevance_gain[group=site,level=A,method=gradcam]"].estimate
    gap = found[
        "symmetric_relevance_gain_gap[compared=rest,group=site,level=A,method=gradcam]"
    ].estimate
    assert own.value == pytest.approx(0.6, abs=0.02)
    assert gap.low < 0.4 < gap.high
    assert gap.low > 0.3
    assert found.keys().isdisjoint({"symmetric_relevance_gain[method=gradcam]"})


def test_a_run_states_gaps_of_calibration_and_of_maps(finished):
    found = {one.metric: one for one in read_findings(finished).findings}
    assert {"mass_gap", "hit_gap", "brier_gap", "calibration_slope_gap"} <= found.keys()
