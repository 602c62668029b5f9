"""A small group that stands out is never hidden by one that is large and perfect."""

from dataclasses import replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding, StrikingGroup
from xaudit.report.cards.card import build_card
from xaudit.report.elements.first_screen import said_first
from xaudit.report.language.translation import speaking
from xaudit.report.tables.weakest import weakest
from xaudit.report.view.lookup import Lookup

NONE = StrikingGroup("sensitivity", "tag", "no", 0, 15, 0.22, 0.56)


def rate(k, n, caution=None):
    return Estimate(k / n, 0.5 * k / n, (k / n + 1) / 2, "Wilson", k=k, n=n, caution=caution)


def shown(audit, levels, striking=(), site=None, overall=(35, 50)):
    scope = {"operating_point": "default", "analysis": "scored"}
    kept = [one for one in audit[0].findings if one.metric != "sensitivity"]
    kept.append(Finding("sensitivity", scope, rate(*overall)))
    for (column, level), (k, n) in levels.items():
        caution = f"{n} positives, 30 needed for a verdict" if n < 30 else None
        where = {**scope, "group": column, "level": level}
        kept.append(Finding("sensitivity", where, rate(k, n, caution)))
    study = replace(audit[0].study, site_column=site)
    return replace(audit[0], findings=tuple(kept), study=study, striking=tuple(striking))


def test_none_of_fifteen_comes_before_a_large_group_that_is_perfect(audit):
    findings = shown(audit, {("tag", "yes"): (35, 35), ("tag", "no"): (0, 15)}, [NONE])
    said = weakest(Lookup(findings))
    assert said.startswith("0 of 15 fractures found in tag no: too few for a verdict")
    assert "100 %" not in said
    assert "In no subgroup with at least 30 fractures are fewer found than in all cases." in said
    card = build_card(findings, None, audit[2])
    assert said in [one.text for one in card.answers]
    assert any("0 of 15 fractures found in tag no" in line for line in said_first(findings))
    with speaking("de"):
        assert weakest(Lookup(findings)).startswith("0 von 15 Frakturen gefunden bei tag no")


def test_the_weakest_large_group_is_named_where_it_is_weak(audit):
    findings = shown(audit, {("tag", "yes"): (20, 40), ("tag", "no"): (30, 40)}, overall=(50, 80))
    assert "fewest are found in tag yes: 50 %" in weakest(Lookup(findings))


def test_sites_alike(audit):
    levels = {("site", "A"): (35, 35), ("site", "B"): (0, 15)}
    site = replace(NONE, group="site", level="B")
    said = weakest(Lookup(shown(audit, levels, [site], site="site")))
    assert said.startswith("0 of 15 fractures found in site B")
    assert "At no site with at least 30 fractures are fewer found than in all cases." in said
    assert "Weakest site" not in said


def test_specificity_and_the_rest_are_counted(audit):
    many = [replace(NONE, metric="specificity", level=str(n)) for n in range(5)]
    said = weakest(Lookup(shown(audit, {}, many)))
    assert said.startswith("0 of 15 normal cases left alone in tag 0: too few")
    assert "So do 2 more small subgroups." in said
