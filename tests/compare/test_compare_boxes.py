"""Boxes of two detectors on the same lesions, against counting by hand."""

import json

import numpy as np
import pytest
from box_study import film, write_study

from xaudit.audit.config.read_config import Overrides
from xaudit.compare.compare import compare
from xaudit.pipeline.predictions import run_predictions
from xaudit.report.changes.changes import build_changes
from xaudit.report.language.translation import speaking

FILMS = 50
AWAY = 40.0


def films(change=lambda drawn: drawn):
    rng = np.random.default_rng(23)
    made = [film(rng) for _ in range(FILMS)]
    return [(lesions, change(drawn)) for lesions, drawn in made]


def audited(folder, made, hit=0.5):
    folder.mkdir()
    write_study(folder, made, hit)
    run_predictions(folder / "audit.yaml", folder / "out", Overrides(), None)
    return folder / "out"


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return audited(tmp_path_factory.mktemp("boxes") / "plain", films())


def of_boxes(changes):
    found = {one.metric: one for one in changes.deltas if "group" not in one.scope}
    return found.get("lesion_sensitivity"), found.get("false_boxes_per_image")


def test_a_detector_beside_itself_does_not_differ(plain):
    lesions, amiss = of_boxes(compare(plain, plain))
    assert lesions.difference.value == amiss.difference.value == 0
    assert lesions.old == lesions.new
    assert lesions.difference.low <= 0 <= lesions.difference.high


def test_boxes_that_are_moved_away_find_less_and_are_amiss(plain, tmp_path):
    moved = films(lambda drawn: [(x + AWAY, y, w, h, p) for x, y, w, h, p in drawn])
    other = audited(tmp_path / "moved", moved)
    changes = compare(plain, other)
    lesions, amiss = of_boxes(changes)
    assert lesions.new < lesions.old
    assert lesions.difference.high < 0
    assert lesions.p_value < 0.01
    assert amiss.difference.low > 0
    assert lesions.difference.value == pytest.approx(lesions.new - lesions.old)
    assert amiss.difference.value == pytest.approx(amiss.new - amiss.old)
    # What an audit says of itself.
    for folder, side in ((plain, "old"), (other, "new")):
        found = json.loads((folder / "findings.json").read_text("utf-8"))["findings"]
        told = {one["metric"]: one["estimate"]["value"] for one in found
                if "group" not in one["scope"] and one["scope"].get("analysis") == "scored"
                and one["scope"].get("operating_point")}  # fmt: skip
        assert getattr(lesions, side) == pytest.approx(told["lesion_sensitivity"])
        assert getattr(amiss, side) == pytest.approx(told["false_boxes_per_image"])
    back = compare(other, plain)
    assert of_boxes(back)[0].difference.value == pytest.approx(-lesions.difference.value)
    with speaking("de"):
        report = build_changes(changes)
    rows = [row[0] for one in report.sections for table in one.tables for row in table.rows]
    assert "Von Boxen gefundene Läsionen bei „default“" in rows


def test_another_rule_of_a_hit_is_told_and_nothing_compared(plain, tmp_path):
    other = audited(tmp_path / "center", films(), hit="center")
    changes = compare(plain, other)
    assert of_boxes(changes) == (None, None)
    assert "statistics.hit" in changes.notes[0]
    report = build_changes(changes)
    assert any("statistics.hit" in line for one in report.sections for line in one.missing)


def test_lesions_that_are_not_the_same_are_left_out(plain, tmp_path):
    made = films()
    changed = [
        ([(x + 1, *rest) for x, *rest in lesions] if number < 25 else lesions, drawn)
        for number, (lesions, drawn) in enumerate(made)
    ]
    lesions, _ = of_boxes(compare(plain, audited(tmp_path / "other", changed)))
    whole = sum(len(one) for one, _ in made[25:])
    assert lesions.difference.n == whole
