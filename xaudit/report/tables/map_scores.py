"""Parts of the section on where maps lie: further scores, criteria, peaks, normal images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from xaudit.core.estimate import Estimate
from xaudit.core.message import Message
from xaudit.core.record.finding import Findings
from xaudit.report.language.translation import later, told, tr, word
from xaudit.report.tables.package_metrics import added_of_maps
from xaudit.report.view import figures, numbers
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import Figure, Table

CONSENSUS = "consensus"
_FURTHER = (
    ("chance_corrected_mass", later("Mass above chance")),
    ("foreground_mass", later("Mass, of what lies on the body")),
    ("mass_of_ideal", later("Mass, of what the grid allows")),
    ("pixel_auc", later("AUC of pixels")),
    ("iou_otsu", later("IoU at Otsu's threshold")),
    ("iou_frozen", later("IoU at a frozen threshold")),
    ("hit_any", later("Any lesion hit")),
    ("hit_all", later("Every lesion hit")),
    ("hit_of_five", later("Five peaks hit")),
    ("other_lesion_mass", later("Evidence on other lesions")),
)
_GAPS = (
    ("mass_reference_gap", later("Mass in lesion, minus that of reference maps")),
    ("auprc_reference_gap", later("AUPRC, minus that of reference maps")),
    ("hit_reference_gap", later("Peak in lesion, minus that of reference maps")),
)
_CRITERIA = {
    "iou": later("IoU at least"),
    "intersection_over_mark": later("Share of the mark on the lesion at least"),
    "centroid_distance": later("Centroids apart at most (pixels of the input)"),
    "centroid_in_lesion": later("Centroid of the mark on the lesion"),
}
_DRAWN = (
    ("iou", later("intersection over union, at least")),
    ("intersection_over_mark", later("share of the mark on the lesion, at least")),
)
_BESIDE = ("ideal_on_grid", "center_gaussian")


def further(look: Lookup, methods: Sequence[str], references: Sequence[str]) -> Iterator[Table]:
    """Other scores of the same maps, and the distance to what knows nothing."""
    rows = tuple(
        (name, *(known(look, metric, name) for metric, _ in _FURTHER))
        for name in (*methods, *references)
    )
    note = f"{_reach(look.findings)} {_frozen(look, methods)}"
    note += look.methods(*(metric for metric, _ in _FURTHER if metric != "iou_frozen"))
    columns = (tr("Method"), *(tr(title) for _, title in _FURTHER))
    yield Table(tr("Further scores of the same maps"), columns, rows, note, folded=True)
    yield from added_of_maps(look, (*methods, *references))
    for metric, title in _GAPS:
        yield from _gap(look, metric, title, methods)


def known(look: Lookup, metric: str, method: str) -> str:
    """A cell; a dash where this map cannot have such a score."""
    return look.cell(metric, method=method) if look.get(metric, method=method) else numbers.NONE


def _reach(findings: Findings) -> str:
    tolerance = findings.peak_tolerance
    if not tolerance or tolerance.startswith("0 "):
        return tr("A peak hits a lesion that it lies in.")
    return tr("A peak hits a lesion from at most {tolerance} away.", tolerance=tolerance)


_THRESHOLDS = "thresholds {first:g} and {second:g} of a map's maximum"


def _frozen(look: Lookup, methods: Sequence[str]) -> str:
    found = {name: look.estimate("iou_frozen", method=name).method for name in methods}
    shares = "; ".join(
        f"{name}: {told(Message(_THRESHOLDS, **text.params))}"
        for name, text in found.items()
        if isinstance(text, Message)
    )
    if not shares:
        return ""
    return tr("Frozen on the other half of the patients: {told}. ", told=shares)


def _gap(look: Lookup, metric: str, title: str, methods: Sequence[str]) -> Iterator[Table]:
    there = _levels(look.findings, metric, "reference")
    if there:
        columns = (tr("Method"), *(tr(figures.REFERENCES.get(one, one)) for one in there))
        cells = tuple(
            (name, *(look.cell(metric, method=name, reference=one) for one in there))
            for name in methods
        )
        random = f"randomized_{metric.replace('_reference', '')}"
        if look.get(random, method=methods[0]):
            columns = (*columns, tr("random parameters"))
            cells = tuple((*row, look.cell(random, method=row[0])) for row in cells)
        note = tr(
            "Method minus reference, on the same cases. {methods}", methods=look.methods(metric)
        )
        yield Table(tr(title), columns, cells, note, folded=True)


def grid_limit(look: Lookup) -> tuple[str, ...]:
    """What the detector's feature grid alone costs, so that nobody blames the detector for it."""
    ideal = look.estimate("hit", method="ideal_on_grid")
    if ideal.value is None:
        return ()
    return (
        tr(
            "A map can be no finer than the detector's feature grid. The lesion "
            "itself, rendered on that grid, holds {mass} of its evidence in the fracture "
            "and has its peak there in {hit} of the cases: what Grad-CAM misses beyond "
            "that is the detector's doing, the rest the grid's.",
            mass=look.cell("mass", method="ideal_on_grid"),
            hit=look.cell("hit", method="ideal_on_grid"),
        ),
    )


def annotated(look: Lookup, methods: Sequence[str]) -> Iterator[str]:
    """Of which fractures localization speaks, where that is not all of them, and boxes alone."""
    worst = (look.get("mass", method=name, analysis="worst_case") for name in methods)
    read = max((one.positives or 0 for one in worst if one), default=0)
    sampled = look.findings.accountability.sampled_positives
    if methods and read < sampled:
        yield tr(
            "Localization is read on {read} of {sampled} sampled fractures. The others have a "
            "label alone, or no lesion where the detector sees it: of them it claims nothing.",
            read=numbers.whole(read),
            sampled=numbers.whole(sampled),
        )
    if read and _levels(look.findings, "mass", "form") == ("box",):
        yield tr(
            "Every lesion is annotated as a box, which holds healthy bone too: what lies in a box "
            "need not lie on the fracture."
        )


def criteria(look: Lookup, methods: Sequence[str]) -> Iterator[Figure | Table]:
    """How many lesions count as found, over what counts as found."""
    names = (*methods, *(n for n in _BESIDE if _levels(look.findings, "lesions_found", "cutoff")))
    cutoffs = {one: _cutoffs(look.findings, one) for one in _CRITERIA}
    if not any(cutoffs.values()):
        return
    panels = {
        tr(title): lines
        for criterion, title in _DRAWN
        if (lines := _lines(look, names, criterion, cutoffs[criterion]))
    }
    if panels:
        drawing = figures.lines(
            tr("Lesions found, by what counts as found"), tr("lesions found"), panels
        )
        yield Figure(
            drawing,
            tr(
                "Lesions found by the marks of each map, from a lenient criterion at the "
                "left to a strict one; ideal on grid and center beside them."
            ),
        )
    rows = tuple(
        (tr(title) if criterion == "centroid_in_lesion"
         else f"{tr(title)}: {numbers.written(cutoff)}",
         *(look.cell("lesions_found", method=name, criterion=criterion, cutoff=cutoff)
           for name in names))
        for criterion, title in _CRITERIA.items()
        for cutoff in cutoffs[criterion]
    )  # fmt: skip
    note = tr(
        "Marks are connected parts above Otsu's threshold, the five with most "
        "evidence. A lesion whose map cannot be read is not found. {methods}",
        methods=look.methods("lesions_found"),
    )
    yield Table(tr("Lesions found, by what counts as found"), (tr("Criterion"), *names), rows, note,
                folded=True)  # fmt: skip


def _lines(
    look: Lookup, names: Sequence[str], criterion: str, cutoffs: Sequence[str]
) -> dict[str, list[tuple[float, float]]]:
    lines = {
        name: [
            (float(cutoff), one.value)
            for cutoff in cutoffs
            if (one := _found(look, name, criterion, cutoff)).value is not None
        ]
        for name in names
    }
    return {name: points for name, points in lines.items() if points}


def _found(look: Lookup, name: str, criterion: str, cutoff: str) -> Estimate:
    return look.estimate("lesions_found", method=name, criterion=criterion, cutoff=cutoff)


def elsewhere(look: Lookup, methods: Sequence[str]) -> Iterator[Table]:
    """Peaks as marks, and what maps show on normal images."""
    rates = _levels(look.findings, "peaks_find_lesions", "false_marks")
    if rates:
        columns = (
            tr("Method"),
            *(tr("at {rate} false peaks per image", rate=numbers.written(rate)) for rate in rates),
        )
        rows = tuple(
            (name, *(look.cell("peaks_find_lesions", method=name, false_marks=rate)
                     for rate in rates))
            for name in methods
        )  # fmt: skip
        note = tr("Five peaks of every explained image, normal ones included, rated by strength. ")
        note += look.methods("peaks_find_lesions")
        yield Table(tr("Lesions found by peaks (FROC)"), columns, rows, note, folded=True)
    if any(finding.metric == "total_attribution_separation" for finding in look.findings.findings):
        rows = tuple(
            (name, *(look.cell("spatial_entropy", method=name, label=label)
                     for label in ("fractured", "normal")),
             *(look.cell("border_enrichment", method=name, label=label)
               for label in ("fractured", "normal")),
             *(look.cell(f"{kind}_attribution_separation", method=name)
               for kind in ("total", "peak")))
            for name in methods
        )  # fmt: skip
        columns = (tr("Method"), tr("Entropy, fractured"), tr("Entropy, normal"),
                   tr("On the frame, fractured"), tr("On the frame, normal"),
                   tr("More in all (AUC)"), tr("Stronger peak (AUC)"))  # fmt: skip
        note = tr(
            "Entropy: 1 is evenly spread. Frame: evidence there for what its area would get; 1 is "
            "chance. AUC: how often a fractured case has more than a normal one; 0.5 is a map that "
            "is as loud where there is nothing."
        )
        yield Table(tr("Maps of normal images"), columns, rows, note, folded=True)


def strata(look: Lookup, methods: Sequence[str]) -> Iterator[Table]:
    """Outlined lesions and boxes apart, where a study has boxes; and maps that converged."""
    forms = _levels(look.findings, "mass", "form")
    if forms:
        rows = tuple(
            (f"{name}, {word(form)}", *(look.cell(metric, method=name, form=form)
                                  for metric in ("mass", "hit")))
            for name, form in product(methods, forms)
        )  # fmt: skip
        note = tr("A box holds healthy bone too, which flatters the mass.")
        yield Table(tr("By form of the annotation"), (tr("Method, form"), tr("Mass in lesion"),
                    tr("Peak in lesion")), rows, note, folded=True)  # fmt: skip
    stopped = [name for name in methods if look.get("mass", method=name, analysis="converged")]
    if stopped:
        rows = tuple(
            (name, *(look.cell(metric, method=name, analysis="converged")
                     for metric in ("mass", "hit")))
            for name in stopped
        )  # fmt: skip
        yield Table(tr("Over maps that converged alone"), (tr("Method"), tr("Mass in lesion"),
                    tr("Peak in lesion")), rows, folded=True)  # fmt: skip


def agreement(look: Lookup, methods: Sequence[str]) -> Iterator[Table]:
    """How alike every two methods rank the places of an image."""
    if len(methods) < 2 or not _levels(look.findings, "agreement", "other"):
        return
    rows = tuple(
        (first, *(_pair(look, methods, first, second) for second in methods[1:]))
        for first in methods[:-1]
    )
    note = tr(
        "Mean rank correlation of the evidence in cells of 8 × 8 pixels: 1 is the "
        "same order of places, 0 none in common. {methods}",
        methods=look.methods("agreement"),
    )
    yield Table(tr("Do the methods agree?"), (tr("Method"), *methods[1:]), rows, note, folded=True)


def _pair(look: Lookup, methods: Sequence[str], first: str, second: str) -> str:
    if methods.index(second) <= methods.index(first):
        return ""
    return look.cell("agreement", method=first, other=second)


def has_consensus(findings: Findings) -> bool:
    """Whether the maps of several methods were put together."""
    return any(method.name == CONSENSUS for method in findings.methods)


def _levels(findings: Findings, metric: str, key: str) -> tuple[str, ...]:
    """Values of a scope key, in the order of the findings."""
    return tuple(
        dict.fromkeys(
            finding.scope[key]
            for finding in findings.findings
            if finding.metric == metric and key in finding.scope
        )
    )


def _cutoffs(findings: Findings, criterion: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            finding.scope["cutoff"]
            for finding in findings.findings
            if finding.metric == "lesions_found" and finding.scope["criterion"] == criterion
        )
    )
