"""The section on the annotators: how they agree, on labels and on outlines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from xaudit.report.language.translation import tr
from xaudit.report.sections.registry import section
from xaudit.report.view import numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_PAIR = re.compile(r"reader (\d+) and reader (\d+)")


@section("annotators", 45)
def annotators(look: Lookup) -> Section | None:
    """How the annotators agree; nothing where one annotator made the reference standard."""
    pairs = _scopes(look, "annotator_agreement", "annotators")
    if not pairs:
        return None
    lead = tr(
        "Fleiss' kappa {fleiss}; Krippendorff's alpha {alpha}.",
        fleiss=look.said("fleiss_kappa"),
        alpha=look.said("krippendorff_alpha"),
    )
    return Section(
        "annotators",
        "",
        tr("Do the annotators agree?"),
        lead,
        tables=(_labels(look, pairs), *_outlines(look, pairs)),
    )


def _scopes(look: Lookup, metric: str, key: str) -> list[str]:
    """What a metric was found for, in the order of the findings."""
    found = (one.scope[key] for one in look.findings.findings if one.metric == metric)
    return list(dict.fromkeys(found))


def _labels(look: Lookup, pairs: list[str]) -> Table:
    metrics = "annotator_agreement", "cohen_kappa"
    rows = tuple(
        (_pair(pair), *(look.cell(metric, annotators=pair) for metric in metrics)) for pair in pairs
    )
    note = tr(
        "On the cases that both read. A kappa of 1 is complete agreement, 0 is that of chance. "
        "{methods}",
        methods=look.methods(*metrics),
    )
    columns = tr("Annotators"), tr("Same label"), tr("Cohen's kappa")
    return Table(tr("Agreement on labels"), columns, rows, note)


def _outlines(look: Lookup, pairs: list[str]) -> Iterator[Table]:
    """A table where anybody outlined anything."""
    least = _scopes(look, "outline_f1", "iou")
    if not least:
        return
    rows = tuple(
        (
            _pair(pair),
            look.cell("outline_dice", annotators=pair),
            *(look.cell("outline_f1", annotators=pair, iou=iou) for iou in least),
        )
        for pair in pairs
    )
    note = tr(
        "Dice: on the cases in which both outline a lesion. F1: lesions are paired one with one "
        "where their intersection over union is at least as given; who sees no fracture outlines "
        "none. {methods}",
        methods=look.methods("outline_dice", "outline_f1"),
    )
    named = tuple(tr("F1 of lesions, IoU ≥ {iou}", iou=numbers.written(iou)) for iou in least)
    yield Table(tr("Agreement on outlines"), (tr("Annotators"), tr("Dice"), *named), rows, note)


def _pair(pair: str) -> str:
    found = _PAIR.fullmatch(pair)
    return tr("readers {one} and {other}", one=found[1], other=found[2]) if found else pair
