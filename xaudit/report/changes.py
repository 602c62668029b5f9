"""The change report as a view model, in the look of the card."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from xaudit.core.change import Agreement, Changes, Delta, MovedCase
from xaudit.core.finding import CROSS
from xaudit.report import numbers
from xaudit.report.changes_figure import differences
from xaudit.report.order import in_order
from xaudit.report.view import Answer, Figure, ModelCard, Section, Table

SHOWN = 20
_NAMED = 5
_NAMES = {
    "auc": "AUC",
    "brier": "Brier score (lower is better)",
    "sensitivity": "Fractures found (sensitivity)",
    "specificity": "Normal cases left alone (specificity)",
    "ppv": "Right when it calls a fracture (PPV)",
    "npv": "Right when it calls normal (NPV)",
}
_PLAIN = {"auc", "brier", "enrichment"}
_KINDS = {
    "newly_missed": "Fracture found before, missed now",
    "newly_found": "Fracture missed before, found now",
    "new_false_alarm": "Normal case left alone before, called a fracture now",
    "false_alarm_gone": "Normal case called a fracture before, left alone now",
}
_SUBJECTS = {
    "fracture": "Fractures found",
    "normal": "False alarms among normal cases",
    "lesion": "Lesions hit by the peak of the map",
}
_LOWER_IS_BETTER = {"brier"}
_ERROR_RATE = 0.05


def build_changes(changes: Changes) -> ModelCard:
    """The change report.

    Args:
        changes: of two audits.
    """
    sections = (
        _cases(changes),
        _performance(changes),
        _moved(changes),
        _groups(changes),
        _maps(changes),
        _provenance(changes),
    )
    old, new = changes.old, changes.new
    return ModelCard(
        title=f"{new.detector}: what changed",
        subtitle=f"From {old.detector} {old.version} (audit “{old.audit}”) "
        f"to {new.detector} {new.version} (audit “{new.audit}”).",
        running=f"{old.detector} {old.version} to {new.detector} {new.version}",
        verdict=None,
        verdict_text="A comparison judges nothing; the policy of an audit does.",
        verdict_counts="",
        answers=_answers(changes),
        sections=tuple(replace(one, number=str(i)) for i, one in enumerate(sections, start=1)),
        twin=_twin(changes),
        footer=f"Plans {old.plan_sha256[:12]} and {new.plan_sha256[:12]}",
        kind="Change report",
        kind_long="Change report of a fracture detector",
    )


def _twin(changes: Changes) -> str:
    text = json.dumps(asdict(changes), sort_keys=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _answers(changes: Changes) -> tuple[Answer, ...]:
    scored = [one for one in _overall(changes) if one.scope["analysis"] == "scored"]
    found = [one for one in scored if one.metric == "sensitivity"]
    left = [one for one in scored if one.metric == "specificity"]
    return (
        Answer("On which cases?", f"{_on_which(changes)}.", _out(changes)),
        Answer("Does it find more fractures?", _said(found, "fractures found")),
        Answer("Does it leave more normal cases alone?", _said(left, "normal cases left alone")),
        Answer("Who fares worse?", _worse_sentence(changes)),
        Answer("Do its maps look elsewhere?", _maps_sentence(changes)),
    )


def _on_which(changes: Changes) -> str:
    return (
        f"{numbers.whole(changes.cases)} cases that both audits have, "
        f"{numbers.whole(changes.positives)} with a fracture, of "
        f"{numbers.whole(changes.patients)} {changes.unit}s"
    )


def _out(changes: Changes) -> str:
    left = sum(changes.left_out.values())
    return f"{numbers.whole(left)} others were left out." if left else "None was left out."


def _said(found: Sequence[Delta], what: str) -> str:
    if not found:
        return "The audits have no operating point of the same name."
    parts = []
    for one in found:
        text = f"At “{one.scope['operating_point']}”: {what} {_difference(one)}"
        parts.append(f"{text}. {_reads(one)}")
    return " ".join(parts)


def _reads(one: Delta) -> str:
    low, high = one.difference.low, one.difference.high
    if low is None or high is None:
        return "Not measured."
    if low > 0:
        return "More than before."
    return "Fewer than before." if high < 0 else "Not shown to differ."


def _worse_sentence(changes: Changes) -> str:
    worse = sorted((one for one in _by_group(changes) if _is_worse(one)), key=_how_bad)
    sure = [one for one in worse if _sure(one)]
    if not _by_group(changes):
        return "The study has no groups."
    if not worse:
        return "No group is shown to fare worse."
    return f"Taken one by one: {_named(worse)}. With all comparisons counted: {_named(sure)}."


def _named(deltas: Sequence[Delta]) -> str:
    """The groups, the worst first; not all of them if they are many."""
    names = list(dict.fromkeys(f"{one.scope['group']} {one.scope['level']}" for one in deltas))
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "") or "none"


def _how_bad(one: Delta) -> tuple[int, float]:
    """Intersections after the groups that they are made of, then the largest loss."""
    return one.scope["group"].count(CROSS), -abs(one.difference.value or 0.0)


def _maps_sentence(changes: Changes) -> str:
    if not changes.maps:
        return "No case was explained with the same method in both audits."
    parts = [
        f"{one.method} {numbers.estimate(one.similarity, 'number')}"
        if one.similarity.value is not None
        else f"{one.method}: {one.similarity.undefined}"
        for one in changes.maps
    ]
    return f"Rank correlation of the maps before and after (1: the same): {'; '.join(parts)}."


def _cases(changes: Changes) -> Section:
    rows = (
        ("Cases of both audits", numbers.whole(changes.cases)),
        ("With a fracture", numbers.whole(changes.positives)),
        (f"{changes.unit.capitalize()}s", numbers.whole(changes.patients)),
        ("Scored by both detectors", numbers.whole(changes.scored)),
        ("Matched by id and hash of the image", numbers.whole(changes.by_image)),
        ("Matched by id alone", numbers.whole(changes.cases - changes.by_image)),
        *((f"Left out: {why}", numbers.whole(n)) for why, n in sorted(changes.left_out.items())),
    )
    lead = f"{_on_which(changes)}. Everything below is about these cases and no others."
    missing = tuple(
        f"Operating point “{name}” is not in both audits." for name in changes.points_left_out
    )
    missing += changes.looked
    table = Table("Cases compared", ("Fact", "Cases"), rows)
    return Section("cases", "", "On which cases?", lead, tables=(table,), missing=missing)


def _performance(changes: Changes) -> Section:
    return Section(
        "performance",
        "",
        "Does it find more fractures?",
        "New minus old, on the same cases: what both detectors find easy or hard cancels.",
        paragraphs=(
            "An interval that holds 0 says “not shown to differ”, never “equal”.",
        ),
        tables=(
            Table(
                "Change over all common cases",
                ("Measure", "Old", "New", "New minus old", "p", "Method"),
                tuple(map(_row, _overall(changes))),
            ),
            *_agreements(changes, ("fracture", "normal")),
        ),
    )  # fmt: skip


def _row(one: Delta) -> tuple[str, ...]:
    name = _NAMES.get(one.metric, one.metric.replace("_", " "))
    point, worst = one.scope.get("operating_point"), one.scope.get("analysis") == "worst_case"
    name += f" at “{point}”" if point else ""
    return (
        f"{name}, no score counts as wrong" if worst else name,
        _value(one, one.old),
        _value(one, one.new),
        _difference(one),
        _p(one.p_value),
        f"{one.difference.method}; {one.test}" if one.p_value is not None else (
            one.difference.method or numbers.NONE),
    )  # fmt: skip


def _value(one: Delta, value: float | None) -> str:
    if value is None:
        return numbers.NONE
    return numbers.fixed(value, 3) if one.metric in _PLAIN else numbers.percent(value)


def _difference(one: Delta) -> str:
    gap = one.difference
    if gap.value is None:
        return f"{numbers.NONE} ({gap.undefined})"
    unit = "number" if one.metric in _PLAIN else "proportion"
    return numbers.estimate(gap, unit, signed=True) + (f"; {gap.caution}" if gap.caution else "")


def _p(value: float | None) -> str:
    if value is None:
        return numbers.NONE
    return "< 0.001" if value < 0.001 else numbers.fixed(value, 3)


def _agreements(changes: Changes, subjects: Sequence[str]) -> Iterator[Table]:
    chosen = [one for one in changes.agreements if one.subject in subjects]
    if chosen:
        columns = ("What", "By both", "Only by the old", "Only by the new", "By neither")
        note = "" if "lesion" in subjects else "A case without a score is not called a fracture."
        yield Table("By both, by one, by none", columns, tuple(map(_agreement, chosen)), note)


def _agreement(one: Agreement) -> tuple[str, ...]:
    where = ", ".join(one.scope.values())
    counts = (one.both, one.only_old, one.only_new, one.neither)
    return (f"{_SUBJECTS[one.subject]}: {where}", *map(numbers.whole, counts))


def _moved(changes: Changes) -> Section:
    tables = []
    for point in changes.points:
        for kind, title in _KINDS.items():
            cases = [
                one for one in changes.moved if one.kind == kind and one.operating_point == point
            ]
            if cases:
                tables.append(_moved_table(f"{title}, at “{point}”", cases))
    count = len({one.case_id for one in changes.moved})
    lead = f"{numbers.whole(count)} cases are decided differently."
    return Section("moved", "", "Which decisions changed?", lead, tables=tuple(tables))


def _moved_table(title: str, cases: Sequence[MovedCase]) -> Table:
    rows = tuple((one.case_id, _score(one.old_probability), _score(one.new_probability))
                 for one in cases[:SHOWN])  # fmt: skip
    rest = len(cases) - len(rows)
    note = "The largest step first."
    note += f" {numbers.whole(rest)} more are in the JSON of this report." if rest else ""
    caption = f"{title}: {numbers.whole(len(cases))}"
    return Table(caption, ("Case", "Old probability", "New probability"), rows, note, folded=True)


def _score(value: float | None) -> str:
    return f"{numbers.NONE} (no score)" if value is None else numbers.percent(value)


def _groups(changes: Changes) -> Section:
    found = _by_group(changes)
    tables = []
    for column in dict.fromkeys(one.scope["group"] for one in found):
        own = [one for one in found if one.scope["group"] == column]
        order = {level: i for i, level in enumerate(in_order({d.scope["level"]: () for d in own}))}
        own.sort(key=lambda one: order[one.scope["level"]])
        columns = ("Level", "Measure", "Old", "New", "New minus old", "p, all groups counted")
        tables.append(Table(f"By {column}", columns, tuple(map(_group_row, own)), folded=True))
    low, enough = changes.minimum
    figure = [one for one in found if one.metric == "sensitivity"
              and one.scope.get("operating_point") in changes.points[:1]]  # fmt: skip
    caption = "Fractures found, new minus old, group by group; left of the line: fewer than before."
    return Section(
        "groups",
        "",
        "Who fares worse?",
        _worse_sentence(changes),
        paragraphs=(
            f"Fewer than {numbers.whole(low)} cases: no figure. Fewer than "
            f"{numbers.whole(enough)}: an interval without a verdict. Among many groups some "
            "differ by chance: the last column counts all of them (Holm 1979).",
        ),
        figures=(Figure(differences(caption, figure), caption),) if figure else (),
        tables=tuple(tables),
        missing=() if found else ("Groups: the study has no group column.",),
    )


def _group_row(one: Delta) -> tuple[str, ...]:
    point = one.scope.get("operating_point")
    name = one.metric + (f" at “{point}”" if point else "")
    values = _value(one, one.old), _value(one, one.new)
    return (one.scope["level"], name, *values, _difference(one), _p(one.p_adjusted))


def _maps(changes: Changes) -> Section:
    likeness = tuple(
        (
            one.method,
            numbers.estimate(one.similarity, "number"),
            numbers.counts(one.similarity),
            numbers.whole(one.without),
            "yes" if one.same_parameters else "no: part of the change may be theirs",
        )
        for one in changes.maps
    )
    least = tuple(
        (one.method, case_id, numbers.fixed(value, 2))
        for one in changes.maps
        for case_id, value in one.least
    )
    scores = tuple(
        (one.scope["method"], *_row(one)[:4]) for one in changes.deltas if "method" in one.scope
    )
    tables = (
        Table(
            "Likeness of the maps before and after",
            ("Method", "Mean rank correlation", "Cases", "Not comparable", "Same parameters"),
            likeness,
            "Spearman's correlation over the pixels of the image; 1: the same order, 0: unrelated.",
        ),
        Table("Localization scores of the same cases",
              ("Method", "Measure", "Old", "New", "New minus old"), scores),
        *_agreements(changes, ("lesion",)),
        Table("Maps that moved most", ("Method", "Case", "Rank correlation"), least, folded=True),
    )  # fmt: skip
    lead = _maps_sentence(changes)
    if not changes.maps:
        return Section("maps", "", "Do its maps look elsewhere?", lead, missing=(lead,))
    return Section("maps", "", "Do its maps look elsewhere?", lead, tables=tables)


def _provenance(changes: Changes) -> Section:
    rows = tuple(
        (fact, getattr(changes.old, name), getattr(changes.new, name))
        for fact, name in (
            ("Audit", "audit"),
            ("Planned at", "created"),
            ("Plan SHA-256", "plan_sha256"),
            ("Detector", "detector"),
            ("Version", "version"),
            ("Weights or table, SHA-256", "identity"),
        )
    )
    same = changes.old.identity == changes.new.identity
    lead = "Both audits are about the same file." if same else "The audits are about two files."
    table = Table("The two audits", ("Fact", "Old", "New"), rows)
    return Section("provenance", "", "What was compared?", lead, tables=(table,))


def _overall(changes: Changes) -> list[Delta]:
    return [one for one in changes.deltas if not {"group", "method"} & one.scope.keys()]


def _by_group(changes: Changes) -> list[Delta]:
    return [one for one in changes.deltas if "group" in one.scope]


def _is_worse(one: Delta) -> bool:
    low, high = one.difference.low, one.difference.high
    if low is None or high is None or one.difference.caution:
        return False
    return low > 0 if one.metric in _LOWER_IS_BETTER else high < 0


def _sure(one: Delta) -> bool:
    return one.p_adjusted is not None and one.p_adjusted < _ERROR_RATE
