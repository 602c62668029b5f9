"""Each exit code has a case; a user's mistake never ends in a traceback."""

import json
import os
import signal
import time

import pytest

from xaudit.audit.store.hashes import write_hashes

POLICY = """\
name: p
rules:
  - {{id: a, metric: auc, floor: {floor}, reason: r}}
"""


@pytest.mark.parametrize(("floor", "code"), [(0.1, 0), (0.999, 1), (0.98, 4)])
def test_gate_tells_pass_fail_and_inconclusive(xaudit, sample, tmp_path, floor, code):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(floor=floor), encoding="utf-8")
    got, out, _err = xaudit("gate", sample, "--policy", policy)
    assert got == code
    assert "changed after the run" in out
    assert json.loads((sample / "verdict.json").read_text("utf-8"))["changed_after_run"] is True


def test_planned_policy_is_not_called_changed(xaudit, sample):
    code, out, _err = xaudit("gate", sample)
    assert code in {0, 1, 4}
    assert "changed after the run" not in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("gate", "nowhere"),
        ("card", "nowhere"),
        ("show", "nowhere", "case"),
        ("run", "nowhere.yaml"),
        ("check", "nowhere.yaml"),
        ("init", "nowhere", "--model", "nothing.safetensors", "--out", "new.yaml"),
        ("gate",),
        ("fly",),
        ("run", "a.yaml", "--limit", "0"),
        ("schema", "everything"),
    ],
)
def test_wrong_usage_is_2_and_a_sentence(xaudit, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, _out, err = xaudit(*arguments)
    assert code == 2, err
    assert "error:" in err
    assert "Traceback" not in err


def test_gate_without_a_policy_is_2(xaudit, sample):
    plan = json.loads((sample / "plan.json").read_text("utf-8"))
    plan["policy"] = None
    (sample / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
    write_hashes(sample)
    code, _out, err = xaudit("gate", sample)
    assert code == 2
    assert "without a policy" in err


@pytest.mark.parametrize("other", [(), ("study", "detector", "findings")])
def test_findings_of_another_version_are_2(xaudit, sample, other):
    findings = json.loads((sample / "findings.json").read_text("utf-8"))
    findings["schema_version"] = 99
    for key in other:
        del findings[key]
    (sample / "findings.json").write_text(json.dumps(findings), encoding="utf-8")
    write_hashes(sample)
    code, _out, err = xaudit("card", sample)
    assert code == 2
    assert "schema version 99" in err
    assert "use the version that wrote it (0.1.0), or run the audit again" in err


def _without_a_picture(folder):
    next((folder / "evidence").glob("*.png")).unlink()


def _half_a_picture(folder):
    path = next((folder / "evidence").glob("*.png"))
    path.write_bytes(path.read_bytes()[:-20])


def _no_picture(folder):
    next((folder / "evidence").glob("*.png")).write_text("not found", encoding="utf-8")


def _text_for_a_number(folder):
    findings = json.loads((folder / "findings.json").read_text("utf-8"))
    findings["findings"][3]["estimate"]["value"] = "many"
    (folder / "findings.json").write_text(json.dumps(findings), encoding="utf-8")


def _half_a_file(folder):
    path = folder / "findings.json"
    path.write_bytes(path.read_bytes()[:5000])


def _bad_verdict(folder):
    (folder / "verdict.json").write_text('{"policy": 3}', encoding="utf-8")


@pytest.mark.parametrize(
    ("damage", "said", "advice"),
    [
        (_without_a_picture, "evidence", "copy the folder evidence/ again"),
        (_half_a_picture, "expected a whole PNG", "copy the folder evidence/ again"),
        (_no_picture, "expected a whole PNG", "copy the folder evidence/ again"),
        (_text_for_a_number, "findings.3.estimate.value", "restore it"),
        (_half_a_file, "cannot be read", "restore it"),
        (_bad_verdict, "verdict.json: policy", "restore it"),
    ],
)
def test_a_damaged_audit_leaves_the_old_card_alone(xaudit, sample, damage, said, advice):
    (sample / "card.html").write_text("the old card", encoding="utf-8")
    (sample / "card.md").write_text("the old card", encoding="utf-8")
    damage(sample)
    # As if it had been written so: what was changed since is refused before it is read.
    write_hashes(sample)
    code, _out, err = xaudit("card", sample)
    assert code == 2
    assert said in err
    assert advice in err
    assert (sample / "card.html").read_text("utf-8") == "the old card"
    assert (sample / "card.md").read_text("utf-8") == "the old card"
    assert not list(sample.glob(".card*"))


def test_picture_outside_of_the_evidence_is_refused(xaudit, sample):
    findings = json.loads((sample / "findings.json").read_text("utf-8"))
    findings["gallery"][0]["picture"] = "../../secret.png"
    (sample / "findings.json").write_text(json.dumps(findings), encoding="utf-8")
    write_hashes(sample)
    code, _out, err = xaudit("card", sample)
    assert code == 2
    assert "outside evidence" in err


def test_schemas_are_json(xaudit):
    for kind in ("audit", "policy", "device", "findings", "verdict"):
        code, out, _err = xaudit("schema", kind)
        assert code == 0
        assert json.loads(out)["type"] == "object"


def test_version_is_printed(xaudit):
    assert xaudit("--version")[1].startswith("xaudit ")


def test_failure_of_xaudit_itself_is_3(xaudit, sample, monkeypatch):
    monkeypatch.setattr("xaudit.pipeline.card.write_cards", lambda *_, **__: 1 / 0)
    code, _out, err = xaudit("card", sample)
    assert code == 3
    assert "ZeroDivisionError" in err


@pytest.mark.heavy
def test_interrupted_run_is_130_and_goes_on(process, tmp_path):
    """A real process, a real signal: what was complete is kept."""
    folder = tmp_path / "demo"
    first = process("demo", "--out", folder)
    shards = folder / "shards"
    deadline = time.monotonic() + 240
    while not (shards / "00000" / "_DONE").exists():
        assert time.monotonic() < deadline
        assert first.poll() is None, first.communicate()[1]
        time.sleep(0.1)
    first.send_signal(signal.SIGINT)
    _out, err = first.communicate(timeout=600)
    assert first.returncode == 130, err
    assert "kept" in err
    assert "Traceback" not in err
    stamp = (shards / "00000" / "_DONE").stat().st_mtime_ns
    second = process("demo", "--out", folder)
    while not (shards / "00001" / "_DONE").exists():
        assert time.monotonic() < deadline
        assert second.poll() is None, second.communicate()[1]
        time.sleep(0.1)
    os.kill(second.pid, signal.SIGKILL)
    second.communicate()
    assert (shards / "00000" / "_DONE").stat().st_mtime_ns == stamp


def test_strict_fails_a_policy_that_was_changed(xaudit, sample, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(floor=0.1), encoding="utf-8")
    assert xaudit("gate", sample, "--policy", policy)[0] == 0
    assert xaudit("gate", sample, "--policy", policy, "--strict")[0] == 1
    assert xaudit("gate", sample, "--strict")[0] == xaudit("gate", sample)[0]


def test_gate_writes_every_output_that_is_asked_for(xaudit, sample, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY.format(floor=0.999), encoding="utf-8")
    names = {"--junit": "j.xml", "--sarif": "s.sarif", "--summary": "s.md", "--json": "v.json"}
    options = [part for pair in names.items() for part in pair]
    code, out, _err = xaudit("gate", sample, "--policy", "policy.yaml", "--github", *options)
    assert code == 1
    assert "::error file=policy.yaml,line=3,title=xaudit::a: " in out
    assert all("changed after the run" in (tmp_path / one).read_text("utf-8")
               or '"changed_after_run": true' in (tmp_path / one).read_text("utf-8")
               for one in names.values())  # fmt: skip


def test_dry_run_judges_nothing(xaudit, sample):
    (sample / "verdict.json").unlink()
    code, out, _err = xaudit("gate", sample, "--dry-run")
    assert code == 0
    assert "sensitivity[" in out
    assert not (sample / "verdict.json").exists()


def test_explain_keeps_the_exit_code(xaudit, sample):
    rule = json.loads((sample / "plan.json").read_text("utf-8"))["policy"]["rules"][0]["id"]
    code, out, _err = xaudit("gate", sample, "--explain", rule)
    assert code == xaudit("gate", sample)[0]
    assert "interval: " in out
    assert xaudit("gate", sample, "--explain", "nothing")[0] == 2


def test_typing_errors_of_a_policy_are_2_with_line_and_name(xaudit, sample, tmp_path):
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(floor=0.1).replace("auc", "specifcity"), encoding="utf-8")
    code, _out, err = xaudit("gate", sample, "--policy", policy)
    assert code == 2
    assert "policy.yaml:3: rule 'a': there is no metric 'specifcity'" in err
    assert "did you mean 'specificity'" in err


def test_card_prints_a_waived_rule_with_its_owner(xaudit, sample, tmp_path):
    waiver = "waivers:\n  - {rule: a, where: {}, reason: x, owner: Dr. X, expires: 2999-01-01}\n"
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY.format(floor=0.999) + waiver, encoding="utf-8")
    assert xaudit("gate", sample, "--policy", policy)[0] == 0
    assert xaudit("card", sample)[0] == 0
    assert "waived by Dr. X until 2999-01-01: x" in (sample / "card.html").read_text("utf-8")
