"""Two audits on the cases that both have; whatever is not the same case is counted, with why."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

from xaudit.audit.store.files import read_findings, read_json, to_json, write_text
from xaudit.audit.store.record import PlanRecord
from xaudit.audit.store.store import Shard, Store
from xaudit.compare.paired_audits import read_cases, read_pair
from xaudit.core.detector import OperatingPoint
from xaudit.errors import ConfigError


@pytest.fixture
def changed(finished, tmp_path):
    """A copy of the audit whose rows a test changes."""
    folder = tmp_path / "new"
    shutil.copytree(finished, folder)

    def change(edit):
        record, store = read_json(folder / "plan.json", PlanRecord), Store(folder)
        rows = edit(list(read_cases(folder).values()))
        for number in range(len(record.shards)):
            store.write(number, Shard(cases=rows if number == 0 else []))
        return folder

    return change


def test_same_audit_is_paired_with_itself(finished):
    paired = read_pair(finished, finished)
    rows = read_cases(finished)
    assert paired.ids == tuple(rows)
    assert paired.labels.tolist() == [row.label for row in rows.values()]
    assert np.array_equal(paired.old, paired.new)
    assert paired.left_out == {}
    assert paired.by_image == len(rows) > 0
    assert [old == new for old, new in paired.points] == [True]


def test_order_does_not_matter_and_logits_stay_with_their_case(finished, changed):
    def edit(rows):
        return [replace(row, logit=number * 1.5) for number, row in enumerate(rows)][::-1]

    paired = read_pair(finished, changed(edit))
    old = read_cases(finished)
    assert paired.ids == tuple(old)
    assert paired.old.tolist() == [row.logit for row in old.values()]
    assert paired.new.tolist() == [number * 1.5 for number in range(len(old))]


def test_what_is_not_the_same_case_is_left_out_and_counted(finished, changed):
    def edit(rows):
        rows[0] = replace(rows[0], image_sha256="0" * 64)
        rows[1] = replace(rows[1], label=not rows[1].label)
        rows[2] = replace(rows[2], patient="someone else")
        rows[3] = replace(rows[3], case_id="new one")
        return rows

    total = len(read_cases(finished))
    paired = read_pair(finished, changed(edit))
    assert len(paired.ids) == total - 4
    assert paired.left_out == {
        "with another image": 1,
        "with another label": 1,
        "with another patient": 1,
        "only in the old audit": 1,
        "only in the new audit": 1,
    }


def test_without_hashes_cases_are_paired_by_id_and_that_is_counted(finished, changed):
    paired = read_pair(
        finished, changed(lambda rows: [replace(r, image_sha256=None) for r in rows])
    )
    assert paired.by_image == 0
    assert paired.left_out == {}


def test_a_case_without_a_score_is_never_right(finished, changed):
    def edit(rows):
        return [replace(row, logit=None) if n < 6 else row for n, row in enumerate(rows)]

    paired = read_pair(finished, changed(edit))
    assert (~paired.scored).sum() == 6
    for threshold in (-99.0, 99.0):
        right = paired.right(paired.new, threshold)
        assert not right[:6].any()
        assert right[6:].tolist() == (paired.labels[6:] == (threshold < 0)).tolist()


def test_points_are_paired_by_name(finished, changed):
    folder = changed(lambda rows: rows)
    findings = read_findings(folder)
    points = (OperatingPoint("other", 3.0, "fixed"), OperatingPoint("default", 1.0, "fixed"))
    device = replace(findings.detector, operating_points=points)
    write_text(folder / "findings.json", to_json(replace(findings, detector=device)))
    ((old, new),) = read_pair(finished, folder).points
    assert (old.name, old.logit, new.logit) == ("default", 0.0, 1.0)


def test_nothing_in_common_says_why(finished, changed):
    folder = changed(lambda rows: [replace(row, label=not row.label) for row in rows])
    with pytest.raises(ConfigError, match=r"no case in common.*\d+ with another label"):
        read_pair(finished, folder)
