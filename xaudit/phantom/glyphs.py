"""The side marker that a radiographer lays on the film, rendered without fonts."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from xaudit.core.case import FloatArray
from xaudit.phantom.sites import Marker

_FINE = 4
"""Supersampling of the drawing."""


def render_marker(letter: str, look: Marker, size: int, turn: float) -> FloatArray:
    """How much lead each pixel has, in [0, 1].

    Args:
        letter: "L" or "R".
        look: the letter alone, in a frame, or cut out of a disc.
        size: rows and columns of the square that is returned.
        turn: rotation in radians.
    """
    side = size * _FINE
    canvas = Image.new("L", (side, side), 0)
    pen = ImageDraw.Draw(canvas)
    ink = 255
    if look == "boxed":
        pen.rectangle(_box(side, 0.12, 0.88), outline=255, width=max(1, side // 16))
    if look == "disc":
        pen.ellipse(_box(side, 0.06, 0.94), fill=255)
        ink = 0
    scale = 0.56 if look == "plain" else 0.42
    _letter(pen, letter, side, scale, ink)
    turned = canvas.rotate(float(np.degrees(turn)), resample=Image.Resampling.BILINEAR)
    small = turned.resize((size, size), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32) / np.float32(255)


def _box(side: int, low: float, high: float) -> tuple[float, float, float, float]:
    return (side * low, side * low, side * high, side * high)


def _letter(pen: ImageDraw.ImageDraw, letter: str, side: int, scale: float, ink: int) -> None:
    stroke = max(2, int(side * scale * 0.2))

    def at(x: float, y: float) -> tuple[float, float]:
        return (side * (0.5 + (x - 0.5) * scale * 0.8), side * (0.5 + (y - 0.5) * scale))

    pen.line([at(0.15, 0), at(0.15, 1)], fill=ink, width=stroke)
    if letter == "L":
        pen.line([at(0.02, 0.93), at(0.9, 0.93)], fill=ink, width=stroke)
        return
    arc = [at(0.15, 0.07), at(0.6, 0.07), at(0.85, 0.18), at(0.85, 0.4), at(0.6, 0.52)]
    pen.line([*arc, at(0.15, 0.52)], fill=ink, width=stroke, joint="curve")
    pen.line([at(0.5, 0.52), at(0.95, 1.0)], fill=ink, width=stroke)
