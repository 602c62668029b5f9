"""Whatever ends a run, and wherever: the next one ends as if nothing had been, and leaves no draft."""

import csv
import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from faulty_disk import Crash, FaultyDisk

from xaudit.audit.card import write_cards
from xaudit.audit.conduct import run_audit
from xaudit.audit.disk import is_draft
from xaudit.audit.hashes import unlike_written
from xaudit.audit.judge import judge_audit
from xaudit.audit.predictions import run_predictions
from xaudit.audit.read_config import Overrides
from xaudit.audit.verify import verify_folder
from xaudit.errors import AuditError

POLICY = "name: p\nrules:\n  - {id: auc, metric: auc, floor: 0.5, reason: r}\n"


class _Clock(datetime):
    """One moment: a plan that was lost is made again, and says when."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    for module in ("predictions", "plan"):
        monkeypatch.setattr(f"xaudit.audit.{module}.datetime", _Clock)


@pytest.fixture
def table(tmp_path):
    """The smallest audit that has something to say."""
    home = tmp_path / "table"
    home.mkdir()
    with (home / "table.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(("film", "patient", "fracture", "score"))
        rows.writerows((f"f{n}", f"p{n}", n % 2, (n * 7 % 12 + n % 2 * 4) / 20) for n in range(12))
    (home / "policy.yaml").write_text(POLICY, encoding="utf-8")
    columns = {"id": "film", "patient": "patient", "label": "fracture", "score": "score"}
    config = {
        "name": "t",
        "data": {"table": "table.csv", "columns": columns},
        "detector": {
            "format": "predictions",
            "name": "d",
            "score": "probability",
            "operating_points": [{"name": "half", "probability": 0.5, "origin": "fixed"}],
        },
        "statistics": {"draws": 100},
        "policy": "policy.yaml",
    }
    for name, more in (("first", {}), ("answered", {"acknowledge": ["constant_score"]})):
        (home / f"{name}.yaml").write_text(yaml.safe_dump(config | more), encoding="utf-8")
    return home


@pytest.fixture
def disk_root(tmp_path):
    root = tmp_path / "disk"
    root.mkdir()
    return root


def audit(table, folder, name="first"):
    return run_predictions(table / f"{name}.yaml", folder, Overrides(), None)


def drafts(folder):
    return [path for path in folder.rglob("*") if is_draft(path.relative_to(folder))]


def whole(folder):
    """What lies in a finished audit; whatever differs is told by its hash."""
    assert list(unlike_written(folder)) == []
    assert drafts(folder) == []
    return (folder / "findings.json").read_bytes(), (folder / "hashes.json").read_bytes()


def operations(work, root, monkeypatch):
    """How many there are in a run that nothing ends."""
    faultless = FaultyDisk(root)
    faultless.remember()
    with faultless.beneath(monkeypatch):
        work()
    return faultless.operations


def ended(work, root, monkeypatch, at, how):
    faulty = FaultyDisk(root, at, how)
    faulty.remember()
    with faulty.beneath(monkeypatch), pytest.raises((Crash, AuditError)) as raised:
        work()
    return str(raised.value)


HOW = ("kill", "power", "torn", "full")


@pytest.mark.heavy
@pytest.mark.parametrize("how", HOW)
def test_a_run_that_ends_at_any_operation_is_completed_by_the_next(
    table, disk_root, monkeypatch, how
):
    def work():
        audit(table, disk_root / "out")

    count = len(operations(work, disk_root, monkeypatch))
    expected = whole(disk_root / "out")
    assert count > 60
    for at in range(1, count + 1):
        shutil.rmtree(disk_root / "out", ignore_errors=True)
        said = ended(work, disk_root, monkeypatch, at, how)
        assert how != "full" or "the disk is full; complete shards are kept" in said
        work()
        assert whole(disk_root / "out") == expected, at
