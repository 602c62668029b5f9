from dataclasses import replace

import pytest

from xaudit.core.record.finding import Finding
from xaudit.core.record.statements import (
    Ages,
    ClaimCheck,
    Claims,
    Signatory,
    Statements,
    Unrecorded,
)
from xaudit.report.cards.card import build_card
from xaudit.report.cards.render import render_html, render_markdown
from xaudit.report.elements.fields import ALL
from xaudit.report.elements.record import record
from xaudit.report.facts.statements import independence, signatures
from xaudit.report.tables.demographics import demographics, recorded

AGAINST = ClaimCheck("intended_use", "Meant for ages: 18 and over", "contradicted", "30 children.")
ANSWERS = tuple(
    Unrecorded(group, "Not kept.", "The bone is the same.", "A site may not use it there.")
    for group in ("sex", "age", "race", "ethnicity")
)


def states(findings):
    return {one.field.name: one.status for one in record(findings)}


def with_statements(findings, **parts):
    return replace(findings, statements=Statements(**parts))


def test_no_element_is_blank_and_each_is_one_of_four(audit, minimal):
    for findings in (audit[0], minimal):
        found = states(findings)
        assert len(found) == 35
        for status in found.values():
            assert set(status.split(" and ")) <= {"measured", "declared", "derived", "missing"}


def test_nothing_measured_is_never_called_measured(minimal):
    found = states(minimal)
    measured = {name for name, status in found.items() if "measured" in status}
    assert measured == {"flow"}
    assert found["intended_use"] == "missing"


def test_what_a_finding_holds_is_measured(audit, minimal):
    assert states(audit[0])["accuracy"] == "measured"
    assert states(audit[0])["localization"] == "measured"
    assert states(audit[0])["robustness"] == "missing"
    one = next(one for one in audit[0].findings if one.metric == "sensitivity")
    known = Finding("degraded_auc", {}, one.estimate)
    assert states(replace(minimal, findings=(known,)))["robustness"] == "measured"


def test_a_maker_cannot_declare_what_is_measured():
    assert {one.name for one in ALL if not one.declarable} >= {"accuracy", "localization", "sites"}


def test_statements_are_declared(minimal):
    claims = Claims(ages=Ages(18, None, "age"), groups={"view": ("frontal",)}, version="2")
    told = with_statements(minimal, claims=claims, signatories=(Signatory("A", "R"),))
    names = ("intended_use", "inputs", "released_version", "signatures")
    assert [states(told)[name] for name in names] == ["declared"] * 4


@pytest.mark.parametrize(
    ("kinds", "status"),
    [(["agrees"], "derived and declared"), (["agrees", "contradicted"], "declared")],
)
def test_the_tested_version_is_derived_only_if_every_claim_of_it_agrees(minimal, kinds, status):
    told = with_statements(minimal, claims=Claims(version="1.4.2"))
    checks = tuple(ClaimCheck("released_version", "c", kind, "w") for kind in kinds)
    assert states(replace(told, claims=checks))["released_version"] == status


def test_a_contradicted_claim_is_on_the_first_page_and_in_question(audit):
    findings, verdict, pictures = audit
    card = build_card(replace(findings, claims=(AGAINST,)), verdict, pictures)
    assert any("contradicted by the study: Meant for ages" in one for one in card.warnings)
    assert not any("claim" in one for one in build_card(*audit).warnings)
    for text in (render_html(card), render_markdown(card)):
        assert "30 children." in text
        assert "in question: see the claims" in text


def test_a_demographic_without_answers_is_a_visible_hole(audit):
    table = demographics(audit[0])
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["race"][0] == "no"
    assert all("not stated" in cell for cell in rows["race"][1:])
    assert states(audit[0])["missing_groups"] == "missing"
    partly = with_statements(audit[0], unrecorded=(*ANSWERS[1:], Unrecorded("sex", "Not kept.")))
    assert states(partly)["missing_groups"] == "missing"
    cells = next(row for row in demographics(partly).rows if row[0] == "sex")
    assert cells[2] == "Not kept."
    assert "not stated" in cells[3]


def test_answers_of_all_that_is_absent_close_the_hole(audit):
    told = with_statements(audit[0], unrecorded=ANSWERS)
    assert states(told)["missing_groups"] == "declared"
    page = render_html(build_card(told, *audit[1:]))
    assert "A site may not use it there." in page


def test_columns_are_recognized_by_their_words(audit):
    study = audit[0].study
    levels = {"patient_sex": {}, "Age band": {}, "image": {}, "package": {}, "sex × Age": {},
              "years": {}}  # fmt: skip
    findings = replace(audit[0], study=replace(study, levels=levels))
    assert recorded(findings) == {
        "sex": ("patient_sex",), "age": ("Age band",), "race": (), "ethnicity": (),
    }  # fmt: skip
    claimed = with_statements(findings, claims=Claims(ages=Ages(1, None, "years")))
    assert recorded(claimed)["age"] == ("Age band", "years")


def test_independence_tells_measured_from_stated(audit):
    rows = {row[0]: row[1:] for row in independence(audit[0]).rows}
    assert rows["Images of the study that are copies of another one"] == ("measured", "50")
    assert rows["Operating points fixed before the study was seen"][1] == "1 of 2"
    assert rows["Earlier use of the test data"][0] == "missing"
    alone = replace(audit[0], detector=replace(audit[0].detector, format="predictions"))
    rows = {row[0]: row[1:] for row in independence(alone).rows}
    assert rows["Images of the study that are copies of another one"][0] == "not applicable"


def test_signatures_leave_room_even_where_nobody_is_named(audit):
    assert len(signatures(audit[0]).rows) == 2
    told = with_statements(audit[0], signatories=(Signatory("A. Person", "Statistician", "O"),))
    assert signatures(told).rows == (
        ("A. Person", "Statistician", "O", "to be signed", "to be signed"),
    )
