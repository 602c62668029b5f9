"""Sections on the explanations: where the maps lie, how they were made, and the cases shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from xaudit.core.record.finding import (
    CROSS,
    Findings,
    GalleryCase,
    GalleryMap,
    MethodFacts,
    ShownBox,
)
from xaudit.report.language.translation import later, told, tr
from xaudit.report.sections.credibility import believed
from xaudit.report.sections.registry import section
from xaudit.report.tables import map_scores
from xaudit.report.view import figures, numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.lookup import Lookup
from xaudit.report.view.model import BoxShape, Figure, Group, Layer, Section, Shown, Table
from xaudit.report.view.png import png_size, png_uri

_LETTERS = 24
"""Height of what is written beside a box, in units of the picture; the style sheet has it too."""
METRICS = (
    ("mass", later("Mass in lesion")),
    ("enrichment", later("Enrichment")),
    ("rank_accuracy", later("Rank accuracy")),
    ("auprc", "AUPRC"),
    ("iou_at_area", later("IoU at lesion area")),
    ("hit", later("Peak in lesion")),
    ("lesion_hit_rate", later("Lesions hit")),
)
KINDS = {
    "miss": later("Worst misses"),
    "false_alarm": later("Worst false alarms"),
    "group": later("Where subgroups fare worst"),
    "worst_map": later("Worst maps"),
    "group_map": later("Worst maps of subgroups"),
    "disagreement": later("Where the methods disagree most"),
    "good": later("Good ones, for scale"),
}


def explainers(findings: Findings) -> tuple[str, ...]:
    """Attribution methods that ran, in order."""
    return tuple(method.name for method in findings.methods if not method.reference)


def highest(look: Lookup) -> str | None:
    """The method with most of its attribution in the lesions; None where that is not known."""
    return max(_masses_known(look), default=(0.0, None))[1]


def _masses_known(look: Lookup) -> list[tuple[float, str]]:
    return [
        (one.value, name)
        for name in explainers(look.findings)
        if (one := look.estimate("mass", method=name)).value is not None
    ]


def looks_at(look: Lookup) -> str:
    """Share of the attribution in the lesion, best method, beside chance."""
    known, name = _masses_known(look), highest(look)
    if name is None:
        return tr("Share of the attribution in the fracture: not measured.")
    chance = look.said("mass", method="area_chance")
    return tr(
        "{mass} of the positive attribution lies in the fracture ({name}, the "
        "highest of {known}); chance {chance}.",
        mass=look.said("mass", method=name),
        name=name,
        known=len(known),
        chance=chance,
    )


@section("localization", 100, appendix=True)
def localization(look: Lookup) -> Section:
    """Every method beside what knows nothing of the detector."""
    names = explainers(look.findings)
    present = tuple(n for n in figures.REFERENCES if look.get("mass", method=n))
    together = (map_scores.CONSENSUS,) if map_scores.has_consensus(look.findings) else ()
    shown = (*names, *together, *present)
    found = tuple(map_scores.criteria(look, names))
    return Section(
        "localization",
        "",
        tr("Does it look at the fracture?"),
        looks_at(look),
        paragraphs=(
            believed(look.findings),
            *map_scores.annotated(look, names),
            *map_scores.grid_limit(look),
        ),
        figures=(_masses(look, names), *(one for one in found if isinstance(one, Figure))),
        tables=(
            *_score_tables(look, names, shown),
            *map_scores.further(look, names, shown[len(names) :]),
            *(one for one in found if isinstance(one, Table)),
            *map_scores.strata(look, names),
            *map_scores.elsewhere(look, names),
            *map_scores.agreement(look, names),
        ),
        missing=tuple(
            tr("Reference {title}: not measured.", title=tr(title))
            for name, title in figures.REFERENCES.items()
            if name not in present
        ),
    )


def _masses(look: Lookup, names: Sequence[str]) -> Figure:
    rows = [(name, look.estimate("mass", method=name)) for name in names]
    ticks = {
        name: value
        for name in figures.REFERENCES
        if (value := look.estimate("mass", method=name).value) is not None
    }
    caption = tr(
        "Share of positive attribution inside the fracture: dots are methods, "
        "ticks are maps that know nothing of the detector, and what an ideal map "
        "could reach on its grid."
    )
    return Figure(figures.dots(tr("Attribution in the fracture"), rows, ticks), caption)


def _score_tables(look: Lookup, names: Sequence[str], shown: Sequence[str]) -> Iterator[Table]:
    """Scores of the maps that can be read, of references too, and of all maps of a method."""
    cells = tuple(
        (name, *(map_scores.known(look, metric, name) for metric, _ in METRICS)) for name in shown
    )
    worst = tuple(
        (name, *(look.cell(metric, method=name, analysis="worst_case") for metric, _ in METRICS))
        for name in names
    )
    columns = (tr("Method"), *(tr(title) for _, title in METRICS))
    note = look.methods(*(metric for metric, _ in METRICS))
    yield Table(tr("Localization on maps that can be read"), columns, cells, note, folded=True)
    yield Table(tr("Worst case: a missing or degenerate map scores 0"), columns, worst, folded=True)


@section("methods", 120, appendix=True)
def methods(look: Lookup) -> Section:
    """How each map was made, what it cost, and whether it converged."""
    findings = look.findings
    ran = [method for method in findings.methods if not method.reference]
    columns = (
        tr("Method"),
        tr("Library"),
        tr("Maps"),
        tr("Degenerate"),
        tr("Forward"),
        tr("Backward"),
        tr("Residual: median, worst"),
        tr("Converged"),
    )
    params = tuple(
        (
            one.name,
            told(one.question),
            ", ".join(f"{k} = {v}" for k, v in sorted(one.params.items())),
        )
        for one in ran
    )
    asked = (tr("Method"), tr("What its map answers"), tr("Parameters, defaults included"))
    note = tr("Forward and backward: images passed through the detector for one map.")
    return Section(
        "methods",
        "",
        tr("How were the maps made?"),
        tr("Four things decide a map: the method, its parameters, the detector and chance."),
        paragraphs=(believed(findings),),
        tables=(
            Table(tr("Methods"), columns, tuple(map(_method, ran)), note),
            Table(tr("Questions and parameters"), asked, params, folded=True),
        ),
    )


def _method(facts: MethodFacts) -> tuple[str, ...]:
    residual = f"{numbers.NONE} ({tr('no such promise')})"
    if facts.residual_median is not None and facts.residual_worst is not None:
        residual = f"{told(facts.residual)}: {numbers.plain(facts.residual_median)}, "
        residual += numbers.plain(facts.residual_worst)
    converged = f"{numbers.NONE} ({tr('no tolerance')})"
    if facts.converged is not None:
        converged = f"{numbers.whole(facts.converged)}/{numbers.whole(facts.maps)}"
    return (
        facts.name,
        facts.library,
        numbers.whole(facts.maps),
        numbers.whole(facts.degenerate),
        numbers.plain(facts.forward),
        numbers.plain(facts.backward),
        residual,
        converged,
    )


@section("gallery", 130, appendix=True)
def gallery(look: Lookup) -> Section:
    """Cases that the detector or the maps got most wrong, and two good ones."""
    findings, pictures = look.findings, look.pictures
    shown = tuple(
        Group(tr(title), cases)
        for kind, title in KINDS.items()
        if (
            cases := tuple(
                _shown(index, case, pictures, findings.boxes.get(case.case_id, ()))
                for index, case in enumerate(findings.gallery)
                if case.kind == kind and case.picture in pictures
            )
        )
    )
    return Section(
        "gallery",
        "",
        tr("Where does it fail?"),
        _how_to_look(look),
        gallery=shown,
        missing=() if shown else (tr("Pictures of cases: none in this audit."),),
    )


def _how_to_look(look: Lookup) -> str:
    lines = tr("The worst cases first; a white line with a dark rim is the annotated fracture.")
    if not look.findings.boxes:
        return lines
    return f"{lines} " + tr(
        "Boxes are those of the detector, with its probability: solid where they find a lesion, "
        "dashed where they hit none."
    )


def _shown(
    index: int, case: GalleryCase, pictures: Mapping[str, bytes], boxes: tuple[ShownBox, ...]
) -> Shown:
    width, height = png_size(pictures[case.picture])
    label = tr("fracture") if case.label else tr("no fracture")
    called = "; ".join(
        tr("{name}: called fracture", name=name) if yes else tr("{name}: called normal", name=name)
        for name, yes in case.called_positive.items()
    )
    groups = ", ".join(f"{k} {named(v)}" for k, v in case.groups.items() if CROSS not in k)
    facts = tr(
        "Reference: {label}. Probability {probability}, logit {logit}.",
        label=label,
        probability=numbers.plain(case.probability),
        logit=numbers.plain(case.logit),
    )
    facts += f" {called}. {groups}"
    return Shown(
        anchor=f"case-{index}",
        case_id=case.case_id,
        reason=told(case.reason),
        facts=facts,
        picture=png_uri(pictures[case.picture]),
        width=numbers.size(width),
        height=numbers.size(height),
        outlines=tuple(
            "".join(_ring(ring, width, height) for ring in rings) for rings in case.outlines
        ),
        layers=tuple(_layer(map_, pictures) for map_ in case.maps if map_.picture in pictures),
        boxes=tuple(_box(box, width, height) for box in boxes),
    )


def _box(box: ShownBox, width: int, height: int) -> BoxShape:
    left, top, right, bottom = box.corners
    # Above the box, or below it where that would be outside of the picture.
    above = top * height - _LETTERS / 4
    label_y = above if above > _LETTERS else bottom * height + _LETTERS
    return BoxShape(
        numbers.size(left * width),
        numbers.size(top * height),
        numbers.size((right - left) * width),
        numbers.size((bottom - top) * height),
        numbers.percent(box.probability),
        numbers.size(label_y),
        box.finds,
    )


def _ring(ring: tuple[tuple[float, float], ...], width: int, height: int) -> str:
    points = " L".join(f"{numbers.size(x * width)},{numbers.size(y * height)}" for x, y in ring)
    return f"M{points}Z" if ring else ""


def _layer(shown: GalleryMap, pictures: Mapping[str, bytes]) -> Layer:
    lines = tuple(
        f"{tr(dict(METRICS).get(name, name))}: "
        + (told(score) if isinstance(score, str) else numbers.plain(score))
        for name, score in shown.scores.items()
    )
    return Layer(shown.method, shown.method, png_uri(pictures[shown.picture]), lines)
