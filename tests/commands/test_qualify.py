"""``xaudit qualify``: what it refuses, and a whole quick qualification."""

import json
import signal

import pytest


def test_folder_of_something_else_is_refused(xaudit, tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    code, _out, err = xaudit("qualify", "--quick", "--out", tmp_path)
    assert code == 2
    assert "holds no qualification" in err


@pytest.mark.heavy
def test_quick_qualification_finds_every_defect_and_accuses_nobody(xaudit, process, tmp_path):
    """Interrupted after its first audit, gone on with, and asked once more."""
    folder = tmp_path / "qualification"
    first = process("qualify", "--quick", "--out", folder)
    assert any(line.startswith("1 of ") for line in first.stderr)
    first.send_signal(signal.SIGINT)
    _out, err = first.communicate(timeout=600)
    assert first.returncode == 130
    assert "Traceback" not in err
    kept = changes(folder)
    assert kept
    code, out, err = xaudit("qualify", "--quick", "--out", folder)
    assert code == 0, out + err
    result = json.loads((folder / "qualification.json").read_text("utf-8"))
    assert result["found"]["k"] == result["found"]["n"] >= 12
    assert result["accused"]["k"] == 0
    assert result["accused"]["n"] >= 4
    assert "Every planted defect was found" in (folder / "qualification.html").read_text("utf-8")
    done = changes(folder)
    assert kept.items() <= done.items()
    assert xaudit("qualify", "--quick", "--out", folder)[0] == 0
    assert changes(folder) == done


def changes(folder):
    """When each finished audit was written."""
    paths = folder.glob("seed-*/*/audit/findings.json")
    return {path: path.stat().st_mtime_ns for path in paths}
