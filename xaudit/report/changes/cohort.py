"""The report of a cohort as a view model: whether the population has shifted, and no more."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace

from xaudit.core.estimate import Estimate
from xaudit.core.record.cohort import CohortShift, Share
from xaudit.report.changes.cells import p_cell
from xaudit.report.elements.embedded_json import script_json
from xaudit.report.facts.warnings import unverified_warnings
from xaudit.report.language.translation import later, told, tr, word
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.model import Answer, ModelCard, Section, Table

_LEVEL = 0.05
_KINDS = {"image_shift": later("images"), "feature_shift": later("detector features")}


def build_cohort(shift: CohortShift) -> ModelCard:
    """The report of a cohort.

    Args:
        shift: of a cohort beside an audit.
    """
    sections = (_cases(shift), _scores(shift), _images(shift), _groups(shift), _provenance(shift))
    audit = shift.compared
    detector = f"{audit.detector} {audit.version}".strip()
    return ModelCard(
        title=tr("{cohort}: has the population shifted?", cohort=shift.cohort.study),
        subtitle=tr(
            "Scored by {detector} and compared with the audit “{audit}” of {study}.",
            detector=detector,
            audit=audit.audit,
            study=shift.audit.study,
        ),
        running=tr(
            "{cohort} beside {study}", cohort=shift.cohort.study, study=shift.audit.study
        ),
        verdict=None,
        verdict_text=tr("A comparison judges nothing; the policy of an audit does."),
        verdict_counts="",
        answers=(
            Answer(tr("What does this say?"), _limits()),
            Answer(tr("Are scores other ones?"), _of_scores(shift)),
            Answer(tr("Are images other ones?"), _of_images(shift)),
        ),
        sections=tuple(replace(one, number=str(i)) for i, one in enumerate(sections, start=1)),
        twin=script_json(asdict(shift)),
        warnings=(*_shared(shift), *unverified_warnings(shift.unverified)),
        footer=tr("Plan {plan}", plan=audit.plan_sha256[:12]),
        kind=later("cohort report"),
        kind_long=later("Report of a cohort without labels"),
    )  # fmt: skip


def _limits() -> str:
    return tr(
        "Whether scores and images of the cohort differ from those of the audit. Nothing follows "
        "on performance: fractures are not labeled in the cohort, and another mix of fractures "
        "shifts scores as well."
    )


def _shared(shift: CohortShift) -> tuple[str, ...]:
    """Images of both cannot differ: what is said of the others drowns in them."""
    count = shift.also_in_audit
    if not count:
        return ()
    return (
        tr(
            "Images of the cohort that the audit has too: {count}. They cannot differ, and draw "
            "every figure towards no difference.",
            count=numbers.whole(count),
        ),
    )


def _of_scores(shift: CohortShift) -> str:
    one = shift.scores
    if one.value is None:
        return tr("Not known: {why}.", why=told(one.undefined or ""))
    shown = _cell(one)
    if not _leaves_out_zero(one):
        return tr("Scores are not shown to differ: {shift}.", shift=shown)
    if one.value > 0:
        return tr("Scores of the cohort are higher: {shift}.", shift=shown)
    return tr("Scores of the cohort are lower: {shift}.", shift=shown)


def _of_images(shift: CohortShift) -> str:
    p_value = shift.tests["image_shift"]["auc_p"]
    if p_value.value is None:
        return tr("Not known: {why}.", why=told(p_value.undefined or ""))
    area = numbers.estimate(shift.tests["image_shift"]["auc"], "number")
    caution = f"; {told(p_value.caution)}" if p_value.caution else ""
    place = {"auc": area, "p": p_cell(p_value.value) + caution}
    if p_value.value >= _LEVEL:
        return tr("Images are not shown to differ: told apart with an AUC of {auc}, p {p}.",
                  **place)  # fmt: skip
    return tr("Images of the cohort differ: told apart with an AUC of {auc}, p {p}.", **place)


def _leaves_out_zero(one: Estimate) -> bool:
    return one.low is not None and one.high is not None and (one.low > 0 or one.high < 0)


def _cases(shift: CohortShift) -> Section:
    sides = (shift.cohort, shift.audit)
    rows = (
        (tr("Cases"), *(numbers.whole(one.cases) for one in sides)),
        (tr("With a score"), *(numbers.whole(one.scored) for one in sides)),
        (word(f"{shift.unit}s").capitalize(), *(numbers.whole(one.patients) for one in sides)),
        (tr("Images that the audit has too"), numbers.whole(shift.also_in_audit), numbers.NONE),
    )
    table = Table(tr("Cases compared"), (tr("Fact"), tr("Cohort"), tr("Audit")), rows)
    lead = tr("Cases without a score are not compared; labels of the audit are not read.")
    return Section("cases", "", tr("On which cases?"), lead, tables=(table,))


def _scores(shift: CohortShift) -> Section:
    rows = tuple(_share_row(one.scope["operating_point"], one) for one in shift.calls)
    table = Table(tr("Called a fracture"), _heads(tr("Operating point")), rows)
    drift = tr(
        "How much more often than in one of two a case of the cohort scores above one of the "
        "audit: {shift}.",
        shift=_cell(shift.scores),
    )
    alone = tr("A share of calls is neither sensitivity nor a rate of false alarms.")
    return Section(
        "scores", "", tr("Are scores other ones?"), _of_scores(shift), (drift, alone), (), (table,)
    )


def _share_row(name: str, one: Share) -> tuple[str, ...]:
    shares = (numbers.estimate(side) for side in (one.cohort, one.audit))
    return (name, *shares, _cell(one.difference))


def _heads(first: str) -> tuple[str, ...]:
    return (first, tr("Cohort"), tr("Audit"), tr("Cohort minus audit"))


def _cell(one: Estimate, unit: str = "proportion") -> str:
    """A difference with its interval, or why there is none."""
    if one.value is None:
        return f"{numbers.NONE} ({told(one.undefined or '')})"
    shown = numbers.estimate(one, unit, signed=True)
    return f"{shown}; {told(one.caution)}" if one.caution else shown


def _images(shift: CohortShift) -> Section:
    columns = (
        tr("Compared by"),
        tr("Told from the audit (AUC)"),
        tr("Were patients dealt out again"),
        tr("p of the AUC"),
        tr("p of the distance (MMD)"),
    )
    note = tr(
        "A linear classifier is trained to tell cases of the cohort from those of the audit; its "
        "AUC is taken on patients that it has not seen. p: how often it is as large, or the "
        "maximum mean discrepancy, where patients are dealt out again. What is not shown to "
        "differ is not shown to be alike."
    )
    tests = Table(tr("Can both be told apart?"), columns, tuple(_tests(shift)), note)
    rows = tuple((told(one.what), _cell(one.difference, "number")) for one in shift.images)
    heads = (tr("Image"), tr("Cohort minus audit, in standard deviations"))
    held = tr("All intervals hold at once (Bonferroni).")
    differences = Table(tr("By how much?"), heads, rows, held)
    tables = (tests, differences) if rows else (tests,)
    return Section("images", "", tr("Are images other ones?"), _of_images(shift), tables=tables)


def _tests(shift: CohortShift) -> Iterator[tuple[str, ...]]:
    for kind, parts in shift.tests.items():
        area = parts["auc"]
        why = f"{numbers.NONE} ({told(area.undefined or '')})"
        yield (
            tr(_KINDS[kind]),
            why if area.value is None else numbers.estimate(area, "number"),
            numbers.estimate(parts["auc_chance"], "number"),
            p_cell(parts["auc_p"].value),
            p_cell(parts["mmd_p"].value),
        )


def _groups(shift: CohortShift) -> Section:
    columns = dict.fromkeys(one.scope["group"] for one in shift.groups)
    tables = tuple(
        Table(
            tr("By {column}", column=column),
            _heads(tr("Subgroup")),
            tuple(
                _share_row(named(one.scope["level"]), one)
                for one in shift.groups
                if one.scope["group"] == column
            ),
        )
        for column in columns
    )
    lead = tr("Intervals are those of each subgroup alone, as if no patient were in both.")
    missing = tuple(
        tr("“{column}” is not an attribute of both.", column=column)
        for column in shift.columns_left_out
    )
    title = tr("Are other patients in it?")
    return Section("groups", "", title, lead, tables=tables, missing=missing)


def _provenance(shift: CohortShift) -> Section:
    audit = shift.compared
    rows = (
        (tr("Audit"), audit.audit),
        (tr("Planned at"), audit.created),
        (tr("Plan SHA-256"), audit.plan_sha256),
        (tr("Detector"), audit.detector),
        (tr("Version"), audit.version or numbers.NONE),
        (tr("Weights or table, SHA-256"), audit.identity or numbers.NONE),
    )
    lead = tr("The cohort was scored by the file that was audited: its SHA-256 is the same.")
    table = Table(tr("The audit"), (tr("Fact"), tr("Value")), rows)
    return Section("provenance", "", tr("What was compared?"), lead, tables=(table,))
