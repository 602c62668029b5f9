"""Findings about boxes are those of pycocotools and of counting by hand."""

from dataclasses import replace

import numpy as np
import pytest
from box_study import FILMS, write_study
from coco_boxes import STATS, evaluated
from simulated_readings import POINT

from xaudit.audit.analyses.port import Material
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.config.statistics_config import StatisticsConfig
from xaudit.audit.detection.detection import _boxes
from xaudit.audit.scores.probe_tables import read_probed
from xaudit.audit.store.files import read_json
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.boxes import Boxes
from xaudit.core.record.finding import Findings
from xaudit.metrics.boxes.matching import Truths
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.predictions import run_predictions
from xaudit.verify.verify import verify_folder


def estimate(findings, metric, **scope):
    (found,) = [
        one.estimate
        for one in findings.findings
        if one.metric == metric and dict(one.scope) == {"analysis": "scored", **scope}
    ]
    return found


def boxes_of(sides, ratings=None):
    if not len(sides):
        return Boxes.none()
    x, y, w, h = np.array(sides, dtype=np.float64).T[:4]
    corners = np.stack([x, y, x + w, y + h], axis=1)
    zeros = np.zeros(len(corners))
    return Boxes(corners, zeros if ratings is None else ratings, zeros.astype(int))


def by_hand(films, hit):
    """Found lesions and false boxes at a probability above 0.5, by loops."""
    found = lesions = false = 0
    for sides, drawn in films:
        shown = [box for box in drawn if box[4] > 0.5]
        lesions += len(sides)
        found += sum(any(hit(box, lesion) for box in shown) for lesion in sides)
        false += sum(not any(hit(box, lesion) for lesion in sides) for box in shown)
    return found, lesions, false


def overlap(box, lesion):
    (ax, ay, aw, ah), (bx, by, bw, bh) = box[:4], lesion
    across = min(ax + aw, bx + bw) - max(ax, bx)
    down = min(ay + ah, by + bh) - max(ay, by)
    shared = max(across, 0) * max(down, 0)
    return shared / (aw * ah + bw * bh - shared)


def center(box, lesion):
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    left, top, width, height = lesion
    return left <= x <= left + width and top <= y <= top + height


@pytest.fixture(scope="module")
def findings(audit):
    return read_json(audit / "out" / "findings.json", Findings)


def test_average_precision_is_that_of_pycocotools(findings, films):
    drawn = [boxes_of(boxes, np.array([box[4] for box in boxes])) for _, boxes in films]
    stats = evaluated(drawn, [Truths.of(boxes_of(lesions)) for lesions, _ in films]).stats
    for name in ("average_precision", "average_precision_50", "average_precision_small"):
        assert estimate(findings, name).value == pytest.approx(stats[STATS[name]], abs=1e-6)


def test_lesions_and_false_boxes_are_counted(findings, films):
    found, lesions, false = by_hand(films, lambda box, lesion: overlap(box, lesion) >= 0.5)
    at = {"operating_point": "default"}
    share = estimate(findings, "lesion_sensitivity", **at)
    assert (share.k, share.n) == (found, lesions)
    assert share.low < share.value < share.high
    assert estimate(findings, "false_boxes_per_image", **at).value == pytest.approx(false / FILMS)


def test_groups_add_up_to_all(findings):
    at = {"operating_point": "default"}
    whole = estimate(findings, "lesion_sensitivity", **at)
    parts = [
        estimate(findings, "lesion_sensitivity", group="sex", level=level, **at) for level in "FM"
    ]
    assert (sum(one.k for one in parts), sum(one.n for one in parts)) == (whole.k, whole.n)
    gap = estimate(
        findings, "lesion_sensitivity_gap", group="sex", level="F", compared="rest", **at
    )
    assert gap.value == pytest.approx(parts[0].value - parts[1].value)


def test_the_curve_meets_its_table(findings):
    (curve,) = [one for one in findings.curves if one.name == "froc"]
    assert list(curve.x) == sorted(curve.x)
    for rate in (0.125, 0.5, 1.0):
        below = [y for x, y in zip(curve.x, curve.y, strict=True) if x <= rate]
        found = estimate(findings, "sensitivity_at_false_marks", false_marks=f"{rate:g}")
        assert found.value == pytest.approx(below[-1])
    at = {"operating_point": "default"}
    assert curve.marks["default"] == pytest.approx((
        estimate(findings, "false_boxes_per_image", **at).value,
        estimate(findings, "lesion_sensitivity", **at).value,
    ))  # fmt: skip


def test_the_card_says_it_and_nothing_differs_on_verifying(audit):
    text = write_cards(audit / "out").read_text(encoding="utf-8")
    assert "Do its boxes find the lesions?" in text
    assert "FROC" in text
    assert not [one for one in verify_folder(audit / "out") if one.differences]


def test_scores_of_images_are_those_of_their_boxes(audit, films):
    findings = read_json(audit / "out" / "findings.json", Findings)
    called = [any(box[4] > 0.5 for box in drawn) for _, drawn in films]
    hits = sum(one for one, (lesions, _) in zip(called, films, strict=True) if lesions)
    assert estimate(findings, "sensitivity", operating_point="default").k == hits


def test_the_center_decides_where_that_is_declared(tmp_path, films):
    write_study(tmp_path, films, hit="center")
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    found, lesions, false = by_hand(films, center)
    at = {"operating_point": "default"}
    share = estimate(findings, "lesion_sensitivity", **at)
    assert (share.k, share.n) == (found, lesions)
    assert estimate(findings, "false_boxes_per_image", **at).value == pytest.approx(false / FILMS)


def test_films_that_cannot_tell_are_left_out_and_counted(tmp_path, films):
    write_study(tmp_path, films)
    manifest = tmp_path / "study" / "manifest.csv"
    lines = manifest.read_text().splitlines()
    place = next(at for at, (lesions, _) in enumerate(films) if lesions) + 1
    lines[place] = lines[place].rpartition(";")[0] + ";"
    manifest.write_text("\n".join(lines) + "\n")
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    (left_out,) = [one.estimate for one in findings.findings if one.metric == "boxes_not_judged"]
    assert (left_out.k, left_out.n) == (1, FILMS)
    assert estimate(findings, "average_precision").n == FILMS - 1


def test_a_detector_that_draws_nothing_finds_nothing(tmp_path, films):
    write_study(tmp_path, [(lesions, []) for lesions, _ in films])
    (tmp_path / "found.csv").write_text(
        "image,left,top,width,height,score\n" + "film000.png,,,,,\n"
    )
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    at = {"operating_point": "default"}
    assert estimate(findings, "lesion_sensitivity", **at).k == 0
    assert estimate(findings, "average_precision").value == 0
    fit = estimate(findings, "hit_iou", **at)
    assert (fit.value, str(fit.undefined)) == (None, "no lesion is found")
    assert any(issue.kind == "no_boxes" for issue in findings.accountability.issues)


def test_a_film_without_a_score_misses_its_lesion_in_the_worst_case(audit):
    out = audit / "out"
    results = Results.of(Store(out), (0,))
    rows = [row if at else replace(row, logit=None) for at, row in enumerate(results.cases)
            if row.label or at]  # fmt: skip
    first = next(at for at, row in enumerate(rows) if row.label)
    rows[first] = replace(rows[first], logit=None)
    made = Material(
        replace(results, cases=tuple(rows)), (POINT,), StatisticsConfig(draws=200), 3, "patient",
        probed=read_probed(out),
    )  # fmt: skip
    found = {
        one.scope["analysis"]: one.estimate
        for one in _boxes(made)
        if one.metric == "lesion_sensitivity" and "group" not in one.scope
    }
    lost = sum(row.logit is None and row.label for row in rows)
    assert lost
    assert found["worst_case"].k == found["scored"].k
    assert found["worst_case"].n == found["scored"].n + lost


def test_few_normal_images_are_not_called_lesions(tmp_path, films):
    diseased = [one for one in films if one[0]]
    write_study(tmp_path, [*diseased, *[one for one in films if not one[0]][:4]])
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    area = estimate(findings, "wafroc_auc")
    assert str(area.caution).startswith("4 images without a lesion")


def test_where_no_lesion_is_annotated_none_was_to_be_found(tmp_path, films):
    write_study(tmp_path, [one for one in films if not one[0]])
    run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    write_cards(tmp_path / "out")
    card = (tmp_path / "out" / "card.md").read_text(encoding="utf-8")
    assert "Whether its boxes find lesions at “default” was not measured." in card
    assert "0 of 0 lesions" not in card


def test_images_without_a_box_are_no_rounded_scores(tmp_path, films):
    """Most images of a study are normal, and a good detector draws nothing there."""
    silent = [(lesions, [box for box in drawn if box[4] > 0.6]) for lesions, drawn in films]
    write_study(tmp_path, [one if one[0] else ([], []) for one in silent])
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    assert "saturated_score" not in {one.name for one in findings.suspicions}


def test_a_study_without_any_box_is_suspicious(tmp_path, films):
    write_study(tmp_path, [(lesions, []) for lesions, _ in films])
    (tmp_path / "found.csv").write_text(
        "image,left,top,width,height,score\n" + "film000.png,,,,,\n"
    )
    findings = run_predictions(tmp_path / "audit.yaml", tmp_path / "out", Overrides(), None)
    (found,) = [one for one in findings.suspicions if one.name == "constant_score"]
    assert str(found.text).startswith("No image has a box: check detector.found")
