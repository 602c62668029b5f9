"""The change report as a view model, in the look of the card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace

from xaudit.core.record.change import Agreement, Changes, Delta, MovedCase
from xaudit.report.changes.answers import answers, maps_sentence, on_which, worse_sentence
from xaudit.report.changes.cells import (
    by_group,
    difference_cell,
    overall,
    p_cell,
    row_of,
    value_cell,
)
from xaudit.report.changes.figure import differences
from xaudit.report.elements.embedded_json import script_json
from xaudit.report.facts.warnings import unverified_warnings
from xaudit.report.language.translation import later, told, tr, trn, word
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.level_order import in_order
from xaudit.report.view.lookup import measure
from xaudit.report.view.model import Figure, ModelCard, Section, Table

SHOWN = 20
_KINDS = {
    "newly_missed": later("Fracture found before, missed now"),
    "newly_found": later("Fracture missed before, found now"),
    "new_false_alarm": later("Normal case left alone before, called a fracture now"),
    "false_alarm_gone": later("Normal case called a fracture before, left alone now"),
}
_SUBJECTS = {
    "fracture": later("Fractures found"),
    "normal": later("False alarms among normal cases"),
    "lesion": later("Lesions hit by the peak of the map"),
}


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
        title=tr("{detector}: what changed", detector=new.detector),
        subtitle=tr(
            "From {old} (audit “{before}”) to {new} (audit “{after}”).",
            old=f"{old.detector} {old.version}",
            before=old.audit,
            new=f"{new.detector} {new.version}",
            after=new.audit,
        ),
        running=tr(
            "{old} to {new}",
            old=f"{old.detector} {old.version}",
            new=f"{new.detector} {new.version}",
        ),
        verdict=None,
        verdict_text=tr("A comparison judges nothing; the policy of an audit does."),
        verdict_counts="",
        answers=answers(changes),
        sections=tuple(replace(one, number=str(i)) for i, one in enumerate(sections, start=1)),
        twin=script_json(asdict(changes)),
        warnings=unverified_warnings(changes.unverified),
        footer=tr("Plans {old} and {new}", old=old.plan_sha256[:12], new=new.plan_sha256[:12]),
        kind=later("change report"),
        kind_long=later("Change report of a fracture detector"),
    )


def _cases(changes: Changes) -> Section:
    rows = (
        (tr("Cases of both audits"), numbers.whole(changes.cases)),
        (tr("With a fracture"), numbers.whole(changes.positives)),
        (word(f"{changes.unit}s").capitalize(), numbers.whole(changes.patients)),
        (tr("Scored by both detectors"), numbers.whole(changes.scored)),
        (tr("Matched by id and hash of the image"), numbers.whole(changes.by_image)),
        (tr("Matched by id alone"), numbers.whole(changes.cases - changes.by_image)),
        *(
            (tr("Left out: {why}", why=word(why)), numbers.whole(n))
            for why, n in sorted(changes.left_out.items())
        ),
    )
    lead = tr(
        "{on_which}. Everything below is about these cases and no others.",
        on_which=on_which(changes),
    )
    missing = tuple(
        tr("Operating point “{name}” is not in both audits.", name=name)
        for name in changes.points_left_out
    )
    missing += tuple(map(told, (*changes.interim, *changes.notes)))
    table = Table(tr("Cases compared"), (tr("Fact"), tr("Cases")), rows)
    return Section("cases", "", tr("On which cases?"), lead, tables=(table,), missing=missing)


def _performance(changes: Changes) -> Section:
    return Section(
        "performance",
        "",
        tr("Does it find more fractures?"),
        tr("New minus old, on the same cases: what both detectors find easy or hard cancels."),
        paragraphs=(
            tr("An interval that holds 0 says “not shown to differ”, never “equal”."),
        ),
        tables=(
            Table(
                tr("Change over all common cases"),
                (tr("Measure"), tr("Old"), tr("New"), tr("New minus old"), "p", tr("Method")),
                tuple(map(row_of, overall(changes))),
            ),
            *_agreements(changes, ("fracture", "normal")),
        ),
    )  # fmt: skip


def _agreements(changes: Changes, subjects: Sequence[str]) -> Iterator[Table]:
    chosen = [agreement for agreement in changes.agreements if agreement.subject in subjects]
    if chosen:
        columns = (
            tr("What"),
            tr("By both"),
            tr("Only by the old"),
            tr("Only by the new"),
            tr("By neither"),
        )
        note = (
            "" if "lesion" in subjects else tr("A case without a score is not called a fracture.")
        )
        yield Table(tr("By both, by one, by none"), columns, tuple(map(_agreement, chosen)), note)


def _agreement(agreement: Agreement) -> tuple[str, ...]:
    where = ", ".join(agreement.scope.values())
    counts = (agreement.both, agreement.only_old, agreement.only_new, agreement.neither)
    return (f"{tr(_SUBJECTS[agreement.subject])}: {where}", *map(numbers.whole, counts))


def _moved(changes: Changes) -> Section:
    tables = []
    for point in changes.points:
        for kind, title in _KINDS.items():
            cases = [
                one for one in changes.moved if one.kind == kind and one.operating_point == point
            ]
            if cases:
                tables.append(
                    _moved_table(tr("{title}, at “{point}”", title=tr(title), point=point), cases)
                )
    count = len({case.case_id for case in changes.moved})
    lead = trn("{count} cases are decided differently.", count, count=numbers.whole(count))
    return Section("moved", "", tr("Which decisions changed?"), lead, tables=tuple(tables),
                   paragraphs=tuple(_within(changes)))  # fmt: skip


def _within(changes: Changes) -> Iterator[str]:
    """Moves that another run of the same audit may show too."""
    for point, count in changes.within.items():
        if count and changes.tolerance is not None:
            yield tr(
                "At “{point}” {count} of them moved by no more than another run of the same "
                "audit may ({tolerance}): that says nothing about the detectors.",
                point=point,
                count=numbers.whole(count),
                tolerance=numbers.plain(changes.tolerance),
            )


def _moved_table(title: str, cases: Sequence[MovedCase]) -> Table:
    rows = tuple((case.case_id, _score(case.old_probability), _score(case.new_probability))
                 for case in cases[:SHOWN])  # fmt: skip
    rest = len(cases) - len(rows)
    note = tr("The largest step first.")
    note += (
        trn(" {rest} more are in the JSON of this report.", rest, rest=numbers.whole(rest))
        if rest
        else ""
    )
    caption = f"{title}: {numbers.whole(len(cases))}"
    return Table(
        caption, (tr("Case"), tr("Old probability"), tr("New probability")), rows, note, folded=True
    )


def _score(value: float | None) -> str:
    return numbers.nothing(tr("no score")) if value is None else numbers.percent(value)


def _groups(changes: Changes) -> Section:
    found = by_group(changes)
    tables = []
    for column in dict.fromkeys(one.scope["group"] for one in found):
        own = [one for one in found if one.scope["group"] == column]
        order = {level: i for i, level in enumerate(in_order({d.scope["level"]: () for d in own}))}
        own.sort(key=lambda one: order[one.scope["level"]])
        columns = (
            tr("Subgroup"),
            tr("Measure"),
            tr("Old"),
            tr("New"),
            tr("New minus old"),
            tr("p, all subgroups counted"),
        )
        tables.append(
            Table(
                tr("By {column}", column=column), columns, tuple(map(_group_row, own)), folded=True
            )
        )
    low, enough = changes.minimum
    figure = [finding for finding in found if finding.metric == "sensitivity"
              and finding.scope.get("operating_point") in changes.points[:1]]  # fmt: skip
    caption = tr(
        "Fractures found, new minus old, subgroup by subgroup; left of the line: fewer than before."
    )
    return Section(
        "groups",
        "",
        tr("Who fares worse?"),
        worse_sentence(changes),
        paragraphs=(
            tr(
                "Fewer than {low} cases: no figure. Fewer than {enough}: an interval "
                "without a verdict. Among many subgroups some differ by chance: the last "
                "column counts all of them (Holm 1979).",
                low=numbers.whole(low),
                enough=numbers.whole(enough),
            ),
        ),
        figures=(Figure(differences(caption, figure), caption),) if figure else (),
        tables=tuple(tables),
        missing=() if found else (tr("Subgroups: the study has no attribute."),),
    )


def _group_row(delta: Delta) -> tuple[str, ...]:
    point = delta.scope.get("operating_point")
    name = measure(delta.metric) + (tr(" at “{point}”", point=point) if point else "")
    values = value_cell(delta, delta.old), value_cell(delta, delta.new)
    return (
        named(delta.scope["level"]),
        name,
        *values,
        difference_cell(delta),
        p_cell(delta.p_adjusted),
    )


def _maps(changes: Changes) -> Section:
    lead = maps_sentence(changes)
    title = tr("Do its maps look elsewhere?")
    if not changes.maps:
        return Section("maps", "", title, lead, missing=(lead,))
    scores = tuple(
        (delta.scope["method"], *row_of(delta)[:4])
        for delta in changes.deltas
        if "method" in delta.scope
    )
    tables = (
        _likeness(changes),
        Table(
            tr("Localization scores of the same cases"),
            (tr("Method"), tr("Measure"), tr("Old"), tr("New"), tr("New minus old")),
            scores,
        ),
        *_agreements(changes, ("lesion",)),
        _moved_most(changes),
    )
    return Section("maps", "", title, lead, tables=tables)


def _likeness(changes: Changes) -> Table:
    rows = tuple(
        (
            map_.method,
            numbers.estimate(map_.similarity, "number"),
            numbers.counts(map_.similarity),
            numbers.whole(map_.without),
            tr("yes") if map_.same_parameters else tr("no: part of the change may be theirs"),
        )
        for map_ in changes.maps
    )
    columns = (
        tr("Method"),
        tr("Mean rank correlation"),
        tr("Cases"),
        tr("Not comparable"),
        tr("Same parameters"),
    )
    note = tr(
        "Spearman's correlation over the pixels of the image; 1: the same order, 0: unrelated."
    )
    return Table(tr("Likeness of the maps before and after"), columns, rows, note)


def _moved_most(changes: Changes) -> Table:
    rows = tuple(
        (map_.method, case_id, numbers.fixed(value, 2))
        for map_ in changes.maps
        for case_id, value in map_.least
    )
    columns = (tr("Method"), tr("Case"), tr("Rank correlation"))
    return Table(tr("Maps that moved most"), columns, rows, folded=True)


def _said(value: str | None) -> str:
    return numbers.NONE if value is None else value


def _provenance(changes: Changes) -> Section:
    rows = tuple(
        (fact, *(_said(getattr(one, name)) for one in (changes.old, changes.new)))
        for fact, name in (
            (tr("Audit"), "audit"),
            (tr("Planned at"), "created"),
            (tr("Plan SHA-256"), "plan_sha256"),
            (tr("Detector"), "detector"),
            (tr("Version"), "version"),
            (tr("Weights or table, SHA-256"), "identity"),
        )
    )
    both = (changes.old.identity, changes.new.identity)
    if None in both:
        lead = tr("Whether the audits are about the same detector is not known: no file says so.")
    elif both[0] == both[1]:
        lead = tr("Both audits are about the same file.")
    else:
        lead = tr("The audits are about two files.")
    table = Table(tr("The two audits"), (tr("Fact"), tr("Old"), tr("New")), rows)
    return Section("provenance", "", tr("What was compared?"), lead, tables=(table,))
