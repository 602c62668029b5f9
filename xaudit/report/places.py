"""Sections on the explanations: where the maps lie, how they were made, and the cases shown."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from xaudit.core.finding import CROSS, Findings, GalleryCase, GalleryMap, MethodFacts
from xaudit.report import figures, map_scores, numbers
from xaudit.report.credibility import believed
from xaudit.report.lookup import Lookup
from xaudit.report.overlays import png_size
from xaudit.report.view import Figure, Group, Layer, Section, Shown, Table

METRICS = (
    ("mass", "Mass in lesion"),
    ("enrichment", "Enrichment"),
    ("rank_accuracy", "Rank accuracy"),
    ("auprc", "AUPRC"),
    ("iou_at_area", "IoU at lesion area"),
    ("hit", "Peak in lesion"),
    ("lesion_hit_rate", "Lesions hit"),
)
KINDS = {
    "miss": "Worst misses",
    "false_alarm": "Worst false alarms",
    "group": "Where groups fare worst",
    "worst_map": "Worst maps",
    "disagreement": "Where the methods disagree most",
    "good": "Good ones, for scale",
}


def explainers(findings: Findings) -> tuple[str, ...]:
    """Attribution methods that ran, in order."""
    return tuple(one.name for one in findings.methods if not one.reference)


def looks_at(look: Lookup) -> str:
    """Share of the attribution in the lesion, best method, beside chance."""
    known = [
        (one.value, name)
        for name in explainers(look.findings)
        if (one := look.estimate("mass", method=name)).value is not None
    ]
    if not known:
        return "Share of the attribution in the fracture: not measured."
    _, name = max(known)
    chance = look.cell("mass", method="area_chance")
    return (
        f"{look.cell('mass', method=name)} of the positive attribution lies in the fracture "
        f"({name}, the highest of {len(known)}); chance {chance}."
    )


def localization(look: Lookup) -> Section:
    """Every method beside what knows nothing of the detector."""
    names = explainers(look.findings)
    rows = [(name, look.estimate("mass", method=name)) for name in names]
    ticks = {
        name: value
        for name in figures.REFERENCES
        if (value := look.estimate("mass", method=name).value) is not None
    }
    caption = (
        "Share of positive attribution inside the fracture: dots are methods, ticks are maps "
        "that know nothing of the detector, and what an ideal map could reach on its grid."
    )
    present = tuple(n for n in figures.REFERENCES if look.get("mass", method=n))
    together = (map_scores.CONSENSUS,) if map_scores.has_consensus(look.findings) else ()
    cells = tuple(
        (name, *(map_scores.known(look, metric, name) for metric, _ in METRICS))
        for name in (*names, *together, *present)
    )
    found = tuple(map_scores.criteria(look, names))
    worst = tuple(
        (name, *(look.cell(metric, method=name, analysis="worst_case") for metric, _ in METRICS))
        for name in names
    )
    columns = ("Method", *(title for _, title in METRICS))
    note = look.methods(*(metric for metric, _ in METRICS))
    return Section(
        "localization",
        "",
        "Does it look at the fracture?",
        looks_at(look),
        paragraphs=(believed(look.findings), *map_scores.grid_limit(look)),
        figures=(
            Figure(figures.dots("Attribution in the fracture", rows, ticks), caption),
            *(one for one in found if isinstance(one, Figure)),
        ),
        tables=(
            Table("Localization on maps that can be read", columns, cells, note, folded=True),
            Table("Worst case: a missing or degenerate map scores 0", columns, worst, folded=True),
            *map_scores.further(look, names, (*together, *present)),
            *(one for one in found if isinstance(one, Table)),
            *map_scores.strata(look, names),
            *map_scores.elsewhere(look, names),
            *map_scores.agreement(look, names),
        ),
        missing=tuple(
            f"Reference {title}: not measured."
            for name, title in figures.REFERENCES.items()
            if name not in present
        ),
    )


def methods(findings: Findings) -> Section:
    """How each map was made, what it cost, and whether it converged."""
    ran = [one for one in findings.methods if not one.reference]
    columns = ("Method", "Library", "Maps", "Degenerate", "Forward", "Backward",
               "Residual: median, worst", "Converged")  # fmt: skip
    params = tuple(
        (one.name, one.question, ", ".join(f"{k} = {v}" for k, v in sorted(one.params.items())))
        for one in ran
    )
    asked = ("Method", "What its map answers", "Parameters, defaults included")
    note = "Forward and backward: images passed through the detector for one map."
    return Section(
        "methods",
        "",
        "How were the maps made?",
        "Four things decide a map: the method, its parameters, the detector and chance.",
        paragraphs=(believed(findings),),
        tables=(
            Table("Methods", columns, tuple(map(_method, ran)), note),
            Table("Questions and parameters", asked, params, folded=True),
        ),
    )


def _method(one: MethodFacts) -> tuple[str, ...]:
    residual = f"{numbers.NONE} (no such promise)"
    if one.residual_median is not None and one.residual_worst is not None:
        residual = f"{one.residual}: {numbers.plain(one.residual_median)}, "
        residual += numbers.plain(one.residual_worst)
    converged = f"{numbers.NONE} (no tolerance)"
    if one.converged is not None:
        converged = f"{numbers.whole(one.converged)}/{numbers.whole(one.maps)}"
    return (
        one.name,
        one.library,
        numbers.whole(one.maps),
        numbers.whole(one.degenerate),
        numbers.plain(one.forward),
        numbers.plain(one.backward),
        residual,
        converged,
    )


def gallery(findings: Findings, pictures: Mapping[str, bytes]) -> Section:
    """Cases that the detector or the maps got most wrong, and two good ones."""
    shown = tuple(
        Group(title, cases)
        for kind, title in KINDS.items()
        if (
            cases := tuple(
                _shown(index, case, pictures)
                for index, case in enumerate(findings.gallery)
                if case.kind == kind and case.picture in pictures
            )
        )
    )
    return Section(
        "gallery",
        "",
        "Where does it fail?",
        "The worst cases first; a white line with a dark rim is the annotated fracture.",
        gallery=shown,
        missing=() if shown else ("Pictures of cases: none in this audit.",),
    )


def _shown(index: int, case: GalleryCase, pictures: Mapping[str, bytes]) -> Shown:
    width, height = png_size(pictures[case.picture])
    label = "fracture" if case.label else "no fracture"
    called = "; ".join(
        f"{name}: called {'fracture' if yes else 'normal'}"
        for name, yes in case.called_positive.items()
    )
    groups = ", ".join(f"{k} {v}" for k, v in case.groups.items() if CROSS not in k)
    facts = f"Reference: {label}. Probability {numbers.plain(case.probability)}, logit "
    facts += f"{numbers.plain(case.logit)}. {called}. {groups}"
    return Shown(
        anchor=f"case-{index}",
        case_id=case.case_id,
        reason=case.reason,
        facts=facts,
        picture=_uri(pictures[case.picture]),
        width=numbers.size(width),
        height=numbers.size(height),
        outlines=tuple(
            "".join(_ring(ring, width, height) for ring in rings) for rings in case.outlines
        ),
        layers=tuple(_layer(one, pictures) for one in case.maps if one.picture in pictures),
    )


def _ring(ring: tuple[tuple[float, float], ...], width: int, height: int) -> str:
    points = " L".join(f"{numbers.size(x * width)},{numbers.size(y * height)}" for x, y in ring)
    return f"M{points}Z" if ring else ""


def _layer(one: GalleryMap, pictures: Mapping[str, bytes]) -> Layer:
    lines = tuple(
        f"{dict(METRICS).get(name, name)}: "
        + (score if isinstance(score, str) else numbers.plain(score))
        for name, score in one.scores.items()
    )
    return Layer(one.method, one.method, _uri(pictures[one.picture]), lines)


def _uri(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"
