"""Patients are codes under a key that stays with the user; results do not depend on the key."""

import csv
import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
import yaml

from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.plan.plan import fix_record, make_plan, same_record, with_codes
from xaudit.audit.store.files import read_json
from xaudit.audit.store.patient_key import PatientKey, default_key_file, patient_key
from xaudit.audit.store.record import PlanRecord
from xaudit.commands import main
from xaudit.compare.paired_audits import read_cases, read_pair
from xaudit.errors import ConfigError
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.pipeline.predictions import run_predictions
from xaudit.provenance.record_use import record_run
from xaudit.verify.verify import verify_folder

PATIENTS = [f"MRN-{1000 + n}" for n in range(30)]
POLICY = """\
name: baseline
rules:
  - {id: sensitivity, metric: sensitivity, non_inferior: 0.2, reason: no worse}
  - {id: scores, metric: score_drift, floor: -0.3, reason: the same kind of films}
"""


@pytest.fixture
def table(tmp_path):
    """Scores of 60 films of 30 patients, in an order that is not that of their ids."""
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["film", "person", "label", "score", "sex"])
        for n in range(60):
            person = PATIENTS[(n // 2 * 7) % len(PATIENTS)]
            rows.writerow(
                [f"f{n}", person, n % 2, round(0.3 + 0.4 * (n % 2) + n / 400, 4), "FM"[n % 3 % 2]]
            )
    columns = {"id": "film", "patient": "person", "label": "label", "score": "score"}
    content = {
        "name": "table",
        "data": {"table": "scores.csv", "columns": columns, "groups": {"sex": {"column": "sex"}}},
        "detector": {
            "format": "predictions", "name": "d", "score": "probability",
            "operating_points": [{"name": "default", "probability": 0.5, "origin": "fixed"}],
        },
        "policy": "policy.yaml",
    }  # fmt: skip
    (tmp_path / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    return tmp_path


def audited(table, out, key):
    folder = table / out
    run_predictions(table / "audit.yaml", folder, Overrides(keep_key=table / key), None)
    return folder


def test_who_knows_every_id_cannot_look_up_a_code(table):
    folder = audited(table, "out", "key")
    codes = {row.patient for row in read_cases(folder).values()}
    assert len(codes) == len(PATIENTS)
    tried = {
        digest(one.encode()).hexdigest()[:length]
        for one in PATIENTS
        for digest in (hashlib.sha256, hashlib.sha1, hashlib.md5, hashlib.blake2b)
        for length in (8, 12, 16, 32, 64)
    }
    assert not codes & tried
    for path in folder.rglob("*"):
        if path.is_file():
            assert b"MRN-" not in path.read_bytes(), path
    key = patient_key(table / "key", folder)
    assert {key.code(one) for one in PATIENTS} == codes


def test_key_is_the_users_alone_and_stays(tmp_path):
    path = tmp_path / "state" / "xaudit" / "key"
    first = patient_key(path, tmp_path / "audit")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert patient_key(path, tmp_path / "audit") == first
    assert os.listdir(path.parent) == ["key"]
    assert first.secret.hex() not in repr(first)
    other = PatientKey.fresh()
    assert other.id != first.id
    assert other.code("p1") != first.code("p1") != first.code("p2")


def test_processes_that_begin_at_once_share_one_key(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        keys = set(
            pool.map(lambda _: patient_key(tmp_path / "key", tmp_path / "audit").id, range(40))
        )
    assert len(keys) == 1


def test_key_of_the_user_lies_in_the_folder_of_states(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_key_file() == tmp_path / "xaudit" / "patients.key"
    assert patient_key(None, tmp_path / "audit") == patient_key(
        default_key_file(), tmp_path / "audit"
    )


def test_key_that_protects_nothing_is_refused(tmp_path):
    audit = tmp_path / "audit"
    (audit / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(audit)
    for inside in (audit / "deep" / "key", tmp_path / "link" / "key", audit / "x" / ".." / "key"):
        with pytest.raises(ConfigError, match="lies in the audit"):
            patient_key(inside, audit)
    path = tmp_path / "key"
    patient_key(path, audit)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="chmod 600"):
        patient_key(path, audit)
    path.chmod(0o600)
    for damaged in (b"", b"00", b"\xff" * 70, b"ab" * 40):
        path.write_bytes(damaged)
        with pytest.raises(ConfigError, match="64 hexadecimal digits"):
            patient_key(path, audit)
    with pytest.raises(ConfigError, match="--keep-key"):
        patient_key(tmp_path, audit)
    with pytest.raises(ConfigError, match="--keep-key"):
        patient_key(path / "below", audit)


def test_findings_are_the_same_under_any_key(table):
    folders = [audited(table, out, key) for out, key in (("a", "one"), ("b", "two"), ("c", "one"))]
    rows = [[row.patient for row in read_cases(one).values()] for one in folders]
    assert rows[0] == rows[2] != rows[1]
    plans = [read_json(one / "plan.json", PlanRecord) for one in folders]
    assert plans[0].identity == plans[1].identity
    # The plans were written at different seconds.
    texts = [
        (one / "findings.json").read_text("utf-8").replace(plan.created, "")
        for one, plan in zip(folders, plans, strict=True)
    ]
    assert texts[0] == texts[1]
    assert all(not check.differences for check in verify_folder(folders[1]))
    uses = [record_run(table / "ledger.jsonl", one) for one in folders]
    assert [use.before for use in uses] == [0, 0, 0]


def test_a_run_goes_on_under_its_own_key_alone(table):
    folder = audited(table, "out", "one")
    audited(table, "out", "two")
    (folder / "findings.json").unlink()
    with pytest.raises(ConfigError, match="one patient would count as two"):
        audited(table, "out", "two")
    audited(table, "out", "one")


def test_a_run_of_a_network_goes_on_under_its_own_key_alone(workspace):
    config, out = workspace / "audit.yaml", workspace / "out"
    made, key = make_plan(read_config(config)[0], None), PatientKey.fresh()
    out.mkdir()
    fix_record(same_record(made.record, out, key), out)
    plan = with_codes(made, key)
    raw = {case.patient for case in made.study.cases}
    assert not raw & {case.patient for case in plan.study.cases}
    with pytest.raises(ConfigError, match="one patient would count as two"):
        run_audit(config, out, Overrides(), None, lambda step: None)


def test_audits_under_two_keys_are_compared_by_which_cases_are_of_one_patient(table):
    old, new = audited(table, "old", "one"), audited(table, "new", "two")
    paired = read_pair(old, new)
    assert len(paired.ids) == 60
    assert paired.left_out == {}
    verdict = judge_audit(new, baseline=old)
    assert "codes of two keys" in verdict.baseline.note
    same_key = judge_audit(audited(table, "third", "one"), baseline=old)
    assert "key" not in same_key.baseline.note
    compared = [
        next(one for one in each.outcomes if one.rule.id == "sensitivity").estimate
        for each in (verdict, same_key)
    ]
    assert compared[0] == compared[1]


def test_case_of_another_patient_is_left_out_under_two_keys_too(table):
    old = audited(table, "old", "one")
    text = (table / "scores.csv").read_text("utf-8")
    lines = text.splitlines()
    first, other = lines[1].split(","), lines[3].split(",")
    first[1] = other[1]
    (table / "scores.csv").write_text(
        "\n".join([lines[0], ",".join(first), *lines[2:]]) + "\n", "utf-8"
    )
    paired = read_pair(old, audited(table, "new", "two"))
    assert paired.left_out == {"with another patient": 1}
    assert first[0] not in paired.ids


def test_check_says_where_ids_of_cases_name_patients(table, capsys):
    path = table / "scores.csv"
    assert main(["check", str(table / "audit.yaml")]) == 0
    assert "privacy" not in capsys.readouterr().out
    lines = [line.split(",") for line in path.read_text("utf-8").splitlines()]
    named = [lines[0], *([f"{one[1]}_{one[0]}", *one[1:]] for one in lines[1:])]
    path.write_text("\n".join(map(",".join, named)) + "\n", encoding="utf-8")
    assert main(["check", str(table / "audit.yaml")]) == 0
    assert "60 case ids hold the id of their patient" in capsys.readouterr().out
