from dataclasses import replace

import pytest

from xaudit.core.detector import OperatingPoint
from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.sections.operating_points import point_tables, side_by_side
from xaudit.report.view.lookup import Lookup


@pytest.fixture
def two(audit):
    """The same audit with a second operating point, at which more fractures are found."""
    findings = audit[0]
    first = findings.detector.operating_points[0]
    points = (first, OperatingPoint("screening", -2.0, "fixed", ""))
    scope = {"operating_point": "screening", "analysis": "scored"}
    more = Finding("sensitivity", scope, Estimate(0.95, 0.9, 0.98, "Wilson", k=190, n=200))
    needed = Finding("number_needed_to_predict", scope, Estimate(1.97, 1.9, 2.1, "MOVER", n=600))
    return replace(
        findings,
        detector=replace(findings.detector, operating_points=points),
        findings=(*findings.findings, more, needed),
    )


def test_points_stand_side_by_side(two):
    (table,) = side_by_side(Lookup(two))
    assert table.columns[1:] == ("at “default”", "at “screening”")
    rows = {row[0]: row[1:] for row in table.rows}
    default, screening = rows["Fractures found (sensitivity)"]
    assert "158/200" in default
    assert "190/200" in screening
    needed = next(cells for title, cells in rows.items() if title.startswith("Number needed"))
    assert needed[1].startswith("1.97 (1.90")
    assert needed[0].startswith("— (not measured")
    assert "Wilson" in table.note
    assert "MOVER" in table.note


def test_one_point_has_nothing_beside_it(audit):
    detector = audit[0].detector
    one = replace(detector, operating_points=detector.operating_points[:1])
    assert list(side_by_side(Lookup(replace(audit[0], detector=one)))) == []


def test_decisions_add_up_to_the_cases(two):
    look = Lookup(two)
    _, decisions = point_tables(look, two.detector.operating_points[0])
    scored = decisions.rows[0]
    assert [int(cell) for cell in scored[1:]] == [158, 42, 48, 352]


def test_the_footnote_names_the_level_of_its_own_figures(two):
    other = Finding(
        "sensitivity_worst_site", {"group": "site"},
        Estimate(0.7, 0.6, 0.8, "Bonferroni", level=0.975, n=200),
    )  # fmt: skip
    (table,) = side_by_side(Lookup(replace(two, findings=(*two.findings, other))))
    assert table.note.startswith("95 % intervals, two-sided.")
