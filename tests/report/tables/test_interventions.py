"""The first screen says what decides, the largest movement by name."""

from dataclasses import replace

import pytest

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Finding
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html, render_markdown
from xaudit.report.elements.first_screen import said_first
from xaudit.report.language.translation import speaking
from xaudit.report.tables.interventions import decides
from xaudit.report.view.lookup import Lookup

METRICS = ("lesion_specific_effect", "other_effect", "artifact_excess", "lesion_advantage")


def near(value, n=60, spread=0.05, caution=None):
    return Estimate(
        value, value - spread, value + spread, "patient bootstrap", n=n, caution=caution
    )


def erased(audit, lesion, advantage=None, **things):
    """Findings of interventions; thing → by how much erasing it moves the logit."""
    found = [one for one in audit[0].findings if one.metric not in METRICS]
    if lesion is not None:
        found.append(Finding("lesion_specific_effect", {}, lesion))
    found.append(Finding("other_effect", {"removed": "elsewhere"}, near(9.0)))
    for name, effect in things.items():
        over = advantage or (
            near(lesion.value - effect, lesion.n)
            if lesion is not None and lesion.value is not None
            else Estimate.missing("no case with a lesion has a value")
        )
        found += [
            Finding("other_effect", {"removed": name}, near(effect)),
            Finding("lesion_advantage", {"removed": name}, over),
        ]
    return replace(audit[0], findings=tuple(found))


def told(findings):
    return decides(Lookup(findings))


def test_a_mark_that_decides_comes_first(audit):
    findings = erased(audit, near(0.01, 40), marks=4.1, marker=0.5, border=0.02)
    found = told(findings)
    assert found.denied
    assert found.text == (
        "No: erasing the burnt-in marks moves the logit by 4.100 (4.050–4.150), erasing the "
        "fracture by 0.01 (\u22120.04 to 0.06) (60 and 40 cases)."
    )
    card = build_card(findings, None, audit[2])
    assert card.front.alarm == found.text
    sections = {one.id: one for one in card.sections}
    assert sections["shortcuts"].lead.startswith(found.text)
    page, markdown = render_html(card), render_markdown(card)
    assert page.index("burnt-in marks") < page.index("On what?")
    assert markdown.index("marks moves the logit") < markdown.index("On what?")
    assert next(iter(said_first(findings))) == f"does the fracture decide? {found.text}"
    with speaking("de"):
        german = build_card(findings, None, audit[2]).front.alarm
    assert german.startswith("Nein: Löscht man die eingebrannten Markierungen, bewegt sich")


def test_a_sound_detector_is_said_to_rest_on_the_fracture(audit):
    findings = erased(audit, near(2.8, 40), border=0.08, marker=0.02)
    found = told(findings)
    assert not found.denied
    assert found.text.startswith("Yes, at least in part: erasing the fracture lowers the logit by ")
    assert "erasing the border of the image moves it most, by 0.08" in found.text
    card = build_card(findings, None, audit[2])
    assert not card.front.alarm
    assert found.text in [one.text for one in card.answers]


@pytest.mark.parametrize(
    ("lesion", "advantage"),
    [
        (near(0.02, 40), None),
        (near(2.0, 20, caution="20 cases, 30 needed for a verdict"), near(1.9)),
        (near(2.0, 40), near(0.01)),
        (near(2.0, 40), near(1.9, caution="20 cases, 30 needed for a verdict")),
        (near(2.0, 40), Estimate.missing("5 cases, 10 needed for an estimate")),
    ],
)
def test_what_these_cases_do_not_decide_is_not_shown(audit, lesion, advantage):
    found = told(erased(audit, lesion, advantage, border=0.02))
    assert not found.denied
    assert found.text.startswith("Not shown: erasing the border of the image moves the logit")
    few = advantage is not None and (advantage.value is None or advantage.caution)
    assert ("Too few cases for a verdict: the border" in found.detail) == bool(few)


def test_few_cases_do_not_keep_back_what_speaks_against_it(audit):
    against = near(-4.0, 12, caution="12 cases, 30 needed for a verdict")
    found = told(erased(audit, near(0.1, 12), against, cast=4.1))
    assert found.denied
    assert found.text.startswith("No: erasing the artifact “cast” moves the logit by 4.1")
    assert "the artifact “cast”, 12 cases, 30 needed for a verdict" in found.detail


def test_no_effect_at_all_is_a_no(audit):
    found = told(erased(audit, Estimate(0, 0, 0, "patient bootstrap", n=40), border=0.0))
    assert (found.denied, found.text[:3]) == (True, "No:")


def test_without_interventions_nothing_is_known(audit):
    missing = erased(audit, None)
    assert told(missing).text == "Not known: not measured in this audit."
    no_lesions = erased(audit, Estimate.missing("no case has a value"), marker=4.1)
    assert told(no_lesions).text.startswith("Erasing the artifact “marker” moves the logit by 4.1")
    tables = replace(missing, detector=replace(missing.detector, format="predictions"))
    assert told(tables).text.startswith("Not applicable: a table of predictions")
    assert list(said_first(tables)) == []
