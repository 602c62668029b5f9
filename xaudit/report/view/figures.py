"""The drawings of the card."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xaudit.core.estimate import Estimate
from xaudit.core.record.finding import Accountability, CalibrationBin, Curve
from xaudit.report.language.translation import later, told, tr
from xaudit.report.view import numbers
from xaudit.report.view.svg import Drawing

REFERENCES = {
    "area_chance": later("area"),
    "center_gaussian": later("center"),
    "edge_map": later("edges"),
    "intensity_map": later("brightness"),
    "mean_lesion_mask": later("mean mask"),
    "ideal_on_grid": later("ideal on grid"),
}

_FLOW_LINES = (
    (130, 55, 130, 120), (130, 87, 420, 87), (280, 32, 420, 32),
    (10, 32, 20, 32), (10, 32, 10, 252), (10, 252, 20, 252), (10, 197, 420, 197),
    (280, 252, 720, 252), (480, 307, 720, 307), (480, 252, 480, 307),
)  # fmt: skip
_FLOW_HEADS = (
    (130, 120, True), (420, 87, False), (420, 32, False),
    (20, 252, False), (420, 197, False), (720, 252, False), (720, 307, False),
)  # fmt: skip
"""Where an arrow ends: x, y, and whether it points down; to the right otherwise."""
_NEAR = 0.25
"""Two lines of a forest plot that are as near as this have their names on either side."""
_ROOM_FOR_FIVE = 200
"""A narrower scale has three ticks."""


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One row of a forest plot."""

    label: str
    estimate: Estimate
    heading: bool = False


@dataclass(frozen=True, slots=True)
class ForestPlaces:
    """Where the parts of a forest plot stand, in units of its view box."""

    width: float = 1040
    left: float = 250
    right: float = 760
    counts: float = 882
    values: float = 896
    css: str = "figure"

    def across(self, share: float) -> float:
        """Where a proportion is drawn."""
        return self.left + (self.right - self.left) * share


NARROW = ForestPlaces(430, 140, 270, 328, 336, "figure narrow")
"""Of a plot that stands beside others."""


def forest(
    title: str,
    rows: Sequence[ForestRow],
    overall: float | None,
    floor: float | None,
    places: ForestPlaces = ForestPlaces(),
) -> str:
    """Proportions of groups with their intervals; n and k/n at the right."""
    step, left, right = 24, places.left, places.right
    height = 58 + step * len(rows)
    drawing = Drawing(places.width, height, title, places.css)
    _scale(drawing, (left, right), 24, height - 30)
    known = [
        (v, name)
        for v, name in ((overall, later("overall")), (floor, later("floor")))
        if v is not None
    ]
    near = len(known) == 2 and abs(known[0][0] - known[1][0]) < _NEAR
    for place, (value, name) in enumerate(sorted(known)):
        x = places.across(value)
        drawing.line(x, 24, x, height - 30, name)
        side = ("mid", "mid") if not near else ("end", "start")
        drawing.text(
            x, 14, f"{tr(name)} {numbers.percent(value)}", f"label {side[place]} {name}-label"
        )
    biggest = max((row.estimate.n for row in rows), default=1) or 1
    for index, row in enumerate(rows):
        _forest_row(drawing, places, row, 42 + step * index, biggest)
    return str(drawing)


def _forest_row(
    drawing: Drawing, places: ForestPlaces, row: ForestRow, y: float, biggest: int
) -> None:
    if row.heading:
        drawing.text(0, y + 5, row.label, "label strong")
        return
    one = row.estimate
    tone = " muted" if one.value is None or one.caution else ""
    drawing.text(14, y + 5, _short(row.label), f"label{tone}")
    if one.value is None or one.low is None or one.high is None:
        drawing.text(places.left + 12, y + 5, told(one.undefined or ""), "label muted small")
    else:
        low, x, high = map(places.across, (one.low, one.value, one.high))
        drawing.line(low, y, high, y, f"interval{tone}")
        side = 5 + 6 * (one.n / biggest) ** 0.5
        drawing.add("rect", f"point{tone}", x=x - side / 2, y=y - side / 2, width=side, height=side)
    drawing.text(places.counts, y + 5, numbers.counts(one), f"label end{tone}")
    drawing.text(places.values, y + 5, numbers.estimate(one), f"label{tone}")


def _scale(drawing: Drawing, sides: tuple[float, float], top: float, bottom: float) -> None:
    left, right = sides
    ticks = (0.0, 0.25, 0.5, 0.75, 1.0) if right - left > _ROOM_FOR_FIVE else (0.0, 0.5, 1.0)
    for tick in ticks:
        x = left + (right - left) * tick
        drawing.line(x, top, x, bottom, "grid")
        drawing.text(x, bottom + 18, numbers.percent(tick), "label mid small")


def dots(title: str, rows: Sequence[tuple[str, Estimate]], ticks: dict[str, float]) -> str:
    """One row for each method: its score, and ticks for chance and for what was possible."""
    head = 5 + 13 * len(ticks)
    height = head + 47 + 30 * len(rows)
    drawing = Drawing(1000, height, title)
    _scale(drawing, (250, 760), head, height - 30)
    for index, (name, value) in enumerate(sorted(ticks.items(), key=lambda pair: pair[1])):
        x = 250 + 510 * min(1.0, value)
        drawing.line(x, 8 + 13 * index, x, height - 30, f"tick tick-{index % 5}")
        side = "label small end" if x > 640 else "label small"
        shift = -4 if x > 640 else 4
        label = f"{tr(REFERENCES.get(name, name))} {numbers.percent(value)}"
        drawing.text(x + shift, 14 + 13 * index, label, side)
    for index, (name, one) in enumerate(rows):
        y = head + 20 + 30 * index
        drawing.text(14, y + 5, _short(name))
        if one.value is None or one.low is None or one.high is None:
            drawing.text(262, y + 5, told(one.undefined or ""), "label muted small")
            continue
        drawing.line(250 + 510 * one.low, y, 250 + 510 * one.high, y, "interval")
        drawing.add("circle", "point", cx=250 + 510 * one.value, cy=y, r=5)
        drawing.text(782, y + 5, f"{numbers.estimate(one)}, n = {numbers.counts(one)}")
    return str(drawing)


Cross = tuple[Estimate, Estimate]
"""Specificity and sensitivity at an operating point."""


def roc(curve: Curve, title: str, crosses: Sequence[Cross] = ()) -> str:
    """The ROC curve with its operating points, and crosses as wide as their intervals."""
    drawing = _square(title, tr("false alarms among normal cases"), tr("fractures found"))
    drawing.line(60, 380, 420, 20, "diagonal")
    drawing.path([(60 + 360 * x, 380 - 360 * y) for x, y in zip(curve.x, curve.y, strict=True)],
                 "curve")  # fmt: skip
    for cross in crosses:
        _cross(drawing, *cross)
    for name, (x, y) in curve.marks.items():
        drawing.add("circle", "point", cx=60 + 360 * x, cy=380 - 360 * y, r=5)
        drawing.text(70 + 360 * x, 396 - 360 * y if y > 0.1 else 370, _short(name), "label")
    return str(drawing)


def _cross(drawing: Drawing, normal: Estimate, fractures: Estimate) -> None:
    """The intervals of both shares, through the point that they belong to."""
    left, x, right = (1 - part if part is not None else None
                      for part in (normal.high, normal.value, normal.low))  # fmt: skip
    low, y, high = fractures.low, fractures.value, fractures.high
    if left is None or x is None or right is None or low is None or y is None or high is None:
        return
    x, y = 60 + 360 * x, 380 - 360 * y
    drawing.line(60 + 360 * left, y, 60 + 360 * right, y, "interval")
    drawing.line(x, 380 - 360 * low, x, 380 - 360 * high, "interval")


_RATES = (0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


def froc(curve: Curve, title: str) -> str:
    """The FROC curve with its operating points; false marks per image double from tick to tick.

    It is drawn in steps: between two corners there is no threshold.
    """
    drawing = Drawing(520, 430, title, "figure square")
    for rate in _RATES:
        drawing.line(_across(rate), 380, _across(rate), 20, "grid")
        drawing.text(_across(rate), 398, numbers.plain(rate), "label small mid")
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(60, 380 - 360 * share, 420, 380 - 360 * share, "grid")
        drawing.text(52, 385 - 360 * share, numbers.percent(share), "label small end")
    drawing.text(240, 420, tr("false boxes per image"), "label mid")
    drawing.text(60, 12, tr("lesions found"), "label")
    drawing.path(list(_steps(curve)), "curve")
    for name, (x, y) in curve.marks.items():
        drawing.add("circle", "point", cx=_across(x), cy=380 - 360 * y, r=5)
        below = 396 - 360 * y if y > 0.1 else 370
        drawing.text(_across(x) + 10, below, _short(name), "label")
    return str(drawing)


def _across(rate: float) -> float:
    """Where a rate is drawn; what is below the first tick lies on it."""
    place = math.log2(max(rate, _RATES[0]) / _RATES[0]) / (len(_RATES) - 1)
    return 60 + 360 * min(place, 1.0)


def _steps(curve: Curve) -> Iterator[tuple[float, float]]:
    height = 380.0
    for x, y in zip(curve.x, curve.y, strict=True):
        yield _across(x), height
        height = 380 - 360 * y
        yield _across(x), height
    yield _across(_RATES[-1]), height


_Lines = Mapping[str, Sequence[tuple[float, float]]]


def lines(title: str, up: str, panels: Mapping[str, _Lines]) -> str:
    """Shares against a share, one panel for each, one line for each name.

    Args:
        title: what a screen reader says.
        up: what the vertical axis shows.
        panels: what the horizontal axis shows → name → points.
    """
    drawing = Drawing(1040, 370, title)
    for index, (across, drawn) in enumerate(panels.items()):
        left = 60.0 + 520 * index
        _panel(drawing, left, across, up)
        _lines(drawing, left, drawn)
    return str(drawing)


def _panel(drawing: Drawing, left: float, across: str, up: str) -> None:
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = left + 300 * tick, 325 - 300 * tick
        drawing.line(left, y, left + 300, y, "grid")
        drawing.line(x, 325, x, 25, "grid")
        drawing.text(left - 8, y + 5, numbers.percent(tick), "label small end")
        drawing.text(x, 343, numbers.percent(tick), "label small mid")
    drawing.text(left + 150, 364, across, "label mid")
    drawing.text(left, 14, up, "label")


def _lines(drawing: Drawing, left: float, drawn: _Lines) -> None:
    """Names stand at the right, as high as their lines end and no two on each other."""
    ends = sorted(drawn, key=lambda name: -drawn[name][-1][1])
    lowest = 325.0 - 14 * (len(ends) - 1)
    above = -14.0
    for index, name in enumerate(ends):
        points = [(left + 300 * x, 325 - 300 * y) for x, y in drawn[name]]
        drawing.path(points, f"curve line-{list(drawn).index(name) % 6}")
        x, y = points[-1]
        above = max(above + 14, min(y, lowest + 14 * index))
        drawing.line(x + 3, y, left + 308, above, "leader")
        drawing.text(left + 312, above + 4, _short(tr(REFERENCES.get(name, name))), "label small")


def calibration(bins: Sequence[CalibrationBin], title: str) -> str:
    """Predicted beside observed share of fractures, with intervals."""
    drawing = _square(title, tr("predicted probability"), tr("observed share of fractures"))
    drawing.line(60, 380, 420, 20, "diagonal")
    biggest = max((bin_.observed.n for bin_ in bins), default=1) or 1
    for bin_ in bins:
        x, seen = 60 + 360 * bin_.mean_probability, bin_.observed
        height = 22 * seen.n / biggest
        drawing.add("rect", "rug", x=x - 3, y=380 - height, width=6, height=height)
        if seen.value is not None and seen.low is not None and seen.high is not None:
            drawing.line(x, 380 - 360 * seen.low, x, 380 - 360 * seen.high, "interval")
            drawing.add("circle", "point", cx=x, cy=380 - 360 * seen.value, r=4)
    return str(drawing)


def _square(title: str, across: str, up: str) -> Drawing:
    drawing = Drawing(520, 430, title, "figure square")
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        drawing.line(60, 380 - 360 * tick, 420, 380 - 360 * tick, "grid")
        drawing.line(60 + 360 * tick, 380, 60 + 360 * tick, 20, "grid")
        drawing.text(52, 385 - 360 * tick, numbers.percent(tick), "label small end")
        drawing.text(60 + 360 * tick, 398, numbers.percent(tick), "label small mid")
    drawing.text(240, 420, across, "label mid")
    drawing.text(60, 12, up, "label")
    return drawing


def flow(facts: Accountability, maps: bool = True) -> str:
    """Where every listed case went; without maps, as far as its score."""
    title = tr("Flow of the cases from the list to the maps")
    if not maps:
        title = tr("Flow of the cases from the list to the scores")
    drawing = Drawing(1000, 335 if maps else 175, title)
    boxes = _flow_boxes(facts)
    shown = boxes if maps else (*boxes[:2], *boxes[3:5])
    lines = _FLOW_LINES if maps else _FLOW_LINES[:3]
    for x1, y1, x2, y2 in lines:
        drawing.line(x1, y1, x2, y2, "arrow")
    for x, y, down in _FLOW_HEADS if maps else _FLOW_HEADS[:3]:
        sides = ((x - 4, y - 8), (x + 4, y - 8)) if down else ((x - 8, y - 4), (x - 8, y + 4))
        drawing.path([(x, y), *sides], "head", closed=True)
    for x, y, name, count, note in shown:
        drawing.add("rect", "box", x=x, y=y, width=260, height=45)
        drawing.text(x + 10, y + 19, f"{name}: {numbers.whole(count)}", "label strong")
        drawing.text(x + 10, y + 36, note, "label small")
    return str(drawing)


def _flow_boxes(facts: Accountability) -> tuple[tuple[int, int, str, int, str], ...]:
    """Left and top edge, what it counts, how many, and a remark."""
    return (
        (20, 10, tr("Listed"), facts.listed, tr("in the study")),
        (
            20,
            120,
            tr("Scored"),
            facts.scored,
            tr(
                "{positives} fractured",
                positives=numbers.whole(facts.scored_positives),
            ),
        ),
        (
            20,
            230,
            tr("Sampled to be explained"),
            facts.sampled,
            tr(
                "{positives} fractured",
                positives=numbers.whole(facts.sampled_positives),
            ),
        ),
        (420, 10, tr("Excluded by a rule"), facts.excluded, tr("listed with reasons")),
        (420, 65, tr("Without a score"), facts.unreadable, tr("wrong in the worst case")),
        (
            420,
            175,
            tr("Not sampled"),
            facts.listed - facts.excluded - facts.sampled,
            tr("of all not excluded; no map asked for"),
        ),
        (720, 230, tr("With every map"), facts.explained, tr("enter localization")),
        (720, 285, tr("Without all maps"), facts.unexplained, tr("score 0 in the worst case")),
    )


def _short(text: str) -> str:
    return text if len(text) <= 32 else f"{text[:31]}…"
