"""Image sources: asked first, held to what they announce, and their faults are sentences."""

import numpy as np
import pytest
from PIL import Image

from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader, StoredBits
from xaudit.data.pixels import source
from xaudit.data.pixels.images import read_header, read_range, read_upright
from xaudit.data.pixels.source import IMAGE_FORMATS, ImageFormat, StoredImage
from xaudit.errors import DataError

VALUES = np.arange(12, dtype=np.uint16).reshape(3, 4) * 300


class Films(ImageFormat):
    """Files that begin with FILM; each test says what is in them."""

    announced = ImageHeader(Grid((3, 4)), "I;16")
    image = StoredImage(VALUES, 4095)

    def reads(self, path, head):
        return head.startswith(b"FILM")

    def header(self, path):
        return self.announced

    def stored(self, path):
        if isinstance(self.image, Exception):
            raise self.image
        return self.image


@pytest.fixture(name="films")
def films_fixture(monkeypatch, tmp_path):
    monkeypatch.setattr(IMAGE_FORMATS, "_things", {"films": Films})
    monkeypatch.setattr(IMAGE_FORMATS, "_group", None)
    monkeypatch.setattr(IMAGE_FORMATS, "_packages", ())
    source._made.cache_clear()
    path = tmp_path / "a.film"
    path.write_bytes(b"FILM and so on")
    yield path
    source._made.cache_clear()


def test_values_are_scaled_by_what_the_source_or_the_audit_file_says(films, monkeypatch):
    header = read_header(films)
    assert (*header.grid.shape, header.deep) == (3, 4, True)
    assert np.array_equal(read_upright(films), (VALUES / 4095).astype(np.float32))
    assert np.array_equal(read_upright(films, StoredBits(16)), (VALUES / 65535).astype("f4"))
    assert np.array_equal(read_upright(films, "minmax"), (VALUES / 3300).astype("f4"))
    assert read_upright(films, "percentile").max() == 1
    used = read_range(films)
    assert (used.most, used.top) == (3300, 4095)
    assert read_range(films, "minmax") is None
    monkeypatch.setattr(Films, "image", StoredImage(np.full((3, 4), 7.0), 10.0))
    assert read_upright(films, "minmax").max() == 0


def test_other_files_are_read_by_pillow_as_ever(films, tmp_path):
    Image.fromarray(np.full((5, 6), 51, dtype=np.uint8)).save(tmp_path / "a.png")
    assert read_header(tmp_path / "a.png").grid.plane[1] == 6
    assert read_upright(tmp_path / "a.png")[0, 0] == np.float32(0.2)
    with pytest.raises(DataError, match="found nothing"):
        read_upright(tmp_path / "none.film")


@pytest.mark.parametrize(
    ("image", "match"),
    [
        (StoredImage(VALUES.T, 4095), r"gave uint16 of shape \(4, 3\), expected numbers of shape"),
        (StoredImage(VALUES > 3, 1), "gave bool of shape"),
        (StoredImage(VALUES, 3000), "expects values from 0 to 3000, got 0 to 3300"),
        (StoredImage(VALUES, None), "does not say its largest value; declare intensity"),
        (StoredImage(VALUES * np.nan, 1), "expected finite values"),
        (KeyError("PixelData"), "the image format 'films' failed: 'PixelData'"),
        (DataError("a sentence of its own"), "^a sentence of its own$"),
    ],
)
def test_what_does_not_fit_is_refused(films, monkeypatch, image, match):
    monkeypatch.setattr(Films, "image", image)
    with pytest.raises(DataError, match=match):
        read_upright(films)


def test_an_image_that_is_too_large_is_never_asked_for(films, monkeypatch):
    monkeypatch.setattr(Films, "announced", ImageHeader(Grid((20_000, 20_000)), "I;16"))
    monkeypatch.setattr(Films, "stored", lambda *_: pytest.fail("decoded"))
    for read in (read_header, read_upright):
        with pytest.raises(DataError, match="the header announces 20000 x 20000"):
            read(films)


@pytest.mark.parametrize("method", ["reads", "header"])
def test_a_fault_of_the_package_is_a_sentence(films, monkeypatch, method):
    def fails(*_):
        raise RuntimeError("no\nidea")

    monkeypatch.setattr(Films, method, fails)
    with pytest.raises(DataError, match=r"the image format 'films' failed: no$"):
        read_header(films)
