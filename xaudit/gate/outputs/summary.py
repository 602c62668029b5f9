"""A verdict as Markdown for the summary of a CI job."""

from __future__ import annotations

from xaudit.core.record.policy import Outcome, Verdict
from xaudit.core.text.markdown import markdown_text
from xaudit.gate.judging.waivers import waiver_text
from xaudit.gate.policies import wording

# Comments of pull requests take 64 KiB.
_MAX_BYTES = 58_000
_MAX_CELL = 400
_ORDER = ("fail", "inconclusive", "waived", "pass")


def summary_markdown(verdict: Verdict) -> str:
    """Markdown under 60 KB: the worst first; what is left out is counted.

    Args:
        verdict: of a policy.
    """
    lines = [
        f"## xaudit: {verdict.overall}",
        "",
        f"Policy {_inert(verdict.policy)}: {wording.counts_text(verdict)}.",
        *(part for line in wording.warning_lines(verdict) for part in ("", f"**{_inert(line)}.**")),
        "",
    ]
    for suspicion in verdict.suspicions:
        said = _inert(wording.suspicion_text(suspicion))
        lines += [said if suspicion.acknowledged else f"**{said}**", ""]
    lines += [line for said in wording.baseline_lines(verdict) for line in (f"{_inert(said)}.", "")]
    rest = [f"- {_inert(waiver_text(waiver))}" for waiver in verdict.waivers]
    rest += ["", "| | rule | scope | estimate | bound | why |", "|---|---|---|---|---|---|"]
    rest += [_row(outcome) for outcome in sorted(verdict.outcomes, key=_severity)]
    return "\n".join([*lines, *_that_fit(rest, _MAX_BYTES - _size(lines))]) + "\n"


def _that_fit(lines: list[str], budget: int) -> list[str]:
    used = 0
    for number, line in enumerate(lines):
        used += _size([line])
        if used > budget:
            return [*lines[:number], "", f"{len(lines) - number} more lines are left out here."]
    return lines


def _size(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def _severity(outcome: Outcome) -> int:
    return _ORDER.index(outcome.verdict)


def _row(outcome: Outcome) -> str:
    cells = (
        outcome.verdict,
        _inert(outcome.rule.id),
        _inert(wording.scope_text(outcome.scope)),
        wording.interval_text(outcome.estimate),
        _inert(outcome.rule.demand),
        _inert(outcome.why),
    )
    return f"| {' | '.join(cells)} |"


def _inert(text: str) -> str:
    """Text that Markdown shows as it is, cut off where it is long."""
    line = " ".join(text.split())
    return markdown_text(line if len(line) <= _MAX_CELL else f"{line[:_MAX_CELL]}…")
