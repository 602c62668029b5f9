import numpy as np
import pytest
from PIL import Image, ImageDraw

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec
from xaudit.core.grid import Grid
from xaudit.data.annotations.mask_files import MaskFile, lesions_of
from xaudit.data.image_file import ImageFile
from xaudit.data.pixels.mask_values import MaskValues, UndeclaredValuesError, pack_color
from xaudit.data.prepare import prepare, study_fingerprint
from xaudit.errors import DataError

SHAPE = (60, 80)


def save(path, array, **options):
    Image.fromarray(np.asarray(array, dtype=np.uint8)).save(path, **options)
    return path


def area(found, shape=SHAPE):
    return [int(one.rasterize(Grid(shape)).sum()) for one in found.lesions]


def drawn(scale):
    """A thin crack and a disk, drawn so many times as fine and brought down: soft edges."""
    image = Image.new("L", (SHAPE[1] * scale, SHAPE[0] * scale))
    pen = ImageDraw.Draw(image)
    pen.line([8 * scale, 9 * scale, 70 * scale, 30 * scale], fill=255, width=4 * scale)
    pen.ellipse([20 * scale, 34 * scale, 38 * scale, 51 * scale], fill=255)
    return image.resize(SHAPE[::-1], Image.Resampling.BOX)


def two_values(first=1, second=255):
    array = np.zeros(SHAPE)
    array[10:30, 10:30] = second
    array[12:28, 12:28] = first
    return array


@pytest.mark.parametrize("scale", [2, 4, 9])
def test_soft_edges_are_cut_at_half_and_noted(tmp_path, scale):
    soft = np.asarray(drawn(scale))
    found = lesions_of(save(tmp_path / "m.png", soft))
    expected = int((soft > 127).sum())
    assert area(found) == [expected]
    assert found.soft == (expected, int((soft > 0).sum()))
    assert expected < 0.95 * (soft > 0).sum()


def test_wide_blur_and_shades_of_one_color_are_cut_too(tmp_path):
    from scipy import ndimage

    soft = ndimage.gaussian_filter(np.where(two_values() > 0, 255.0, 0), 3).astype(np.uint8)
    red = np.zeros((*SHAPE, 3))
    red[..., 0] = soft
    for array in (soft, red):
        assert area(lesions_of(save(tmp_path / "m.png", array))) == [int((soft > 127).sum())]


@pytest.mark.parametrize("value", [1, 3, 128, 255])
def test_one_value_is_the_lesion_whatever_it_is(tmp_path, value):
    found = lesions_of(save(tmp_path / "m.png", np.where(two_values() > 0, value, 0)))
    assert area(found) == [400]
    assert found.soft is None


@pytest.mark.parametrize("values", [(1, 255), (1, 2), (128, 255), (255, 1)])
def test_several_values_are_asked_about_with_their_areas(tmp_path, values):
    path = save(tmp_path / "m.png", two_values(*values))
    with pytest.raises(UndeclaredValuesError, match="mask_values") as caught:
        lesions_of(path)
    for value, pixels in zip(values, (256, 144), strict=True):
        assert f"value {value} ({pixels} px)" in str(caught.value)


def test_void_that_is_as_thin_as_a_soft_edge_is_asked_about_all_the_same(tmp_path):
    array = np.zeros(SHAPE)
    array[10:12, 10:40], array[12, 10:40] = 255, 1
    with pytest.raises(UndeclaredValuesError):
        lesions_of(save(tmp_path / "m.png", array))


@pytest.mark.parametrize("width", [1, 2])
@pytest.mark.parametrize("border", [10, 128, 200])
def test_border_of_one_value_is_a_class_and_no_soft_edge(tmp_path, width, border):
    array = np.zeros(SHAPE)
    array[10 - width : 30 + width, 10 - width : 30 + width] = border
    array[10:30, 10:30] = 255
    with pytest.raises(UndeclaredValuesError, match=f"value {border} .*value 255 .400 px"):
        lesions_of(save(tmp_path / "m.png", array))


def test_void_border_beside_soft_edges_is_asked_about_too(tmp_path):
    array = np.zeros(SHAPE)
    array[8:32, 8:32], array[10:30, 10:30] = 128, 255
    soft = np.maximum(array, np.roll(np.asarray(drawn(4)), 30, axis=1))
    with pytest.raises(UndeclaredValuesError, match="value 128"):
        lesions_of(save(tmp_path / "s.png", soft))


@pytest.mark.parametrize("top", [100, 128, 200, 4095, 32768])
def test_soft_mask_that_does_not_reach_white_is_refused_without_a_proposal(tmp_path, top):
    soft = np.asarray(drawn(9)) / 255 * top
    kind = np.uint8 if top < 256 else np.uint16
    Image.fromarray(soft.round().astype(kind)).save(tmp_path / "m.png")
    with pytest.raises(UndeclaredValuesError, match=f"up to {top}.*soft edges") as caught:
        lesions_of(tmp_path / "m.png")
    assert "ignore" not in str(caught.value)


def test_soft_sides_of_a_rectangle_are_edges_however_long_they_are(tmp_path):
    """One side that is soft has one value, far more often than the short ones: still no class."""
    large = np.zeros((SHAPE[0] * 8, SHAPE[1] * 8), np.uint8)
    large[83:467, 80:150] = 255
    soft = np.asarray(Image.fromarray(large).resize(SHAPE[::-1], Image.Resampling.BOX))
    between = soft[(soft > 0) & (soft < 255)]
    counts = np.sort(np.unique(between, return_counts=True)[1])
    assert counts[-1] > 4 * counts[-2]
    found = lesions_of(save(tmp_path / "m.png", soft))
    assert area(found) == [int((soft > 127).sum())]
    assert found.soft is not None


def test_soft_edges_are_not_taken_for_several_lesions(tmp_path):
    path = save(tmp_path / "m.png", np.asarray(drawn(4)))
    with pytest.raises(UndeclaredValuesError, match="one lesion a file"):
        lesions_of(path, "values")
    # The crack and the disk, cut at half.
    assert len(lesions_of(path, "components").lesions) == 2


@pytest.mark.parametrize("void", [255, 65535])
def test_void_of_either_depth_beside_small_values_is_asked_about(tmp_path, void):
    array = two_values(1, void).astype(np.uint16 if void > 255 else np.uint8)
    Image.fromarray(array).save(tmp_path / "m.png")
    for mode in ("one", "values"):
        with pytest.raises(UndeclaredValuesError, match=f"value {void} .144 px"):
            lesions_of(tmp_path / "m.png", mode)


def test_question_proposes_no_value(tmp_path):
    for values in ((255, 1), (1, 2)):
        with pytest.raises(UndeclaredValuesError, match=r"ignore: \[\.\.\.\]"):
            lesions_of(save(tmp_path / "m.png", two_values(*values)))


def test_declared_values_are_lesion_ignored_and_background(tmp_path):
    path = save(tmp_path / "m.png", two_values())
    found = lesions_of(path, declared=MaskValues((1,), (255,)))
    assert area(found) == [256]
    assert found.ignored[0].rasterize(Grid(SHAPE)).sum() == 144
    turned = lesions_of(path, declared=MaskValues((0,), (), (1, 255)))
    assert area(turned) == [SHAPE[0] * SHAPE[1] - 400]
    assert not turned.ignored
    with pytest.raises(UndeclaredValuesError, match=r"value 1 \(256 px\)"):
        lesions_of(path, declared=MaskValues((255,)))


def test_each_value_is_a_lesion_where_that_is_declared(tmp_path):
    path = save(tmp_path / "m.png", two_values(1, 2))
    assert area(lesions_of(path, "values")) == [256, 144]
    void = save(tmp_path / "v.png", two_values(1, 255))
    with pytest.raises(UndeclaredValuesError, match="255"):
        lesions_of(void, "values")
    assert area(lesions_of(void, "values", MaskValues((1, 255)))) == [256, 144]
    assert area(lesions_of(path, "components", MaskValues((1, 2)))) == [400]
    with pytest.raises(UndeclaredValuesError, match="soft"):
        lesions_of(save(tmp_path / "s.png", drawn(4)), "values")


def test_connected_parts_are_told_apart(tmp_path):
    array = np.zeros(SHAPE)
    array[1, 1] = array[2, 2] = array[50, 60:] = 255
    assert area(lesions_of(save(tmp_path / "m.png", array), "components")) == [2, 20]


@pytest.mark.parametrize("mode", ["one", "components", "values"])
@pytest.mark.parametrize("name", ["m.png", "m.jpg", "m.tif"])
def test_black_mask_holds_no_lesion(tmp_path, mode, name):
    found = lesions_of(save(tmp_path / name, np.zeros(SHAPE)), mode)
    assert not found.lesions
    assert not found.ignored


@pytest.mark.parametrize("level", [100, 128, 255])
@pytest.mark.parametrize("quality", [60, 75, 95])
@pytest.mark.parametrize("name", ["m.jpg", "named.png"])
def test_jpeg_is_cut_at_half_of_its_own_level(tmp_path, level, quality, name):
    big = np.kron(two_values(level, level), np.ones((4, 4)))
    path = save(tmp_path / name, big, quality=quality, format="JPEG")
    found = lesions_of(path)
    assert area(found, (240, 320))[0] == pytest.approx(6400, rel=0.01)
    assert found.smeared
    assert found.level[0] == pytest.approx(level, abs=2)
    assert found.soft is None


def jpeg_of(tmp_path, array):
    return save(tmp_path / "m.jpg", np.kron(array, np.ones((4, 4, 1)[: array.ndim])), quality=80)


@pytest.mark.parametrize("extra", [{}, {"icc_profile": b"p" * 501}])
@pytest.mark.parametrize("level", [128, 255])
def test_lossy_webp_is_smeared_like_jpeg_and_lossless_is_not(tmp_path, level, extra):
    """Also in the long form of the file, in which a profile stands before the pixels."""
    array = np.where(two_values() > 0, level, 0)
    lossy = lesions_of(save(tmp_path / "m.webp", array, quality=60, **extra))
    assert lossy.smeared
    assert area(lossy) == [pytest.approx(400, rel=0.05)]
    assert lossy.level[0] == pytest.approx(level, abs=8)
    exact = lesions_of(save(tmp_path / "m.webp", array, lossless=True, **extra))
    assert not exact.smeared
    assert (area(exact), exact.level) == ([400], (level, 400))


def test_webp_that_ends_before_its_pixels_is_refused(tmp_path):
    path = save(tmp_path / "m.webp", two_values(), icc_profile=b"p" * 501)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError):
        lesions_of(path)


@pytest.mark.parametrize("values", [(1, 255), (128, 255), (255, 128), (255, 60), (100, 200)])
def test_several_levels_of_a_jpeg_are_asked_about(tmp_path, values):
    with pytest.raises(UndeclaredValuesError, match=r"several levels.* PNG"):
        lesions_of(jpeg_of(tmp_path, two_values(*values)))


@pytest.mark.parametrize("other", [[0, 255, 0], [255, 255, 255], [0, 0, 255]])
def test_several_colors_of_a_jpeg_are_asked_about(tmp_path, other):
    colors = np.array([[0, 0, 0], [255, 0, 0], other])
    with pytest.raises(UndeclaredValuesError, match=r"several (colors|levels)"):
        lesions_of(jpeg_of(tmp_path, colors[np.array(two_values(1, 2), int)]))


def test_sound_shapes_in_jpeg_are_not_asked_about(tmp_path):
    for number, scale in enumerate((1, 2, 4, 9)):
        shape = np.asarray(drawn(scale))
        found = lesions_of(save(tmp_path / f"{number}.jpg", shape, quality=60))
        assert area(found)[0] == pytest.approx((shape > 127).sum(), rel=0.1)


def test_jpeg_that_is_too_dark_and_one_with_declared_values_is_refused(tmp_path):
    path = save(tmp_path / "d.jpg", np.where(two_values() > 0, 20, 0))
    with pytest.raises(UndeclaredValuesError, match="brightest value is 2"):
        lesions_of(path)
    with pytest.raises(UndeclaredValuesError, match="PNG"):
        lesions_of(save(tmp_path / "m.jpg", two_values()), declared=MaskValues((1,), (255,)))


@pytest.mark.parametrize("color", [[255, 255, 255, 0], [255, 0], [255, 0, 0, 0]])
@pytest.mark.parametrize("mode", ["one", "components", "values"])
def test_mask_that_is_transparent_all_over_shows_nothing(tmp_path, color, mode):
    path = save(tmp_path / "m.png", np.broadcast_to(color, (*SHAPE, len(color))))
    assert not lesions_of(path, mode).lesions


def test_color_of_each_class_is_asked_about_until_it_is_declared(tmp_path):
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 255, 0]])
    path = save(tmp_path / "m.png", colors[np.array(two_values(1, 2), int)])
    with pytest.raises(UndeclaredValuesError, match=r'value "#ff0000" \(256 px\)'):
        lesions_of(path)
    assert area(lesions_of(path, declared=MaskValues(("#ff0000",), ("#00ff00",)))) == [256]
    one = save(tmp_path / "one.png", colors[np.array(two_values(1, 1), int)])
    assert area(lesions_of(one)) == [400]


def palette(path, table, array):
    image = Image.fromarray(np.asarray(array, np.uint8)).convert("P")
    image.putdata(np.asarray(array, np.uint8).ravel().tolist())
    image.putpalette(table)
    image.save(path)
    return path


def test_palette_of_colors_gives_its_indices_and_one_of_grays_its_grays(tmp_path):
    classes = palette(tmp_path / "c.png", [0, 0, 0, 128, 0, 0, 0, 128, 0], two_values(1, 2))
    assert area(lesions_of(classes, declared=MaskValues((1,), (2,)))) == [256]
    # As an editor may sort it: the lesion is the first entry.
    grays = palette(tmp_path / "g.png", [255, 255, 255, 0, 0, 0], two_values() == 0)
    assert area(lesions_of(grays)) == [400]
    white = palette(tmp_path / "w.png", [255, 255, 255, 255, 0, 0], two_values() > 0)
    with pytest.raises(UndeclaredValuesError, match="#ff0000"):
        lesions_of(white)
    assert area(lesions_of(white, declared=MaskValues(("#ff0000",), (), (255,)))) == [400]


def test_gray_levels_in_color_keep_their_number():
    gray = np.full((1, 1, 3), 7)
    assert pack_color(gray).tolist() == [[7]]
    assert MaskValues((7,)).codes("lesion") == MaskValues(("#070707",)).codes("lesion")


@pytest.mark.parametrize("given", [(), (1, 1), ("red",), ("#12",), ("#gggggg",), (0,)])
def test_declaration_that_says_nothing_or_two_things_is_refused(given):
    with pytest.raises(ValueError, match=r"value|color"):
        MaskValues(given)


def test_mask_of_another_size_and_missing_ones_are_refused(tmp_path):
    path = save(tmp_path / "m.png", np.ones((4, 6)))
    with pytest.raises(DataError, match=r"6 x 4 pixels .* image 5 x 3"):
        MaskFile(path).rasterize(Grid((3, 5)))
    with pytest.raises(DataError, match="nothing"):
        MaskFile(tmp_path / "gone.png").rasterize(Grid((4, 6)))
    with pytest.raises(DataError, match="empty"):
        MaskFile(save(tmp_path / "m.png", np.zeros((4, 6)))).rasterize(Grid((4, 6)))


def case_with_void(tmp_path, **options):
    image = save(tmp_path / "a.png", np.random.default_rng(0).integers(0, 255, SHAPE))
    found = lesions_of(save(tmp_path / "m.png", two_values()), declared=MaskValues((1,), (255,)))
    return Case("a", "p", True, ImageFile(image), found.lesions, ignored=found.ignored, **options)


def test_ignored_pixels_are_neither_lesion_nor_background_and_still_seen(tmp_path):
    ready = prepare(case_with_void(tmp_path), InputSpec(60, 80))
    assert ready.ignored.sum() == 144
    assert ready.lesion_mask.sum() == 256
    assert not (ready.inside & ready.ignored).any()
    assert (ready.inside | ready.ignored).all()
    assert ready.shown.all()
    assert not ready.issues


def test_scores_do_not_change_with_what_a_map_says_of_ignored_pixels(tmp_path):
    from xaudit.metrics.maps.localization import score_map

    ready = prepare(case_with_void(tmp_path), InputSpec(60, 80))
    values = np.random.default_rng(1).random(SHAPE).astype(np.float32)
    other = np.where(ready.ignored, values + 5, values)
    first, second = (score_map(one, ready.lesions, ready.inside) for one in (values, other))
    assert first == second
    assert first != score_map(other, ready.lesions, ready.shown)


def test_fingerprint_knows_what_is_ignored(tmp_path):
    from dataclasses import replace

    from xaudit.core.case import Study

    case = case_with_void(tmp_path)
    one, other = Study("s", (case,)), Study("s", (replace(case, ignored=()),))
    assert study_fingerprint(one) != study_fingerprint(other)
