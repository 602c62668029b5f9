"""An audit that is looked at while it runs: it stops, goes on, and tells what its intervals are."""

import json
import shutil
from pathlib import Path

import pytest
import yaml

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.record import read_looks, read_record
from xaudit.compare.compare import compare
from xaudit.compare.same_cases import SavedAudit
from xaudit.core.record.looks import level_text
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


def configured(workspace, policy, **looks):
    content = yaml.safe_load((workspace / "audit.yaml").read_text("utf-8"))
    content["data"]["groups"] = ["sex"]
    content["explain"] |= {"cases": 4, "methods": {"gradcam": {}}, "shortcuts": 0}
    content |= {"robustness": {"cases": 0, "maps": 0}, "looks": looks or {"spending": "pocock"}}
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


def test_audit_stops_where_every_rule_is_decided(stopped):
    findings, looks = read_findings(stopped), read_looks(stopped)
    assert looks == findings.looks
    assert looks.stopped
    assert looks.made[-1].undecided == ()
    assert all(one.undecided == ("auc",) for one in looks.made[:-1])
    assert findings.study.cases == looks.made[-1].cases < looks.of_cases
    assert findings.accountability.scored == findings.study.cases
    plan = json.loads((stopped / "plan.json").read_text("utf-8"))
    assert sum(map(len, plan["shards"])) == looks.of_cases == plan["looks"]["cases"][-1]
    assert f"stopped after {findings.study.cases} of" in findings.accountability.sample_why


def test_every_interval_is_a_repeated_one(stopped):
    findings = read_findings(stopped)
    level = findings.looks.level
    assert level > 0.95
    found = [one.estimate for one in findings.findings if one.estimate.value is not None]
    assert {one.level for one in found} == {level}
    bins = [one.observed for one in findings.calibration]
    assert {one.level for one in bins if one.value is not None} == {level}
    footnote = Lookup(findings).methods("auc")
    assert footnote.startswith(f"{level_text(level)} intervals, two-sided.")


def test_gate_and_outputs_say_so(stopped):
    verdict = judge_audit(stopped)
    said = verdict.looks.text
    assert "repeated confidence intervals" in said
    assert verdict.overall == "pass"
    (outcome,) = verdict.outcomes
    assert outcome.estimate.level == verdict.looks.level
    assert json.loads(verdict_json(verdict))["looks"]["planned"] == 4
    for text in (summary_markdown(verdict), junit_xml(verdict), sarif_json(verdict, "p.yaml")):
        assert f"stopped after {verdict.looks.made[-1].cases} of" in text.replace("&#32;", " ")
    other = stopped.parent / "other.yaml"
    other.write_text(EASY.replace("auc, floor: 0.5", "specificity, floor: 0.1"), encoding="utf-8")
    changed = judge_audit(stopped, other)
    assert changed.looks == verdict.looks
    assert changed.outcomes[0].estimate.level == verdict.looks.level


def test_saved_audit_is_as_large_as_what_was_audited_and_verifies(stopped):
    saved = SavedAudit.read(stopped)
    assert len(saved.results.cases) == saved.findings.study.cases
    assert saved.limited
    checks = verify_folder(stopped)
    assert [one for one in checks if one.differences] == []
    looks = json.loads((stopped / "looks.json").read_text("utf-8"))
    looks["made"][-1]["level"] = 0.95
    (stopped / "looks.json").write_text(json.dumps(looks), encoding="utf-8")
    wrong = {one.name for one in verify_folder(stopped) if one.differences}
    assert {"hashes of the files", "findings, made anew from them"} <= wrong


def test_undecided_audit_goes_to_its_end_and_keeps_its_level(workspace):
    out = run(configured(workspace, UNDECIDED, fractions=[0.5, 1]))
    findings = read_findings(out)
    assert not findings.looks.stopped
    assert findings.looks.made[0].undecided == ("close",)
    assert findings.study.cases == findings.looks.of_cases
    # The last look does not pay for itself alone.
    assert 0.95 < findings.looks.level < 0.96


def test_interrupted_audit_makes_no_look_twice(workspace, monkeypatch):
    configured(workspace, UNDECIDED, fractions=[0.5, 1])
    from xaudit.pipeline import conduct

    def broken(*_):
        raise AuditError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(conduct, "run_probes", broken)
        with pytest.raises(AuditError, match="disk full"):
            run(workspace)
    before = (workspace / "out" / "looks.json").read_bytes()
    run(workspace)
    assert (workspace / "out" / "looks.json").read_bytes() == before


def test_comparison_is_decided_at_a_look_only_beside_its_baseline(workspace):
    configured(workspace, COMPARES)
    old = run(workspace, "old", limit=None)
    assert read_looks(old) is None
    alone = read_looks(run(workspace, "alone"))
    assert (alone.stopped, alone.made[-1].undecided) == (False, ("as-good",))
    new = run(workspace, "new", baseline=old)
    looks = read_looks(new)
    assert looks.stopped
    assert looks.baseline == read_record(old).identity
    verdict = judge_audit(new, baseline=old)
    by_id = {one.rule.id: one for one in verdict.outcomes}
    assert by_id["as-good"].verdict == "pass"
    assert by_id["as-good"].estimate.level == looks.level
    assert "for no difference" not in by_id["as-good"].why
    (said,) = compare(old, new).looked
    assert said.startswith(f"The new audit {looks.text}")
    with pytest.raises(ConfigError, match="cannot be the baseline"):
        judge_audit(old, baseline=new)


def test_rule_about_checks_of_maps_makes_one_look(workspace):
    maps = EASY + "  - {id: m, metric: explanation_verdict, at_least: with_caution}\n"
    out = run(configured(workspace, maps))
    findings = read_findings(out)
    assert findings.looks is None
    assert "Looked at once, at its end: m cannot be read" in findings.accountability.sample_why
