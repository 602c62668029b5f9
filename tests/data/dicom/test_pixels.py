"""Pixels of DICOM objects: the order of the standard, against pydicom and by hand."""

import io

import numpy as np
import pytest
from dicom_files import film, table, write
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pydicom.encaps import encapsulate, get_frame
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing
from pydicom.uid import JPEGBaseline8Bit, RLELossless

from xaudit.core.source import StoredBits
from xaudit.data.dicom.pixels.rendering import shown
from xaudit.data.dicom.pixels.run_lengths import decoded_runs
from xaudit.data.image_file import ImageFile
from xaudit.errors import DataError

RAMP = (np.arange(40 * 48) * 21 % 4096).astype(np.uint16).reshape(40, 48)


def read(path, intensity="dtype"):
    return ImageFile(path).upright(intensity)


def rendered(values, ds, voi="sequence"):
    image = shown(values, ds, voi, "a")
    return image.values / image.top


@pytest.mark.parametrize("syntax", ["raw", "jpeg2000", "jpeg_ls", "rle"])
@pytest.mark.parametrize(("kind", "bits"), [("MONOCHROME1", 12), ("MONOCHROME2", 12)])
def test_every_syntax_and_polarity_shows_the_same_film(tmp_path, syntax, kind, bits):
    """Bone is bright; MONOCHROME1 is inverted by its bits, not by the largest value there."""
    top = 2**bits - 1
    bone = RAMP // 2
    stored = (top - bone if kind == "MONOCHROME1" else bone).astype(np.uint16)
    path = write(
        tmp_path / "a", film(stored, BitsStored=bits, PhotometricInterpretation=kind), syntax
    )
    assert np.array_equal(read(path), (bone / np.float32(top)).astype(np.float32))
    assert np.array_equal(read(path, StoredBits(12)), read(path))


@given(st.integers(1, 9), st.integers(1, 9), st.sampled_from([np.uint8, np.uint16, np.int16]),
       st.integers(0, 99), st.integers(1, 400))  # fmt: skip
def test_run_lengths_are_those_of_pydicom(rows, columns, dtype, seed, most):
    """Of images with long runs and without."""
    shape = (rows * 7, columns)
    values = np.random.default_rng(seed).integers(0, most, shape).astype(dtype)
    ds = film(values)
    ds.compress(RLELossless, encoding_plugin="pydicom")
    content = get_frame(ds.PixelData, 0, number_of_frames=1)
    found = decoded_runs(content, shape, values.dtype.itemsize, "a")
    assert np.array_equal(found.view(dtype), values)


def test_a_segment_of_runs_is_decoded_no_further_than_announced():
    content = np.array([1, 64, *[0] * 14], "<u4").tobytes() + b"\x81\x07" * 1_000_000
    assert np.array_equal(decoded_runs(content, (2, 3), 1, "a"), np.full((2, 3), 7))
    with pytest.raises(DataError, match="truncated: a segment ends after 128 of 200 bytes"):
        decoded_runs(content[:66], (10, 20), 1, "a")
    with pytest.raises(DataError, match="expected 2 segments"):
        decoded_runs(content, (2, 3), 2, "a")


def test_colors_in_run_lengths_are_read(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    ds = film(colors[..., 0], SamplesPerPixel=3, PhotometricInterpretation="RGB")
    ds.PlanarConfiguration, ds.PixelData = 0, colors.tobytes()
    assert np.array_equal(read(write(tmp_path / "a", ds, "rle")), (colors / np.float32(255)))


def test_a_jpeg_of_the_lossless_process_is_read(tmp_path):
    from pydicom.encaps import encapsulate
    from pydicom.uid import JPEGLossless

    # Written by hand: nothing that is installed writes it. One row of one value, predictor 1.
    content = lossless_jpeg(5, 4, 77)
    ds = film(np.zeros((4, 5), np.uint8))
    ds.file_meta.TransferSyntaxUID = JPEGLossless
    ds.PixelData = encapsulate([content])
    ds["PixelData"].is_undefined_length = True
    assert np.array_equal(read(write(tmp_path / "a", ds)), np.full((4, 5), np.float32(77 / 255)))


def lossless_jpeg(width, height, value):
    """A constant image: the first difference (from 128) is coded, all others are 0."""
    difference = value - 128
    size = abs(difference).bit_length()
    code = difference if difference > 0 else difference + 2**size - 1
    # Two codes: "0" is category 0, "10" the category of the first pixel.
    bits = "10" + format(code, f"0{size}b") + "0" * (width * height - 1)
    bits += "1" * (-len(bits) % 8)
    data = bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8)).replace(
        b"\xff", b"\xff\0"
    )

    def segment(marker, body):
        return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2) + body

    sizes = height.to_bytes(2) + width.to_bytes(2)
    return (
        b"\xff\xd8"
        + segment(0xC3, b"\x08" + sizes + b"\x01\x01\x11\x00")
        + segment(0xC4, b"\x00" + bytes([1, 1, *[0] * 14]) + bytes([0, size]))
        + segment(0xDA, b"\x01\x01\x00\x01\x00\x00")
        + data
        + b"\xff\xd9"
    )


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("rescale", [None, (2.0, -1024.0), (-0.5, 10.0)])
@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_windows_are_those_of_pydicom(function, rescale, dtype):
    values = RAMP.astype(dtype) - (2048 if dtype is np.int16 else 0)
    ds = film(values, BitsStored=12, WindowCenter="300", WindowWidth=["700", "1"])
    ds.WindowCenter, ds.VOILUTFunction = ["300", "40"], function
    if rescale:
        ds.RescaleSlope, ds.RescaleIntercept = map(str, rescale)
    expected = apply_windowing(apply_modality_lut(values, ds), ds)
    ends = np.array([-2048, 2047] if dtype is np.int16 else [0, 4095])
    low, high = apply_modality_lut(ends, ds)
    np.testing.assert_allclose(
        rendered(values.astype(np.int32), ds), (expected - low) / (high - low), atol=2e-6
    )


@given(st.integers(-3000, 3000), st.integers(1, 400), st.integers(10, 16), st.randoms())
def test_lookup_tables_are_those_of_pydicom(first, count, bits, random):
    entries = [random.randrange(2**bits) for _ in range(count)]
    values = (RAMP.astype(np.int16) - 2048) if first < 0 else RAMP
    ds = film(values, BitsStored=12, ModalityLUTSequence=table(entries, first, 16))
    assert np.array_equal(
        rendered(values, ds), apply_modality_lut(values.astype(np.int32), ds) / 65535
    )
    ds = film(values, BitsStored=12, VOILUTSequence=table(entries, first, bits))
    assert np.array_equal(
        rendered(values, ds), apply_voi(values.astype(np.int32), ds) / (2**bits - 1)
    )


def test_tables_of_8_bits_have_more_than_256_entries():
    """pydicom 3.0.2 counts them in the type of what comes out, so value 256 meets entry 0."""
    ds = film(RAMP, BitsStored=12, VOILUTSequence=table(np.arange(4096) // 16, bits=8))
    assert np.array_equal(rendered(RAMP, ds), (RAMP // 16) / 255)
    assert apply_voi(np.array([256], np.uint16), ds)[0] == 0


def test_tables_of_packed_bytes_are_read():
    packed = table([0], bits=8)
    packed[0].LUTDescriptor = [256, 0, 8]
    packed[0].LUTData = bytes(range(255, -1, -1))
    ds = film((RAMP % 256).astype(np.uint8), VOILUTSequence=packed)
    assert np.array_equal(rendered(RAMP % 256, ds), (255 - RAMP % 256) / 255)


def test_a_table_goes_before_a_window_unless_it_is_declared_otherwise():
    ds = film(RAMP, BitsStored=12, VOILUTSequence=table(np.full(4096, 7), bits=16))
    ds.WindowCenter, ds.WindowWidth = "2048", "2"
    assert np.all(rendered(RAMP, ds) == np.float64(7 / 65535))
    assert set(np.unique(rendered(RAMP, ds, "window"))) <= {0.0, 1.0}
    assert np.array_equal(rendered(RAMP, ds, "none"), RAMP / 4095)
    del ds.WindowCenter
    assert np.all(rendered(RAMP, ds, "window") == 7 / 65535)


def test_a_modality_table_goes_before_a_window():
    ds = film(RAMP, BitsStored=12, ModalityLUTSequence=table(4095 - np.arange(4096), bits=12))
    ds.WindowCenter, ds.WindowWidth = "2048", "4096"
    assert np.array_equal(rendered(RAMP, ds), (4095 - RAMP) / 4095)


def test_signed_values_begin_at_their_lowest():
    values = RAMP.astype(np.int16) - 2048
    ds = film(values, BitsStored=12)
    assert np.array_equal(rendered(values.astype(np.int32), ds), RAMP / 4095)
    ds.PhotometricInterpretation = "MONOCHROME1"
    assert np.array_equal(rendered(values.astype(np.int32), ds), (4095 - RAMP) / 4095)


def test_signed_values_survive_a_file(tmp_path):
    values = RAMP.astype(np.int16) - 2048
    for syntax in ("raw", "jpeg2000", "rle"):
        path = write(tmp_path / syntax, film(values, BitsStored=12), syntax)
        assert np.allclose(read(path), RAMP / 4095, atol=1e-6), syntax


@pytest.mark.parametrize(
    ("kind", "shape", "inverted"),
    [("MONOCHROME1", None, True), ("MONOCHROME1", "INVERSE", True), ("MONOCHROME2", None, False),
     ("MONOCHROME2", "IDENTITY", False), ("MONOCHROME2", "INVERSE", True),
     ("MONOCHROME1", "IDENTITY", False)],
)  # fmt: skip
def test_polarity_is_turned_once(kind, shape, inverted):
    ds = film(RAMP, BitsStored=12, PhotometricInterpretation=kind)
    if shape:
        ds.PresentationLUTShape = shape
    expected = (4095 - RAMP if inverted else RAMP) / 4095
    assert np.array_equal(rendered(RAMP, ds), expected)


def test_padding_is_background_in_both_polarities():
    values = RAMP.copy()
    values[:, :2] = 4095
    for kind in ("MONOCHROME1", "MONOCHROME2"):
        ds = film(values, BitsStored=12, PhotometricInterpretation=kind)
        ds.add_new("PixelPaddingValue", "US", 4095)
        assert not rendered(values, ds)[:, :2].any()


def test_what_lies_above_the_bits_stored_is_cut_off(tmp_path):
    """Old devices keep an overlay in the bits above."""
    stored = RAMP | (1 << 13)
    path = write(tmp_path / "a", film(stored.astype(np.uint16), BitsStored=12))
    assert np.array_equal(read(path), (RAMP / np.float32(4095)).astype(np.float32))
    for syntax in ("raw", "rle"):
        ds = film((RAMP << 4).astype(np.uint16), BitsStored=12, HighBit=15)
        path = write(tmp_path / syntax, ds, syntax)
        assert np.array_equal(read(path), (RAMP / np.float32(4095)).astype(np.float32))


def test_8_bits_are_the_levels_of_an_8_bit_file(tmp_path):
    from PIL import Image

    values = (RAMP % 256).astype(np.uint8)
    Image.fromarray(values).save(tmp_path / "a.png")
    same = {"WindowCenter": "128", "WindowWidth": "256"}
    for number, attributes in enumerate([{}, same]):
        path = write(tmp_path / f"{number}.dcm", film(values, **attributes))
        assert np.array_equal(read(path), read(tmp_path / "a.png"))
        assert ImageFile(path).header() == ImageFile(tmp_path / "a.png").header()
    path = write(tmp_path / "narrow.dcm", film(values, WindowCenter="60", WindowWidth="50"))
    assert ImageFile(path).header().deep


def test_colors_are_read(tmp_path):
    colors = np.random.default_rng(0).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    ds = film(colors[..., 0], SamplesPerPixel=3, PhotometricInterpretation="RGB")
    ds.PlanarConfiguration, ds.PixelData = 0, colors.tobytes()
    assert np.array_equal(read(write(tmp_path / "a", ds)), (colors / np.float32(255)))


def test_a_palette_is_looked_up(tmp_path):
    ds = film((RAMP % 4).astype(np.uint8), PhotometricInterpretation="PALETTE COLOR")
    palette = np.random.default_rng(2).integers(0, 65536, (3, 4)).astype("<u2")
    for name, entries in zip(("Red", "Green", "Blue"), palette, strict=True):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [4, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", entries.tobytes())
    expected = np.moveaxis(palette[:, RAMP % 4] >> 8, 0, -1) / np.float32(255)
    assert np.array_equal(read(write(tmp_path / "a", ds)), expected.astype(np.float32))


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_jpeg_of_8_bits_is_the_picture_that_pillow_decodes(tmp_path, mode):
    content = io.BytesIO()
    smooth = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    Image.fromarray(smooth).convert(mode).save(content, "JPEG", quality=95)
    ds = film(smooth, PhotometricInterpretation="MONOCHROME2" if mode == "L" else "YBR_FULL_422")
    ds.SamplesPerPixel, ds.PlanarConfiguration = len(mode), 0
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.PixelData = encapsulate([content.getvalue()])
    ds["PixelData"].is_undefined_length = True
    expected = np.asarray(Image.open(content), dtype=float) / 255
    assert np.abs(read(write(tmp_path / "a", ds)) - expected).max() <= 3 / 255


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"PixelData": b"\0" * 10}, "truncated: 10 of 3,840 bytes"),
        ({"Rows": 60000, "Columns": 60000}, "at most 400,000,000 bytes"),
        ({"BitsAllocated": 32, "BitsStored": 32}, "expected up to 16 bits"),
        ({"BitsStored": 0}, "0 bits stored"),
        ({"HighBit": 3}, "highest of 12 bits"),
        ({"PhotometricInterpretation": "HSV"}, "expected gray values or colors"),
        ({"PixelAspectRatio": ["2", "1"]}, "square pixels, PixelAspectRatio is 2 to 1"),
        ({"ImagerPixelSpacing": ["0.1", "0.2"]}, "square pixels, ImagerPixelSpacing"),
        ({"WindowCenter": "0", "WindowWidth": "0"}, "expected a LINEAR window"),
        ({"RescaleSlope": "0", "RescaleIntercept": "1"}, "rescale slope that is not 0"),
        ({"NumberOfFrames": 3}, "got 3 frames"),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_refused(tmp_path, change, said):
    ds = film(RAMP, BitsStored=12)
    for key, value in change.items():
        setattr(ds, key, value)
    with pytest.raises(DataError, match=said):
        read(write(tmp_path / "a", ds))


@pytest.mark.parametrize("syntax", ["jpeg2000", "jpeg_ls", "rle"])
@pytest.mark.parametrize("share", [0.2, 0.6, 0.97])
def test_truncated_compressed_frames_are_named(tmp_path, syntax, share):
    from pydicom.encaps import encapsulate, get_frame

    values = np.random.default_rng(1).integers(0, 4096, (40, 50)).astype(np.uint16)
    ds = film(values, BitsStored=12)
    write(tmp_path / "a", ds, syntax)
    whole = get_frame(ds.PixelData, 0, number_of_frames=1)
    ds.PixelData = encapsulate([whole[: int(len(whole) * share)]])
    with pytest.raises(DataError, match=r"truncated|damaged"):
        read(write(tmp_path / "b", ds))


@pytest.mark.parametrize("syntax", ["jpeg2000", "jpeg_ls"])
def test_a_frame_larger_than_announced_is_refused_before_it_is_decoded(tmp_path, syntax):
    ds = film(RAMP, BitsStored=12)
    write(tmp_path / "a", ds, syntax)
    ds.Rows = 6
    with pytest.raises(DataError, match=r"compressed pixel data announce 40 of 48"):
        read(write(tmp_path / "b", ds))


def test_a_wrong_table_is_refused():
    for wrong in (table([1, 2, 3], bits=7), table([5000, 1], bits=12)):
        with pytest.raises(DataError, match="lookup table"):
            rendered(RAMP, film(RAMP, BitsStored=12, VOILUTSequence=wrong))
    short = table([1, 2, 3], bits=8)
    short[0].LUTDescriptor = [900, 0, 8]
    with pytest.raises(DataError, match="announces 900 entries of 8 bits"):
        rendered(RAMP, film(RAMP, BitsStored=12, VOILUTSequence=short))


def test_an_error_holds_no_value(tmp_path):
    ds = film(RAMP, BitsStored=12, PatientName="DOE^JOHN")
    path = write(tmp_path / "a", ds)
    content = path.read_bytes().replace(b"\x28\0\x10\0US\2\0", b"\x28\0\x10\0US\x7f\0")
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        read(path)
    assert "DOE" not in str(caught.value)
