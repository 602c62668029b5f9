"""`xaudit verify` as a user meets it."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from xaudit.audit.store import CaseRow, read_table, write_table
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


def test_signed_audit(xaudit, audit, tmp_path):
    key = ed25519.Ed25519PrivateKey.generate()
    private, public = tmp_path / "private.pem", tmp_path / "public.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private.write_bytes(key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain))
    shape = serialization.PublicFormat.SubjectPublicKeyInfo
    public.write_bytes(key.public_key().public_bytes(encoding, shape))
    code, out, _err = xaudit("verify", audit, "--key", public)
    assert code == 1
    assert "no signature by the key public.pem" in out
    options = ("--key", private, "--name", "Ada", "--role", "auditor")
    assert xaudit("sign", audit, *options)[0] == 0
    code, out, _err = xaudit("verify", audit, "--key", public)
    assert code == 0, out
    assert "signed by Ada, auditor, 2" in out
    (audit / "card.md").unlink()
    assert xaudit("verify", audit, "--key", public)[0] == 1
