"""Rules that a person lets stay unmet, until a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from xaudit.core.message import Message
from xaudit.core.record.policy import Outcome, VerdictWord, Waiver

_WAIVED: Mapping[VerdictWord, str] = {
    "fail": "fail: {why}; waived by {owner} until {day}: {reason}",
    "inconclusive": "inconclusive: {why}; waived by {owner} until {day}: {reason}",
}


def with_waivers(outcome: Outcome, waivers: Sequence[Waiver], today: date) -> Outcome:
    """The outcome after the waivers that cover it.

    A rule that passes stays a pass. One that does not is waived by a waiver that still holds, and
    fails, inconclusive or not, where every waiver that covers it has expired: nobody answers for
    it any more.

    Args:
        outcome: as the data have it.
        waivers: of the policy.
        today: a waiver holds up to the day on which it expires, that day included.
    """
    covering = [waiver for waiver in waivers if _covers(waiver, outcome)]
    if outcome.verdict == "pass" or not covering:
        return outcome
    last = max(covering, key=lambda one: one.expires)
    if last.expires < today:
        why = Message(
            "{said}; the waiver of {owner} expired on {day}",
            said=outcome.why,
            owner=last.owner,
            day=str(last.expires),
        )
        return replace(outcome, verdict="fail", why=why)
    why = Message(
        _WAIVED[outcome.verdict],
        why=outcome.why,
        owner=last.owner,
        day=str(last.expires),
        reason=last.reason,
    )
    return replace(outcome, verdict="waived", why=why)


def waiver_text(waiver: Waiver) -> str:
    """A waiver in one line, for every output."""
    scope = ", ".join(f"{key} = {value}" for key, value in sorted(waiver.where.items()))
    return (
        f"waiver: rule {waiver.rule} ({scope or 'every outcome'}), owner {waiver.owner}, "
        f"until {waiver.expires}: {waiver.reason}"
    )


def _covers(waiver: Waiver, outcome: Outcome) -> bool:
    return waiver.rule == outcome.rule.id and all(
        key in outcome.scope and value in ("*", outcome.scope[key])
        for key, value in waiver.where.items()
    )
