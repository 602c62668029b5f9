"""A verdict as workflow commands of GitHub Actions: marks at the lines of the policy."""

from __future__ import annotations

from xaudit.core.policy import Verdict
from xaudit.gate.waivers import waiver_text
from xaudit.gate.words import CHANGED, baseline_lines, scope_text, suspicion_text

_COMMANDS = {"fail": "error", "inconclusive": "warning", "waived": "notice"}


def github_commands(verdict: Verdict, policy_file: str) -> list[str]:
    """One ``::error file=…,line=…::`` for each rule and group that did not pass.

    Args:
        verdict: of a policy.
        policy_file: path of the policy, relative to the root of the repository.
    """
    lines = [
        _command(
            _COMMANDS[one.verdict],
            policy_file,
            one.rule.line,
            f"{one.rule.id}: {scope_text(one.scope) or 'the whole study'}: {one.why}",
        )
        for one in verdict.outcomes
        if one.verdict != "pass"
    ]
    if verdict.changed_after_run:
        lines.append(_command("warning", policy_file, None, CHANGED))
    lines += [
        _command(
            "notice" if one.acknowledged else "warning", policy_file, None, suspicion_text(one)
        )
        for one in verdict.suspicions
    ]
    lines += [_command("notice", policy_file, None, line) for line in baseline_lines(verdict)]
    lines += [
        _command("notice", policy_file, one.line, waiver_text(one)) for one in verdict.waivers
    ]
    return lines


def _command(name: str, file: str, line: int | None, text: str) -> str:
    place = _escape(file).replace(":", "%3A").replace(",", "%2C")
    return f"::{name} file={place},line={line or 1},title=xaudit::{_escape(text)}"


def _escape(text: str) -> str:
    """Nothing of a name can end the command and start another one."""
    escaped = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return "".join(one if one.isprintable() else "\ufffd" for one in escaped)
