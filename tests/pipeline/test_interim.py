"""An audit with interim analyses: it stops, goes on, and tells what its intervals are."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings, read_verdict
from xaudit.audit.store.record import read_interim, read_record
from xaudit.compare.compare import compare
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.record.interim import level_text
from xaudit.errors import AuditError, ConfigError
from xaudit.gate.outputs.document import verdict_json
from xaudit.gate.outputs.junit import junit_xml
from xaudit.gate.outputs.sarif import sarif_json
from xaudit.gate.outputs.summary import summary_markdown
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.report.view.lookup import Lookup
from xaudit.verify.verify import verify_folder

EASY = "name: p\nrules:\n  - {id: auc, metric: auc, floor: 0.5}\n"
UNDECIDED = EASY + "  - {id: close, metric: sensitivity, floor: 0.8}\n"
COMPARES = EASY + "  - {id: as-good, metric: auc, non_inferior: 0.3}\n"


def listen(step):
    pass


def configured(workspace, policy, **interim):
    content = yaml.safe_load((workspace / "audit.yaml").read_text("utf-8"))
    content["data"]["groups"] = ["sex"]
    content["explain"] |= {"cases": 4, "methods": {"gradcam": {}}, "shortcuts": 0}
    content |= {"robustness": {"cases": 0, "maps": 0}, "interim": interim or {"spending": "pocock"}}
    content["statistics"] |= {"minimum": [2, 4]}
    (workspace / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (workspace / "policy.yaml").write_text(policy, encoding="utf-8")
    return workspace


def run(workspace, out="out", limit="ci", baseline=None):
    overrides = Overrides(positives=1.0, baseline=baseline)
    run_audit(workspace / "audit.yaml", workspace / out, overrides, limit, listen)
    return workspace / out


@pytest.fixture(scope="module")
def stopped_once(phantom_folder, audit_text, tmp_path_factory):
    """An audit that stopped; not to be changed."""
    base = tmp_path_factory.mktemp("stopped")
    shutil.copytree(phantom_folder / "study", base / "study")
    shutil.copyfile(REFERENCE_WEIGHTS, base / "weights.safetensors")
    (base / "audit.yaml").write_text(audit_text, encoding="utf-8")
    return run(configured(base, EASY))


@pytest.fixture
def stopped(stopped_once, tmp_path):
    return Path(shutil.copytree(stopped_once, tmp_path / "stopped"))


def test_audit_under_its_former_names_is_read_as_that_of_today(stopped, tmp_path):
    judge_audit(stopped)
    old = Path(shutil.copytree(stopped, tmp_path / "old"))
    (old / "interim.json").rename(old / "looks.json")
    for name in ("plan.json", "findings.json", "verdict.json"):
        content = json.loads((old / name).read_text("utf-8"))
        content["looks"] = content.pop("interim")
        (old / name).write_text(json.dumps(content), encoding="utf-8")
    assert read_interim(old) == read_interim(stopped)
    assert read_record(old) == read_record(stopped)
    assert read_findings(old) == read_findings(stopped)
    assert read_verdict(old) == read_verdict(stopped)


def test_audit_stops_where_every_rule_is_decided(stopped):
    findings, interim = read_findings(stopped), read_interim(stopped)
    assert interim == findings.interim
    assert interim.stopped
    assert interim.made[-1].undecided == ()
    assert all(one.undecided == ("auc",) for one in interim.made[:-1])
    assert findings.study.cases == interim.made[-1].cases < interim.of_cases
    assert findings.accountability.scored == findings.study.cases
    plan = json.loads((stopped / "plan.json").read_text("utf-8"))
    assert sum(map(len, plan["shards"])) == interim.of_cases == plan["interim"]["cases"][-1]
    assert f"stopped after {findings.study.cases} of" in findings.accountability.sample_why


def test_every_interval_is_a_repeated_one(stopped):
    findings = read_findings(stopped)
    level = findings.interim.level
    assert level > 0.95
    found = [one.estimate for one in findings.findings if one.estimate.value is not None]
    assert {one.level for one in found} == {level}
    bins = [one.observed for one in findings.calibration]
    assert {one.level for one in bins if one.value is not None} == {level}
    footnote = Lookup(findings).methods("auc")
    assert footnote.startswith(f"{level_text(level)} intervals, two-sided.")


def test_gate_and_outputs_say_so(stopped):
    verdict = judge_audit(stopped)
    said = verdict.interim.text
    assert "repeated confidence intervals" in said
    assert verdict.overall == "pass"
    (outcome,) = verdict.outcomes
    assert outcome.estimate.level == verdict.interim.level
    assert json.loads(verdict_json(verdict))["interim"]["planned"] == 4
    for text in (summary_markdown(verdict), junit_xml(verdict), sarif_json(verdict, "p.yaml")):
        assert f"stopped after {verdict.interim.made[-1].cases} of" in text.replace("&#32;", " ")
    other = stopped.parent / "other.yaml"
    other.write_text(EASY.replace("auc, floor: 0.5", "specificity, floor: 0.1"), encoding="utf-8")
    changed = judge_audit(stopped, other)
    assert changed.interim == verdict.interim
    assert changed.outcomes[0].estimate.level == verdict.interim.level


def test_saved_audit_is_as_large_as_what_was_audited_and_verifies(stopped):
    saved = SavedAudit.read(stopped)
    assert len(saved.results.cases) == saved.findings.study.cases
    assert saved.limited
    checks = verify_folder(stopped)
    assert [one for one in checks if one.differences] == []
    interim = json.loads((stopped / "interim.json").read_text("utf-8"))
    interim["made"][-1]["level"] = 0.95
    (stopped / "interim.json").write_text(json.dumps(interim), encoding="utf-8")
    wrong = {one.name for one in verify_folder(stopped) if one.differences}
    assert {"hashes of the files", "findings, recomputed from them"} <= wrong


def test_undecided_audit_goes_to_its_end_and_keeps_its_level(workspace):
    out = run(configured(workspace, UNDECIDED, fractions=[0.5, 1]))
    findings = read_findings(out)
    assert not findings.interim.stopped
    assert findings.interim.made[0].undecided == ("close",)
    assert findings.study.cases == findings.interim.of_cases
    # The last analysis does not pay for itself alone.
    assert 0.95 < findings.interim.level < 0.96


def test_interrupted_audit_makes_no_look_twice(workspace, monkeypatch):
    configured(workspace, UNDECIDED, fractions=[0.5, 1])
    from xaudit.pipeline import conduct

    def broken(*_):
        raise AuditError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(conduct, "run_probes", broken)
        with pytest.raises(AuditError, match="disk full"):
            run(workspace)
    before = (workspace / "out" / "interim.json").read_bytes()
    run(workspace)
    assert (workspace / "out" / "interim.json").read_bytes() == before


@pytest.mark.heavy
def test_comparison_is_decided_at_a_look_only_beside_its_baseline(workspace):
    configured(workspace, COMPARES)
    old = run(workspace, "old", limit=None)
    assert read_interim(old) is None
    alone = read_interim(run(workspace, "alone"))
    assert (alone.stopped, alone.made[-1].undecided) == (False, ("as-good",))
    new = run(workspace, "new", baseline=old)
    interim = read_interim(new)
    assert interim.stopped
    assert interim.baseline == read_record(old).identity
    verdict = judge_audit(new, baseline=old)
    by_id = {one.rule.id: one for one in verdict.outcomes}
    assert by_id["as-good"].verdict == "pass"
    assert by_id["as-good"].estimate.level == interim.level
    assert "for no difference" not in by_id["as-good"].why
    (said,) = compare(old, new).interim
    assert said.startswith(f"The new audit {interim.text}")
    with pytest.raises(ConfigError, match="cannot be the baseline"):
        judge_audit(old, baseline=new)


def test_rule_about_checks_of_maps_leaves_one_analysis(workspace):
    maps = EASY + "  - {id: m, metric: explanation_verdict, at_least: with_caution}\n"
    out = run(configured(workspace, maps))
    findings = read_findings(out)
    assert findings.interim is None
    assert "Analyzed once, at its end: m cannot be read" in findings.accountability.sample_why
