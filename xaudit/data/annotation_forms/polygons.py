"""Lesions as rings of coordinates."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from xaudit.core.case import Region
from xaudit.data.annotations.form import FORMS, AnnotationCell, numbers_of, short
from xaudit.data.annotations.masks import Polygons
from xaudit.data.annotations.nested_rings import one_lesion_each, share_within
from xaudit.data.annotations.polygons import Ring


@FORMS.register("polygons")
def read_polygons(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of lesions, each one ring [x, y, x, y, ...] or a list of rings.

    With ``even_odd``, rings of their own that lie within each other are one lesion with a hole, as
    a COCO segmentation [outer, inner] is; without it they are refused.

    Raises:
        ValueError: what was expected and what came.
    """
    return _with_holes(list(map(_polygon, cell.lesions())), even_odd=cell.even_odd)


def _with_holes(lesions: Sequence[Region], *, even_odd: bool) -> tuple[Region, ...]:
    """Lesions of one ring each, in which those within another are its holes."""
    outlines = [lesion for lesion in lesions if isinstance(lesion, Polygons)]
    alone = [outline.parts[0] for outline in outlines if len(outline.parts) == 1]
    grouped = [outline.parts for outline in outlines if len(outline.parts) > 1]
    if even_odd:
        parts = [*one_lesion_each(alone), *grouped]
        return tuple(Polygons(own, even_odd=True) for own in parts)
    for outer, inner in permutations(alone, 2):
        if set(outer) != set(inner) and share_within(inner, outer) == 1:
            raise ValueError(
                f"the ring {short(inner)} lies within another: is it a hole, as in a COCO "
                "segmentation, or filled? declare data.holes: even_odd, or write one list of rings "
                "for each lesion, [[outer, inner]], which is filled"
            )
    return tuple(lesions)


def _polygon(value: object) -> Region:
    if not isinstance(value, list) or not value:
        raise ValueError(
            f"expected a ring [x, y, x, y, ...] or a list of rings, got {short(value)}"
        )
    rings = value if isinstance(value[0], list) else [value]
    return Polygons(tuple(_ring(ring) for ring in rings))


def _ring(value: object) -> Ring:
    flat = numbers_of(value)
    if len(flat) < 6 or len(flat) % 2:
        raise ValueError(f"a ring has an even number of values, at least 6, got {len(flat)}")
    return tuple(zip(flat[::2], flat[1::2], strict=True))
