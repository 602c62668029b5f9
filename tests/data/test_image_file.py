import numpy as np
import pytest
from PIL import Image

from xaudit.data.file_hash import file_sha256
from xaudit.data.image_file import ImageFile, named_alone, without_folder
from xaudit.data.pixels.mask_values import UndeclaredValuesError
from xaudit.errors import DataError
from xaudit.testing import MaskRegion


def test_a_file_is_an_image_source(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(np.array([[0, 51], [102, 255], [0, 0]], dtype=np.uint8)).save(path)
    image = ImageFile(path)
    assert image.exists()
    assert image.header().grid.shape == (3, 2)
    assert image.upright()[1].tolist() == pytest.approx([0.4, 1.0])
    assert image.upright("minmax").max() == 1
    assert image.used_range().top == 255
    assert image.fingerprint() == file_sha256(path)


def test_what_is_raised_names_no_folder(tmp_path):
    image = ImageFile(tmp_path / "secret" / "a.png")
    assert not image.exists()
    assert image.fingerprint() is None
    for ask in (image.header, image.upright, image.used_range):
        with pytest.raises(DataError, match=r"^a\.png: expected an image file") as caught:
            ask()
        assert "secret" not in str(caught.value)


def test_the_kind_of_an_error_is_kept(tmp_path):
    path = tmp_path / "mask.png"
    with (
        pytest.raises(UndeclaredValuesError, match=r"^mask\.png: two values"),
        without_folder(path),
    ):
        raise UndeclaredValuesError(f"{path}: two values")
    with pytest.raises(DataError, match="elsewhere"), named_alone(MaskRegion(np.ones((2, 2)))):
        raise DataError("elsewhere")
