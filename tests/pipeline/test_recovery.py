"""Whatever ends a run, and wherever, the next one ends as if nothing had been."""

import csv
import shutil
from datetime import UTC, datetime

import pytest
import yaml
from faulty_disk import FILLS, Crash, FaultyDisk

from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.disk import is_draft
from xaudit.audit.store.hashes import unlike_written
from xaudit.errors import AuditError
from xaudit.pipeline.conduct import run_audit
from xaudit.pipeline.judge import judge_audit
from xaudit.pipeline.predictions import run_predictions

FULL = "the disk is full; complete shards are kept"
POLICY = "name: p\nrules:\n  - {id: auc, metric: auc, floor: 0.5, reason: r}\n"


class _Clock(datetime):
    """One moment: a plan that was lost is made again, and says when."""

    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(autouse=True)
def one_moment(monkeypatch):
    for module in ("xaudit.pipeline.predictions", "xaudit.audit.plan.plan"):
        monkeypatch.setattr(f"{module}.datetime", _Clock)


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
        "statistics": {"draws": 200},
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


def ends(work, root, monkeypatch, how):
    """The numbers of the operations at which a run can end in this way."""
    faultless = FaultyDisk(root)
    faultless.remember()
    with faultless.beneath(monkeypatch):
        work()
    numbered = enumerate(faultless.operations, 1)
    return [number for number, what in numbered if how != "full" or what in FILLS]


def ended(work, root, monkeypatch, at, how):
    faulty = FaultyDisk(root, at, how)
    faulty.remember()
    with faulty.beneath(monkeypatch), pytest.raises((Crash, AuditError)) as raised:
        work()
    return str(raised.value)


def state(folder):
    """What an end left; the next run does the same with the same."""
    paths = sorted(path for path in folder.rglob("*") if path.name != ".lock")
    return tuple((path, path.read_bytes() if path.is_file() else None) for path in paths)


HOW = ("kill", "power", "torn", "full")


@pytest.mark.heavy
def test_a_run_that_ends_at_any_operation_is_completed_by_the_next(table, disk_root, monkeypatch):
    def work():
        audit(table, disk_root / "out")

    seen = set()
    for how in HOW:
        shutil.rmtree(disk_root / "out", ignore_errors=True)
        places = ends(work, disk_root, monkeypatch, how)
        expected = whole(disk_root / "out")
        assert len(places) > 35
        for at in places:
            shutil.rmtree(disk_root / "out", ignore_errors=True)
            said = ended(work, disk_root, monkeypatch, at, how)
            assert how != "full" or FULL in said
            left = state(disk_root)
            if left not in seen:
                seen.add(left)
                work()
                assert whole(disk_root / "out") == expected, (how, at)


@pytest.mark.heavy
def test_findings_that_are_made_anew_never_stand_beside_the_hashes_of_the_old(
    table, disk_root, tmp_path, monkeypatch
):
    """A judged audit whose file acknowledges something by now: another way to end."""
    audit(table, disk_root / "out")
    judge_audit(disk_root / "out")
    shutil.copytree(disk_root, tmp_path / "judged")

    def work():
        audit(table, disk_root / "out", "answered")

    def as_judged():
        shutil.rmtree(disk_root)
        shutil.copytree(tmp_path / "judged", disk_root)

    seen = set()
    for how in HOW:
        as_judged()
        places = ends(work, disk_root, monkeypatch, how)
        expected = whole(disk_root / "out")
        assert len(places) > 10
        for at in places:
            as_judged()
            ended(work, disk_root, monkeypatch, at, how)
            left = state(disk_root)
            if left in seen:
                continue
            seen.add(left)
            if (disk_root / "out" / "hashes.json").exists():
                assert list(unlike_written(disk_root / "out")) == [], (how, at)
            work()
            assert whole(disk_root / "out") == expected, (how, at)
            assert not (disk_root / "out" / "verdict.json").exists()


@pytest.mark.parametrize("how", HOW)
def test_a_verdict_is_the_old_or_the_new_one(table, disk_root, tmp_path, monkeypatch, how):
    audit(table, disk_root / "out")
    shutil.copytree(disk_root, tmp_path / "run")

    def work():
        judge_audit(disk_root / "out")

    places = ends(work, disk_root, monkeypatch, how)
    expected = (disk_root / "out" / "verdict.json").read_bytes()
    for at in places:
        shutil.rmtree(disk_root)
        shutil.copytree(tmp_path / "run", disk_root)
        ended(work, disk_root, monkeypatch, at, how)
        path = disk_root / "out" / "verdict.json"
        assert not path.exists() or path.read_bytes() == expected
        work()
        assert path.read_bytes() == expected
        # A draft of a gate that was killed goes with the next run, which takes the rest as it is.
        audit(table, disk_root / "out")
        assert drafts(disk_root) == []
        assert path.read_bytes() == expected


@pytest.mark.heavy
def test_an_audit_of_a_network_goes_on_from_wherever_it_ended(workspace, disk_root, monkeypatch):
    """Maps and tables: too slow to end at each operation, so at two."""
    config = yaml.safe_load((workspace / "audit.yaml").read_text("utf-8"))
    config["data"] |= {"site": None, "groups": ["sex"]}
    config["explain"] |= {"cases": 2, "methods": {"gradcam": {}}, "shortcuts": 1, "gallery": False}
    config["robustness"] = {"cases": 2, "maps": 1, "corruptions": ["noise"]}
    (workspace / "audit.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")

    def work():
        path, folder = workspace / "audit.yaml", disk_root / "out"
        run_audit(path, folder, Overrides(), 20, lambda step: None)

    places = ends(work, disk_root, monkeypatch, "full")
    expected = whole(disk_root / "out")
    for share, how in ((0.3, "torn"), (0.8, "full")):
        at = places[round(share * len(places))]
        shutil.rmtree(disk_root / "out", ignore_errors=True)
        said = ended(work, disk_root, monkeypatch, at, how)
        assert how != "full" or FULL in said
        # What was being written when it ended is no shard yet.
        shards = [path for path in disk_root.rglob("_DONE") if path.parent.name[0] != "."]
        done = {path: path.stat().st_mtime_ns for path in shards}
        work()
        assert whole(disk_root / "out") == expected, (how, at)
        assert [path for path in done if path.stat().st_mtime_ns != done[path]] == [], "twice"
