"""What a run finds in its folder: it goes on from what is whole, and says what is not."""

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from xaudit.audit.store.files import read_findings
from xaudit.audit.store.hashes import changed_files, unlike_written, write_hashes
from xaudit.audit.store.resume import finished_before
from xaudit.pipeline.finish import taken_up

DEAD = 2**22 + 1
"""More than any process has for a number."""


@pytest.fixture
def audit(finished, tmp_path):
    return Path(shutil.copytree(finished, tmp_path / "audit"))


@pytest.fixture
def identity(finished):
    return read_findings(finished).audit.plan_sha256


@pytest.fixture
def living():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process.pid
        process.communicate(b"\n")


def test_a_finished_audit_is_taken_as_it_is(audit, identity):
    assert finished_before(audit, identity) == read_findings(audit)
    assert (audit / "hashes.json").exists()


def test_one_of_another_plan_or_without_its_mark_is_gone_on_with(audit, identity, caplog):
    assert finished_before(audit, "another") is None
    assert not (audit / "hashes.json").exists()
    # Cut off behind its findings: they are recomputed, and nothing has to be said.
    assert finished_before(audit, identity) is None
    assert caplog.records == []


@pytest.mark.parametrize(
    "name", ["findings.json", "robustness.parquet", "suspicions.json", "shards/00000/arrays.npz"]
)
def test_what_is_not_as_it_was_written_goes_with_a_word(audit, identity, caplog, name):
    (audit / name).write_bytes((audit / name).read_bytes()[:-1] + b"?")
    assert finished_before(audit, identity) is None
    (said,) = caplog.messages
    assert f"{name}: SHA-256" in said
    assert "it is recomputed" in said
    assert not (audit / name).exists()
    # Of a shard nothing is left: its rows and arrays are made together.
    assert (audit / "shards" / "00000").exists() == (not name.startswith("shards"))
    assert (audit / "shards" / "00001").exists()


def test_a_run_that_is_cut_off_while_it_takes_that_away_does_so_again(audit, identity, monkeypatch):
    for name in ("checks.parquet", "robustness.parquet"):
        (audit / name).write_bytes(b"changed")

    def stop(folder):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("xaudit.audit.store.resume.reopen", stop)
        with pytest.raises(KeyboardInterrupt):
            finished_before(audit, identity)
    # The mark stays until nothing is left that a later run could take for what was written.
    assert (audit / "hashes.json").exists()
    assert finished_before(audit, identity) is None
    assert not (audit / "checks.parquet").exists()


def test_drafts_of_killed_runs_go_and_those_of_others_stay(audit, identity, living):
    gone = [
        f".findings.json-{DEAD}", f".findings.json-{living}", f".plan.json-{os.getpid()}",
        f".hashes.json-{living}", f".card.html-{DEAD}", f"shards/.00000-{living}/cases.parquet",
        f"shards/.00001.old-{DEAD}/_DONE", f"evidence/.a.png-{living}", f".probes.old-{DEAD}/x",
        f"probes/checks/.00001.parquet-{DEAD}",
    ]  # fmt: skip
    kept = [f".verdict.json-{living}", f".notes-{DEAD}", ".mine", "evidence/mine-1"]
    for name in (*gone, *kept):
        (audit / name).parent.mkdir(parents=True, exist_ok=True)
        (audit / name).write_bytes(b"half")
    finished_before(audit, identity)
    assert [name for name in gone if (audit / name).exists()] == []
    # A file of the evidence that no run wrote belongs to no finished audit.
    assert [name for name in kept if not (audit / name).exists()] == ["evidence/mine-1"]


def test_drafts_are_never_hashed(audit):
    for name in (f"shards/.00009-{DEAD}/cases.parquet", f"evidence/.a.png-{DEAD}"):
        (audit / name).parent.mkdir(parents=True, exist_ok=True)
        (audit / name).write_bytes(b"half")
    assert list(changed_files(audit)) == []
    write_hashes(audit)
    assert "-4194305" not in (audit / "hashes.json").read_text("utf-8")


def test_an_answered_suspicion_that_is_cut_off_leaves_no_audit_that_looks_finished(
    audit, identity, monkeypatch
):
    findings = read_findings(audit)

    def stop(folder, findings):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("xaudit.pipeline.finish.finish", stop)
        with pytest.raises(KeyboardInterrupt):
            taken_up(audit, findings, ("constant_score",))
    assert finished_before(audit, identity) is None


def test_verify_says_that_a_run_was_cut_off(audit):
    (audit / "hashes.json").unlink()
    (said,) = unlike_written(audit)
    assert "the run was cut off" in said


@pytest.fixture(autouse=True)
def words(caplog):
    caplog.set_level(logging.WARNING, "xaudit")
