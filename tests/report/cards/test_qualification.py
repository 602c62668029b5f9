"""The report of a qualification: complete, one file, the same look."""

import json
import re

import pytest

from xaudit.core.record.qualification import Charge, Qualification, Trial
from xaudit.gate.policies.policy import read_policy
from xaudit.qualification.catalogue import DEFECTS, SOUND
from xaudit.qualification.conduct import accused, found
from xaudit.qualification.trial import POLICY, packaged
from xaudit.report.cards.qualification import build_report
from xaudit.report.cards.render import render_html

SEEDS = (11, 12)


def trials(missed=(), wronged=()):
    for seed in SEEDS:
        for entry in (*DEFECTS, *SOUND):
            subject = entry.subject
            planted = subject.planted
            said = [] if planted is None or (subject.id, seed) in missed else [planted]
            said += ["shortcut"] if (subject.id, seed) in wronged else []
            charges = tuple(
                Charge(one, subject.rule or f"{one}/r", "auc[x=<b>]", "too <low>") for one in said
            )
            yield Trial(subject, seed, charges, "fail" if said else "pass")


def qualification(**wrong):
    done = tuple(trials(**wrong))
    return Qualification(
        version="9.9",
        created="2030-01-01T00:00:00Z",
        mode="full",
        sizes={"patients": 7},
        seeds=SEEDS,
        studies={"plain": "nothing special"},
        policy=read_policy(packaged(POLICY)),
        trials=done,
        found=found(done),
        accused=accused(done),
        provenance={"numpy": "1"},
    )


@pytest.fixture(scope="module")
def page():
    return render_html(build_report(qualification()), "qualification.html.j2")


def test_passed_where_all_is_found_and_nobody_accused(page):
    report = build_report(qualification())
    assert report.verdict.word == "pass"
    assert "Every planted defect was found" in report.verdict_text
    assert f"{2 * len(DEFECTS)}/{2 * len(DEFECTS)}" in page


def test_what_was_not_found_is_said():
    wrong = qualification(
        missed=(("saturated", 12),), wronged=(("reference", 11), ("reference", 12))
    )
    report = build_report(wrong)
    assert report.verdict.word == "fail"
    assert report.verdict_text == (
        f"1 of {2 * len(DEFECTS)} planted defects were not found; "
        f"2 of {2 * len(SOUND)} sound detectors were wrongly accused."
    )
    defects, sound = report.sections[0].tables[0], report.sections[1].tables[0]
    row = next(row for row in defects.rows if row[0] == "Saturated")
    assert row[4] == "1/2"
    assert row[5].endswith("not found: 12")
    assert defects.marks[defects.rows.index(row)].word == "fail"
    assert sound.rows[0][3] == "0/2"
    assert sound.marks[0].word == "fail"
    assert sound.marks[1].word == "pass"


def test_defect_that_the_gate_would_have_released_is_named():
    answers = {
        one.question: one.text
        for one in build_report(qualification(missed=(("saturated", 12),))).answers
    }
    assert answers["Would a defective one have been released?"] == "Saturated (12)"


def test_page_is_one_file_that_loads_nothing(page):
    sources = re.findall(r'(?:src|href)="([^"]*)"', page)
    assert all(source.startswith(("#", "data:")) for source in sources)
    assert "<b>" not in page
    assert "<low>" not in page
    assert "Qualification of the audit itself" in page


def test_every_detector_and_rule_is_on_the_page(page):
    for entry in (*DEFECTS, *SOUND):
        assert entry.subject.title in page
    for rule in read_policy(packaged(POLICY)).rules:
        assert rule.id in page


def test_twin_is_the_result(page):
    twin = re.search(r'id="twin">(.*?)</script>', page, re.DOTALL).group(1)
    content = json.loads(twin)
    assert content["found"]["k"] == 2 * len(DEFECTS)
    assert len(content["trials"]) == 2 * (len(DEFECTS) + len(SOUND))
