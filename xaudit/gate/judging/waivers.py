"""Rules that a person lets stay unmet, until a day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from xaudit.core.record.policy import Outcome, Waiver


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
    covering = [one for one in waivers if _covers(one, outcome)]
    if outcome.verdict == "pass" or not covering:
        return outcome
    last = max(covering, key=lambda one: one.expires)
    if last.expires < today:
        why = f"{outcome.why}; the waiver of {last.owner} expired on {last.expires}"
        return replace(outcome, verdict="fail", why=why)
    why = (
        f"{outcome.verdict}: {outcome.why}; waived by {last.owner} until {last.expires}: "
        f"{last.reason}"
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
