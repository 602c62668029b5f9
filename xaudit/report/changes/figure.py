"""Differences of groups around a line of no difference."""

from __future__ import annotations

import math
from collections.abc import Sequence

from xaudit.core.record.change import Delta
from xaudit.report.language.translation import told
from xaudit.report.view import numbers
from xaudit.report.view.level_names import named
from xaudit.report.view.svg import Drawing

_LEFT, _RIGHT, _STEP = 250, 760, 24
_TICKS = (-1.0, -0.5, 0.0, 0.5, 1.0)


def differences(title: str, deltas: Sequence[Delta]) -> str:
    """One row for each group: new minus old, with its interval; the scale fits the widest.

    Args:
        title: what a screen reader says.
        deltas: of groups, of a proportion.
    """
    limits = [
        abs(x) for delta in deltas for x in (delta.difference.low, delta.difference.high) if x
    ]
    reach = math.ceil(20 * max(0.05, *limits)) / 20 if limits else 1.0
    height = 58 + _STEP * len(deltas)
    drawing = Drawing(1000, height, title)
    for tick in _TICKS:
        x = _x(tick * reach, reach)
        drawing.line(x, 24, x, height - 30, "overall" if tick == 0 else "grid")
        sign = "+" if tick > 0 else ""
        text = numbers.bound(tick * reach, "proportion")
        drawing.text(x, height - 12, f"{sign}{text}", "label mid small")
    for index, one in enumerate(deltas):
        _row(drawing, one, 42 + _STEP * index, reach)
    return str(drawing)


def _x(value: float, reach: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * (value / reach + 1) / 2


def _row(drawing: Drawing, delta: Delta, y: float, reach: float) -> None:
    gap = delta.difference
    tone = " muted" if gap.value is None or gap.caution else ""
    name = f"{delta.scope['group']}: {named(delta.scope['level'])}"
    drawing.text(0, y + 5, name if len(name) <= 32 else f"{name[:31]}…", f"label{tone}")
    if gap.value is None or gap.low is None or gap.high is None:
        drawing.text(_LEFT + 12, y + 5, told(gap.undefined or ""), "label muted small")
        return
    drawing.line(_x(gap.low, reach), y, _x(gap.high, reach), y, f"interval{tone}")
    drawing.add("circle", f"point{tone}", cx=_x(gap.value, reach), cy=y, r=5)
    drawing.text(782, y + 5, numbers.estimate(gap, signed=True), f"label{tone}")
