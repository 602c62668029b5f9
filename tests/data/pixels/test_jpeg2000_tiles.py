import io

import numpy as np
import pytest
from PIL import Image

from xaudit.data.pixels.images import read_upright
from xaudit.data.pixels.jpeg2000_tiles import missing_in_jpeg2000
from xaudit.errors import DataError

NOISE = np.random.default_rng(0).integers(1, 255, (300, 420), dtype=np.uint8)
OPTIONS = [
    {},
    {"tile_size": (64, 64)},
    {"tile_size": (64, 64), "offset": (10, 7), "tile_offset": (5, 5)},
    {"tile_size": (100, 50), "progression": "RPCL", "num_resolutions": 4},
    {"quality_layers": [20, 5], "irreversible": True},
]


def encoded(*, bare=False, **options):
    buffer = io.BytesIO()
    Image.fromarray(NOISE).save(buffer, "JPEG2000", no_jp2=bare, **options)
    return buffer.getvalue()


def tile_parts(stream):
    """Start and end of every part."""
    place, found = stream.index(b"\xff\x90"), []
    while stream[place : place + 2] == b"\xff\x90":
        end = place + int.from_bytes(stream[place + 6 : place + 10])
        found.append((place, end))
        place = end
    return found


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("options", OPTIONS)
def test_whole_files_are_whole(bare, options):
    assert missing_in_jpeg2000(encoded(bare=bare, **options)) is None


@pytest.mark.parametrize("lost", [[0], [34], list(range(18, 35))])
def test_lost_tiles_before_an_end_marker_are_refused(tmp_path, lost):
    stream = encoded(bare=True, tile_size=(64, 64))
    for start, end in [tile_parts(stream)[number] for number in reversed(lost)]:
        stream = stream[:start] + stream[end:]
    path = tmp_path / "a.j2k"
    path.write_bytes(stream)
    # What makes it dangerous: the decoder paints them without a word.
    with Image.open(path) as image:
        image.load()
    with pytest.raises(DataError, match=rf"35 tiles, {35 - len(lost)} are there"):
        read_upright(path)


def test_tile_that_announces_more_parts_than_there_are_is_not_whole():
    stream = bytearray(encoded(bare=True, tile_size=(64, 64)))
    start, _ = tile_parts(bytes(stream))[3]
    stream[start + 11] = 2
    assert "34 are there" in missing_in_jpeg2000(bytes(stream))


def test_last_part_may_leave_its_length_out():
    stream = bytearray(encoded(bare=True, tile_size=(64, 64)))
    start, _ = tile_parts(bytes(stream))[-1]
    stream[start + 6 : start + 10] = bytes(4)
    assert missing_in_jpeg2000(bytes(stream)) is None


@pytest.mark.parametrize("content", [b"", b"\xff\x4f\xff\x52", b"\0\0\0\x0cjP  \r\n\x87\n" * 2])
def test_what_cannot_be_followed_is_said(content):
    with pytest.raises(ValueError, match="codestream"):
        missing_in_jpeg2000(content)
