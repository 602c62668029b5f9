"""The section on the annotators: how they agree, on labels and on outlines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xaudit.report.language.translation import later, tr
from xaudit.report.sections.registry import section
from xaudit.report.view import figures, numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Section, Table

_PAIR = re.compile(r"reader (\d+) and reader (\d+)")
_READER = re.compile(r"reader (\d+)")
_RATES = ("sensitivity", "specificity")
_RULES = {
    "majority": later("majority of the annotators"),
    "any": later("any annotator"),
    "all": later("all annotators"),
}


@section("annotators", 45, appendix=True)
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
        tables=(
            _labels(look, pairs),
            *_outlines(look, pairs),
            *_ceilings(look),
            *_maps(look),
            *_rules(look),
        ),
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


def _reader(name: str) -> str:
    found = _READER.fullmatch(name)
    return tr("reader {n}", n=found[1]) if found else name


def _ceilings(look: Lookup) -> Iterator[Table]:
    """What annotators reach among each other, and the detector on the same cases."""
    readers = _scopes(look, "annotator_sensitivity", "annotator")
    for point in look.findings.detector.operating_points if readers else ():
        rows = [row for reader in readers for row in _beside(look, reader, point.name)]
        named = [f"{rate}{kind}" for rate in _RATES for kind in ("_beside_annotator",
                 "_by_annotator")]  # fmt: skip
        note = tr(
            "Annotators against the majority of the others, on cases where it decides; the "
            "detector on the same cases; and the detector against the label of one annotator "
            "alone. {methods}",
            methods=look.methods(*named, *(f"annotator_{rate}" for rate in _RATES)),
        )
        columns = tr("Who"), tr("Against"), tr("Sensitivity"), tr("Specificity"), "AUC"
        caption = tr("The detector beside the annotators, at “{point}”", point=point.name)
        yield Table(caption, columns, tuple(rows), note)


def _beside(look: Lookup, reader: str, point: str) -> Iterator[tuple[str, ...]]:
    others, detector, name = tr("the others"), tr("detector"), _reader(reader)
    own = (look.cell(f"annotator_{rate}", annotator=reader) for rate in _RATES)
    yield name, others, *own, ""
    at = {"annotator": reader, "operating_point": point}
    beside = (look.cell(f"{rate}_beside_annotator", **at) for rate in _RATES)
    yield detector, tr("all but {reader}", reader=name), *beside, ""
    cells = (look.cell(f"{rate}_by_annotator", **at) for rate in _RATES)
    yield detector, name, *cells, look.cell("auc_by_annotator", annotator=reader)


def _maps(look: Lookup) -> Iterator[Table]:
    """Maps on the outlines of each annotator, beside what the outlines of annotators reach."""
    readers = _scopes(look, "annotator_mass", "annotator")
    methods = _scopes(look, "mass_by_annotator", "method")
    rows = [row for reader in readers for row in _maps_beside(look, reader, methods)]
    if not rows:
        return
    kinds = "by_annotator", "beside_annotator"
    named = [f"{metric}_{kind}" for metric in ("mass", "hit") for kind in kinds]
    note = tr(
        "On the explained cases that the annotator outlined; beside the outlines of the others, on "
        "those that others outlined too. Of an annotator: what of the outline lies within those of "
        "the others, as if it were a map. In the worst case a missing or degenerate map scores 0. "
        "{methods}",
        methods=look.methods("annotator_mass", *named),
    )
    columns = (tr("Who"), tr("Against"), tr("Mass in lesion"), tr("Mass, worst case"),
               tr("Peak in lesion"), tr("Peak, worst case"))  # fmt: skip
    yield Table(tr("Maps beside the outlines of each annotator"), columns, tuple(rows), note)


def _maps_beside(look: Lookup, reader: str, methods: Sequence[str]) -> Iterator[tuple[str, ...]]:
    name = _reader(reader)
    for method in methods:
        yield _map_row(look, (method, name), "by_annotator", reader)
    yield name, tr("the others"), look.cell("annotator_mass", annotator=reader), "", "", ""
    for method in methods:
        against = tr("all but {reader}", reader=name)
        yield _map_row(look, (method, against), "beside_annotator", reader)


def _map_row(look: Lookup, who: tuple[str, str], kind: str, reader: str) -> tuple[str, ...]:
    method, against = who
    at = {"annotator": reader, "method": method}
    worst = {**at, "analysis": "worst_case"}
    asked = [(f"{metric}_{kind}", scope) for metric in ("mass", "hit") for scope in (at, worst)]
    # Chance has no worst case.
    cells = (
        look.cell(metric, **scope) if scope is at or look.get(metric, **scope) else numbers.NONE
        for metric, scope in asked
    )
    title = tr(figures.REFERENCES[method]) if method in figures.REFERENCES else method
    return title, against, *cells


def _rules(look: Lookup) -> Iterator[Table]:
    """The figures of the detector under every rule by which readings become a label."""
    rules = _scopes(look, "auc_by_consensus", "consensus")
    for point in look.findings.detector.operating_points if rules else ():
        rows = tuple(_under(look, rule, point.name) for rule in rules)
        note = tr(
            "Fractured is what the rule calls so. Cases on which a majority ties are left out of "
            "its row. {methods}",
            methods=look.methods("auc_by_consensus", *(f"{rate}_by_consensus" for rate in _RATES)),
        )
        columns = tr("Rule"), "AUC", tr("Sensitivity"), tr("Specificity")
        caption = tr("What if another rule made the label? At “{point}”", point=point.name)
        yield Table(caption, columns, rows, note)


def _under(look: Lookup, rule: str, point: str) -> tuple[str, ...]:
    at = {"consensus": rule, "operating_point": point}
    cells = (look.cell(f"{rate}_by_consensus", **at) for rate in _RATES)
    return tr(_RULES[rule]), look.cell("auc_by_consensus", consensus=rule), *cells
