from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.metric import MetricFacts
from xaudit.core.record.finding import ExplanationVerdict, Finding
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html, render_markdown
from xaudit.report.sections.credibility import UNTESTED, believed, credibility
from xaudit.report.view.lookup import Lookup


@pytest.fixture
def judged(audit):
    """The audit with checks: one method believed, one not."""
    verdicts = (
        ExplanationVerdict("gradcam", "may_be_believed", ("Everything passed.",)),
        ExplanationVerdict("lime", "not_shown", ("Likeness 0.9 <b>.", "Gain 0.1.")),
        ExplanationVerdict("shap", "with_caution", ("Few cases.",)),
    )
    gain = Estimate(0.21, 0.15, 0.27, "patient bootstrap", n=20)
    extra = (
        Finding("symmetric_relevance_gain", {"method": "gradcam"}, gain),
        Finding("symmetric_relevance_gain", {"method": "gradcam", "baseline": "road"}, gain),
    )
    facts = MetricFacts("symmetric_relevance_gain", "What?", "higher", -1, 1, "number", "x")
    return replace(
        audit[0],
        explanations=verdicts,
        findings=(*audit[0].findings, *extra),
        metrics=(*audit[0].metrics, facts),
    )


def test_each_verdict_stands_with_its_reasons_and_figures(judged):
    section = credibility(Lookup(judged))
    verdicts, figures, by_filling = section.tables
    assert verdicts.rows[1] == (
        "lime", "not shown to be about this model", "Likeness 0.9 <b>. Gain 0.1.",
    )  # fmt: skip
    assert [mark.word for mark in verdicts.marks] == ["pass", "fail", "inconclusive"]
    assert any("0.21" in cell for cell in figures.rows[0])
    assert any("not measured" in cell for cell in figures.rows[1])
    assert by_filling.columns == ("Method", "road")


def test_one_line_says_which_methods_may_be_believed(judged):
    assert believed(judged) == (
        "gradcam: may be believed (passes the sanity checks). shap: to be believed with caution. "
        "lime: not shown to be about this model."
    )


def test_the_card_prints_them_and_no_longer_says_that_nothing_was_checked(audit, judged):
    card = build_card(judged, *audit[1:])
    for text in (render_html(card), render_markdown(card)):
        assert "Can the explanations be believed?" in text
        assert "Likeness 0.9" in text
        assert "0.9 <b>" not in text
        assert UNTESTED not in text


def test_without_checks_nothing_is_shown_to_be_about_the_model(audit):
    findings = audit[0]
    assert believed(findings) == UNTESTED
    section = credibility(Lookup(findings))
    assert section.tables == ()
    assert section.missing
    assert UNTESTED in render_html(build_card(*audit))
