"""Lesions as run lengths, as COCO writes them."""

from __future__ import annotations

from xaudit.core.case import Region
from xaudit.data.annotations.form import FORMS, AnnotationCell, numbers_of, short
from xaudit.data.annotations.masks import Rle


@FORMS.register("rle")
def read_runs(cell: AnnotationCell) -> tuple[Region, ...]:
    """A list of {"size": [height, width], "counts": text or numbers}.

    Raises:
        ValueError: what was expected and what came.
    """
    return tuple(map(_rle, cell.lesions()))


def _rle(value: object) -> Region:
    if not isinstance(value, dict) or not {"size", "counts"} <= set(value):
        raise ValueError(f'expected {{"size": [h, w], "counts": ...}}, got {short(value)}')
    size = numbers_of(value["size"])
    if len(size) != 2 or any(side < 1 or side != int(side) for side in size):
        raise ValueError(f"size is [height, width], got {short(value['size'])}")
    counts = value["counts"]
    if not isinstance(counts, str):
        runs = numbers_of(counts)
        if any(run != int(run) for run in runs):
            raise ValueError(f"run lengths are whole numbers, got {short(counts)}")
        counts = tuple(int(run) for run in runs)
    return Rle(counts, (int(size[0]), int(size[1])))
