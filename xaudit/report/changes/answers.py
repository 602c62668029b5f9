"""Answers on what changed between two audits, in sentences."""

from __future__ import annotations

from collections.abc import Sequence

from xaudit.core.record.change import Changes, Delta
from xaudit.core.record.finding import CROSS
from xaudit.report.changes.cells import by_group, difference_cell, is_sure, is_worse, overall
from xaudit.report.language.translation import told, tr, trn, word
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.model import Answer

_NAMED = 5


def answers(changes: Changes) -> tuple[Answer, ...]:
    """The first screen of the report."""
    scored = [one for one in overall(changes) if one.scope["analysis"] == "scored"]
    found = [one for one in scored if one.metric == "sensitivity"]
    left = [one for one in scored if one.metric == "specificity"]
    return (
        Answer(tr("On which cases?"), f"{on_which(changes)}.", _out(changes)),
        Answer(tr("Does it find more fractures?"), _said(found, tr("fractures found"))),
        Answer(
            tr("Does it leave more normal cases alone?"), _said(left, tr("normal cases left alone"))
        ),
        Answer(tr("Who fares worse?"), worse_sentence(changes)),
        Answer(tr("Do its maps look elsewhere?"), maps_sentence(changes)),
    )


def on_which(changes: Changes) -> str:
    """The cases that both audits have; no full stop."""
    return tr(
        "{cases} cases that both audits have, {positives} with a fracture, of {patients} {units}",
        cases=numbers.whole(changes.cases),
        positives=numbers.whole(changes.positives),
        patients=numbers.whole(changes.patients),
        units=word(f"{changes.unit}s"),
    )


def _out(changes: Changes) -> str:
    left = sum(changes.left_out.values())
    return (
        trn("{left} others were left out.", left, left=numbers.whole(left))
        if left
        else tr("None was left out.")
    )


def _said(found: Sequence[Delta], what: str) -> str:
    if not found:
        return tr("The audits have no operating point of the same name.")
    parts = []
    for one in found:
        text = tr(
            "At “{operating_point}”: {what} {difference}",
            operating_point=one.scope["operating_point"],
            what=what,
            difference=difference_cell(one),
        )
        parts.append(f"{text}. {_reads(one)}")
    return " ".join(parts)


def _reads(delta: Delta) -> str:
    low, high = delta.difference.low, delta.difference.high
    if low is None or high is None:
        return tr("Not measured.")
    if low > 0:
        return tr("More than before.")
    return tr("Fewer than before.") if high < 0 else tr("Not shown to differ.")


def worse_sentence(changes: Changes) -> str:
    """Which groups are shown to fare worse."""
    worse = sorted((one for one in by_group(changes) if is_worse(one)), key=_how_bad)
    sure = [one for one in worse if is_sure(one)]
    if not by_group(changes):
        return tr("The study has no subgroups.")
    if not worse:
        return tr("No subgroup is shown to fare worse.")
    return tr(
        "Taken one by one: {worse}. With all comparisons counted: {sure}.",
        worse=_named(worse),
        sure=_named(sure),
    )


def _named(deltas: Sequence[Delta]) -> str:
    """The groups, the worst first; not all of them if they are many."""
    names = list(
        dict.fromkeys(f"{delta.scope['group']} {named(delta.scope['level'])}" for delta in deltas)
    )
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (
        tr(" and {rest} more", rest=rest) if rest > 0 else ""
    ) or tr("none")


def _how_bad(delta: Delta) -> tuple[int, float]:
    """Intersections after the groups that they are made of, then the largest loss."""
    return delta.scope["group"].count(CROSS), -abs(delta.difference.value or 0.0)


def maps_sentence(changes: Changes) -> str:
    """How like the maps are to those before."""
    if not changes.maps:
        return tr("No case was explained with the same method in both audits.")
    parts = [
        f"{map_.method} {numbers.estimate(map_.similarity, 'number')}"
        if map_.similarity.value is not None
        else f"{map_.method}: {told(map_.similarity.undefined or '')}"
        for map_ in changes.maps
    ]
    return tr(
        "Rank correlation of the maps before and after (1: the same): {parts}.",
        parts="; ".join(parts),
    )
