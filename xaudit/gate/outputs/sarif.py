"""A verdict as SARIF 2.1.0 (OASIS standard): one result for all that stands in the way."""

from __future__ import annotations

import hashlib
import json
from urllib.parse import quote

from xaudit import __version__
from xaudit.core.record.policy import Outcome, Rule, Verdict
from xaudit.core.record.suspicion import Suspicion, unanswered
from xaudit.core.text.printable import printable
from xaudit.gate.judging.waivers import waiver_text
from xaudit.gate.policies.wording import (
    UNTIL,
    baseline_lines,
    interval_text,
    scope_text,
    suspicion_text,
    warning_lines,
)

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# GitHub code scanning reads neither the kind of a result nor its suppressions: whatever is a result
# becomes an open alert, so what passed or is waived is none. Its rule is listed all the same, which
# closes the alert of an earlier run.
_LEVELS = {"fail": "error", "inconclusive": "warning"}


def sarif_json(verdict: Verdict, policy_file: str) -> str:
    """SARIF: failures, and warnings of what is undecided, each at the line of its rule.

    Rules that passed or are waived have no result; every waiver is a notification of the run.

    Args:
        verdict: of a policy.
        policy_file: path of the policy, relative to the root of the repository.
    """
    notifications = [
        *(_notification("warning", line) for line in warning_lines(verdict)),
        *(_notification("note", line) for line in baseline_lines(verdict)),
        *(
            _notification(
                "note" if suspicion.acknowledged else "warning", suspicion_text(suspicion)
            )
            for suspicion in verdict.suspicions
        ),
        *(_notification("note", waiver_text(waiver)) for waiver in verdict.waivers),
    ]
    rules = {outcome.rule.id: outcome.rule for outcome in verdict.outcomes}
    suspected = unanswered(verdict.suspicions)
    run = {
        "tool": {
            "driver": {
                "name": "xaudit",
                "version": __version__,
                "rules": [
                    *(_rule(rule) for rule in rules.values()),
                    *(_rule_of_suspicion(one) for one in suspected),
                ],
            }
        },
        "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": notifications}],
        "properties": {
            "policy": verdict.policy,
            "policySha256": verdict.policy_sha256,
            "verdict": verdict.overall,
            "changedAfterRun": verdict.changed_after_run,
            "unverified": list(verdict.unverified),
        },
        "results": [
            *(
                _result(one, list(rules), policy_file)
                for one in verdict.outcomes
                if one.verdict in _LEVELS
            ),
            *(
                _result_of_suspicion(one, index, policy_file)
                for index, one in enumerate(suspected, start=len(rules))
            ),
        ],
    }
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=1, ensure_ascii=True, allow_nan=False) + "\n"


def _notification(level: str, text: str) -> dict[str, object]:
    return {"level": level, "message": _text(text)}


def _rule(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "shortDescription": _text(f"{rule.metric} of the detector"),
        "fullDescription": _text(rule.reason or "the policy states no reason"),
    }


def _rule_of_suspicion(suspicion: Suspicion) -> dict[str, object]:
    return {
        "id": f"suspicion/{suspicion.name}",
        "shortDescription": _text(f"{suspicion.name}: a declaration that does not look right"),
        "fullDescription": {"text": UNTIL},
    }


def _result_of_suspicion(suspicion: Suspicion, index: int, policy_file: str) -> dict[str, object]:
    """A result of its own: the outcomes may all have passed."""
    place = {"artifactLocation": {"uri": quote(policy_file)}, "region": {"startLine": 1}}
    key = json.dumps(["suspicion", suspicion.name])
    return {
        "ruleId": f"suspicion/{suspicion.name}",
        "ruleIndex": index,
        "kind": "fail",
        "level": "warning",
        "message": _text(suspicion_text(suspicion)),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ruleAndScope/v1": hashlib.sha256(key.encode()).hexdigest()},
    }


def _result(outcome: Outcome, ids: list[str], policy_file: str) -> dict[str, object]:
    scope = scope_text(outcome.scope) or "the whole study"
    text = f"{outcome.rule.metric}, {scope}: {interval_text(outcome.estimate)}; {outcome.why}"
    key = json.dumps([outcome.rule.id, sorted(outcome.scope.items())])
    place = {
        "artifactLocation": {"uri": quote(policy_file)},
        "region": {"startLine": outcome.rule.line or 1},
    }
    return {
        "ruleId": outcome.rule.id,
        "ruleIndex": ids.index(outcome.rule.id),
        "kind": "fail",
        "level": _LEVELS[outcome.verdict],
        "message": _text(text),
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {"ruleAndScope/v1": hashlib.sha256(key.encode()).hexdigest()},
    }


def _text(text: str) -> dict[str, str]:
    """A plain message without an embedded link (section 3.11.6)."""
    return {"text": printable(text).replace("](", "] (")}
