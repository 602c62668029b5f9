"""``xaudit qualify``: what it refuses, and a whole quick qualification."""

import json

import pytest


def test_folder_of_something_else_is_refused(xaudit, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code, _out, err = xaudit("qualify", "--quick", "--out", tmp_path)
    assert code == 2
    assert "holds no qualification" in err


@pytest.mark.heavy
def test_quick_qualification_finds_every_defect_and_accuses_nobody(xaudit, tmp_path):
    folder = tmp_path / "qualification"
    code, out, err = xaudit("qualify", "--quick", "--out", folder)
    assert code == 0, out + err
    result = json.loads((folder / "qualification.json").read_text("utf-8"))
    assert result["found"]["k"] == result["found"]["n"] >= 12
    assert result["accused"]["k"] == 0
    assert result["accused"]["n"] >= 4
    assert "Every planted defect was found" in (folder / "qualification.html").read_text("utf-8")
    findings = sorted(folder.glob("seed-*/*/audit/findings.json"))
    before = [path.stat().st_mtime_ns for path in findings]
    assert xaudit("qualify", "--quick", "--out", folder)[0] == 0
    assert [path.stat().st_mtime_ns for path in findings] == before
