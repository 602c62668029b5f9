"""Each format says the same, names stay names, and the schemas hold."""

import json
import re
from dataclasses import replace
from datetime import date
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from markdown_it import MarkdownIt
from pydantic import TypeAdapter
from rich.console import Console

from xaudit.core.estimate import Estimate
from xaudit.core.record.policy import Outcome, Rule, Verdict, Waiver
from xaudit.core.record.suspicion import Suspicion
from xaudit.gate.outputs.document import verdict_json
from xaudit.gate.outputs.github import github_commands
from xaudit.gate.outputs.junit import junit_xml
from xaudit.gate.outputs.sarif import sarif_json
from xaudit.gate.outputs.summary import summary_markdown
from xaudit.gate.outputs.table import verdict_table

HOSTILE = (
    "</a>\n::error file=x::own]] | [x](http://e.vil) <img src=x> @all \x00\x1b[31m\u202e\ud800 %0A"
)
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False}).enable("table")
# The schema of the OASIS standard, as SchemaStore hands it on.
SARIF = json.loads(
    (Path(__file__).parents[2] / "oracles" / "sarif-schema-2.1.0.json").read_text("utf-8")
)


def outcome(word, rule="r", level="A", line=3):
    estimate = Estimate(0.8, 0.7, 0.9, "Wilson", n=100)
    where = Rule(rule, "sensitivity", {}, floor=0.75, reason="why not", line=line)
    return Outcome(where, {"group": "site", "level": level}, word, f"because {word}", estimate)


def verdict(*outcomes, waivers=(), changed=False):
    return Verdict("p", "0" * 64, "fail", outcomes, changed, waivers, "policy.yaml")


@pytest.fixture
def mixed():
    words = ("pass", "fail", "inconclusive", "waived")
    waiver = Waiver("r", {"level": "A"}, "a reason", "Dr. X", date(2027, 3, 31), 9)
    outcomes = [outcome(word, rule=f"rule-{word}", line=n) for n, word in enumerate(words, 3)]
    return verdict(*outcomes, waivers=(waiver,), changed=True)


@pytest.fixture
def hostile():
    one = outcome("fail", rule=HOSTILE, level=HOSTILE)
    waiver = Waiver(HOSTILE, {"level": HOSTILE}, HOSTILE, HOSTILE, date(2027, 3, 31))
    return Verdict(HOSTILE, "0" * 64, "fail", (one,), True, (waiver,))


def test_junit(mixed):
    suite = ElementTree.fromstring(junit_xml(mixed)).find("testsuite")
    counts = [suite.get(name) for name in ("tests", "failures", "errors", "skipped")]
    assert counts == ["4", "1", "1", "1"]
    children = {case.get("name"): [one.tag for one in case] for case in suite.iter("testcase")}
    assert children == {
        "rule-pass [site A]": [],
        "rule-fail [site A]": ["failure"],
        "rule-inconclusive [site A]": ["error"],
        "rule-waived [site A]": ["skipped"],
    }
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["changed_after_run"] == "true"
    assert "Dr. X" in properties["waiver"]
    assert "changed after the run" in suite.findtext("system-err")


def validate_sarif(log):
    jsonschema.validate(log, SARIF, format_checker=jsonschema.FormatChecker())
    for one in log["runs"][0]["results"]:
        # Section 3.27.10, which the schema does not hold: other levels are for the kind "fail".
        assert one["kind"] == "fail" or one["level"] == "none"


def test_sarif_that_breaks_the_standard_is_refused(mixed):
    log = json.loads(sarif_json(mixed, "policy.yaml"))
    log["runs"][0]["results"][0]["level"] = "fatal"
    with pytest.raises(jsonschema.ValidationError, match="fatal"):
        validate_sarif(log)


def test_sarif(mixed):
    log = json.loads(sarif_json(mixed, "ci/my policy.yaml"))
    validate_sarif(log)
    (run,) = log["runs"]
    read = [(one["ruleId"], one["kind"], one["level"]) for one in run["results"]]
    assert read == [
        ("rule-fail", "fail", "error"),
        ("rule-inconclusive", "fail", "warning"),
    ]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "ci/my%20policy.yaml"
    assert place["region"]["startLine"] == 4
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert ids == ["rule-pass", "rule-fail", "rule-inconclusive", "rule-waived"]
    assert all(ids[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    told = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert "changed after the run" in told[0]
    assert "Dr. X" in told[1]


@pytest.mark.parametrize("word", ["pass", "waived"])
def test_nothing_that_stands_in_no_way_becomes_an_alert(word):
    log = json.loads(sarif_json(verdict(outcome(word), outcome(word, level="B")), "policy.yaml"))
    validate_sarif(log)
    (run,) = log["runs"]
    assert run["results"] == []
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["r"]


def test_sarif_tells_groups_of_one_rule_apart():
    results = json.loads(sarif_json(verdict(outcome("fail"), outcome("fail", level="B")), "p"))
    results = results["runs"][0]["results"]
    assert len({one["partialFingerprints"]["ruleAndScope/v1"] for one in results}) == 2


def test_summary_begins_with_the_worst(mixed):
    text = summary_markdown(mixed)
    rows = [line.split(" | ")[1] for line in text.splitlines() if line.startswith("| ")][1:]
    assert rows == ["rule-fail", "rule-inconclusive", "rule-waived", "rule-pass"]
    assert "**changed after the run" in text
    assert "Dr. X" in text


def test_summary_stays_under_its_limit_and_counts_what_is_left_out():
    text = summary_markdown(verdict(*[outcome("fail", level="ü" * 900)] * 400))
    assert len(text.encode()) < 60_000
    shown = sum(line.startswith("| fail") for line in text.splitlines())
    assert f"{400 - shown} more lines are left out" in text
    assert shown > 10


def test_annotations(mixed):
    lines = github_commands(mixed, "policy.yaml")
    assert lines[0].startswith("::error file=policy.yaml,line=4,title=xaudit::rule-fail: site A: ")
    commands = [line.split(" ")[0] for line in lines]
    assert commands == ["::error", "::warning", "::warning", "::notice", "::notice"]
    assert "changed after the run" in lines[1]


def test_annotations_are_the_ten_most_important_and_a_count_of_the_rest():
    words = ["inconclusive"] * 6 + ["waived"] * 2
    outcomes = [outcome(word, rule=f"{word}-{n}") for n, word in enumerate(words)]
    outcomes += [outcome("fail", rule="many", level=f"L{n}") for n in range(5)]
    outcomes += [outcome("fail", rule="one"), outcome("pass", rule="fine")]
    *lines, last = github_commands(verdict(*outcomes, changed=True), "policy.yaml")
    read = [line.split("title=xaudit::")[1].split(":")[0] for line in lines]
    # A rule that fails in many groups leaves room for one that fails once.
    assert read[:6] == ["many", "one", "many", "many", "many", "many"]
    assert read[6].startswith("changed after the run")
    assert read[7:] == ["inconclusive-0", "inconclusive-1", "inconclusive-2"]
    assert last.startswith("::notice file=policy.yaml,line=1,title=xaudit::")
    assert "5 more are not shown here (3 warnings, 2 notices)" in last


def test_ten_annotations_need_no_line_that_counts():
    assert (
        len(github_commands(verdict(*[outcome("fail", level=str(n)) for n in range(10)]), "p"))
        == 10
    )


def test_json_follows_its_schema(mixed):
    document = json.loads(verdict_json(mixed))
    jsonschema.validate(document, TypeAdapter(Verdict).json_schema())
    assert document["waivers"][0]["expires"] == "2027-03-31"
    assert TypeAdapter(Verdict).validate_python(document) == mixed


def test_hostile_names_are_inert_in_xml(hostile):
    root = ElementTree.fromstring(junit_xml(hostile).encode("utf-8"))
    assert [one.tag for one in root.iter()].count("testcase") == 1
    assert "<img" in root.find("testsuite").get("name")


def test_hostile_names_are_inert_in_sarif(hostile):
    text = sarif_json(hostile, "a b\n#?.yaml")
    assert text.isascii()
    validate_sarif(json.loads(text))


def test_hostile_names_are_inert_in_markdown(hostile):
    text = summary_markdown(hostile)
    for markup in ("<img", "@all", "\x00", "\x1b", "\u202e"):
        assert markup not in text, markup
    assert len([line for line in text.splitlines() if line.startswith("|")]) == 3
    parts = {one.type for token in MARKDOWN.parse(text) for one in (token, *(token.children or ()))}
    assert "table_open" in parts
    assert not parts & {"link_open", "image", "html_inline", "html_block"}


def test_no_embedded_link_in_sarif(hostile):
    texts = re.findall(r'"text": "(.*)"', sarif_json(hostile, "p"))
    assert len(texts) == 5
    assert not [text for text in texts if "](" in text]


def test_the_schema_takes_a_verdict_with_everything(mixed, hostile):
    """Suspicions, a baseline, unverified files, and names that a schema could stumble on."""
    suspicion = Suspicion("inverted", HOSTILE, acknowledged=False)
    known = Suspicion("range", "acknowledged", acknowledged=True)
    log = json.loads(
        sarif_json(
            replace(mixed, suspicions=(suspicion, known), unverified=(HOSTILE,),
                    outcomes=(*mixed.outcomes, *hostile.outcomes)),
            HOSTILE.replace("\ud800", ""),
        )
    )  # fmt: skip
    validate_sarif(log)
    assert {one["kind"] for one in log["runs"][0]["results"]} == {"fail"}


@pytest.mark.parametrize("width", [20, 57, 160])
def test_no_line_of_the_table_is_a_command(width):
    names = ["::error file=x::own", "a ::error::b", "ab\n::warning::c", "##[error]d", "e :::f"]
    outcomes = [outcome("fail", rule=name, level=name) for name in names]
    waiver = Waiver("::stop-commands::x", {}, "##[group]r", "::add-mask::o", date(2027, 3, 31))
    console = Console(width=width, file=StringIO())
    console.print(verdict_table(replace(verdict(*outcomes, waivers=(waiver,)), policy="::debug::")))
    printed = console.file.getvalue()
    assert width < 160 or ": :error file=x: :own" in printed
    for line in printed.splitlines():
        assert not line.strip().startswith("::"), line
        assert "##[" not in line, line


def test_cells_of_markdown_are_no_commands(hostile):
    outcomes = [outcome("fail", rule="::error::a", level="b ##[error]c"), *hostile.outcomes]
    text = summary_markdown(replace(hostile, outcomes=outcomes))
    assert "::" not in text
    assert "##[" not in text


def test_hostile_names_are_inert_in_annotations(hostile):
    lines = github_commands(hostile, HOSTILE)
    assert len(lines) == 3
    for line in lines:
        assert line.isprintable()
        assert "::" not in line.split(" ", 1)[1].split(",line=")[0]
        assert "%250A" in line or "changed" in line


@pytest.mark.parametrize("write", [junit_xml, summary_markdown, verdict_json])
def test_same_verdict_gives_the_same_bytes(mixed, write):
    assert write(mixed) == write(mixed)
