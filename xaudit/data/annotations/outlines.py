"""Outlines as a manifest writes them: JSON values in a cell or a key."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from xaudit.core.case import Region
from xaudit.data.annotations.form import FORMS, AnnotationCell
from xaudit.data.annotations.masks import Box, Polygons, Rle
from xaudit.data.annotations.nested_rings import one_lesion_each, share_within
from xaudit.data.annotations.polygons import Ring

_LARGEST = 1e9
"""No coordinate or run is longer; NaN and infinity fail the comparison too."""


def forms() -> tuple[str, ...]:
    """The names of all forms; those of xaudit first, in the order in which lesions are counted."""
    ours = ("polygons", "boxes", "rle")
    return (*ours, *(name for name in FORMS if name not in ours))


def outlines_of(name: str, cell: AnnotationCell) -> tuple[Region, ...]:
    """The lesions of a cell.

    Args:
        name: of the form.
        cell: of one image.

    Raises:
        ValueError: what was expected and what came, or the package of the form failed.
    """
    form = FORMS[name]
    try:
        return tuple(form(cell))
    except ValueError:
        raise
    except Exception as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise ValueError(f"the annotation form {name!r} failed: {said}") from error


@FORMS.register("polygons")
def read_polygons(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of lesions, each one ring [x, y, x, y, ...] or a list of rings.

    With ``even_odd``, rings of their own that lie within each other are one lesion with a hole, as
    a COCO segmentation [outer, inner] is; without it they are refused.

    Raises:
        ValueError: what was expected and what came.
    """
    return _with_holes(list(map(_polygon, cell.lesions())), even_odd=cell.even_odd)


@FORMS.register("boxes")
def read_boxes(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of [x, y, width, height].

    Raises:
        ValueError: what was expected and what came.
    """
    return tuple(map(_box, cell.lesions()))


@FORMS.register("rle")
def read_runs(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of {"size": [height, width], "counts": text or numbers}.

    Raises:
        ValueError: what was expected and what came.
    """
    return tuple(map(_rle, cell.lesions()))


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
                f"the ring {_short(inner)} lies within another: is it a hole, as in a COCO "
                "segmentation, or filled? declare data.holes: even_odd, or write one list of rings "
                "for each lesion, [[outer, inner]], which is filled"
            )
    return tuple(lesions)


def _polygon(value: object) -> Region:
    if not isinstance(value, list) or not value:
        raise ValueError(
            f"expected a ring [x, y, x, y, ...] or a list of rings, got {_short(value)}"
        )
    rings = value if isinstance(value[0], list) else [value]
    return Polygons(tuple(_ring(ring) for ring in rings))


def _ring(value: object) -> Ring:
    flat = _numbers(value)
    if len(flat) < 6 or len(flat) % 2:
        raise ValueError(f"a ring has an even number of values, at least 6, got {len(flat)}")
    return tuple(zip(flat[::2], flat[1::2], strict=True))


def _box(value: object) -> Region:
    flat = _numbers(value)
    if len(flat) != 4 or min(flat[2:]) <= 0:
        raise ValueError(f"a box is [x, y, width, height] with an area, got {_short(value)}")
    return Box(*flat)


def _rle(value: object) -> Region:
    if not isinstance(value, dict) or not {"size", "counts"} <= set(value):
        raise ValueError(f'expected {{"size": [h, w], "counts": ...}}, got {_short(value)}')
    size = _numbers(value["size"])
    if len(size) != 2 or any(side < 1 or side != int(side) for side in size):
        raise ValueError(f"size is [height, width], got {_short(value['size'])}")
    counts = value["counts"]
    if not isinstance(counts, str):
        runs = _numbers(counts)
        if any(run != int(run) for run in runs):
            raise ValueError(f"run lengths are whole numbers, got {_short(counts)}")
        counts = tuple(int(run) for run in runs)
    return Rle(counts, (int(size[0]), int(size[1])))


def _numbers(value: object) -> Sequence[float]:
    if not isinstance(value, list) or not all(_is_number(one) for one in value):
        raise ValueError(f"expected a list of finite numbers, got {_short(value)}")
    return [float(one) for one in value]


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return abs(value) < _LARGEST


def _short(value: object) -> str:
    return repr(value)[:60]
