"""Audits of schema version 1: English sentences become the messages that they were."""

import json
import shutil
from pathlib import Path

import pytest

from xaudit.audit.store.files import is_older, read_findings, read_verdict, to_json
from xaudit.audit.store.version_1 import LATER, NOT_YET, recognized, with_names_of_today
from xaudit.core.message import Message, in_english, percent
from xaudit.core.record.finding import SCHEMA_VERSION
from xaudit.pipeline.card import write_cards
from xaudit.report.language.translation import speaking
from xaudit.verify.verify import findings_hash, verify_card, verify_folder

OLD = Path(__file__).parents[2] / "fixtures" / "version_1"
"""An audit of a small table with its verdict and card, by an xaudit of schema version 1."""
HASH = "e20ae8f80e5c65d25544509ee5cddeda4307634dd7a71381cd66aec0eb7fb2a7"
"""Of its findings, as `xaudit verify` of then printed it."""


@pytest.fixture
def old(tmp_path):
    return Path(shutil.copytree(OLD, tmp_path / "audit"))


def stripped(content):
    content = with_names_of_today(content)
    return {name: value for name, value in content.items() if name != "schema_version"}


def said_today(content):
    """What was written, with the words of today in its sentences."""
    if isinstance(content, dict):
        return {name: said_today(value) for name, value in content.items()}
    if isinstance(content, list):
        return [said_today(value) for value in content]
    return str(recognized(content)) if isinstance(content, str) else content


def test_every_sentence_is_a_message_that_says_the_same_and_no_number_changes():
    findings, written = read_findings(OLD), json.loads((OLD / "findings.json").read_text("utf-8"))
    assert (written["schema_version"], findings.schema_version) == (1, SCHEMA_VERSION)
    assert is_older(OLD)
    told = stripped(in_english(json.loads(to_json(findings))))
    later = {name: told["detector"].pop(name) for name in NOT_YET["detector"]}
    assert later == {"elsewhere": None, "stated": {}}
    assert {name: told.pop(name) for name in LATER} == {"corruptions": [], "boxes": {}}
    assert told == said_today(stripped(written))
    estimates = [one.estimate for one in findings.findings]
    said = {text for one in estimates for text in (one.method, one.undefined, one.caution) if text}
    assert len(said) > 15
    assert all(isinstance(one, Message) for one in said)
    assert all(isinstance(one.question, Message) for one in findings.metrics)


def test_reasons_of_a_verdict_are_messages_and_texts_of_persons_stay():
    verdict, written = read_verdict(OLD), json.loads((OLD / "verdict.json").read_text("utf-8"))
    assert stripped(in_english(json.loads(to_json(verdict)))) == stripped(written)
    assert [one.why.params["limit"] for one in verdict.outcomes] == ["0.823", "0.918", "0.926"]
    assert {type(one.rule.reason) for one in verdict.outcomes} == {str}


def test_it_is_verified_and_has_the_hash_that_it_had():
    checks = verify_folder(OLD)
    assert not [one for one in checks if one.differences]
    done = {one.name for one in checks if not one.left_out}
    assert {"hashes of the files", "findings, recomputed from them", "verdict"} <= done
    assert "print it again" in next(one.left_out for one in checks if one.name == "card.html")
    assert findings_hash(OLD) == findings_hash(OLD / "card.html") == HASH
    assert not [one for one in verify_card(OLD / "card.html") if one.differences]


def test_what_was_changed_in_it_is_found(old):
    path = old / "findings.json"
    text = path.read_text("utf-8")
    path.write_text(text.replace('"value": 0.', '"value": 0.9', 1), "utf-8")
    found = {one.name: one.differences for one in verify_folder(old)}
    assert found["findings, recomputed from them"]


def test_it_is_printed_in_german_and_verified_as_a_card_of_today(old):
    with speaking("de"):
        write_cards(old)
    page = (old / "card.html").read_text("utf-8")
    assert "selbst die obere Grenze 0,918 liegt unter der Untergrenze 0,99" in page
    assert "a text of the maker" in page
    checks = {one.name: one for one in verify_folder(old)}
    assert checks["card.html"].differences == ()
    assert checks["card.html"].left_out == ""


@pytest.mark.parametrize(("text", "message"), [
    ("no positive cases", Message("no positive cases")),
    ("9 positives, 10 needed for an estimate",
     Message("{n} {what}, {least} needed for an estimate", n=9, what=Message("positives"),
             least=10)),
    ("not to be judged: 20 positives, 30 needed for a verdict",
     Message("not to be judged: {why}",
             why=Message("{n} {what}, {least} needed for a verdict", n=20,
                         what=Message("positives"), least=30))),
    ("Fracture missed: probability 0.075",
     Message("Fracture missed: probability {p:.2g}", p=0.075)),
    ("0.3 % of the positive attribution lies in the fracture at best (lime)",
     Message("{share} of the positive attribution lies in the fracture at best ({method})",
             share=percent(0.003), method="lime")),
])  # fmt: skip
def test_a_sentence_becomes_its_message(text, message):
    found = recognized(text)
    assert (found, found.id, found.params) == (message, message.id, message.params)
    assert found == text


@pytest.mark.parametrize(("text", "said"), [
    ("The audit stopped after 240 of 480 cases at look 2 of 4 (spending like Pocock, z = 2.37); "
     "intervals are repeated confidence intervals at 98.2 %.",
     "The audit stopped after 240 of 480 cases at interim analysis 2 of 4 (spending like Pocock, "
     "z = 2.37); intervals are repeated confidence intervals at 98.2 %."),
    ("Looked at once, at its end: close, far cannot be read on a part of it.",
     "Analyzed once, at its end: close, far cannot be read on a part of it."),
])  # fmt: skip
def test_a_sentence_that_is_said_otherwise_today_becomes_that_message(text, said):
    assert (recognized(text), type(recognized(text))) == (said, Message)


def test_messages_of_before_in_a_file_become_those_of_today():
    old = {"note": {"id": "The audit {looked}.", "params": {"looked": "ended"}}, "looks": [1]}
    new = {"note": {"id": "The audit {ended}.", "params": {"ended": "ended"}}, "interim": [1]}
    assert with_names_of_today(old, json.dumps(old)) == with_names_of_today(old) == new
    assert with_names_of_today(new, json.dumps(new)) == new


@pytest.mark.parametrize("text", [
    "", "The maker's own words.", "no positive cases at all", "{n} {what}", "x" * 5000,
    "5 apples or more are some needed",
])  # fmt: skip
def test_what_is_none_of_ours_stays_a_text(text):
    assert type(recognized(text)) is str
    assert recognized(text) == text
