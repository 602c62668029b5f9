"""A third party's scores of 20,327 wrist films, against independent computations."""

import csv
import os
from pathlib import Path

import pytest
from sklearn.metrics import roc_auc_score

from xaudit.audit.config.read_config import Overrides
from xaudit.pipeline.predictions import run_predictions

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("XAUDIT_GRAZPEDWRI", ROOT / "../shared/data/grazpedwri"))
EXAMPLE = ROOT / "examples" / "grazpedwri-predictions.yaml"
TABLE = FOLDER / "predictions.csv"
POINT = {"operating_point": "confidence_25"}

pytestmark = [
    pytest.mark.heavy,
    pytest.mark.grazpedwri,
    pytest.mark.skipif(
        not TABLE.is_file(), reason="the GRAZPEDWRI-DX table is not here (XAUDIT_GRAZPEDWRI)"
    ),
]


@pytest.fixture(scope="module")
def rows():
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def test_split(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grazpedwri") / "test"
    return run_predictions(EXAMPLE, folder, Overrides(FOLDER, split=("test",)), None)


def test_auc_of_the_test_split_is_the_one_that_is_known(test_split, rows):
    kept = [row for row in rows if row["split"] == "test" and row["has_prediction_file"] == "1"]
    labels = [row["fracture_visible"] == "1.0" for row in kept]
    scores = [float(row["score_fracture_yolov7p6"]) for row in kept]
    found = test_split.find("auc", analysis="scored").estimate
    assert found.value == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert found.value == pytest.approx(0.980, abs=5e-4)
    assert (found.n, found.clusters) == (len(kept), len({row["patient_id"] for row in kept}))


def test_decisions_are_those_of_the_boxes(test_split, rows):
    """The table counts boxes above 0.25 of its own: a film with one is called fractured."""
    kept = [row for row in rows if row["split"] == "test" and row["has_prediction_file"] == "1"]
    ill = [row for row in kept if row["fracture_visible"] == "1.0"]
    found = test_split.find("sensitivity", analysis="scored", **POINT).estimate
    assert (found.k, found.n) == (sum(row["n_boxes_conf25"] != "0" for row in ill), len(ill))


def test_films_without_a_prediction_are_accounted_for(test_split):
    where = test_split.accountability
    assert (where.listed, where.excluded, where.scored, where.unreadable) == (20327, 18318, 2007, 2)


def test_all_splits_are_audited(tmp_path, rows):
    findings = run_predictions(EXAMPLE, tmp_path / "all", Overrides(FOLDER), None)
    assert (findings.study.cases, findings.study.patients) == (20327, 6091)
    assert findings.accountability.unreadable == 12
    assert "3 splits" in findings.detector.warnings[0]
    levels = findings.study.levels
    for names in ("sex", "age band", "cast", "projection", "device", "sex × age band"):
        assert sum(cases for cases, _ in levels[names].values()) == len(rows)
    scope = POINT | {"analysis": "scored", "group": "sex × cast", "level": "F × not recorded"}
    found = findings.find("sensitivity", **scope).estimate
    assert found.clusters < found.n
    assert found.low < found.value < found.high
