"""Films of FracAtlas written as DICOM: a real detector gives them the logits of the originals."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from dicom_files import film, uid, write
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY, WEIGHTS

from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.plan.plan import detector_spec
from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader
from xaudit.data.pixels.images import to_gray
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.models.load import load_detector

pytestmark = NEEDS_FRACATLAS

KINDS = [
    ("MONOCHROME1", 8, "rle"), ("MONOCHROME2", 8, "raw"), ("MONOCHROME2", 8, "jpeg2000"),
    ("MONOCHROME1", 12, "jpeg2000"), ("MONOCHROME1", 12, "raw"), ("MONOCHROME2", 12, "rle"),
    ("MONOCHROME1", 16, "raw"), ("MONOCHROME2", 16, "jpeg2000"),
]  # fmt: skip


@dataclass(frozen=True)
class Rounded:
    """The image of a film, its levels rounded to so many bits."""

    levels: np.ndarray
    bits: int

    def header(self):
        return ImageHeader(Grid(self.levels.shape), "F")

    def upright(self, intensity="dtype"):
        top = 2**self.bits - 1
        return (np.round(self.levels * (top / 255)) / top).astype(np.float32)


@pytest.fixture(scope="module")
def detector():
    given = Overrides(STUDY.resolve(), WEIGHTS["localizing"].resolve())
    config, _ = read_config(ROOT / "examples" / "fracatlas.yaml", given)
    return load_detector(detector_spec(config))


@pytest.fixture(scope="module")
def originals():
    """Four films of each label, the smallest that are upright and whole; and their levels."""
    study = load_study(DataSpec("fracatlas", STUDY.resolve()))
    told = {issue.case_id for issue in study.issues}
    whole = [case for case in study.cases if case.case_id not in told]
    whole.sort(key=lambda case: np.prod(case.image.header().grid.shape))
    chosen = [case for case in whole if case.label][:4]
    chosen += [case for case in whole if not case.label][:4]
    return [(one, np.round(to_gray(one.image.upright()) * 255).astype(np.uint8)) for one in chosen]


@pytest.fixture(scope="module")
def known(detector, originals):
    return logits([case for case, _ in originals], detector)


def logits(cases, detector):
    images = np.stack([prepare(case, detector.input).image for case in cases])
    return np.asarray(detector.logits(images))


def as_stored(levels, kind, bits):
    """Levels of 8 bits scaled to so many bits, in this polarity."""
    top = 2**bits - 1
    values = np.round(levels * (top / 255)).astype(np.uint8 if bits == 8 else np.uint16)
    return (top - values).astype(values.dtype) if kind == "MONOCHROME1" else values


@pytest.mark.parametrize("written", KINDS, ids=str)
def test_logits_are_those_of_the_originals(detector, originals, known, tmp_path, written):
    """4095 is no multiple of 255: what rounding to 12 bits moves is not laid to the reader."""
    kind, bits, syntax = written
    rows = ["sop_instance_uid,label"]
    for number, (case, levels) in enumerate(originals):
        stored = as_stored(levels, kind, bits)
        ds = film(stored, str(number), BitsStored=bits, PhotometricInterpretation=kind)
        write(tmp_path / str(number), ds, syntax)
        rows.append(f"{uid(str(number))},{int(case.label)}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    study = load_study(DataSpec("dicom", tmp_path, options={"labels": "labels.csv"}))
    by_path = {int(case.image.kept.path.name): case for case in study.cases}
    assert [by_path[n].label for n in range(8)] == [case.label for case, _ in originals]
    read = logits([by_path[number] for number in range(8)], detector)
    rounded = [replace(case, image=Rounded(levels, bits)) for case, levels in originals]
    expected = known if bits == 8 else logits(rounded, detector)
    np.testing.assert_allclose(read, expected, atol=2e-5)
    np.testing.assert_allclose(read, known, atol=4e-3 if bits == 12 else 1e-3)


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_twelve_bits_under_a_window_are_the_levels_themselves(
    detector, originals, known, tmp_path, kind
):
    """16 times a level, and a window from 0 to 16 times 255: nothing is rounded away."""
    rows = ["sop_instance_uid,label"]
    for number, (case, levels) in enumerate(originals):
        values = 16 * levels.astype(np.uint16)
        stored = (4095 - values).astype(np.uint16) if kind == "MONOCHROME1" else values
        low = 4095 - 4080 if kind == "MONOCHROME1" else 0
        ds = film(
            stored, str(number), BitsStored=12, PhotometricInterpretation=kind,
            WindowCenter=low + 2040, WindowWidth=4080, VOILUTFunction="LINEAR_EXACT",
        )  # fmt: skip
        write(tmp_path / str(number), ds, "jpeg2000" if number % 2 else "rle")
        rows.append(f"{uid(str(number))},{int(case.label)}")
    (tmp_path / "labels.csv").write_text("\n".join(rows), encoding="utf-8")
    study = load_study(DataSpec("dicom", tmp_path, options={"labels": "labels.csv"}))
    by_path = {int(case.image.kept.path.name): case for case in study.cases}
    read = logits([by_path[number] for number in range(len(originals))], detector)
    np.testing.assert_allclose(read, known, atol=1e-3)


def test_a_film_whose_own_maximum_is_low_is_not_brightened(detector, originals, tmp_path):
    """Inverted by its largest value, as pydicom does, a dark film would be another one."""
    dark = as_stored(originals[0][1], "MONOCHROME2", 12) // 2
    kinds = {"MONOCHROME2": dark, "MONOCHROME1": (4095 - dark).astype(np.uint16)}
    found = []
    for kind, values in kinds.items():
        ds = film(values, kind, BitsStored=12, PhotometricInterpretation=kind)
        write(tmp_path / kind / "a", ds)
        (tmp_path / kind / "l.csv").write_text(f"sop_instance_uid,label\n{uid(kind)},1\n")
        spec = DataSpec("dicom", tmp_path / kind, options={"labels": "l.csv"})
        found.append(replace(load_study(spec).cases[0], case_id="a"))
    one, other = (logits([case], detector) for case in found)
    np.testing.assert_allclose(one, other, atol=1e-5)
