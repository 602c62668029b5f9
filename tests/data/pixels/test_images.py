import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from xaudit.data.pixels import images
from xaudit.data.pixels.images import looks_inverted, read_header, read_upright, to_gray
from xaudit.errors import DataError

RAMP = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20


def save(tmp_path, array, name="a.png", mode=None, **options):
    path = tmp_path / name
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.webp"])
def test_every_exif_orientation_is_undone_as_pillow_does(tmp_path, orientation, name):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if name.endswith("webp") else {}
    path = save(tmp_path, np.dstack([RAMP] * 3), name, exif=exif, **options)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    got = read_upright(path)
    header = read_header(path)
    np.testing.assert_allclose(got * 255, expected, atol=1e-4)
    assert header.grid.shape == got.shape[:2]
    assert got.shape[:2] == ((4, 3) if orientation >= 5 else (3, 4))


@pytest.mark.parametrize(
    ("array", "name", "mode", "expected"),
    [
        (RAMP, "a.png", None, RAMP / 255),
        (RAMP, "a.png", "1", None),
        (RAMP.astype(np.uint16) * 257, "a.png", None, RAMP / 255),
        (RAMP.astype(np.int32) * 257, "a.tif", None, RAMP / 255),
        ((RAMP / 255).astype(np.float32), "a.tif", None, RAMP / 255),
        (RAMP, "a.png", "LA", RAMP / 255),
    ],
)
def test_gray_types_reach_the_same_scale(tmp_path, array, name, mode, expected):
    got = read_upright(save(tmp_path, array, name, mode))
    assert got.dtype == np.float32
    assert got.shape == (3, 4)
    if expected is None:
        assert set(np.unique(got)) <= {0, 1}
        return
    np.testing.assert_allclose(got, expected, atol=1e-6)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_color_types_become_rgb(tmp_path, mode):
    name = "a.tif" if mode == "CMYK" else "a.png"
    array = RAMP if mode == "P" else np.dstack([RAMP] * 3)
    got = read_upright(save(tmp_path, array, name, mode))
    np.testing.assert_allclose(to_gray(got), RAMP / 255, atol=0.6 / 255)


def test_transparent_palette_does_not_warn(tmp_path):
    image = Image.fromarray(RAMP).convert("P")
    image.save(tmp_path / "a.png", transparency=bytes(range(256)))
    assert read_upright(tmp_path / "a.png").shape == (3, 4, 3)


def test_white_is_zero_tiff_of_16_bits_is_turned_around(tmp_path):
    path = save(tmp_path, np.array([[0, 65535]], np.uint16), "a.tif", tiffinfo={262: 0})
    assert read_upright(path).tolist() == [[1.0, 0.0]]


def test_gray_is_bt601_luma():
    rgb = np.zeros((1, 3, 3), np.float32)
    rgb[0, range(3), range(3)] = 1
    assert to_gray(rgb)[0] == pytest.approx([0.299, 0.587, 0.114])


def test_windowing(tmp_path):
    array = np.linspace(1000, 2000, 10_000).astype(np.uint16).reshape(100, 100)
    path = save(tmp_path, array)
    least = read_upright(path, "minmax")
    assert (least.min(), least.max()) == (0, 1)
    middle = read_upright(path, "percentile")
    assert 0.004 < (middle == 0).mean() < 0.007
    assert read_upright(path).max() == pytest.approx(2000 / 65535)


def test_constant_image_stays_finite(tmp_path):
    path = save(tmp_path, np.full((5, 5), 7, np.uint8))
    assert read_upright(path, "percentile").max() == 0


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.array([[0.0, 2.0]], np.float32), "intensity"),
        (np.array([[0.0, np.nan]], np.float32), "finite"),
        (np.array([[0, 70_000]], np.int32), "intensity"),
    ],
)
def test_values_without_a_known_range_are_refused(tmp_path, array, words):
    with pytest.raises(DataError, match=words):
        read_upright(save(tmp_path, array, "a.tif"))


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif"])
def test_truncated_file_says_how_many_bytes_and_rows(tmp_path, name):
    rng = np.random.default_rng(0)
    path = save(tmp_path, rng.integers(0, 255, (200, 100), dtype=np.uint8), name)
    content = path.read_bytes()[:-4000] if name != "a.tif" else path.read_bytes()
    if name == "a.tif":
        content = content[: len(content) // 2]
    path.write_bytes(content)
    with pytest.raises(DataError, match="bytes"):
        read_upright(path)


def test_missing_folder_text_and_empty_files_are_refused(tmp_path):
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "empty.png").write_bytes(b"")
    cases = {"gone.png": "nothing", ".": "a folder", "text.png": "8 bytes", "empty.png": "empty"}
    for name, words in cases.items():
        with pytest.raises(DataError, match=words):
            read_header(tmp_path / name)


def test_webp_counts_what_its_decoder_holds(tmp_path, monkeypatch):
    path = tmp_path / "a.webp"
    Image.fromarray(np.zeros((10, 10, 3), np.uint8)).save(path)
    monkeypatch.setattr(images, "MAX_BYTES", 2800)
    assert read_header(path).mode == "RGB"
    monkeypatch.setattr(images, "MAX_BYTES", 2799)
    with pytest.raises(DataError, match="2,800"):
        read_header(path)


def test_size_is_checked_before_decoding(tmp_path, monkeypatch):
    path = save(tmp_path, RAMP)
    monkeypatch.setattr(images, "MAX_BYTES", 59)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(DataError, match="4 x 3 pixels of mode L = 60"):
        read_upright(path)


def test_decompression_bomb_is_refused_without_a_warning(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 12_000)).save(path)
    with pytest.raises(DataError, match="bytes are decoded"):
        read_header(path)


def test_small_file_that_costs_gigabytes_is_refused_by_its_header(tmp_path, monkeypatch):
    path = tmp_path / "bomb.png"
    Image.new("RGB", (6000, 5000)).save(path)
    monkeypatch.setattr(Image.Image, "load", lambda self: pytest.fail("decoded"))
    with pytest.raises(DataError, match=r"6000 x 5000 pixels of mode RGB = 480,000,000"):
        read_upright(path)


def test_large_radiograph_takes_less_than_its_bound():
    assert images.MAX_BYTES > 4000 * 5000 * 16


def test_what_truncated_files_show_cannot_be_switched_on_from_outside(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    path = save(tmp_path, rng.integers(0, 255, (200, 100), dtype=np.uint8), "a.jpg")
    path.write_bytes(path.read_bytes()[:-4000])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(DataError, match="truncated"):
        read_upright(path)


def test_stack_of_frames_is_refused(tmp_path):
    image = Image.fromarray(RAMP)
    image.save(tmp_path / "a.tif", save_all=True, append_images=[image])
    with pytest.raises(DataError, match="2 frames"):
        read_upright(tmp_path / "a.tif")


def test_bright_frame_around_a_dark_middle_looks_inverted():
    film = np.full((100, 80), 0.05, np.float32)
    film[20:80, 25:55] = 0.6
    assert not looks_inverted(film)
    assert looks_inverted(1 - film)
    assert not looks_inverted(np.full((3, 3), 0.9, np.float32))
    assert not looks_inverted(np.full((1, 1), 0.9, np.float32))


def test_16_bit_wrist_films_keep_their_depth(grazpedwri_images):
    for path in grazpedwri_images:
        pixels = read_upright(path, "percentile")
        assert pixels.ndim == 2
        assert len(np.unique(pixels)) > 256
        assert read_header(path).mode == "I;16"
