"""A detector for each fold: every case meets the one that was not trained on it, and no other."""

import hashlib
import shutil

import numpy as np
import pytest
import safetensors.numpy
import yaml
from sklearn.metrics import roc_auc_score

from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.gallery.pages import write_pages
from xaudit.audit.plan.plan import detector_spec, make_plan
from xaudit.audit.store.files import read_findings, read_json
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.data.prepare import prepare
from xaudit.errors import ConfigError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.port import Context, make_explainer
from xaudit.explain.schedule import Job, explain_all
from xaudit.models.load import load_detector
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.pipeline.check import check_audit
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify import verify_folder

LIMIT = 30
FOLDS = {
    "column": "sex",
    "design": "k_fold",
    "weights": {"M": "m.safetensors", "F": "f.safetensors"},
}


def folded(text, folds=None, **changes):
    """The audit file with a detector for each fold, cheap to run."""
    content = yaml.safe_load(text)
    del content["detector"]["weights"]
    content["detector"]["folds"] = FOLDS if folds is None else folds
    content["explain"] |= {"methods": {"gradcam": {}}, "checks": {"cases": 3}, "shortcuts": 3}
    content["robustness"] = {"cases": 5, "maps": 3, "corruptions": ["blur"]}
    content["statistics"]["minimum"] = [3, 5]
    return yaml.safe_dump(content | changes)


def write_weights(folder):
    """The reference detector, and one whose evidence is weaker."""
    shutil.copyfile(REFERENCE_WEIGHTS, folder / "m.safetensors")
    state = safetensors.numpy.load_file(REFERENCE_WEIGHTS)
    last = max(name for name in state if name.startswith("evidence") and "weight" in name)
    state[last] = (0.7 * state[last]).astype(np.float32)
    safetensors.numpy.save_file(state, folder / "f.safetensors")


@pytest.fixture(scope="module")
def place(phantom_folder, audit_text, tmp_path_factory):
    base = tmp_path_factory.mktemp("folds")
    shutil.copytree(phantom_folder / "study", base / "study")
    write_weights(base)
    (base / "policy.yaml").write_text(
        "name: p\nrules:\n  - {id: auc, metric: auc, floor: 0.5}\n", encoding="utf-8"
    )
    (base / "audit.yaml").write_text(folded(audit_text), encoding="utf-8")
    return base


@pytest.fixture(scope="module")
def audit(place):
    run_audit(place / "audit.yaml", place / "out", Overrides(), LIMIT, lambda step: None)
    return place / "out"


def results_of(folder):
    return Results.load(Store(folder), read_json(folder / "plan.json", PlanRecord))


def alone(place, fold):
    """The detector of one fold, by itself."""
    config, _ = read_config(place / "audit.yaml")
    weights = config.detector.folds.weights[fold]
    detector = config.detector.model_copy(update={"weights": weights})
    return config, load_detector(detector_spec(config.model_copy(update={"detector": detector})))


def test_each_case_is_scored_and_explained_by_the_detector_of_its_fold(place, audit):
    results = results_of(audit)
    for fold in ("M", "F"):
        config, detector = alone(place, fold)
        evaluator = Evaluator(detector, 8)
        cases = {case.case_id: case for case in make_plan(config, None).study.cases}
        rows = [row for row in results.cases if row.groups["sex"] == fold]
        assert {row.fold for row in rows} == {fold}
        ready = [prepare(cases[row.case_id], detector.input) for row in rows]
        logits = evaluator.logits(np.stack([one.image for one in ready]))
        np.testing.assert_allclose([row.logit for row in rows], logits, atol=1e-4)
        row = next(row for row in rows if row.sampled)
        case = next(one for one in ready if one.case.case_id == row.case_id)
        (made,) = explain_all(evaluator, [Job(case, make_explainer("gradcam", {}))], Context(5))
        stored = results.array(row.case_id, "gradcam")
        np.testing.assert_allclose(stored, made.attribution.values, rtol=1e-3, atol=1e-5)


def test_out_of_fold_scores_are_pooled_and_folds_stand_beside(audit):
    findings, rows = read_findings(audit), results_of(audit).cases
    labels, logits = np.array([r.label for r in rows]), np.array([r.logit for r in rows])
    found = findings.find("auc", analysis="scored").estimate
    assert found.value == pytest.approx(roc_auc_score(labels, logits))
    assert found.clusters == len({row.patient for row in rows})
    scope = {"analysis": "scored", "folds": "k_fold"}
    for fold in ("M", "F"):
        own = np.array([row.fold == fold for row in rows])
        one = findings.find("auc_in_fold", fold=fold, **scope).estimate
        assert one.value == pytest.approx(roc_auc_score(labels[own], logits[own]))
    assert findings.find("auc_fold_mean", **scope) is not None


def test_card_and_provenance_name_every_detector(place, audit):
    findings = read_findings(audit)
    record = read_json(audit / "plan.json", PlanRecord)
    for fold in ("M", "F"):
        content = (place / f"{fold.lower()}.safetensors").read_bytes()
        name = f"weights of fold {fold}"
        assert record.files[name] == hashlib.sha256(content).hexdigest()
        assert findings.provenance[f"{name} SHA-256"] == record.files[name]
    assert findings.detector.weights_sha256 == record.files["weights"]
    assert findings.detector.weights_sha256 not in {record.files["weights of fold M"]}
    assert findings.detector.weights_file.startswith("one for each fold (F: f.safetensors, M:")
    assert "2 detectors were audited" in findings.detector.warnings[0]
    assert str(place) not in (audit / "plan.json").read_text(encoding="utf-8")


def test_no_shard_holds_two_folds_and_checks_are_shared_out(audit):
    results, record = results_of(audit), read_json(audit / "plan.json", PlanRecord)
    for ids in record.shards:
        assert len({results.by_id[one].fold for one in ids}) == 1
    assert not (audit / "probes").exists()
    assert {"robustness.parquet", "checks.parquet", "shortcuts.parquet"} <= {
        path.name for path in audit.iterdir()
    }


def test_features_of_different_detectors_are_not_compared_between_sites(audit):
    scope = {"group": "site", "compared": "rest", "analysis": "scored"}
    one = read_findings(audit).find("feature_shift_auc", **scope).estimate
    assert "detector of its own" in one.undefined


def test_saved_audit_is_verified_with_the_weights_of_any_fold(place, audit):
    for name in ("m.safetensors", "f.safetensors"):
        checks = verify_folder(audit, place / name)
        assert not any(one.differences for one in checks), checks
    (place / "other.safetensors").write_bytes(b"other")
    last = verify_folder(audit, place / "other.safetensors")[-1]
    assert "audited was" in last.differences[0]


def test_interrupted_run_goes_on_to_the_same_findings(place, audit, tmp_path):
    """Cut off after the first detector: what it finished is kept."""
    shutil.copytree(audit, tmp_path / "out")
    for name in ("findings.json", "robustness.parquet", "checks.parquet"):
        (tmp_path / "out" / name).unlink()
    record = read_json(audit / "plan.json", PlanRecord)
    last = tmp_path / "out" / "shards" / f"{len(record.shards) - 1:05d}"
    kept = (tmp_path / "out" / "shards" / "00000" / "cases.parquet").stat().st_mtime_ns
    shutil.rmtree(last)
    again = run_audit(place / "audit.yaml", tmp_path / "out", Overrides(), LIMIT, lambda step: None)
    assert again.findings == read_findings(audit).findings
    first = tmp_path / "out" / "shards" / "00000" / "cases.parquet"
    assert first.stat().st_mtime_ns == kept


def test_changed_weights_of_a_fold_are_another_audit(place, audit, tmp_path):
    shutil.copytree(place, tmp_path / "place", ignore=shutil.ignore_patterns("out"))
    shutil.copytree(audit, tmp_path / "place" / "out")
    shutil.copyfile(place / "m.safetensors", tmp_path / "place" / "f.safetensors")
    with pytest.raises(ConfigError, match="holds another audit; different: files"):
        run_audit(
            tmp_path / "place" / "audit.yaml", tmp_path / "place" / "out", Overrides(), LIMIT,
            lambda step: None,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"column": "sez"}, "no group 'sez'; there is"),
        ({"weights": {"M": "m.safetensors", "X": "f.safetensors"}}, "expected a fold .*got 'F'"),
        ({"weights": {"M": "m.safetensors", "F": "f.safetensors", "X": "m.safetensors"}},
         "fold 'X' has a detector and no case"),
        ({"design": "leave_one_site_out"}, "one site for each fold"),
        ({"weights": {"M": "m.safetensors", "F": "gone.safetensors"}}, "see detector.folds"),
        ({"weights": {"M": "m.safetensors"}}, "at least 2"),
    ],
)  # fmt: skip
def test_folds_that_do_not_fit_are_told(place, audit_text, tmp_path, changes, said):
    path = place / f"{tmp_path.name}.yaml"
    path.write_text(folded(audit_text, FOLDS | changes), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        make_plan(read_config(path)[0], None)


def test_weights_and_folds_exclude_each_other(place, audit_text, tmp_path):
    content = yaml.safe_load(folded(audit_text))
    content["detector"]["weights"] = "m.safetensors"
    path = place / f"{tmp_path.name}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="either weights or folds"):
        read_config(path)
    with pytest.raises(ConfigError, match="--weights names one file"):
        read_config(place / "audit.yaml", Overrides(weights=place / "m.safetensors"))
    content["detector"].pop("weights")
    content["explain"]["checks"]["retrained"] = ["m.safetensors"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ConfigError, match="of one detector"):
        read_config(path)


def test_leave_one_site_out_and_patients_in_two_folds(place, audit_text, tmp_path):
    sites = {name: "m.safetensors" for name in ("Alder", "Birch", "Cedar", "Dogwood")}
    folds = {"column": "site", "design": "leave_one_site_out", "weights": sites}
    path = place / f"{tmp_path.name}.yaml"
    path.write_text(folded(audit_text, folds), encoding="utf-8")
    plan = make_plan(read_config(path)[0], None)
    homes = {case.case_id: case.site for case in plan.study.cases}
    assert all(len({homes[one] for one in ids}) == 1 for ids in plan.record.shards)
    views = {"ap": "m.safetensors", "lateral": "f.safetensors", "oblique": "m.safetensors"}
    by_view = FOLDS | {"column": "view", "weights": views}
    content = yaml.safe_load(folded(audit_text, by_view))
    content["data"]["groups"] = ["sex", "view"]
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    plan = make_plan(read_config(path)[0], None)
    issues = [one for one in plan.study.issues if one.kind == "patient_in_two_folds"]
    assert issues
    assert "training saw this patient" in issues[0].detail


def test_check_loads_the_detector_of_every_fold(place, audit_text, tmp_path):
    assert check_audit(place / "audit.yaml", Overrides(), None).plan.record.files["weights"]
    broken = place / "broken.safetensors"
    safetensors.numpy.save_file({"x": np.zeros(3, dtype=np.float32)}, broken)
    weights = FOLDS["weights"] | {"F": broken.name}
    path = place / f"{tmp_path.name}.yaml"
    path.write_text(folded(audit_text, FOLDS | {"weights": weights}), encoding="utf-8")
    with pytest.raises(ConfigError, match="detector: broken"):
        check_audit(path, Overrides(), None)


def test_pages_of_cases_show_the_maps_of_every_detector(audit, tmp_path):
    write_pages(audit, tmp_path / "pages")
    shown = {case.case_id for case in read_findings(audit).gallery if case.maps}
    rows = results_of(audit).by_id
    assert {rows[one].fold for one in shown} == {"M", "F"}
    assert any(not rows[one].sampled for one in shown)
    assert len(list((tmp_path / "pages").glob("*.html"))) == len(rows) + 1
