"""What summaries make of the rows of maps, on rows whose answer is known."""

import zlib
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.maps.extent import extent_findings
from xaudit.audit.maps.localization import localization_findings
from xaudit.audit.maps.overlap import frozen_threshold_findings, overlap_findings
from xaudit.audit.maps.peaks import peak_findings
from xaudit.audit.maps.reference_gaps import of_ideal_findings, reference_gap_findings
from xaudit.audit.scores.agreement import agreement_findings, agreement_rows, mean_by_case
from xaudit.audit.scores.patient_means import Means
from xaudit.audit.scores.score import map_scores, reference_scores, score_rows
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import CaseRow, MapRow, ScoreRow
from xaudit.core.attribution import AttributionMap, Residual
from xaudit.metrics.maps.overlap import CUTOFFS
from xaudit.metrics.maps.peaks import UNKNOWN
from xaudit.metrics.maps.thresholded import SHARES
from xaudit.testing import planted_case

MEANS = Means(StatisticsConfig(draws=200), 3, "patient")
N = 24


def case_row(number, label=True, form="mask", lesions=None):
    lesions = int(label) if lesions is None else lesions
    return CaseRow(
        f"c{number}", f"p{number // 2}", label, {}, 1.0, lesions, form if label else "none", True
    )


def score(number, metric, value, method="gradcam", lesion=None, at=None):
    reason = None if value is not None else "constant"
    return ScoreRow(f"c{number}", method, metric, value, reason, lesion, at)


def results(cases, scores, maps=()):
    return Results(None, tuple(cases), tuple(scores), tuple(maps), {})


def by_scope(findings, metric, *keys):
    return {
        tuple(one.scope[key] for key in keys): one.estimate
        for one in findings
        if one.metric == metric
    }


def test_gap_to_a_reference_is_the_mean_difference_of_the_same_cases():
    rng = np.random.default_rng(0)
    own, theirs = rng.random(N), rng.random(N)
    rows = [score(n, "mass", own[n] if n else None) for n in range(N)]
    rows += [score(n, "mass", theirs[n], "edge_map") for n in range(N)]
    found = list(reference_gap_findings(results(map(case_row, range(N)), rows), ["gradcam"], MEANS))
    (gap,) = found
    assert gap.scope == {"method": "gradcam", "reference": "edge_map"}
    assert gap.metric == "mass_reference_gap"
    assert gap.estimate.value == pytest.approx((own - theirs)[1:].mean())
    assert (gap.estimate.n, gap.estimate.clusters) == (N - 1, N // 2)


def test_boxes_and_masks_are_taken_apart_where_a_study_has_both():
    cases = [case_row(n, form="box" if n % 2 else "mask") for n in range(2 * N)]
    rows = [score(n, "mass", 0.8 if n % 2 else 0.2) for n in range(2 * N)]
    found = by_scope(
        [one for one in localization_findings(results(cases, rows), ["gradcam"], MEANS)
         if "form" in one.scope and one.scope["analysis"] == "scored"],
        "mass", "form", "method",
    )  # fmt: skip
    assert found["box", "gradcam"].value == pytest.approx(0.8)
    assert found["mask", "gradcam"].value == pytest.approx(0.2)
    drawn = results(map(case_row, range(N)), rows[:N])
    assert not any("form" in one.scope for one in localization_findings(drawn, ["gradcam"], MEANS))
    boxed = results([case_row(n, form="box") for n in range(N)], rows[:N])
    found = localization_findings(boxed, ["gradcam"], MEANS)
    assert {one.scope["form"] for one in found if "form" in one.scope} == {"box"}


def test_maps_that_did_not_converge_are_left_out_once():
    cases = [case_row(n) for n in range(N)]
    rows = [score(n, "mass", 0.1 if n < 4 else 0.5) for n in range(N)]
    maps = [
        MapRow(f"c{n}", "gradcam", {}, residual=Residual("gap", 0.5 if n < 4 else 0.01, 0.1))
        for n in range(N)
    ]
    found = by_scope(
        localization_findings(results(cases, rows, maps), ["gradcam"], MEANS),
        "mass", "method", "analysis",
    )  # fmt: skip
    assert found["gradcam", "converged"].value == pytest.approx(0.5)
    assert found["gradcam", "converged"].n == N - 4
    assert found["gradcam", "scored"].n == N
    quiet = localization_findings(results(cases, rows, maps[4:]), ["gradcam"], MEANS)
    assert not any(one.scope["analysis"] == "converged" for one in quiet)


def test_lesions_found_fall_as_the_criterion_gets_stricter_and_lost_maps_count():
    cases = [case_row(n, lesions=2) for n in range(N)]
    rng = np.random.default_rng(1)
    values = rng.random((N, 2))
    rows = [
        score(n, "overlap", values[n, lesion], lesion=lesion, at="iou")
        for n in range(N - 3) for lesion in (0, 1)
    ]  # fmt: skip
    found = by_scope(
        overlap_findings(results(cases, rows), ["gradcam"], MEANS),
        "lesions_found", "criterion", "cutoff",
    )  # fmt: skip
    for cutoff in CUTOFFS["iou"]:
        expected = (values[: N - 3] >= cutoff).sum() / (2 * N)
        assert found["iou", f"{cutoff:g}"].value == pytest.approx(expected)
        assert found["iou", f"{cutoff:g}"].n == 2 * N
    assert found["centroid_distance", "8"].value == 0


def test_threshold_is_frozen_on_the_other_half_of_the_patients():
    cases = [case_row(n) for n in range(4 * N)]
    halves = [zlib.crc32(row.case_id.encode()) % 2 for row in cases]
    # What is best on one half is bad on the other: nothing may be gained by looking.
    best = {0: SHARES[2], 1: SHARES[6]}
    rows = [
        score(n, "iou_at", 0.9 if share == best[half] else 0.2, at=f"{share:g}")
        for n, half in enumerate(halves)
        for share in SHARES
    ]
    (found,) = frozen_threshold_findings(results(cases, rows), ["gradcam"], MEANS)
    assert found.estimate.value == pytest.approx(0.2)
    assert "thresholds 0.7 and 0.3" in found.estimate.method
    (none,) = frozen_threshold_findings(results(cases, []), ["gradcam"], MEANS)
    assert none.estimate.value is None


def test_peaks_pay_for_being_loud_on_normal_images():
    cases = [case_row(n, label=n < N) for n in range(2 * N)]
    hits = [score(n, "peak", 2.0 if n % 4 else 0.5, lesion=0, at="1") for n in range(N)]
    false = [score(n, "peak", 1.0, at="1") for n in range(N, 2 * N)]
    found = by_scope(
        peak_findings(results(cases, [*hits, *false]), ["gradcam"], MEANS),
        "peaks_find_lesions", "false_marks",
    )  # fmt: skip
    # At half a false peak per image the normal images' peaks are let in: everything is found.
    assert found["0.5",].value == pytest.approx(1.0)
    louder = [score(n, "peak", 1.0, at=str(k)) for n in range(N, 2 * N) for k in range(1, 5)]
    found = by_scope(
        peak_findings(results(cases, [*hits, *louder]), ["gradcam"], MEANS),
        "peaks_find_lesions", "false_marks",
    )  # fmt: skip
    assert found["0.5",].value == pytest.approx(0.75)
    assert found["2",].value == pytest.approx(1.0)


def test_maps_of_normal_images_are_set_against_those_of_fractures():
    cases = [case_row(n, label=n < N) for n in range(2 * N)]
    rows = [score(n, "spatial_entropy", 0.3 if n < N else 0.9) for n in range(2 * N)]
    rows += [score(n, "border_enrichment", 0.5 if n < N else 2.5) for n in range(2 * N)]
    rows += [score(n, "total_attribution", 5.0 + n % 7) for n in range(2 * N)]
    rows += [score(n, "peak_attribution", 9.0 if n < N else 1.0) for n in range(2 * N)]
    found = list(extent_findings(results(cases, rows), ["gradcam"], MEANS))
    entropy = by_scope(found, "spatial_entropy", "label")
    assert entropy["fractured",].value == pytest.approx(0.3)
    assert entropy["normal",].value == pytest.approx(0.9)
    frame = by_scope(found, "border_enrichment", "label")
    assert (frame["fractured",].value, frame["normal",].value) == (0.5, 2.5)
    assert by_scope(found, "peak_attribution_separation", "method")["gradcam",].value == 1
    separation = by_scope(found, "total_attribution_separation", "method")["gradcam",]
    fractured, normal = [[5.0 + n % 7 for n in part] for part in (range(N), range(N, 2 * N))]
    wins = [(a > b) + (a == b) / 2 for a in fractured for b in normal]
    assert separation.value == pytest.approx(np.mean(wins))
    alone = extent_findings(results(cases[:N], rows), ["gradcam"], MEANS)
    assert by_scope(alone, "total_attribution_separation", "method")["gradcam",].value is None


def _case(shape=(64, 64)):
    lesion = np.zeros(shape, bool)
    lesion[20:30, 24:34] = True
    return planted_case([lesion], shape)


def test_rows_of_two_maps_hold_their_agreement_and_a_consensus():
    case, rng = _case(), np.random.default_rng(0)
    maps = {name: rng.random(case.inside.shape).astype(np.float32) for name in ("a", "b", "c")}
    rows = list(agreement_rows(maps, case, "0 px"))
    pairs = {(row.method, row.at) for row in rows if row.metric == "agreement"}
    assert pairs == set(combinations(maps, 2))
    told = {row.metric: row for row in rows if row.method == "consensus" and row.at is None}
    assert told["mass"].undefined == "ranks have no mass"
    assert told["auprc"].value is not None
    alone = list(agreement_rows({"a": maps["a"]}, case, "0 px"))
    assert alone == []


def test_agreement_is_the_mean_over_the_drawn_cases():
    cases = [case_row(n) for n in range(N)]
    rows = [score(n, "agreement", n / N, "a", at="b") for n in range(N)]
    rows += [score(n, "agreement", -1.0, "a", at="c") for n in range(N)]
    (first, _, last) = agreement_findings(results(cases, rows), ["a", "b", "c"], MEANS)
    assert first.scope == {"method": "a", "other": "b"}
    assert first.estimate.value == pytest.approx(np.mean(np.arange(N) / N))
    assert last.estimate.value is None
    assert mean_by_case(results(cases, rows))["c6"] == pytest.approx((6 / N - 1) / 2)


@pytest.mark.parametrize("fill", [0.0, -1.0, np.nan, 2.0])
def test_maps_that_cannot_be_read_get_reasons_for_every_score(fill):
    case = _case()
    bad = AttributionMap("c", "gradcam", np.full(case.inside.shape, fill, np.float32))
    rows = score_rows(bad, case, "0 px")
    assert {"mass", "hit_all", "iou_otsu", "spatial_entropy"} <= {row.metric for row in rows}
    assert all(row.value is None and row.undefined for row in rows)


def test_tolerance_reaches_the_scores_and_millimeters_need_a_spacing():
    case = _case()
    values = np.zeros(case.inside.shape, np.float32)
    values[33, 28] = 1
    hits = {
        tolerance: {row.metric: row for row in map_scores("m", values, case, tolerance)}
        for tolerance in ("0 px", "6 px", "6 mm")
    }
    assert hits["0 px"]["hit_any"].value == 0
    assert hits["6 px"]["hit_any"].value == 1
    assert "spacing" in hits["6 mm"]["hit_any"].undefined
    assert hits["6 mm"]["mass"].value == 0


def _padded():
    case = _case()
    inside = np.zeros(case.inside.shape, bool)
    inside[:, 8:56] = True
    return replace(case, inside=inside)


def test_map_that_is_constant_in_the_image_is_degenerate_whatever_lies_on_padding():
    case = _padded()
    values = np.where(case.inside, np.float32(1), np.float32(0))
    bad = AttributionMap("c", "gradcam", values)
    assert bad.degenerate_on(case.inside) == "is constant"
    rows = score_rows(bad, case, "0 px")
    assert rows
    assert all(row.value is None and "constant" in row.undefined for row in rows)
    beside = AttributionMap("c", "gradcam", 1 - values)
    assert beside.degenerate_on(case.inside) == "has no positive attribution"
    assert beside.degenerate is None


def test_lesion_outside_the_image_has_reasons_and_no_numbers():
    case = _padded()
    outside = np.zeros((1, *case.inside.shape), bool)
    outside[0, 20:30, :6] = True
    values = np.random.default_rng(0).random(case.inside.shape).astype(np.float32)
    both = replace(case, lesions=np.concatenate([case.lesions, outside]))
    rows = map_scores("m", values, both, "0 px")
    of_lesion = {(row.metric, row.lesion): row for row in rows if row.lesion is not None}
    for metric in ("lesion_mass", "lesion_hit"):
        assert of_lesion[metric, 0].value is not None
        assert of_lesion[metric, 1].value is None
        assert "outside" in of_lesion[metric, 1].undefined
    alone = replace(case, lesions=outside)
    for row in [*map_scores("m", values, alone, "0 px"), *reference_scores(alone, (7, 7), "0 px")]:
        assert row.value is None, row
        assert row.undefined
    nothing = replace(case, lesions=outside[:0])
    assert reference_scores(nothing, None, "0 px") == []


def test_worst_case_counts_lost_maps_and_not_cases_that_no_map_could_be_scored_on():
    cases = [case_row(n) for n in range(N)]
    rows = [score(n, "mass", 0.4 if n > 3 else None) for n in range(N)]
    rows += [score(n, "mass", 0.1 if n > 1 else None, "center_gaussian") for n in range(N)]
    found = by_scope(
        localization_findings(results(cases, rows), ["gradcam"], MEANS),
        "mass", "method", "analysis",
    )  # fmt: skip
    assert (found["gradcam", "scored"].value, found["gradcam", "scored"].n) == (0.4, N - 4)
    assert found["gradcam", "worst_case"].value == pytest.approx(0.4 * (N - 4) / (N - 2))
    assert found["gradcam", "worst_case"].n == N - 2


def test_spacing_that_nobody_knows_is_no_missed_lesion():
    cases = [case_row(n, label=n < N) for n in range(2 * N)]
    rows = [score(n, "peak", 2.0, lesion=0, at="1") for n in range(N // 2, N)]
    rows += [score(n, "peak", 1.0, at="1") for n in range(N, 2 * N)]
    unknown = [
        ScoreRow(f"c{n}", "center_gaussian", "hit_any", None, UNKNOWN.reason) for n in range(N // 2)
    ]
    found = {
        name: by_scope(
            peak_findings(results(cases, [*rows, *more]), ["gradcam"], MEANS),
            "peaks_find_lesions", "false_marks",
        )["0.5",]
        for name, more in (("declared", []), ("unknown", unknown))
    }  # fmt: skip
    assert found["declared"].value == 0.5
    assert found["unknown"].value == 1


def test_normal_images_have_peaks_without_a_spacing_and_boxes_that_overlap_share_one():
    normal = planted_case([], (64, 64))
    values = np.zeros((64, 64), np.float32)
    values[24, 26] = 1
    (row,) = (one for one in score_rows(AttributionMap("c", "m", values), normal, "5 mm")
              if one.metric == "peak")  # fmt: skip
    assert row.lesion is None
    fractured = _case()
    assert not [one for one in score_rows(AttributionMap("c", "m", values), fractured, "5 mm")
                if one.metric == "peak"]  # fmt: skip
    twice = replace(fractured, lesions=np.repeat(fractured.lesions, 2, axis=0))
    rows = score_rows(AttributionMap("c", "m", values), twice, "0 px")
    assert [one.lesion for one in rows if one.metric == "peak"] == [0, 1]


def test_consensus_has_no_score_that_adds_ranks():
    case, rng = _case(), np.random.default_rng(0)
    both = replace(case, lesions=np.concatenate([case.lesions, np.roll(case.lesions, 20, 1)]))
    maps = {name: rng.random(case.inside.shape).astype(np.float32) for name in ("a", "b")}
    told = {row.metric: row for row in agreement_rows(maps, both, "0 px")
            if row.method == "consensus" and row.at is None}  # fmt: skip
    for name in ("mass", "enrichment", "other_lesion_mass", "iou_otsu"):
        assert told[name].undefined == "ranks have no mass"


def test_normal_images_whose_map_failed_are_no_images_without_false_peaks():
    cases = [case_row(n, label=n < N) for n in range(2 * N)]
    rows = [score(n, "peak", 2.0 if n % 2 else 0.5, lesion=0, at="1") for n in range(N)]
    rows += [score(n, "peak", 1.0, at="1") for n in range(N, N + 12)]
    failed = [MapRow(f"c{n}", "gradcam", {}, error="MemoryError") for n in range(N + 12, 2 * N)]
    found = {
        name: by_scope(
            peak_findings(results(cases, rows, maps), ["gradcam"], MEANS),
            "peaks_find_lesions", "false_marks",
        )["0.5",]
        for name, maps in (("silent", []), ("failed", failed))
    }  # fmt: skip
    # 12 false peaks on 48 images, or on the 36 that have a map.
    assert (found["silent"].n, found["failed"].n) == (2 * N, 2 * N - 12)
    assert found["silent"].value == 1


def test_chance_stands_beside_the_scores_of_peaks_too():
    case = _case()
    rows = {row.metric: row for row in reference_scores(case, None, "0 px")
            if row.method == "area_chance" and row.lesion is None and row.at is None}  # fmt: skip
    share = case.lesions.mean()
    for name in ("lesion_hit_rate", "hit_any", "hit_all", "hit"):
        assert rows[name].value == pytest.approx(share)
    assert rows["hit_of_five"].value == pytest.approx(1 - (1 - share) ** 5)
    unknown = reference_scores(case, None, "5 mm")
    assert {row.undefined for row in unknown if row.metric == "hit_of_five"} == {UNKNOWN.reason}


def test_mass_is_set_against_what_the_grid_allows():
    rng = np.random.default_rng(0)
    own, ideal = rng.random(N) / 4, 0.2 + rng.random(N) / 2
    rows = [score(n, "mass", own[n] if n else None) for n in range(N)]
    rows += [score(n, "mass", ideal[n], "ideal_on_grid") for n in range(N)]
    cases = [case_row(n) for n in range(N)]
    (found,) = of_ideal_findings(results(cases, rows), ["gradcam"], MEANS)
    assert found.estimate.value == pytest.approx(own[1:].sum() / ideal[1:].sum())
    assert found.estimate.low < found.estimate.value < found.estimate.high
    assert found.estimate.n == N - 1
    assert list(of_ideal_findings(results(cases, rows[:N]), ["gradcam"], MEANS)) == []
    (none,) = of_ideal_findings(results(cases, rows[N:]), ["gradcam"], MEANS)
    assert none.estimate.value is None
