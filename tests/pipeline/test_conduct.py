import csv
import json

import numpy as np
import pytest
import yaml
from sklearn.metrics import confusion_matrix, roc_auc_score

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings, read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.errors import AuditError, ConfigError
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify import verify_folder


def run(workspace, out="out", **overrides):
    limit = overrides.pop("limit", None)
    return run_audit(
        workspace / "audit.yaml", workspace / out, Overrides(**overrides), limit, lambda step: None
    )


def results_of(folder):
    return Results.load(Store(folder), read_json(folder / "plan.json", PlanRecord))


def test_findings_equal_an_independent_computation(finished):
    findings, rows = read_findings(finished), results_of(finished).cases
    labels = np.array([row.label for row in rows])
    logits = np.array([row.logit for row in rows])
    auc = findings.find("auc", analysis="scored").estimate
    assert auc.value == pytest.approx(roc_auc_score(labels, logits))
    tn, fp, fn, tp = confusion_matrix(labels, logits > 0).ravel()
    scope = {"analysis": "scored", "operating_point": "default"}
    sensitivity = findings.find("sensitivity", **scope).estimate
    specificity = findings.find("specificity", **scope).estimate
    assert (sensitivity.k, sensitivity.n) == (tp, tp + fn)
    assert (specificity.k, specificity.n) == (tn, tn + fp)
    assert findings.find("accuracy", **scope).estimate.value == (tp + tn) / len(labels)


def test_counts_add_up(finished):
    where = read_findings(finished).accountability
    assert where.listed == where.excluded + where.unreadable + where.scored
    assert where.sampled == where.explained + where.unexplained == 6
    assert where.sampled_positives == 4


def test_every_method_and_reference_is_scored(finished):
    findings = read_findings(finished)
    for method in ("gradcam", "integrated_gradients", "shap", "lime", "center_gaussian",
                   "edge_map", "ideal_on_grid", "area_chance", "mean_lesion_mask"):  # fmt: skip
        finding = findings.find("mass", analysis="scored", method=method)
        assert finding is not None, method
        assert finding.positives == 4
        # Four positives: counts only, by the rule of sizes.
        assert "10" in finding.estimate.undefined


def test_findings_hold_no_patient(finished):
    text = (finished / "findings.json").read_text(encoding="utf-8")
    with (finished.parent / "study" / "manifest.csv").open(encoding="utf-8") as file:
        patients = {row["patient"] for row in csv.DictReader(file)}
    ids = {case.case_id for case in read_findings(finished).gallery}
    for patient in patients - ids:
        assert f'"{patient}"' not in text


@pytest.mark.heavy
def test_second_run_computes_nothing(workspace, monkeypatch):
    first = run(workspace)
    monkeypatch.setattr("xaudit.pipeline.conduct.run_shards", lambda *_: pytest.fail("ran again"))
    assert run(workspace) == first


@pytest.mark.heavy
def test_interrupted_run_goes_on_to_the_same_findings(workspace, monkeypatch):
    steps = []

    def stop(step):
        steps.append(step)
        if step.cases > 30:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_audit(workspace / "audit.yaml", workspace / "a", Overrides(), None, stop)
    assert (workspace / "a" / "shards" / "00000" / "_DONE").exists()
    assert not (workspace / "a" / "findings.json").exists()
    batches = json.loads((workspace / "a" / "batches.json").read_text(encoding="utf-8"))
    assert batches == {"backward": 8, "forward": 8}
    resumed, whole = run(workspace, "a"), run(workspace, "b")
    assert resumed.findings == whole.findings
    assert resumed.accountability == whole.accountability


@pytest.mark.heavy
def test_folder_of_another_audit_is_not_written_over(workspace):
    run(workspace)
    text = (workspace / "audit.yaml").read_text(encoding="utf-8").replace("seed: 5", "seed: 6")
    (workspace / "audit.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="holds another audit; different: config"):
        run(workspace)


@pytest.mark.heavy
def test_unreadable_case_is_a_row_and_a_miss_in_the_worst_case(workspace):
    with (workspace / "study" / "manifest.csv").open(encoding="utf-8") as file:
        row = next(row for row in csv.DictReader(file) if row["label"] == "1")
    path = workspace / "study" / row["image"]
    path.write_bytes(path.read_bytes()[:500])
    findings = run(workspace)
    where = findings.accountability
    assert where.unreadable == 1
    assert any(one.case_id == row["id"] and one.effect == "unreadable" for one in where.issues)
    scope = {"operating_point": "default"}
    scored = findings.find("sensitivity", analysis="scored", **scope).estimate
    worst = findings.find("sensitivity", analysis="worst_case", **scope).estimate
    assert (worst.k, worst.n) == (scored.k, scored.n + 1)


def test_too_many_unreadable_cases_fail_the_audit_and_keep_the_shards(workspace):
    images = sorted((workspace / "study" / "images").iterdir())
    for path in images[: len(images) // 4]:
        path.write_bytes(b"not an image")
    with pytest.raises(AuditError, match="have no score"):
        run(workspace)
    assert (workspace / "out" / "shards" / "00000" / "_DONE").exists()


@pytest.mark.heavy
def test_method_that_raises_is_a_row_and_the_others_go_on(workspace, monkeypatch):
    def broken(*_args):
        raise RuntimeError("no gradients today")

    monkeypatch.setattr("xaudit.explain.methods.cam.GradCam.explain", broken)
    findings = run(workspace)
    facts = {one.name: one for one in findings.methods}
    assert facts["gradcam"].maps == 0
    assert facts["lime"].maps == 6
    assert findings.accountability.unexplained == 6
    issues = [one for one in findings.accountability.issues if one.kind == "gradcam_failed"]
    assert len(issues) == 6
    assert "no gradients today" in issues[0].detail


def test_methods_that_the_detector_cannot_serve_are_left_out_once(workspace, monkeypatch):
    monkeypatch.setattr("xaudit.models.load._capabilities", lambda *_: frozenset())
    content = yaml.safe_load((workspace / "audit.yaml").read_text(encoding="utf-8"))
    content["explain"]["methods"] = {"gradcam": {}, "integrated_gradients": {}}
    (workspace / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    findings = run(workspace)
    said = [one for one in findings.detector.warnings if "left out" in one]
    assert len(said) == 2
    assert said[0].startswith("The detector offers no features and gradients")
    assert [one.name for one in findings.methods if not one.reference] == []
    where = findings.accountability
    assert (where.explained, where.unexplained) == (0, where.sampled)
    assert where.sampled > 0
    assert not any("failed" in one.kind for one in where.issues)
    assert not any(one.differences for one in verify_folder(workspace / "out"))


def test_limit_takes_a_stratified_sample_and_says_so(workspace):
    findings = run(workspace, limit=20)
    assert findings.study.cases == 20
    assert findings.accountability.listed > 20
    assert "limited to 20 cases" in findings.accountability.sample_why


def test_findings_are_strict_json(finished):
    text = (finished / "findings.json").read_text(encoding="utf-8")

    def refuse(constant):
        raise AssertionError(constant)

    json.loads(text, parse_constant=refuse)
