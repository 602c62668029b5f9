"""Reasons of a verdict: one sentence for each rule that did not pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

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
    """One for each rule, failures first; no more than fit on a page."""
    return tuple(_reason(group, look) for group in _unmet(look)[:_SHOWN])


def more(look: Lookup) -> str:
    """How many rules did not pass besides those that are shown; empty for none."""
    rest = len(_unmet(look)) - _SHOWN
    return tr("and {count} more", count=numbers.whole(rest)) if rest > 0 else ""


def _unmet(look: Lookup) -> list[list[Outcome]]:
    """The outcomes of each rule that did not pass, the gravest first."""
    by_rule: dict[str, list[Outcome]] = defaultdict(list)
    for one in look.verdict.outcomes if look.verdict else ():
        if one.verdict in _GRAVEST:
            by_rule[one.rule.id].append(one)
    groups = [sorted(group, key=_rank) for group in by_rule.values()]
    return sorted(groups, key=lambda group: _rank(group[0]))


def _rank(outcome: Outcome) -> int:
    return _GRAVEST.index(outcome.verdict)


def _places(scope: Mapping[str, str]) -> Iterator[str]:
    """What tells the outcomes of a rule apart."""
    if "group" in scope and "level" in scope:
        yield f"{scope['group']} {named(scope['level'])}"
    for key, value in sorted(scope.items()):
        if key not in _SAID_ANYWAY:
            yield f"{key} {named(value)}"


def _reason(group: Sequence[Outcome], look: Lookup) -> Reason:
    """What one outcome says, a failed one before others, and how many more the rule has."""
    outcome = group[0]
    rule, estimate = outcome.rule, outcome.estimate
    where = ", ".join(_places(outcome.scope))
    shown = numbers.estimate(estimate, look.unit(rule.metric))
    measured = () if shown == numbers.NONE else (f"{shown}, {numbers.counts(estimate)}",)
    name = f"{rule.id} ({where})" if where else rule.id
    said = f"{name}: {'; '.join((*measured, told(outcome.why)))}"
    if len(group) > 1:
        said += " " + tr("(and {count} more of this rule)", count=numbers.whole(len(group) - 1))
    return Reason(MARKS[outcome.verdict], said, look.link(rule.metric, outcome.scope))
