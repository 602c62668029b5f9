"""One small audit from the study to the charges, and what a second run finds of it."""

import pytest

from xaudit.audit.store.files import read_findings
from xaudit.core.record.qualification import ACCUSATIONS
from xaudit.errors import ConfigError
from xaudit.qualification.catalogue import DEFECTS
from xaudit.qualification.conduct import qualify
from xaudit.qualification.studies import STUDIES, draw
from xaudit.qualification.trial import Sizes, Task, carry_out, render_study
from xaudit.verify.verify import verify_folder

SIZES = Sizes(patients=14, explained=4, checked=0, probed=2, degraded=4)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    entry = next(one for one in DEFECTS if one.subject.id == "inverted-output")
    task = Task(entry, 3, SIZES, tmp_path_factory.mktemp("qualification"))
    render_study(task)
    return task, carry_out(task)


def test_inverted_detector_is_accused_of_its_performance(done):
    _task, trial = done
    assert trial.right
    assert trial.error is None
    assert trial.verdict == "fail"
    assert {one.accusation for one in trial.charges} <= set(ACCUSATIONS)


def test_finished_audit_is_not_run_again(done):
    task, trial = done
    findings = task.home / "audit" / "findings.json"
    before = findings.stat().st_mtime_ns
    render_study(task)
    assert carry_out(task) == trial
    assert findings.stat().st_mtime_ns == before


def test_audit_without_a_gallery_keeps_no_picture_and_can_be_verified(done):
    audit = done[0].home / "audit"
    assert read_findings(audit).gallery == ()
    assert not list(audit.rglob("*.png"))
    assert [one for check in verify_folder(audit) for one in check.differences] == []


def test_half_drawn_study_is_drawn_again(done, tmp_path):
    task, _trial = done
    other = Task(task.entry, 3, SIZES, tmp_path)
    draft = other.study.with_name(f".{other.study.name}")
    (draft / "images").mkdir(parents=True)
    (draft / "images" / "half.png").write_bytes(b"half")
    render_study(other)
    names = [sorted(one.name for one in (where / "images").iterdir()) for where in
             (task.study, other.study)]  # fmt: skip
    assert names[0] == names[1]


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ConfigError, match="holds no qualification"):
        qualify(tmp_path, "quick", [1], 1, lambda *_: None)


def test_folder_of_other_sizes_is_refused(tmp_path):
    (tmp_path / "sizes.json").write_text(
        '{"patients": 1, "explained": 1, "checked": 1, "probed": 1, "degraded": 1}',
        encoding="utf-8",
    )
    with pytest.raises(ConfigError, match="other sizes"):
        qualify(tmp_path, "quick", [1], 1, lambda *_: None)


@pytest.mark.parametrize("kind", sorted(set(STUDIES) - {"hairlines"}))
def test_study_without_hairlines_has_none(kind):
    study = draw(STUDIES[kind], 5, 12)
    assert len({case.patient for case in study.cases}) == 12
    assert {case.label for case in study.cases} == {True, False}
    assert "hairline" not in {case.groups["fracture_kind"] for case in study.cases}


def test_lesions_of_both_bones_lie_apart():
    for case in draw(STUDIES["both-bones"], 5, 10).cases:
        heights = [lesion.nonzero()[0].mean() for lesion in case.lesions]
        assert len(heights) != 1
        assert not heights or abs(heights[0] - heights[1]) > 40
