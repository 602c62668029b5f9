from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.transforms.geometry import WEIGHTS, GridTransform, overlap_weights

SIDES = st.integers(1, 90)
RESIZES = st.sampled_from(["letterbox", "stretch", "crop"])


def between(source, height=24, width=32, spacing=None, **options):
    return GridTransform.between(Grid(source, spacing), InputSpec(height, width, **options))


def slow_overlap(source, target):
    """Each target pixel is cut into `source` equal pieces; each piece has one owner."""
    out = np.zeros((target, source))
    for piece in range(source * target):
        out[piece // source, piece // target] += 1 / source
    return out


@given(SIDES, SIDES)
def test_area_weights_are_the_exact_overlap(source, target):
    np.testing.assert_allclose(
        overlap_weights(source, target).toarray(), slow_overlap(source, target), atol=1e-12
    )


@given(SIDES, SIDES, st.sampled_from(["bilinear", "bicubic"]), st.integers(0, 9))
def test_filters_agree_with_pillow(source, target, name, seed):
    line = np.random.default_rng(seed).random((1, source), dtype=np.float32)
    kind = getattr(Image.Resampling, name.upper())
    expected = np.asarray(Image.fromarray(line).resize((target, 1), kind))[0]
    np.testing.assert_allclose(WEIGHTS[name](source, target) @ line[0], expected, atol=2e-5)


@given(SIDES, SIDES, st.sampled_from(sorted(WEIGHTS)))
def test_constant_stays_constant(source, target, name):
    np.testing.assert_allclose(WEIGHTS[name](source, target).sum(axis=1), 1, atol=1e-12)


def test_area_agrees_with_opencv_to_rounding():
    cv2 = pytest.importorskip("cv2")
    image = np.random.default_rng(0).random((454, 373), dtype=np.float32)
    got = between((454, 373), 224, 224).image(image)[0]
    expected = cv2.resize(image, (184, 224), interpolation=cv2.INTER_AREA)
    np.testing.assert_allclose(got[:, 20:204], expected, atol=1e-5)


def test_letterbox_pads_evenly_and_says_where():
    transform = between((454, 373), 224, 224, pad=0.25)
    inside = transform.inside()
    assert transform.content == (224, 184)
    assert inside.any(axis=0).nonzero()[0][[0, -1]].tolist() == [20, 203]
    image = transform.image(np.ones((454, 373), np.float32))
    assert np.array_equal(image[0] == 1, inside)
    assert set(np.unique(image)) == {np.float32(0.25), np.float32(1)}


@given(SIDES, SIDES, RESIZES, st.floats(0.05, 2))
def test_distances_in_millimeters_survive_the_grid(height, width, resize, spacing):
    transform = between((height, width), resize=resize, spacing=(spacing, spacing))
    ends = np.array([[0.0, 0.0], [width, height]])
    across, down = np.diff(transform.points_to_grid(ends), axis=0)[0]
    assert transform.grid.spacing == pytest.approx(
        (height * spacing / down, width * spacing / across)
    )
    assert between((height, width)).grid.spacing is None


@given(SIDES, SIDES, RESIZES, st.floats(0, 1), st.floats(0, 1))
def test_points_come_back(height, width, resize, x, y):
    transform = between((height, width), resize=resize)
    points = np.array([[x * width, y * height]])
    back = transform.points_to_source(transform.points_to_grid(points))
    np.testing.assert_allclose(back, points, atol=1e-9)


@given(SIDES, SIDES, RESIZES)
def test_image_and_masks_share_one_geometry(height, width, resize):
    transform = between((height, width), resize=resize)
    everything = np.ones((height, width), dtype=bool)
    assert np.array_equal(transform.mask(everything), transform.inside())
    np.testing.assert_allclose(transform.coverage(everything), transform.inside(), atol=1e-9)


@given(st.integers(40, 200), st.integers(40, 200), st.data())
def test_points_and_masks_go_the_same_way(height, width, data):
    transform = between((height, width))
    row, column = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    mask = np.zeros((height, width), dtype=bool)
    mask[row, column] = True
    x, y = transform.points_to_grid([[column + 0.5, row + 0.5]])[0]
    assert transform.mask(mask)[int(y), int(x)]


def connected(mask):
    return ndimage.label(mask, structure=np.ones((3, 3)))[1] == 1


@given(
    st.lists(st.tuples(st.integers(5, 194), st.integers(5, 294)), min_size=2, max_size=5),
    st.integers(0, 8),
)
def test_thin_line_with_blobs_stays_connected(corners, radius):
    mask = np.zeros((200, 300), dtype=bool)
    for (r0, c0), (r1, c1) in pairwise(corners):
        steps = max(abs(r1 - r0), abs(c1 - c0), 1)
        along = np.arange(steps + 1) / steps
        mask[
            np.rint(r0 + (r1 - r0) * along).astype(int), np.rint(c0 + (c1 - c0) * along).astype(int)
        ] = True
    row, column = corners[0]
    mask[max(row - radius, 0) : row + radius, max(column - radius, 0) : column + radius] = True
    transform = between((200, 300))
    got = transform.mask(mask)
    assert connected(got)
    assert not (got & (transform.coverage(mask) == 0)).any()
    # Every lesion pixel is on the grid's lesion or right beside it.
    rows, columns = np.nonzero(mask)
    x, y = transform.points_to_grid(np.stack([columns + 0.5, rows + 0.5], axis=1)).T.astype(int)
    assert ndimage.binary_dilation(got, structure=np.ones((3, 3)))[y, x].all()


def test_thick_lesion_keeps_its_area():
    mask = np.zeros((640, 640), dtype=bool)
    rows, columns = np.mgrid[:640, :640]
    mask[np.hypot(rows - 200.3, columns - 170.8) < 60] = True
    got = between((640, 640), 224, 224).mask(mask)
    assert got.sum() == pytest.approx(mask.sum() * (224 / 640) ** 2, rel=0.01)


def test_lesion_outside_the_crop_is_empty():
    mask = np.zeros((100, 300), dtype=bool)
    mask[:, :20] = True
    transform = between((100, 300), 32, 32, resize="crop")
    assert not transform.mask(mask).any()
    assert transform.inside().all()
    assert not transform.visible()[:, :20].any()


@given(st.integers(20, 60), st.integers(20, 60), RESIZES)
def test_smooth_map_returns_to_its_place(height, width, resize):
    transform = between((height, width), resize=resize)
    grid_rows, grid_columns = np.mgrid[:24, :32] + 0.5
    back = transform.map_to_source((grid_columns + 100 * grid_rows).astype(np.float32))
    assert back.shape == (height, width)
    rows, columns = np.mgrid[:height, :width] + 0.5
    points = transform.points_to_grid(np.stack([columns, rows], axis=-1).reshape(-1, 2))
    expected = (points @ [1, 100]).reshape(height, width)
    # Beyond the outermost centers the map continues with its edge value.
    known = (np.abs(points - [16, 12]) <= [15.5, 11.5]).all(axis=1).reshape(height, width)
    inner = np.zeros_like(known)
    inner[4:-4, 4:-4] = True
    np.testing.assert_allclose(back[known & inner], expected[known & inner], rtol=1e-4)
