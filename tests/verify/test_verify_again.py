"""Another run of one plan is the same within the stated tolerance, and nothing else is."""

import shutil
from dataclasses import replace

import pytest

from tests.conftest import audit_text
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.files import read_findings
from xaudit.audit.store.record import read_record
from xaudit.audit.store.store import CaseRow, Store, write_table
from xaudit.compare.paired_audits import read_cases
from xaudit.models.device import threads
from xaudit.pipeline.conduct import run_audit
from xaudit.verify.verify_again import another_run


@pytest.fixture
def audit(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "audit")


def _moved(folder, by):
    """Another run, whose first score is another one."""
    rows = Store(folder).read(0).cases
    first = next(n for n, row in enumerate(rows) if row.logit is not None)
    rows[first] = replace(rows[first], logit=rows[first].logit + by)
    write_table(Store(folder).path(0) / "cases.parquet", rows, CaseRow)
    return rows[first].case_id


def test_a_run_is_itself(finished):
    assert another_run(finished, finished).differences == ()


def test_what_lies_within_the_tolerance_is_the_same_and_what_lies_beyond_is_named(finished, audit):
    tolerance = read_findings(finished).rescored.tolerance
    _moved(audit, 0.9 * tolerance)
    assert another_run(finished, audit).differences == ()
    case_id = _moved(audit, 0.9 * tolerance)
    (line,) = another_run(finished, audit).differences
    assert line.startswith(f"{case_id}: logit ")
    assert f"the audits state {tolerance:.2g}" in line


def test_another_plan_is_named(finished, audit):
    path = audit / "plan.json"
    path.write_text(path.read_text("utf-8").replace('"seed": 5', '"seed": 6', 1), encoding="utf-8")
    assert any("seed: 5, found 6" in line for line in another_run(finished, audit).differences)


def test_other_batches_and_threads_give_the_same_within_the_tolerance(workspace):
    """Two real runs of some of a study; the cases that a card shows are explained."""
    folders = []
    for batch, count in ((8, 1), (3, 2)):
        explain = {"cases": 0, "micro_batch": batch, "methods": {"gradcam": {}}, "shortcuts": 0}
        content = audit_text(explain=explain, robustness={"cases": 0, "maps": 0})
        (workspace / "audit.yaml").write_text(content, encoding="utf-8")
        folders.append(workspace / f"out-{batch}")
        with threads(count):
            run_audit(workspace / "audit.yaml", folders[-1], Overrides(), 24, lambda step: None)
    assert another_run(*folders).differences == ()
    assert read_record(folders[0]).identity != read_record(folders[1]).identity
    assert read_cases(folders[0]).keys() == read_cases(folders[1]).keys()
