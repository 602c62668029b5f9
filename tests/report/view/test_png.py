import io
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from xaudit.report.view.overlays import overlay_png, picture_png
from xaudit.report.view.png import is_png, png_size

WHOLE = overlay_png(np.eye(9))


def by_pillow(data):
    """What Pillow says of the chunks; it reads the end of a file as the end of a picture."""
    try:
        with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
            image.verify()
    except (OSError, SyntaxError, ValueError):
        return False
    return data.rstrip().endswith(b"IEND\xaeB`\x82")


@pytest.mark.parametrize("data", [WHOLE, picture_png(np.eye(9)), WHOLE + b"\n"], ids=len)
def test_whole_pictures_are_known(data):
    assert is_png(data)
    assert by_pillow(data)
    assert png_size(data) == (9, 9)


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"text",
        WHOLE[:8],
        WHOLE[:-1],
        WHOLE[:60],
        WHOLE[4:],
        WHOLE.replace(b"IDAT", b"IDAX"),
        WHOLE + b"more",
        WHOLE[:8] + WHOLE[33:],
        WHOLE[:8] + b"\0\0\0\0IEND" + zlib.crc32(b"IEND").to_bytes(4),
    ],
    ids=len,
)
def test_broken_pictures_are_not(broken):
    assert not is_png(broken)


@given(st.integers(0, len(WHOLE) - 1), st.integers(1, 255))
def test_one_changed_byte_is_seen(place, by):
    changed = bytearray(WHOLE)
    changed[place] ^= by
    # Pillow overlooks some of them: it checks neither every checksum nor every length.
    assert not is_png(bytes(changed))


def test_size_of_another_file_is_refused():
    with pytest.raises(ValueError, match="expected a PNG"):
        png_size(b"GIF89a")
