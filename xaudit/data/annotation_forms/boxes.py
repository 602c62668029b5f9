"""Lesions as boxes."""

from __future__ import annotations

from xaudit.core.case import Region
from xaudit.data.annotations.form import FORMS, AnnotationCell, numbers_of, short
from xaudit.data.annotations.masks import Box


@FORMS.register("boxes")
def read_boxes(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of [x, y, width, height].

    Raises:
        ValueError: what was expected and what came.
    """
    return tuple(map(_box, cell.lesions()))


def _box(value: object) -> Region:
    flat = numbers_of(value)
    if len(flat) != 4 or min(flat[2:]) <= 0:
        raise ValueError(f"a box is [x, y, width, height] with an area, got {short(value)}")
    return Box(*flat)
