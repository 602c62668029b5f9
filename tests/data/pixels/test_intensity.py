import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from xaudit.core.detector import InputSpec
from xaudit.core.source import StoredBits
from xaudit.data.pixels.images import read_range, read_upright
from xaudit.data.pixels.intensity import UsedRange, unused_range
from xaudit.errors import DataError

TWELVE = np.array([[0, 1000, 4095]], np.uint16)


def save(tmp_path, array, name="a.png", **options):
    path = tmp_path / name
    Image.fromarray(array).save(path, **options)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_12_bits_in_16_reach_one_where_they_are_declared(tmp_path, name):
    path = save(tmp_path, TWELVE, name)
    assert read_upright(path, StoredBits(12))[0] == pytest.approx([0, 1000 / 4095, 1])
    assert read_upright(path).max() == pytest.approx(4095 / 65535)


@pytest.mark.parametrize("bits", range(8, 17))
def test_any_number_of_bits_divides_by_its_largest_value(tmp_path, bits):
    path = save(tmp_path, np.array([[0, 2**bits - 1]], np.uint16))
    assert read_upright(path, StoredBits(bits)).tolist() == [[0, 1]]


def test_value_above_the_declared_bits_is_an_error_of_the_case(tmp_path):
    with pytest.raises(DataError, match=r"bits: 11' expects values from 0 to 2047, got 0 to 4095"):
        read_upright(save(tmp_path, TWELVE), StoredBits(11))


def test_film_that_was_stored_inverted_is_turned_within_its_bits(tmp_path):
    path = save(tmp_path, TWELVE, "a.tif", tiffinfo={262: 0})
    assert read_upright(path, StoredBits(12))[0] == pytest.approx([1, 3095 / 4095, 0])


@pytest.mark.parametrize("mode", ["L", "RGB", "P"])
def test_file_of_8_bits_does_not_hold_12(tmp_path, mode):
    path = tmp_path / "a.png"
    Image.new(mode, (4, 3)).save(path)
    with pytest.raises(DataError, match="more than 8 bits"):
        read_upright(path, StoredBits(12))
    assert read_upright(path, StoredBits(8)).max() == 0


def test_type_of_12_bits_divides_by_4095(tmp_path):
    path = tmp_path / "a.tif"
    path.write_bytes(twelve_bit_tiff(TWELVE[0]))
    assert read_upright(path)[0, :3] == pytest.approx([0, 1000 / 4095, 1])


def twelve_bit_tiff(row):
    """One row of packed 12-bit values; what a radiography workstation writes, by hand."""
    bits = "".join(f"{value:012b}" for value in [*row, 0])
    data = int(bits, 2).to_bytes(len(bits) // 8)
    tags = [(256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (278, 1),
            (279, len(data))]  # fmt: skip
    entries = b"".join(
        tag.to_bytes(2, "little") + b"\x04\x00" + (1).to_bytes(4, "little")
        + value.to_bytes(4, "little")
        for tag, value in tags
    )  # fmt: skip
    place = (8 + len(data)).to_bytes(4, "little")
    return (
        b"II*\x00" + place + data + len(tags).to_bytes(2, "little") + entries + bytes(4)
    )  # fmt: skip


def test_signed_values_have_no_maximum_that_is_agreed(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, TWELVE.astype(np.int16))
    with pytest.raises(DataError, match="signed"):
        read_upright(path)
    assert read_upright(path, StoredBits(12)).max() == 1


def test_jpeg_of_12_bits_and_tiff_of_10_are_refused(tmp_path):
    path = save(tmp_path, np.zeros((8, 8), np.uint8), "a.jpg")
    content = bytearray(path.read_bytes())
    content[content.index(b"\xff\xc0") + 4] = 12
    path.write_bytes(bytes(content))
    with pytest.raises(DataError, match="expected an image"):
        read_upright(path)
    ten = twelve_bit_tiff(TWELVE[0]).replace(b"\x02\x01\x04\x00\x01\x00\x00\x00\x0c",
                                             b"\x02\x01\x04\x00\x01\x00\x00\x00\x0a")  # fmt: skip
    path.write_bytes(ten)
    with pytest.raises(DataError, match="expected an image"):
        read_upright(path)


def test_16_bit_color_is_read_with_8_bits_and_never_as_12(tmp_path):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((2, 3, 3), np.uint16), photometric="rgb")
    with pytest.raises(DataError, match="8"):
        read_upright(path, StoredBits(12))


def deep_png(color, samples):
    """A PNG of 16 bits a channel that holds 12-bit values."""

    def chunk(kind, data):
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    rows = (b"\0" + np.full((5, samples), 4000, ">u2").tobytes()) * 4
    header = struct.pack(">IIBBBBB", 5, 4, 16, color, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


@pytest.mark.parametrize(("color", "samples"), [(2, 3), (6, 4), (4, 2)])
def test_deep_color_of_12_bits_is_not_told_to_read_8(tmp_path, color, samples):
    path = tmp_path / "a.png"
    path.write_bytes(deep_png(color, samples))
    with pytest.raises(DataError, match="one gray channel of 16 bits") as caught:
        read_upright(path, StoredBits(12))
    assert "dtype" not in str(caught.value)


@pytest.mark.parametrize("value", [100, 4095])
def test_pgm_says_its_own_largest_value(tmp_path, value):
    path = tmp_path / "a.pgm"
    path.write_bytes(b"P5\n5 4\n4095\n" + np.full((4, 5), value, ">u2").tobytes())
    assert read_upright(path)[0, 0] == pytest.approx(value / 4095, abs=1e-4)
    with pytest.raises(DataError, match="intensity: dtype; declare that"):
        read_upright(path, StoredBits(12))


def narrow(count, high=4095, top=65535, most=None):
    return [UsedRange(most or high, high, top)] * count


def test_range_that_images_do_not_use_is_named_with_its_remedy(tmp_path):
    found = read_range(save(tmp_path, TWELVE))
    assert (found.most, found.top) == (4095, 65535)
    (one,) = unused_range([found, UsedRange(300, 290, 65535)])
    assert one.name == "unused_range"
    assert "2 of 2 images" in one.text
    assert "6.2%" in one.text
    assert "bits: 12" in one.text
    assert not unused_range(narrow(3, 4095, 4095))
    assert not unused_range([])
    assert not unused_range([UsedRange(0, 0, 255)])
    assert "bits" not in unused_range(narrow(3, 40, 255))[0].text
    assert read_range(save(tmp_path, TWELVE), "minmax") is None


def test_image_that_fills_its_range_does_not_speak_for_the_others():
    full = UsedRange(60_000, 50_000, 65535)
    (one,) = unused_range([*narrow(8), *[full] * 24])
    assert "8 of 32 images" in one.text
    assert not unused_range([*narrow(7), *[full] * 25])
    assert not unused_range([*narrow(2), full, full])


def test_mark_of_a_few_pixels_does_not_hide_the_range(tmp_path):
    array = np.full((100, 100), 3000, np.uint16)
    array[0, :3] = 65535
    found = read_range(save(tmp_path, array))
    assert (found.most, found.high, found.top) == (65535, 3000, 65535)
    assert "3 images, as of a burnt-in mark" in unused_range([found] * 3)[0].text


def test_several_depths_of_one_study_are_judged_by_themselves_and_named():
    (one,) = unused_range([*narrow(3), *[UsedRange(255, 250, 255)] * 29])
    assert "3 of 3 images" in one.text
    assert "3 of 65535, 29 of 255" in one.text


@pytest.mark.parametrize("bits", [7, 17])
def test_bits_outside_of_8_to_16_are_refused(bits):
    with pytest.raises(ValueError, match="8 to 16"):
        InputSpec(8, 8, intensity=StoredBits(bits))
