"""`xaudit verify` as a user meets it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from xaudit.audit.store.store import CaseRow, read_table, write_table
from xaudit.commands import main

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    base = tmp_path_factory.mktemp("verify")
    folder = Path(shutil.copytree(ROOT / "examples", base / "examples"))
    out = str(folder / "out")
    assert main(["run", str(folder / "small-predictions.yaml"), "--out", out]) == 0
    assert main(["gate", out]) in {0, 1, 4}
    assert main(["card", out]) == 0
    return folder / "out"


@pytest.fixture
def audit(printed, tmp_path):
    return Path(shutil.copytree(printed, tmp_path / "audit"))


def test_predictions_verify_until_a_digit_changes(xaudit, audit):
    code, out, err = xaudit("verify", audit)
    assert code == 0, out
    assert "nothing differs; findings SHA-256" in out
    assert "not compared: weights" in err
    text = (audit / "findings.json").read_text("utf-8")
    (audit / "findings.json").write_text(
        text.replace('"patients": 176', '"patients": 178'), "utf-8"
    )
    code, out, _err = xaudit("verify", audit)
    assert code == 1
    assert "findings.json: study: patients: 178, found 176" in out
    assert "this is not what was audited" in out


def test_a_card_alone(xaudit, audit):
    code, out, err = xaudit("verify", audit / "card.html")
    assert code == 0, out
    assert "whether the record itself is right is not known" in err


def test_the_committed_card_verifies(xaudit):
    code, out, _err = xaudit("verify", ROOT / "reports" / "sample" / "card.html")
    assert code == 0, out


def test_wrong_usage(xaudit, tmp_path, audit):
    assert xaudit("verify", tmp_path)[0] == 2
    assert xaudit("verify", tmp_path / "none.html")[0] == 2
    assert xaudit("verify", audit / "card.html", "--weights", audit / "plan.json")[0] == 2
    assert xaudit("verify", audit / "card.html", "--again", audit)[0] == 2
    assert xaudit("verify", audit, "--again", tmp_path)[0] == 2


def test_another_run_of_a_table_must_be_equal(xaudit, audit, tmp_path):
    again = Path(shutil.copytree(audit, tmp_path / "again"))
    code, out, _err = xaudit("verify", audit, "--again", again)
    assert code == 0, out
    assert "same: scores of another run, to the last digit" in out
    table = again / "shards" / "00000" / "cases.parquet"
    rows = read_table(table, CaseRow)
    rows[0] = replace(rows[0], logit=rows[0].logit + 1e-9)
    write_table(table, rows, CaseRow)
    code, out, _err = xaudit("verify", audit, "--again", again)
    assert code == 1
    assert f"{rows[0].case_id}: logit" in out


@pytest.fixture
def keys(tmp_path):
    key = ed25519.Ed25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(encoding, shape))
    return private, public


@pytest.fixture
def sign(xaudit, keys):
    def signed(target):
        return xaudit("sign", target, "--key", keys[0], "--name", "Ada", "--role", "auditor")

    return signed


def test_signed_audit(xaudit, audit, keys, sign):
    code, out, _err = xaudit("verify", audit, "--key", keys[1])
    assert code == 1
    assert "no signature by the key public.pem" in out
    assert sign(audit)[0] == 0
    code, out, _err = xaudit("verify", audit, "--key", keys[1])
    assert code == 0, out
    assert "signed by Ada, auditor, 2" in out
    assert "not settled" not in out
    (audit / "card.md").unlink()
    assert xaudit("verify", audit, "--key", keys[1])[0] == 1


@pytest.mark.parametrize("name", [".", "card.html"])
def test_a_signature_that_nobody_checked_is_no_pass(xaudit, audit, sign, name):
    target = audit / name
    assert xaudit("verify", target, "--no-key")[0] == 0
    sign(target)
    code, out, _err = xaudit("verify", target)
    assert code == 4
    assert "holds a signature that was not checked; name the public key with --key" in out
    assert xaudit("verify", target, "--no-key")[0] == 0
    assert xaudit("verify", target, "--no-key", "--key", "any.pem")[0] == 2


def test_a_ledger_and_a_verdict_that_were_not_signed_are_no_pass(xaudit, audit, keys, sign):
    assert xaudit("gate", audit, "--ledger", audit.parent / "uses.jsonl")[0] in {0, 1, 4}
    xaudit("card", audit)
    kept = {name: (audit / name).read_bytes() for name in ("ledger.json", "verdict.json")}
    for name in kept:
        (audit / name).rename(audit.parent / name)
    sign(audit)
    for name, content in kept.items():
        (audit / name).write_bytes(content)
    code, out, _err = xaudit("verify", audit, "--key", keys[1])
    assert code == 4, out
    assert "Ada did not sign ledger.json, verdict.json" in out
    # Both are covered by the next signature, so that a changed one is told.
    sign(audit)
    assert xaudit("verify", audit, "--key", keys[1])[0] == 0
    (audit / "ledger.json").write_bytes(kept["ledger.json"] + b"\n")
    code, out, _err = xaudit("verify", audit, "--key", keys[1])
    assert code == 1
    assert "ledger.json: SHA-256" in out


def test_what_nobody_answers_for_is_named(xaudit, audit, keys, sign):
    (audit / "study").mkdir()
    for name in ("study/a.png", "study/b.png", "notes.txt", ".card.html-99"):
        (audit / name).write_bytes(b"")
    _code, _out, err = sign(audit)
    assert "not signed: notes.txt, study/ (2 files)" in err
    code, _out, err = xaudit("verify", audit, "--key", keys[1])
    assert code == 0
    assert "under no hash and no signature: notes.txt, study/ (2 files)" in err
    _code, _out, err = xaudit("verify", audit, "--no-key")
    assert "under no hash: notes.txt, study/ (2 files)" in err


def test_an_audit_that_was_cut_off_is_not_signed(xaudit, audit, sign):
    (audit / "hashes.json").unlink()
    code, _out, err = sign(audit)
    assert code == 2
    assert "hashes.json" in err
    code, out, _err = xaudit("verify", audit)
    assert code == 1
    assert "the run was cut off" in out
