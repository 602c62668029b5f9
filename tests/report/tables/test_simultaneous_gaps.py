"""Tables on groups and on declared use, from findings that are made up."""

from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import EquivalenceFacts, Finding
from xaudit.report.tables.declared_use import net_benefit, of_curve
from xaudit.report.tables.extremes import equal, extremes
from xaudit.report.tables.matched_gaps import matched
from xaudit.report.tables.sites import by_site
from xaudit.report.view.lookup import Lookup


def with_findings(findings, *more, **changes):
    return Lookup(replace(findings, findings=(*findings.findings, *more), **changes))


def one(metric, value, low, high, **scope):
    return Finding(metric, {"analysis": "scored", **scope}, Estimate(value, low, high, "drawn"))


def test_without_findings_there_are_no_tables(audit):
    look = Lookup(audit[0])
    for table in (net_benefit, of_curve, extremes, equal, matched, by_site):
        assert list(table(look)) == []


def test_worst_to_best_has_a_row_for_each_column_and_reasons(audit):
    point = audit[0].detector.operating_points[0].name
    none = Estimate.missing("fewer than two subgroups are large enough")
    look = with_findings(
        audit[0],
        one("auc_worst_to_best", 0.04, 0.01, 0.08, group="view"),
        one("sensitivity_worst_to_best", 0.1, 0.02, 0.2, group="view", operating_point=point),
        Finding("equalized_odds_difference",
                {"group": "view", "operating_point": point, "analysis": "scored"}, none),
    )  # fmt: skip
    (table,) = extremes(look)
    (row,) = table.rows
    assert row[0] == "view"
    assert row[1] == "10 % (2–20)"
    assert "fewer than two subgroups" in row[5]


def test_equal_is_said_only_of_what_is_shown(audit):
    gap = {"group": "view", "level": "frontal", "compared": "rest", "analysis": "simultaneous"}
    finding = Finding("auc_gap", gap, Estimate(0.0, -0.01, 0.01, "drawn"))
    facts = [
        EquivalenceFacts("auc_gap", gap, "equivalent", 0.02, 0.025),
        EquivalenceFacts("auc_gap", {**gap, "level": "lateral"}, "not shown", 0.02, 0.025),
    ]
    (table,) = equal(with_findings(audit[0], finding, equivalence=tuple(facts)))
    assert [row[0] for row in table.rows] == ["view: frontal and the rest, auc"]
    assert "1 are shown to be equal" in table.note
    assert "1 are not shown to be either" in table.note
    (table,) = equal(with_findings(audit[0], equivalence=(facts[1],)))
    assert table.rows[0][0] == "None of the subgroups"


def test_declared_use_has_its_tables(audit):
    point = audit[0].detector.operating_points[0].name
    price = {"threshold_probability": "0.1"}
    look = with_findings(
        audit[0],
        one("partial_auc", 0.9, 0.8, 0.95, specificity="0.8 to 1"),
        one("decision_gain", 0.02, 0.01, 0.03, **price),
        one("net_benefit", 0.2, 0.1, 0.3, operating_point=point, **price),
    )
    (curve,), (benefit,) = of_curve(look), net_benefit(look)
    assert curve.rows[0][0].endswith("specificity 0.8 to 1")
    assert benefit.rows[0][0] == "10 %"
    assert "(10–30)" in benefit.rows[0][1]
    assert "not measured" in benefit.rows[0][2]


def test_matched_gaps_stand_beside_raw_ones(audit):
    point = audit[0].detector.operating_points[0].name
    scope = {"group": "view", "level": "frontal", "compared": "rest", "operating_point": point}
    few = Estimate.missing("4 negatives of shared kinds, 10 needed for an estimate")
    look = with_findings(
        audit[0],
        one("sensitivity_matched_gap", -0.1, -0.2, 0.0, **scope),
        Finding("specificity_matched_gap", {**scope, "analysis": "scored"}, few),
    )
    (table,) = matched(look)
    (row,) = table.rows
    assert row[0] == "view: frontal"
    assert "−10 points" in row[2]
    assert "of shared kinds" in row[4]


def test_each_site_and_the_worst_have_a_row(audit):
    point = audit[0].detector.operating_points[0].name
    scope = {"group": "view", "level": "frontal"}
    study = replace(audit[0].study, site_column="view")
    look = with_findings(
        audit[0],
        one("prevalence", 0.3, 0.2, 0.4, **scope),
        one("prevalence_shift_p", 0.0002, 0.0002, 0.0002, **scope),
        one("auc_without_site", 0.9, 0.8, 0.95, **scope, compared="without"),
        one("sensitivity_worst_site", 0.6, 0.5, 0.7, group="view", operating_point=point),
        study=study,
    )
    (table,) = by_site(look)
    assert [row[0] for row in table.rows] == ["frontal", "The worst site, whichever it is"]
    assert "p < 0.001" in table.rows[0][1]
    assert table.rows[1][3] == "60 % (50–70)"
