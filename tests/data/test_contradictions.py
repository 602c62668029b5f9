"""Patients who cannot be one person."""

from types import SimpleNamespace

from xaudit.data.contradictions import patient_contradicts
from xaudit.report.language.catalog import English
from xaudit.report.language.translation import speaking, told


def cases(rows, column="sex"):
    return [
        SimpleNamespace(case_id=f"c{n}", patient=patient, groups={column: level, "view": str(n)})
        for n, (patient, level) in enumerate(rows)
    ]


def test_a_patient_of_several_sexes_is_named_with_counts():
    rows = [("0", "F"), ("0", "M"), ("0", "M"), ("a", "F"), ("a", "F"), ("b", "M")]
    (issue,) = patient_contradicts("(study)", cases(rows))
    assert (issue.case_id, issue.kind, issue.effect) == ("(study)", "patient_contradicts", "noted")
    assert issue.detail == (
        "column 'sex': of 3 patients, 1 have several values, so they are not one person each: that "
        "of case c0 (1 × 'F', 2 × 'M')"
    )
    with speaking("de"):
        assert not isinstance(told(issue.detail), English)


def test_many_are_counted_and_some_are_shown():
    rows = [(str(n // 2), "FM"[n % 2]) for n in range(10)]
    (issue,) = patient_contradicts("(table)", cases(rows, "Gender"))
    assert "of 5 patients, 5 have" in issue.detail
    assert issue.detail.endswith("c4 (1 × 'F', 1 × 'M'); ...")


def test_what_is_unknown_or_written_otherwise_or_may_change_is_no_contradiction():
    rows = [("a", "F"), ("a", "f"), ("a", ""), ("b", "M"), ("b", "unknown"), ("b", "not recorded")]
    assert not list(patient_contradicts("(study)", cases(rows)))
    assert not list(patient_contradicts("(study)", cases([("a", "1"), ("a", "2")], "age")))
