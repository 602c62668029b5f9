"""Figures of whole examinations: against slow sums, and through a whole audit."""

import csv
import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import yaml
from simulated_readings import POINT, material_of
from sklearn.metrics import roc_auc_score

from xaudit.audit.analyses.port import analyzed
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.performance.examinations import _examinations, examinations_of
from xaudit.audit.scores.probe_tables import EXAMINATIONS
from xaudit.audit.store.store import ProbeRow
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError
from xaudit.metrics.scores.examinations import RULES, joined_logit
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.pipeline.card import write_cards
from xaudit.pipeline.conduct import run_audit


def material(folder, rule="mean", patients=60, views=3):
    rng = np.random.default_rng(4)
    sick = np.repeat(rng.random(patients) < 0.5, views)
    # A fracture need not show on every view.
    shows = sick & (rng.random(patients * views) < 0.7)
    logits = rng.normal(np.where(shows, 1.5, -1.0), 1.0)
    people = np.repeat([f"p{n:03d}" for n in range(patients)], views)
    made = material_of([], logits, people, folder, labels=shows)
    rows = [
        ProbeRow(f"c{at:04d}", "", "examination", rule, f"c{at // views * views:04d}", 1.0, None)
        for at in range(patients * views)
    ]
    return replace(made, probed={EXAMINATIONS: rows}), logits, shows, views


@pytest.mark.parametrize("rule", RULES)
def test_figures_are_those_of_slow_sums(rule, tmp_path):
    made, logits, shows, views = material(tmp_path, rule)
    found = {one.id: one.estimate for one in _examinations(made)}
    joined = np.array([joined_logit(one, rule) for one in logits.reshape(-1, views)])
    labels = shows.reshape(-1, views).any(axis=1)
    assert found["examination_auc[analysis=scored]"].value == pytest.approx(
        roc_auc_score(labels, joined)
    )
    for name, side in (("sensitivity", labels), ("specificity", ~labels)):
        right = (joined > POINT.logit) == labels
        one = found[f"examination_{name}[analysis=scored,operating_point=half]"]
        assert (one.k, one.n) == (right[side].sum(), side.sum())
    assert found["images_per_examination"].value == views


def test_an_image_without_a_score_leaves_the_others_and_a_whole_loss_is_a_miss(tmp_path):
    made, logits, _, views = material(tmp_path)
    rows = list(made.results.cases)
    for at in (0, *range(views, 2 * views)):
        rows[at] = replace(rows[at], logit=None)
    made = replace(made, results=replace(made.results, cases=tuple(rows)))
    first, second, *_ = examinations_of(made)
    assert first.logit == pytest.approx(logits[1:views].mean())
    assert (first.images, first.scored) == (views, views - 1)
    assert second.logit is None
    found = {one.id: one.estimate for one in _examinations(made)}
    point = "operating_point=half"
    for name in ("sensitivity", "specificity"):
        scored = found[f"examination_{name}[analysis=scored,{point}]"]
        worst = found[f"examination_{name}[analysis=worst_case,{point}]"]
        lost = second.label == (name == "sensitivity")
        assert (worst.k, worst.n) == (scored.k, scored.n + lost)


def test_nothing_is_said_without_a_rule(tmp_path):
    made = replace(material(tmp_path)[0], probed={})
    names = [one.name for one, _ in analyzed(made, {"cases"})]
    assert "examinations" not in names


@pytest.fixture
def study(phantom_folder, tmp_path):
    """The films of a patient are one examination."""
    folder = shutil.copytree(phantom_folder / "study", tmp_path / "study")
    path = folder / "manifest.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    write(path, [row | {"exam": f"E-{row['patient']}"} for row in rows])
    return folder


def write(path, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def spec_of(folder, **more):
    return DataSpec("manifest", folder, patient="patient", columns={"examination": "exam"},
                    examinations="noisy_or", **more)  # fmt: skip


def test_mistakes_are_named(study):
    path = study / "manifest.csv"
    rows = list(csv.DictReader(path.read_text("utf-8").splitlines()))
    assert all(case.examination for case in load_study(spec_of(study)).cases)
    with pytest.raises(DataError, match="no image says to which examination it belongs"):
        load_study(replace(spec_of(study), columns={}))
    write(path, [rows[0] | {"exam": ""}, *rows[1:]])
    with pytest.raises(DataError, match=f"{rows[0]['id']}: expected an examination, got nothing"):
        load_study(spec_of(study))
    write(path, [row | {"exam": "one"} for row in rows])
    with pytest.raises(DataError, match="one examination, two patients"):
        load_study(spec_of(study))


@pytest.mark.heavy
def test_a_whole_audit_tells_images_and_examinations_beside_each_other(study, tmp_path):
    content = {
        "name": "views",
        "data": {
            "format": "manifest", "root": "study", "patient": "patient", "groups": ["sex"],
            "columns": {"examination": "exam"}, "examinations": "max",
        },
        "detector": {
            "name": "reference", "architecture": "xaudit.models.reference:small_cnn",
            "weights": str(REFERENCE_WEIGHTS),
            "input": {"height": 224, "width": 160, "channels": 1, "mean": [0.35], "std": [0.25]},
            "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
        },
        "explain": {"cases": 0, "methods": {}, "checks": {"cases": 0}, "shortcuts": 0,
                    "gallery": False},
        "robustness": {"cases": 0, "maps": 0}, "statistics": {"draws": 200},
    }  # fmt: skip
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    out = tmp_path / "out"
    run_audit(tmp_path / "audit.yaml", out, Overrides(), None, lambda step: None)
    findings = json.loads((out / "findings.json").read_text("utf-8"))["findings"]
    found = {one["metric"]: one["estimate"] for one in findings}
    assert found["images_per_examination"]["value"] > 1
    assert found["examination_auc"]["value"] is not None
    page = write_cards(out).read_text("utf-8")
    assert "Does it find fractures in whole examinations?" in page
    for path in out.rglob("*"):
        # How a hospital calls an examination is nowhere.
        assert not path.is_file() or b"E-p0000" not in path.read_bytes(), path
