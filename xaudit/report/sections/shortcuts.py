"""The section on what decides: the lesion, or something that comes with it."""

from __future__ import annotations

from collections.abc import Iterator

from xaudit.core.estimate import Estimate
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections.registry import section
from xaudit.report.tables.interventions import decides
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_CHANCE = 0.05
_NAMES = {
    "elsewhere": later("The same shape over similar anatomy"),
    "border": later("Border of the image"),
    "marks": later("Burnt-in marks, found by rule"),
}
_WITHIN = {
    "elsewhere": later("the same shape over similar anatomy"),
    "border": later("border of the image"),
    "marks": later("burnt-in marks, found by rule"),
}


@section("shortcuts", 80)
def shortcuts(look: Lookup) -> Section:
    """What moves the score when it is taken away, and which groups come with the label."""
    removed = _levels(look, "other_effect", "removed")
    tables = (
        *_erased(look, removed),
        *_inserted(look),
        *_enriched(look),
        *_tied(look),
    )
    return Section(
        "shortcuts",
        "",
        tr("Does the fracture decide?"),
        " ".join(
            (
                *_denied(look),
                _lesion(look.estimate("lesion_specific_effect")),
                *_first(look),
                *_suspects(look, removed),
            )
        ),
        tables=tables,
        missing=() if removed else (tr("Erasing lesions and artifacts: not done in this audit."),),
    )


def _denied(look: Lookup) -> Iterator[str]:
    """What the first screen says, where it is that the fracture does not decide."""
    found = decides(look)
    if found.denied:
        yield found.text


def _lesion(estimate: Estimate) -> str:
    if estimate.value is None or estimate.low is None or estimate.high is None:
        return tr(
            "Whether the fracture decides is not known: {undefined}.",
            undefined=told(estimate.undefined or ""),
        )
    shown = numbers.estimate(estimate, "number", signed=True)
    said = tr(
        "Erasing the fracture lowers the logit by {shown} more than erasing similar anatomy",
        shown=shown,
    )
    if estimate.low > 0:
        return tr("{said}: the decision rests on it at least in part.", said=said)
    if estimate.high < 0:
        return tr("{said}, that is less: the decision does not rest on the fracture.", said=said)
    return tr("{said}: it is not shown that the decision rests on the fracture.", said=said)


def _first(look: Lookup) -> Iterator[str]:
    if look.get("lesion_first"):
        yield tr(
            "Cases in which that moves the logit more than erasing anything else does, an "
            "artifact, the border or its own shape over similar anatomy: {share}.",
            share=look.said("lesion_first"),
        )


def _suspects(look: Lookup, removed: list[str]) -> Iterator[str]:
    moving = [
        _within(name)
        for name in removed
        if (look.estimate("artifact_excess", removed=name).low or 0) > 0
    ]
    if moving:
        yield tr(
            "Erasing these moves it more than erasing as much elsewhere: {moving}.",
            moving=", ".join(moving),
        )
    tied = [column for column, p in _p_values(look).items() if p is not None and p < _CHANCE]
    if tied:
        yield (
            tr(
                "Tied to the label in this study beyond chance, so that a detector can "
                "learn them instead: {tied}.",
                tied=", ".join(tied),
            )
        )


def _erased(look: Lookup, removed: list[str]) -> Iterator[Table]:
    if not removed:
        return
    metrics = ("lesion_effect", "lesion_specific_effect", "lesion_flip")
    rows = [(tr("The fracture"), *(look.cell(metric) for metric in metrics))]
    for name in removed:
        scope = {"removed": name}
        excess = "" if name == "elsewhere" else look.cell("artifact_excess", **scope)
        rows.append((_name(name), look.cell("other_effect", **scope), excess,
                     look.cell("other_flip", **scope)))  # fmt: skip
    yield Table(
        tr("What happens when it is erased"),
        (
            tr("What"),
            tr("Logit"),
            tr("More than the same shape elsewhere"),
            tr("Calls that change"),
        ),
        tuple(rows),
        tr(
            "The fracture: by how much the logit falls. All else: by how much it moves "
            "either way. Filled from what is around, and with a blur; mean of both. Of "
            "200 places elsewhere those count that look most alike: a gap in a bone "
            "can itself look like a fracture. {methods}",
            methods=look.methods("lesion_effect", "other_effect"),
        ),
    )


def _inserted(look: Lookup) -> Iterator[Table]:
    names = _levels(look, "insertion_effect", "inserted")
    if names:
        yield Table(
            tr("What happens when it is put into cases without a fracture"),
            (tr("What"), tr("Logit rises by")),
            tuple((_name(name), look.cell("insertion_effect", inserted=name)) for name in names),
            tr("Taken from up to three other cases. Anything foreign may raise a logit."),
            folded=True,
        )


def _enriched(look: Lookup) -> Iterator[Table]:
    names = _levels(look, "artifact_enrichment", "removed")
    methods = _levels(look, "artifact_enrichment", "method")
    if names:
        yield Table(
            tr("Evidence on artifacts, for what their area would get"),
            (tr("Method"), *(_name(name) for name in names)),
            tuple(
                (
                    f"{method}{said}",
                    *(look.cell("artifact_enrichment", removed=name, method=method, **label)
                      for name in names),
                )
                for said, label in (("", {}), (tr(", no fracture"), {"label": "normal"}))
                for method in methods
                if any(look.get("artifact_enrichment", removed=name, method=method, **label)
                       for name in names)
            ),
            tr("1 is chance. Where nothing is broken, no lesion draws evidence away."),
            folded=True,
        )  # fmt: skip


def _tied(look: Lookup) -> Iterator[Table]:
    rows = []
    for finding in look.findings.findings:
        if finding.metric != "association" or finding.estimate.value is None:
            continue
        scope = dict(finding.scope)
        rows.append((
            f"{scope['group']}: {named(scope['level'])}",
            look.cell("association", **scope),
            look.cell("negatives_auc", **scope),
            look.cell("association_p", group=scope["group"]),
        ))  # fmt: skip
    if rows:
        yield Table(
            tr("Subgroups associated with the label"),
            (tr("Subgroup"), tr("Share of fractures, difference to the rest"),
             tr("Score of cases without fracture, above the rest"), tr("p of the attribute")),
            tuple(rows),
            tr(
                "Above the rest: how often a case without fracture scores higher in this subgroup; "
                "0.5 is no difference. p: permutation of patients, Holm over the columns. "
                "{methods}",
                methods=look.methods("association", "negatives_auc"),
            ),
            folded=True,
        )  # fmt: skip


def _p_values(look: Lookup) -> dict[str, float | None]:
    return {
        finding.scope["group"]: finding.estimate.value
        for finding in look.findings.findings
        if finding.metric == "association_p"
    }


def _levels(look: Lookup, metric: str, key: str) -> list[str]:
    return list(dict.fromkeys(
        finding.scope[key] for finding in look.findings.findings
        if finding.metric == metric and key in finding.scope
    ))  # fmt: skip


def _name(name: str) -> str:
    return tr(_NAMES.get(name, name.capitalize()))


def _within(name: str) -> str:
    """The name inside of a sentence."""
    return tr(_WITHIN.get(name, name.lower()))
