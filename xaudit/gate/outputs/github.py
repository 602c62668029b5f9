"""A verdict as workflow commands of GitHub Actions: marks at the lines of the policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from xaudit.core.record.policy import Outcome, Verdict
from xaudit.core.text.printable import printable
from xaudit.gate.judging.waivers import waiver_text
from xaudit.gate.policies.wording import baseline_lines, scope_text, suspicion_text, warning_lines

# A runner shows ten errors, ten warnings and ten notices of a step and drops the others silently.
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class _Mark:
    """One annotation: "error", "warning" or "notice", the line of the policy, and its text."""

    command: str
    line: int | None
    text: str


def github_commands(verdict: Verdict, policy_file: str) -> list[str]:
    """The ten most important annotations, then a line that counts the others.

    First comes what failed, then what puts the whole verdict in question (another policy, changed
    files, suspicions that nobody answers for), what the data do not decide, what is waived, and
    last what is only said (acknowledged suspicions, the baseline, waivers). Within each kind the
    first group of every rule comes before further groups of it, both in the order of the policy.

    Args:
        verdict: of a policy.
        policy_file: path of the policy, relative to the root of the repository.
    """
    marks = list(_marks(verdict))
    lines = [_command(mark, policy_file) for mark in marks[:_SHOWN]]
    if more := Counter(mark.command for mark in marks[_SHOWN:]):
        said = ", ".join(f"{count} {command}s" for command, count in more.items())
        text = f"{more.total()} more are not shown here ({said}); the other outputs hold all"
        # A notice, as an eleventh error would be dropped.
        lines.append(_command(_Mark("notice", None, text), policy_file))
    return lines


def _marks(verdict: Verdict) -> Iterator[_Mark]:
    """All of them, the most important first."""
    yield from _outcomes(verdict, "fail", "error")
    for line in warning_lines(verdict):
        yield _Mark("warning", None, line)
    for suspicion in verdict.suspicions:
        if not suspicion.acknowledged:
            yield _Mark("warning", None, suspicion_text(suspicion))
    yield from _outcomes(verdict, "inconclusive", "warning")
    yield from _outcomes(verdict, "waived", "notice")
    known = (
        suspicion_text(suspicion) for suspicion in verdict.suspicions if suspicion.acknowledged
    )
    for text in chain(known, baseline_lines(verdict)):
        yield _Mark("notice", None, text)
    for waiver in verdict.waivers:
        yield _Mark("notice", waiver.line, waiver_text(waiver))


def _outcomes(verdict: Verdict, word: str, command: str) -> Iterator[_Mark]:
    """Of every rule the first one, then of every rule the second one, and so on."""
    counts: Counter[str] = Counter()
    ranked: list[tuple[int, Outcome]] = []
    for one in verdict.outcomes:
        if one.verdict == word:
            ranked.append((counts[one.rule.id], one))
            counts[one.rule.id] += 1
    for _, one in sorted(ranked, key=lambda rank: rank[0]):
        where = scope_text(one.scope) or "the whole study"
        yield _Mark(command, one.rule.line, f"{one.rule.id}: {where}: {one.why}")


def _command(mark: _Mark, file: str) -> str:
    place = _escape(file).replace(":", "%3A").replace(",", "%2C")
    text = _escape(mark.text)
    return f"::{mark.command} file={place},line={mark.line or 1},title=xaudit::{text}"


def _escape(text: str) -> str:
    """Nothing of a name can end the command and start another one."""
    return printable(text).replace("%", "%25").replace("##[", "## [")
