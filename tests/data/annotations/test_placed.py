"""Regions of annotation tools, against values by hand and slow obvious versions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from tests.data.layouts import brush
from xaudit.core.grid import Grid
from xaudit.data.annotations.brush import BrushRuns
from xaudit.data.annotations.masks import Box, Polygons
from xaudit.data.annotations.placed import (
    Fractions,
    KaggleRuns,
    Patch,
    Placed,
    Union,
    about,
    ellipse,
    rectangle,
)
from xaudit.errors import DataError

GRID = Grid((5, 4))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_was_drawn_on_the_stored_image_turns_as_pillow_turns_it(orientation):
    stored = np.zeros((5, 4), np.uint8)
    stored[1:3, 0:3] = 255
    image = Image.fromarray(stored)
    image.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(image)) > 0
    placed = Placed(Box(0, 1, 3, 2), (5, 4), orientation)
    np.testing.assert_array_equal(placed.rasterize(Grid(upright.shape)), upright)


def test_another_size_is_refused():
    with pytest.raises(DataError, match="the annotation is 4 x 5 pixels"):
        Placed(Box(0, 1, 3, 2), (5, 4)).rasterize(Grid((10, 8)))


def test_kaggle_runs_go_down_the_columns_and_count_from_one():
    """Pixels 1 and 2 are the first two rows of the first column, 6 the first of the second."""
    found = KaggleRuns(((1, 2), (6, 1), (20, 1))).rasterize(GRID)
    expected = np.zeros((5, 4), bool)
    expected[0, 0] = expected[1, 0] = expected[0, 1] = expected[4, 3] = True
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(DataError, match="end at pixel 21, the image has 20"):
        KaggleRuns(((20, 2),)).rasterize(GRID)


def test_a_patch_goes_along_its_rows():
    """Runs 1, 2, 2, 1 of a 3 x 2 mask: 0 1 1 / 0 0 1."""
    found = Patch((1, 2, 2, 1), left=1, top=2, width=3, height=2).rasterize(GRID)
    expected = np.zeros((5, 4), bool)
    expected[2, 2:4] = expected[3, 3] = True
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(DataError, match="leaves the image"):
        Patch((0, 6), left=2, top=2, width=3, height=2).rasterize(GRID)


@given(st.lists(st.booleans(), min_size=20, max_size=20).filter(any))
def test_brushes_are_read_as_they_are_written(flat):
    pixels = np.array(flat).reshape(5, 4)
    np.testing.assert_array_equal(BrushRuns(bytes(brush(pixels))).rasterize(GRID), pixels)


def test_brush_with_values_one_by_one():
    """One block of four values that differ: 0, 0, 0, 255 of a single pixel."""
    bits = f"{4:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    bits += f"0{0:02b}{3:03b}" + "".join(f"{one:08b}" for one in (0, 0, 0, 255))
    bits += "0" * (-len(bits) % 8)
    packed = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    assert BrushRuns(packed).rasterize(Grid((1, 1))).all()
    with pytest.raises(DataError, match="end too early"):
        BrushRuns(packed[:-2]).rasterize(Grid((1, 1)))
    with pytest.raises(DataError, match="painted on 1 pixels, the image has 20"):
        BrushRuns(packed).rasterize(GRID)


def test_ellipses_and_turns():
    area = Polygons((ellipse(50, 50, 30, 20, 25),)).rasterize(Grid((100, 100))).sum()
    assert area == pytest.approx(math.pi * 600, rel=0.02)
    # A quarter clockwise on the screen about its corner: what lay to the right lies below.
    turned = about((10, 10), rectangle(10, 10, 6, 2), 90)
    assert np.allclose(turned, [(10, 10), (10, 16), (8, 16), (8, 10)])


def test_parts_of_the_sides():
    expected = np.zeros((5, 4), bool)
    expected[1:3, 2:4] = True
    box = Fractions((((0.5, 0.2), (1.0, 0.6)),), "box")
    np.testing.assert_array_equal(box.rasterize(GRID), expected)
    assert box.form == "box"
    outline = Fractions((((0.5, 0.2), (1.0, 0.2), (1.0, 0.6), (0.5, 0.6)),))
    np.testing.assert_array_equal(outline.rasterize(GRID), expected)
    with pytest.raises(DataError, match="leaves the upright image"):
        Fractions((((0.5, 0.2), (2.0, 0.6)),), "box").rasterize(GRID)


def test_several_regions_are_one():
    both = Union((Box(0, 0, 1, 1), Box(3, 4, 1, 1)))
    assert both.rasterize(GRID).sum() == 2
    assert both.form == "box"
    assert both.fingerprint() != Union((Box(0, 0, 1, 1),)).fingerprint()
