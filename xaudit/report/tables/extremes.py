"""The worst level of each column beside the best, and which groups are shown to be equal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from xaudit.core.record.finding import CROSS, EquivalenceFacts
from xaudit.report.language.translation import later, told, tr
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup, measure
from xaudit.report.view.model import Table

_RANGE, _RATIO = "_worst_to_best", "_worst_to_best_ratio"
_ODDS = "equalized_odds_difference"
_COLUMNS = (
    ("sensitivity" + _RANGE, later("Sensitivity, best minus worst")),
    ("sensitivity" + _RATIO, later("Worst over best")),
    ("specificity" + _RANGE, later("Specificity, best minus worst")),
    ("specificity" + _RATIO, later("Worst over best")),
    (_ODDS, later("Equalized odds difference")),
    ("auc" + _RANGE, later("AUC, best minus worst")),
)

_ANSWERS = {"different": later("different"), "equivalent": later("equivalent")}


def extremes(look: Lookup) -> Iterator[Table]:
    """Ranges of every column at the first operating point."""
    points = look.findings.detector.operating_points[:1]
    columns = [
        finding.scope["group"]
        for finding in look.findings.findings
        if finding.metric == "auc" + _RANGE
    ]
    if not points or not columns:
        return
    rows = tuple(
        (column, *(_cell(look, metric, column, points[0].name) for metric, _ in _COLUMNS))
        for column in sorted(dict.fromkeys(columns), key=lambda column: column.count(CROSS))
    )
    enough = look.findings.minimum[1]
    note = tr(
        "Subgroups with at least {enough} cases of the kind that the measure rests "
        "on. A range that was seen is larger than the true one on the average, as "
        "subgroups differ by chance; the interval counts that in: it is made of "
        "intervals of all pairs of subgroups that hold together (max-T over draws of "
        "patients). The equalized odds difference is the larger of the ranges of "
        "sensitivity and specificity.",
        enough=numbers.whole(enough),
    )
    names = (tr("Attribute"), *(tr(title) for _, title in _COLUMNS))
    yield Table(
        tr("Worst to best, at “{name}”", name=points[0].name), names, rows, note, folded=True
    )


def _cell(look: Lookup, metric: str, column: str, point: str) -> str:
    scope = {} if metric.startswith("auc") else {"operating_point": point}
    one = look.estimate(metric, group=column, **scope)
    if one.value is None:
        return f"{numbers.NONE} ({told(one.undefined or '')})"
    return numbers.estimate(one, look.unit(metric))


def equal(look: Lookup) -> Iterator[Table]:
    """What is shown to be within a margin, and what beyond; the rest is counted.

    Of intersections only those that differ are listed: there are many.
    """
    facts = look.findings.equivalence
    if not facts:
        return
    rows = tuple(
        (
            _title(fact),
            tr(
                "{answer}, margin {margin}",
                answer=tr(_ANSWERS.get(fact.answer, fact.answer)),
                margin=numbers.bound(fact.margin, look.unit(fact.metric)),
            ),
            numbers.estimate(
                look.estimate(fact.metric, **fact.scope),
                look.unit(fact.metric),
                signed=fact.metric.endswith("_gap"),
            ),
        )
        for fact in facts
        if fact.answer == "different"
        or (fact.answer == "equivalent" and CROSS not in fact.scope["group"])
    )
    count = Counter(fact.answer for fact in facts)
    open_ones = count["not shown"] + count["undefined"]
    note = tr(
        "Of {all} comparisons {equivalent} are shown to be equal up to the "
        "margin, {different} to differ by more, and {open} are not shown to "
        "be either, which says nothing of equality. Equal intersections are in the "
        "JSON of this card. Two one-sided tests (Schuirmann 1987), read from "
        "intervals that hold together: each at an error of 2.5 % at most.",
        all=numbers.whole(len(facts)),
        equivalent=numbers.whole(count["equivalent"]),
        different=numbers.whole(count["different"]),
        open=numbers.whole(open_ones),
    )
    rows = rows or ((tr("None of the subgroups"), tr("is shown to be equal or to differ"), ""),)
    columns = (tr("Subgroup"), tr("Answer"), tr("Gap, or range from worst to best"))
    yield Table(tr("Equal up to a declared margin"), columns, rows, note, folded=True)


def _title(facts: EquivalenceFacts) -> str:
    point = facts.scope.get("operating_point")
    at = tr(" at “{point}”", point=point) if point else ""
    metric = facts.metric.removesuffix("_gap").removesuffix(_RANGE)
    level = facts.scope.get("level")
    who = f"{facts.scope['group']}: " + (
        tr("{level} and the rest", level=named(level)) if level else tr("all subgroups")
    )
    return f"{who}, {measure(metric)}{at}"
