"""Boxes of lesions: those that were drawn, and those around outlines."""

import pytest

from xaudit.core.boxes import Boxes
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.drawn.lesion_boxes import lesion_boxes
from xaudit.errors import DataError

GRID = Grid((40, 60))


def test_a_box_is_kept_and_an_outline_is_framed():
    drawn = Box(1.25, 2.5, 10, 4)
    outline = Polygons((((5, 5), (15, 5), (15, 25), (5, 25)),))
    found = lesion_boxes([drawn, outline], GRID).corners
    assert found[0].tolist() == [1.25, 2.5, 11.25, 6.5]
    rows, columns = outline.rasterize(GRID).nonzero()
    assert found[1].tolist() == [
        columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    ]  # fmt: skip


def test_without_lesions_there_is_none():
    assert lesion_boxes([], GRID) == Boxes.none()


def test_a_lesion_outside_is_told():
    with pytest.raises(DataError):
        lesion_boxes([Box(100, 100, 5, 5)], GRID)
