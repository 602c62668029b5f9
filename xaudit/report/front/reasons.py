"""Reasons of a verdict: one sentence for each rule that did not pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xaudit.core.record.policy import Outcome
from xaudit.report.language.translation import told, tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import MARKS, Reason

_SHOWN = 5
_GRAVEST = ("fail", "inconclusive", "waived")
_SAID_ANYWAY = {"analysis", "operating_point", "group", "level"}


def reasons(look: Lookup) -> tuple[Reason, ...]:
    """Failures first; no more than fit on a page."""
    return tuple(_reason(one, look) for one in _unmet(look)[:_SHOWN])


def more(look: Lookup) -> str:
    """How many rules did not pass besides those that are shown; empty for none."""
    rest = len(_unmet(look)) - _SHOWN
    return tr("and {count} more", count=numbers.whole(rest)) if rest > 0 else ""


def _unmet(look: Lookup) -> list[Outcome]:
    outcomes = look.verdict.outcomes if look.verdict else ()
    unmet = [one for one in outcomes if one.verdict in _GRAVEST]
    return sorted(unmet, key=lambda one: _GRAVEST.index(one.verdict))


def _places(scope: Mapping[str, str]) -> Iterator[str]:
    """What tells the outcomes of a rule apart."""
    if "group" in scope and "level" in scope:
        yield f"{scope['group']} {named(scope['level'])}"
    for key, value in sorted(scope.items()):
        if key not in _SAID_ANYWAY:
            yield f"{key} {named(value)}"


def _reason(outcome: Outcome, look: Lookup) -> Reason:
    rule, estimate = outcome.rule, outcome.estimate
    where = ", ".join(_places(outcome.scope))
    shown = numbers.estimate(estimate, look.unit(rule.metric))
    measured = () if shown == numbers.NONE else (f"{shown}, {numbers.counts(estimate)}",)
    name = f"{rule.id} ({where})" if where else rule.id
    said = f"{name}: {'; '.join((*measured, told(outcome.why)))}"
    return Reason(MARKS[outcome.verdict], said, look.link(rule.metric, outcome.scope))
