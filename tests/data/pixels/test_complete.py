import io
import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from xaudit.data.pixels.images import read_labels, read_upright
from xaudit.errors import DataError

NOISE = np.random.default_rng(0).integers(1, 255, (250, 203, 3), dtype=np.uint8)
PASSES = ((0, 8, 0, 8), (0, 8, 4, 8), (4, 8, 0, 4), (0, 4, 2, 4), (2, 4, 0, 2), (0, 2, 1, 2),
          (1, 2, 0, 1))  # fmt: skip
KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 4), (3, 8), (4, 8),
         (4, 16), (6, 8), (6, 16)]  # fmt: skip


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(size, kind, interlaced, missing):
    """A PNG with a valid stream that ends so many bytes early."""
    (height, width), (color, bits) = size, kind
    samples = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color] * bits
    data = b""
    for first_row, down, first_column, across in PASSES if interlaced else [(0, 1, 0, 1)]:
        rows, columns = range(first_row, height, down), range(first_column, width, across)
        if rows and columns:
            data += (b"\0" + b"M" * ((len(columns) * samples + 7) // 8)) * len(rows)
    packed = zlib.compress(data[: len(data) - missing])
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, interlaced)
    palette = chunk(b"PLTE", bytes(3 * 2**bits)) if color == 3 else b""
    pixels = chunk(b"IDAT", packed[:7]) + chunk(b"IDAT", packed[7:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + palette + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("interlaced", [0, 1])
@pytest.mark.parametrize("size", [(20, 13), (5, 3), (1, 1)])
def test_png_is_read_with_all_its_rows_and_not_with_a_byte_less(tmp_path, size, kind, interlaced):
    path = tmp_path / "a.png"
    path.write_bytes(png(size, kind, interlaced, 0))
    assert read_upright(path).shape[:2] == size
    path.write_bytes(png(size, kind, interlaced, 1))
    for read in (read_upright, read_labels):
        with pytest.raises(DataError, match="truncated"):
            read(path)


def jpeg(array, **options):
    file = io.BytesIO()
    Image.fromarray(array).save(file, "JPEG", **options)
    return file.getvalue()


OPTIONS = [
    {},
    {"progressive": True},
    {"restart_marker_blocks": 7},
    {"subsampling": 0},
    {"optimize": True},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("array", [NOISE, NOISE[..., 0], np.full((90, 50), 128, np.uint8)])
def test_jpeg_that_stops_before_its_end_marker_is_refused(tmp_path, options, array):
    path, whole = tmp_path / "a.jpg", jpeg(array, **options)
    path.write_bytes(whole + bytes(99))
    assert read_upright(path).shape == array.shape
    if array.max() == 128:
        return
    for kept in (len(whole) // 2, len(whole) - 40):
        path.write_bytes(whole[:kept] + b"\xff\xd9")
        with pytest.raises(DataError, match="truncated"):
            read_upright(path)


def test_jpeg_without_a_part_between_its_restarts_is_refused(tmp_path):
    path, whole = tmp_path / "a.jpg", jpeg(NOISE, restart_marker_rows=1)
    first, last = whole.index(b"\xff\xd2"), whole.index(b"\xff\xd3")
    for content in (whole[:first] + whole[last:], whole[: first + 40] + whole[last:]):
        path.write_bytes(content)
        with pytest.raises(DataError, match="truncated"):
            read_upright(path)


def test_progressive_jpeg_without_its_last_scan_is_refused(tmp_path):
    path, whole = tmp_path / "a.jpg", jpeg(NOISE, progressive=True)
    path.write_bytes(whole[: whole.rindex(b"\xff\xda")] + b"\xff\xd9")
    with pytest.raises(DataError, match="progressive"):
        read_upright(path)


def announce(content, rows, *, strip=None):
    """The same little-endian TIFF with another number of rows, and of rows in a strip."""
    out = bytearray(content)
    at = struct.unpack("<I", out[4:8])[0]
    for place in range(at + 2, at + 2 + 12 * struct.unpack("<H", out[at : at + 2])[0], 12):
        tag = struct.unpack("<H", out[place : place + 2])[0]
        if tag == 257 or (tag == 278 and strip):
            out[place + 2 : place + 12] = struct.pack("<HII", 4, 1, rows if tag == 257 else strip)
    return bytes(out)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate", "jpeg"])  # fmt: skip # noqa: E501
@pytest.mark.parametrize("strip", [None, 250])
def test_tiff_with_fewer_rows_than_it_announces_is_refused(tmp_path, compression, strip):
    path = tmp_path / "a.tif"
    Image.fromarray(NOISE[:120, :, 0]).save(path, compression=compression)
    assert read_upright(path).shape == (120, 203)
    path.write_bytes(announce(path.read_bytes(), 250, strip=strip))
    with pytest.raises(DataError, match="truncated"):
        read_upright(path)


def test_strips_tiles_and_planes_are_all_counted(tmp_path):
    path = tmp_path / "a.tif"
    for options in ({"tile": (64, 64)}, {"rowsperstrip": 16}):
        tifffile.imwrite(path, NOISE[..., 0], **options)
        assert read_upright(path).shape == (250, 203)
    planes = np.moveaxis(NOISE, 2, 0)
    tifffile.imwrite(path, planes, planarconfig="separate", photometric="rgb", rowsperstrip=16)
    np.testing.assert_allclose(read_upright(path) * 255, NOISE, atol=1e-4)


def test_fax_compression_of_a_tiff_is_refused(tmp_path):
    path = tmp_path / "a.tif"
    Image.fromarray(NOISE[..., 0] > 128).save(path, compression="group4")
    with pytest.raises(DataError, match="fax"):
        read_labels(path)


@pytest.mark.parametrize("name", ["WEBP", "JPEG2000", "GIF", "BMP", "PPM"])
def test_half_a_file_of_any_other_format_is_refused(tmp_path, name):
    path = tmp_path / "a.bin"
    Image.fromarray(NOISE[..., 0]).save(path, name)
    assert read_upright(path).shape[:2] == (250, 203)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="bytes"):
        read_upright(path)


def test_format_that_is_not_listed_is_no_image(tmp_path):
    path = tmp_path / "a.eps"
    Image.fromarray(NOISE).save(path, "EPS")
    with pytest.raises(DataError, match="expected an image"):
        read_upright(path)
