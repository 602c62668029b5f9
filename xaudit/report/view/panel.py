"""One picture of one case: the image with its lesions, every map, and the scores."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from xaudit.core.case import BoolArray, FloatArray
from xaudit.core.text.printable import printable
from xaudit.report.view import numbers
from xaudit.report.view.overlays import overlay_rgba

Scores = Mapping[str, float | str]


# A matplotlibrc in the current folder may name a LaTeX that draws the text: nothing of it counts.
@matplotlib.style.context("default")
def panel_png(
    image: FloatArray,
    lesions: BoolArray,
    maps: Mapping[str, FloatArray],
    scores: Mapping[str, Scores],
    title: str,
) -> bytes:
    """Draw a case as a PNG.

    Args:
        image: (C, H, W) in [0, 1].
        lesions: (L, H, W), one plane for each lesion.
        maps: method → (H, W), raw and signed; in the order of drawing.
        scores: method → metric → value, or the reason why there is none.
        title: a line above.
    """
    figure = Figure(figsize=(3.0 * (1 + len(maps)), 5.2), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(1, 1 + len(maps), squeeze=False)[0]
    figure.suptitle(_plain(title), fontsize=11)
    gray = np.asarray(image).mean(axis=0)
    for axis, name in zip(axes, ("image", *maps), strict=True):
        axis.imshow(gray, cmap="gray", vmin=0, vmax=1)
        if name in maps:
            axis.imshow(overlay_rgba(maps[name]), alpha=0.75)
        _outline(axis, lesions)
        axis.set_title(_plain(name), fontsize=9)
        axis.set_xticks([])
        axis.set_yticks([])
        axis.set_xlabel(_plain(_lines(scores.get(name, {}))), fontsize=7, loc="left")
    buffer = io.BytesIO()
    canvas.print_figure(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _outline(axis: Axes, lesions: Sequence[BoolArray] | BoolArray) -> None:
    for lesion in lesions:
        if np.any(lesion) and not np.all(lesion):
            plane = np.asarray(lesion, dtype=float)
            axis.contour(plane, levels=[0.5], colors="black", linewidths=3)
            axis.contour(plane, levels=[0.5], colors="white", linewidths=1.5)


def _lines(scores: Scores) -> str:
    rows = (
        f"{name}: {score if isinstance(score, str) else numbers.plain(score)}"
        for name, score in scores.items()
    )
    return "\n".join(rows)


def _plain(text: str) -> str:
    return printable(text, lines=True).replace("$", r"\$")
