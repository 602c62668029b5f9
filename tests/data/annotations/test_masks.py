import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco

from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import (
    Box,
    Polygons,
    Rle,
    outlines_on_grid,
)
from xaudit.data.annotations.polygons import fill_ring, trace_rings
from xaudit.data.annotations.rle import decode_runs, parse_counts
from xaudit.errors import DataError

# pycocotools is older than NumPy 2.
pytestmark = pytest.mark.filterwarnings("ignore:__array__:DeprecationWarning")

MASKS = st.builds(
    lambda h, w, seed, share: np.random.default_rng(seed).random((h, w)) < share,
    st.integers(1, 25),
    st.integers(1, 25),
    st.integers(0, 999),
    st.floats(0, 1),
)
POINT = st.tuples(st.floats(-3, 43, width=32), st.floats(-3, 33, width=32))


def coco_fill(ring, height, width):
    flat = [float(value) for point in ring for value in point]
    return coco.decode(coco.merge(coco.frPyObjects([flat], height, width))).astype(bool)


@given(st.lists(POINT, min_size=3, max_size=9))
def test_fill_agrees_with_pycocotools_pixel_for_pixel(ring):
    ring = tuple(ring)
    assert np.array_equal(fill_ring(ring, 30, 40), coco_fill(ring, 30, 40))


@pytest.mark.fracatlas
def test_all_fracatlas_polygons_agree_with_pycocotools(fracatlas_root):
    path = fracatlas_root / "Annotations" / "COCO JSON" / "COCO_fracture_masks.json"
    content = json.loads(path.read_text())
    sizes = {image["id"]: (image["height"], image["width"]) for image in content["images"]}
    assert len(content["annotations"]) == 263
    for annotation in content["annotations"]:
        height, width = sizes[annotation["image_id"]]
        parts = tuple(
            tuple(zip(flat[::2], flat[1::2], strict=True)) for flat in annotation["segmentation"]
        )
        expected = coco.decode(
            coco.merge(coco.frPyObjects(annotation["segmentation"], height, width))
        )
        assert np.array_equal(
            Polygons(parts).rasterize(Grid((height, width))), expected.astype(bool)
        )


def test_parts_of_one_lesion_are_united():
    a, b = ((1, 1), (6, 1), (6, 6), (1, 6)), ((4, 4), (9, 4), (9, 9), (4, 9))
    got = Polygons((a, b)).rasterize(Grid((10, 10)))
    assert np.array_equal(got, fill_ring(a, 10, 10) | fill_ring(b, 10, 10))
    assert got[4, 4]


def test_sliver_keeps_the_pixels_under_its_border():
    got = Polygons((((2.1, 3.1), (7.9, 3.15), (7.9, 3.2)),)).rasterize(Grid((10, 10)))
    assert got[3, 2:8].all()
    assert 6 <= got.sum() <= 7


@pytest.mark.parametrize(
    ("ring", "words"),
    [
        (((1, 1), (5, 5)), "no area"),
        (((1, 1), (5, 5), (3, 3)), "no area"),
        (((1, 1), (1, 1), (1, 1)), "no area"),
        (((1, 1), (25, 1), (5, 5)), "leaves"),
        (((-2, 1), (5, 1), (5, 5)), "leaves"),
        (((float("nan"), 1), (5, 1), (5, 5)), "finite"),
    ],
)
def test_impossible_outlines_are_refused(ring, words):
    with pytest.raises(DataError, match=words):
        Polygons((ring,)).rasterize(Grid((20, 20)))


def test_annotation_of_another_size_says_both():
    with pytest.raises(DataError, match=r"8 x 9 pixels .* image 20 x 10"):
        Polygons((((1, 1), (5, 1), (5, 5)),), size=(9, 8)).rasterize(Grid((10, 20)))


def test_box_takes_pixels_whose_center_it_holds():
    got = Box(1, 2, 3, 2).rasterize(Grid((6, 6)))
    assert got.sum() == 6
    assert got[2:4, 1:4].all()
    assert Box(2.6, 2.6, 0.1, 0.1).rasterize(Grid((6, 6))).nonzero() == (2, 2)
    assert Box(5.9, 5.9, 1, 1).rasterize(Grid((6, 6)))[5, 5]
    with pytest.raises(DataError, match="leaves"):
        Box(4, 4, 9, 1).rasterize(Grid((6, 6)))


@given(MASKS)
def test_run_lengths_agree_with_pycocotools(mask):
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    runs = parse_counts(encoded["counts"].decode())
    assert np.array_equal(decode_runs(runs, *mask.shape), mask)
    if mask.any():
        assert np.array_equal(Rle(runs, mask.shape).rasterize(Grid(mask.shape)), mask)


@given(st.text(max_size=30))
def test_damaged_run_lengths_never_crash(text):
    try:
        got = Rle(text, (5, 7)).rasterize(Grid((5, 7)))
    except DataError:
        return
    assert got.shape == (5, 7)


OUTER, INNER = ((1, 1), (9, 1), (9, 9), (1, 9)), ((4, 4), (6, 4), (6, 6), (4, 6))


def test_ring_within_a_ring_is_filled_unless_holes_are_declared():
    filled, holed = Polygons((OUTER, INNER)), Polygons((OUTER, INNER), even_odd=True)
    assert filled.rasterize(Grid((10, 10))).sum() == 64
    assert holed.rasterize(Grid((10, 10))).sum() == 60
    assert not holed.rasterize(Grid((10, 10)))[4:6, 4:6].any()
    assert filled.fingerprint() != holed.fingerprint()


@given(MASKS)
def test_rings_around_a_mask_fill_back_to_it(mask):
    height, width = mask.shape
    back = np.zeros_like(mask)
    for ring in trace_rings(mask):
        back ^= fill_ring(ring, height, width)
    assert np.array_equal(back, mask)


def test_outlines_are_in_units_of_the_picture():
    mask = np.zeros((4, 8), dtype=bool)
    mask[1:3, 2:6] = True
    assert [set(ring) for ring in outlines_on_grid(mask)] == [
        {(0.25, 0.25), (0.75, 0.25), (0.75, 0.75), (0.25, 0.75)}
    ]
    assert outlines_on_grid(np.zeros((3, 3), dtype=bool)) == ()
