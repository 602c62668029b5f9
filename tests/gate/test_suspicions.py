"""A suspicion that nobody answers for: no verdict is better than inconclusive, and it says why."""

import io
import json
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from rich.console import Console

from xaudit.core.record.policy import Policy, Rule
from xaudit.core.record.suspicion import Suspicion, unanswered
from xaudit.errors import ExitCode
from xaudit.gate.judging.verdict import exit_code, judge
from xaudit.gate.outputs.document import verdict_json
from xaudit.gate.outputs.github import github_commands
from xaudit.gate.outputs.junit import junit_xml
from xaudit.gate.outputs.sarif import sarif_json
from xaudit.gate.outputs.summary import summary_markdown
from xaudit.gate.outputs.table import verdict_table
from xaudit.gate.policies.policy import policy_hash
from xaudit.pytest_plugin import PolicyAnswer

DOUBT = Suspicion("constant_score", "The score never varies.")
KNOWN = replace(DOUBT, name="inverted_scores", acknowledged=True)


@pytest.fixture
def judged(make_findings, finding):
    def make(*suspicions, bound=0.6):
        rules = (Rule("r", "sensitivity", floor=bound),)
        policy = Policy("p", rules, policy_hash(Policy("p", rules, "")))
        findings = replace(make_findings(finding(0.7, 0.9)), suspicions=suspicions)
        return judge(policy, findings, policy.sha256)

    return make


@pytest.mark.parametrize(
    ("suspicions", "bound", "word", "code"),
    [
        ((), 0.6, "pass", ExitCode.PASS),
        ((KNOWN,), 0.6, "pass", ExitCode.PASS),
        ((DOUBT,), 0.6, "inconclusive", ExitCode.INCONCLUSIVE),
        ((DOUBT, KNOWN), 0.6, "inconclusive", ExitCode.INCONCLUSIVE),
        ((DOUBT,), 0.95, "fail", ExitCode.FAIL),
    ],
)
def test_verdict_is_capped_until_somebody_answers(judged, suspicions, bound, word, code):
    verdict = judged(*suspicions, bound=bound)
    assert (verdict.overall, exit_code(verdict)) == (word, code)
    assert verdict.suspicions == suspicions
    assert set(unanswered(suspicions)) == set(suspicions) - {KNOWN}


def told_by_table(verdict):
    console = Console(width=400, record=True, file=io.StringIO())
    console.print(verdict_table(verdict))
    return console.export_text()


OUTPUTS = (
    junit_xml,
    verdict_json,
    summary_markdown,
    told_by_table,
    lambda verdict: sarif_json(verdict, "policy.yaml"),
    lambda verdict: "\n".join(github_commands(verdict, "policy.yaml")),
)


@pytest.mark.parametrize("output", OUTPUTS)
def test_every_output_says_why(judged, output):
    text = output(judged(DOUBT, KNOWN)).replace("&#95;", "_").replace("\\_", "_")
    for said in ("constant_score", "The score never varies.", "inverted_scores", "acknowledged"):
        assert said in text


def test_a_verdict_without_suspicions_prints_what_it_did(judged):
    for output in OUTPUTS:
        assert "suspicion" not in output(judged()).replace('"suspicions": []', "")


def test_junit_counts_it_as_an_error_of_its_own(judged):
    suite = ElementTree.fromstring(junit_xml(judged(DOUBT, KNOWN))).find("testsuite")
    assert (suite.get("tests"), suite.get("errors")) == ("2", "1")
    (error,) = suite.iter("error")
    assert "acknowledge: [constant_score]" in error.get("message")


def test_sarif_has_a_result_at_a_rule_of_its_own(judged):
    (run,) = json.loads(sarif_json(judged(DOUBT, KNOWN), "policy.yaml"))["runs"]
    result = run["results"][-1]
    rule = run["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "suspicion/constant_score"
    assert (result["kind"], result["level"]) == ("fail", "warning")
    levels = [one["level"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert levels == ["warning", "note"]


def test_github_warns_and_the_fixture_of_pytest_says_it(judged):
    commands = github_commands(judged(DOUBT, KNOWN), "policy.yaml")
    assert [one.split(" ")[0] for one in commands] == ["::warning", "::notice"]
    assert "constant_score" in repr(PolicyAnswer(judged(DOUBT), passed=False))
