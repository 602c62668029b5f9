from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.sections.results import found_sentence
from xaudit.report.sections.summary import false_alarms, summary
from xaudit.report.tables.intersections import matrices
from xaudit.report.view.lookup import Lookup


def test_people_add_up_to_a_thousand(audit):
    table = summary(Lookup(audit[0])).tables[0]
    assert table.caption == "Of 1,000 patients, 200 of them with a fracture"
    people = [int(row[1].split()[0]) for row in table.rows[:4]]
    found, missed, called, left = people
    assert found + missed == 200
    assert called + left == 800
    assert found == round(200 * 158 / 200)
    assert called == round(800 * 48 / 400)


def test_without_a_prevalence_nothing_is_said_of_patients(audit):
    section = summary(Lookup(replace(audit[0], prevalence=None)))
    assert section.tables == ()
    assert "no prevalence was declared" in section.paragraphs[-1]


def test_false_alarms_in_words(audit):
    text = " ".join(summary(Lookup(audit[0])).paragraphs)
    assert "Of 206 cases of this study that it called fractured at “default”, 48 had no" in text
    assert "0.30 (" in text


@given(st.integers(1, 500), st.integers(0, 500))
def test_false_alarms_are_false_by_true(true, false):
    share = true / (true + false)
    one = false_alarms(Estimate(share, share / 2, min(1, share * 1.5), "x", k=true, n=true + false))
    assert one.value == pytest.approx(false / true)
    assert one.low <= one.value <= one.high


def test_false_alarms_without_an_upper_limit_say_so():
    one = false_alarms(Estimate(0.2, 0.0, 0.6, "x"))
    assert one.value is None
    assert "no upper limit" in one.undefined
    assert false_alarms(Estimate.missing("none called")).undefined == "none called"


def test_a_matrix_shows_what_was_never_tested(audit):
    levels = {"hand × ap": (30, 12), "hand × lateral": (20, 8), "hip × ap": (9, 4)}
    study = replace(audit[0].study, levels={**audit[0].study.levels, "region × view": levels})
    extra = [
        Finding(metric, {"operating_point": "default", "analysis": "scored",
                         "group": "region × view", "level": "hand × ap"},
                Estimate(k / n, 0, 1, "Wilson", k=k, n=n))
        for metric, k, n in (("sensitivity", 11, 12), ("specificity", 15, 18))
    ]  # fmt: skip
    findings = replace(audit[0], study=study, findings=(*audit[0].findings, *extra))
    (table,) = matrices(Lookup(findings))
    assert table.columns == ("region", "ap", "lateral")
    assert table.rows[0] == ("hand", "11/12; 15/18", "— (not measured; 8 of 20 fractured)")
    assert table.rows[1] == ("hip", "— (not measured; 4 of 9 fractured)", "— (no case)")


def counted(metric, k, n):
    scope = {"operating_point": "default", "analysis": "scored"}
    value = Estimate(k / n, 0, 1, "Wilson", k=k, n=n) if n else Estimate.missing("none", k=0, n=0)
    return Finding(metric, scope, value)


@pytest.mark.parametrize(
    ("found", "left", "said"),
    [
        ((0, 0), (3, 4), "left 3 of 4 normal cases alone; no fracture was scored."),
        ((2, 5), (0, 0), "found 2 of 5 fractures; no normal case was scored."),
        ((0, 0), (0, 0), "was not measured."),
    ],
)
def test_nothing_is_counted_of_what_there_is_none_of(audit, found, left, said):
    findings = audit[0]
    some = (counted("sensitivity", *found), counted("specificity", *left))
    look = Lookup(replace(findings, findings=some))
    sentence = found_sentence(look, findings.detector.operating_points[0])
    assert said in sentence
    assert "0 of 0" not in sentence
