"""What is planted in the boxes of a sound detector shows in the figure that is about it."""

import json

import numpy as np
import pytest
from box_study import AUDIT, write_study

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.predictions import run_predictions

FILMS = 60


def figures(folder, draw):
    """Name of a figure → its value, where the boxes of a film come of its lesions."""
    rng, films = np.random.default_rng(5), []
    for number in range(FILMS):
        sides = [(10.0 + 40 * n, 15.0, 20.0, 20.0) for n in range(number % 3)]
        films.append((sides, [box for side in sides for box in draw(side, rng)]))
    write_study(folder, films)
    return read(folder)


def read(folder):
    findings = run_predictions(folder / "audit.yaml", folder / "out", Overrides(), None)
    return {
        one.metric: one.estimate.value
        for one in findings.findings
        if "group" not in one.scope and one.scope.get("analysis") == "scored"
    }


def sound(side, rng):
    return [(*side, round(float(rng.uniform(0.6, 0.9)), 3))]


def test_a_sound_detector_is_not_accused(tmp_path):
    found = figures(tmp_path, sound)
    for name in ("lesion_sensitivity", "average_precision", "hit_iou", "afroc_auc"):
        assert found[name] == pytest.approx(1)
    assert found["false_boxes_per_image"] == 0


def test_boxes_that_are_shifted_by_a_tenth_fit_less(tmp_path):
    """Shifted by a tenth of both sides, a box shares 0.81 of 1.19."""

    def shifted(side, rng):
        (box,) = sound(side, rng)
        return [(box[0] + 2, box[1] + 2, *box[2:])]

    found = figures(tmp_path, shifted)
    assert found["hit_iou"] == pytest.approx(0.81 / 1.19)
    assert found["lesion_sensitivity"] == 1
    assert (found["average_precision_50"], found["average_precision_75"]) == (pytest.approx(1), 0)


def test_second_boxes_cost_precision_and_are_no_false_alarms(tmp_path):
    def twice(side, rng):
        return [*sound(side, rng), *sound(side, rng)]

    found = figures(tmp_path, twice)
    assert found["average_precision_50"] < 0.9
    assert (found["lesion_sensitivity"], found["false_boxes_per_image"]) == (1, 0)


def test_a_marker_that_brings_a_box_is_a_false_alarm_on_every_film(tmp_path):
    rng, films = np.random.default_rng(5), []
    for number in range(FILMS):
        sides = [(10.0 + 40 * n, 15.0, 20.0, 20.0) for n in range(number % 3)]
        marker = (100.0, 70.0, 10.0, 10.0, 0.99)
        films.append((sides, [marker, *(box for side in sides for box in sound(side, rng))]))
    write_study(tmp_path, films)
    found = read(tmp_path)
    assert found["false_boxes_per_normal_image"] == found["false_boxes_per_image"] == 1
    assert (found["lesion_sensitivity"], found["afroc_auc"]) == (1, 0)
    assert found["average_precision_50"] < 0.6


def test_classes_that_were_swapped_find_nothing(tmp_path):
    figures(tmp_path, sound)
    rows = [line.split(",") for line in (tmp_path / "found.csv").read_text().splitlines()[1:]]
    boxes = []
    for image, *numbers in rows:
        x, y, w, h, score = map(float, numbers)
        one = {"image_id": image, "bbox": [x, y, w, h], "score": score, "category_id": 1}
        boxes += [one, {**one, "bbox": [x, y + 40, w, h], "category_id": 0}]
    (tmp_path / "found.json").write_text(json.dumps(boxes))
    results = {}
    for kind in ("0", "1"):
        text = AUDIT.format(hit="0.5").replace("found.csv", f"found.json\n  classes: ['{kind}']")
        (tmp_path / "audit.yaml").write_text(text)
        findings = run_predictions(tmp_path / "audit.yaml", tmp_path / kind, Overrides(), None)
        (results[kind],) = [
            one.estimate.value
            for one in findings.findings
            if one.metric == "lesion_sensitivity"
            and "group" not in one.scope
            and one.scope["analysis"] == "scored"
        ]
    assert results == {"0": 0, "1": 1}
