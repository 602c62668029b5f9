"""A verdict as JUnit XML: one test case for each rule and group."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from xaudit.core.record.policy import Outcome, Verdict
from xaudit.core.record.suspicion import Suspicion, unanswered
from xaudit.core.text.printable import printable
from xaudit.gate.judging.waivers import waiver_text
from xaudit.gate.policies.wording import (
    baseline_lines,
    interval_text,
    scope_text,
    suspicion_text,
    warning_lines,
)

# What XML 1.0 has no way to write, escaped or not (section 2.2 of the recommendation).
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# A skipped test counts as green, so what the data do not decide is an error.
_ELEMENTS = {"fail": "failure", "inconclusive": "error", "waived": "skipped"}


def junit_xml(verdict: Verdict) -> str:
    """JUnit XML: fail is a failure, inconclusive an error, waived a skipped test.

    Args:
        verdict: of a policy.
    """
    suspected = unanswered(verdict.suspicions)
    suite = ElementTree.Element(
        "testsuite",
        name=_clean(verdict.policy),
        tests=str(len(verdict.outcomes) + len(suspected)),
        failures=str(verdict.count("fail")),
        errors=str(verdict.count("inconclusive") + len(suspected)),
        skipped=str(verdict.count("waived")),
    )
    _add_properties(suite, verdict)
    for outcome in verdict.outcomes:
        _add_case(suite, verdict, outcome)
    for one in suspected:
        _add_suspicion(suite, verdict, one)
    if lines := warning_lines(verdict):
        ElementTree.SubElement(suite, "system-err").text = _clean("\n".join(lines))
    root = ElementTree.Element("testsuites")
    root.append(suite)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _add_properties(suite: ElementTree.Element, verdict: Verdict) -> None:
    properties = ElementTree.SubElement(suite, "properties")
    pairs = [
        ("verdict", verdict.overall),
        ("policy_sha256", verdict.policy_sha256),
        ("changed_after_run", str(verdict.changed_after_run).lower()),
        *(("unverified", line) for line in verdict.unverified),
        *(("note", line) for line in baseline_lines(verdict)),
        *(("suspicion", suspicion_text(suspicion)) for suspicion in verdict.suspicions),
        *(("waiver", waiver_text(waiver)) for waiver in verdict.waivers),
    ]
    for name, value in pairs:
        ElementTree.SubElement(properties, "property", name=name, value=_clean(value))


def _add_case(suite: ElementTree.Element, verdict: Verdict, outcome: Outcome) -> None:
    scope = scope_text(outcome.scope)
    name = f"{outcome.rule.id} [{scope}]" if scope else outcome.rule.id
    case = ElementTree.SubElement(
        suite, "testcase", classname=_clean(verdict.policy), name=_clean(name)
    )
    if outcome.verdict in _ELEMENTS:
        what = ElementTree.SubElement(
            case, _ELEMENTS[outcome.verdict], type=outcome.verdict, message=_clean(outcome.why)
        )
        what.text = _clean(
            f"{outcome.rule.metric} {interval_text(outcome.estimate)}, {outcome.rule.demand}; "
            f"{outcome.rule.reason}"
        )


def _add_suspicion(suite: ElementTree.Element, verdict: Verdict, suspicion: Suspicion) -> None:
    """A test case of its own: the outcomes may all have passed."""
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=_clean(verdict.policy),
        name=_clean(f"suspicion {suspicion.name}"),
    )
    ElementTree.SubElement(
        case, "error", type="suspicion", message=_clean(suspicion_text(suspicion))
    ).text = _clean(suspicion.text)


def _clean(text: str) -> str:
    return _NOT_XML.sub("\ufffd", printable(text, lines=True))
