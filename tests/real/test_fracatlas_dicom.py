"""Films written as DICOM: a real detector gives them the logits of the originals.

Forty of FracAtlas, five in each of eight forms, and the films of 16 bits of GRAZPEDWRI-DX.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from dicom_files import film, uid, write
from fracatlas_files import NEEDS_FRACATLAS, ROOT, STUDY, WEIGHTS

from xaudit.audit.config.read_config import Overrides, read_config
from xaudit.audit.plan.plan import detector_spec
from xaudit.core.case import Case
from xaudit.core.grid import Grid
from xaudit.core.source import ImageHeader
from xaudit.data.image_file import ImageFile
from xaudit.data.pixels.images import to_gray
from xaudit.data.prepare import prepare
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.models.load import load_detector

pytestmark = NEEDS_FRACATLAS

GRAZPEDWRI = Path(os.environ.get("XAUDIT_GRAZPEDWRI", ROOT / "../shared/data/grazpedwri"))
EACH = 5
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
    """Forty films, twenty of each label, the smallest that are upright and whole; their levels."""
    study = load_study(DataSpec("fracatlas", STUDY.resolve()))
    told = {issue.case_id for issue in study.issues}
    whole = [case for case in study.cases if case.case_id not in told]
    whole.sort(key=lambda case: np.prod(case.image.header().grid.shape))
    count = EACH * len(KINDS) // 2
    sides = ([case for case in whole if case.label is label][:count] for label in (True, False))
    chosen = [case for pair in zip(*sides, strict=True) for case in pair]
    return [(one, np.round(to_gray(one.image.upright()) * 255).astype(np.uint8)) for one in chosen]


@pytest.fixture(scope="module")
def few(originals):
    return originals[:8]


def logits(cases, detector):
    images = np.stack([prepare(case, detector.input).image for case in cases])
    return np.asarray(detector.logits(images))


def as_stored(levels, kind, bits):
    """Levels of 8 bits scaled to so many bits, in this polarity."""
    top = 2**bits - 1
    values = np.round(levels * (top / 255)).astype(np.uint8 if bits == 8 else np.uint16)
    return (top - values).astype(values.dtype) if kind == "MONOCHROME1" else values


def read_back(folder, films, detector):
    """Logits of films of a folder, written in this order, read as a study of DICOM."""
    rows = [f"{uid(str(number))},{int(case.label)}" for number, (case, _) in enumerate(films)]
    (folder / "labels.csv").write_text("\n".join(["sop_instance_uid,label", *rows]), "utf-8")
    study = load_study(DataSpec("dicom", folder, options={"labels": "labels.csv"}))
    by_path = {int(case.image.kept.path.name): case for case in study.cases}
    cases = [by_path[number] for number in range(len(films))]
    assert [case.label for case in cases] == [case.label for case, _ in films]
    return logits(cases, detector)


def windowed(levels, kind):
    """16 times a level in 12 bits, and a window from 0 to 16 times 255: nothing is rounded away."""
    values = 16 * levels.astype(np.uint16)
    stored = (4095 - values).astype(np.uint16) if kind == "MONOCHROME1" else values
    low = 4095 - 4080 if kind == "MONOCHROME1" else 0
    window = {"WindowCenter": low + 2040, "WindowWidth": 4080, "VOILUTFunction": "LINEAR_EXACT"}
    return stored, window


@pytest.mark.parametrize("form", range(len(KINDS)), ids=[str(kind) for kind in KINDS])
def test_logits_are_those_of_the_originals(detector, originals, tmp_path, form):
    kind, bits, syntax = KINDS[form]
    films = originals[EACH * form : EACH * (form + 1)]
    for number, (_, levels) in enumerate(films):
        stored, window = as_stored(levels, kind, bits), {}
        if bits == 12:
            stored, window = windowed(levels, kind)
        more = {"BitsStored": bits, "PhotometricInterpretation": kind, **window}
        write(tmp_path / str(number), film(stored, str(number), **more), syntax)
    known = logits([case for case, _ in films], detector)
    np.testing.assert_allclose(read_back(tmp_path, films, detector), known, atol=1e-4)


@pytest.mark.skipif(not (GRAZPEDWRI / "images").is_dir(), reason="GRAZPEDWRI-DX is not here")
@pytest.mark.parametrize(("kind", "syntax"), [("MONOCHROME1", "rle"), ("MONOCHROME2", "jpeg2000")])
def test_films_of_16_bits_keep_their_logits(detector, tmp_path, kind, syntax):
    paths = sorted((GRAZPEDWRI / "images").glob("*.png"))
    assert len(paths) == 9
    films = []
    for number, path in enumerate(paths):
        case = Case(path.stem, path.stem, label=bool(number % 2), image=ImageFile(path))
        values = np.round(case.image.upright() * 65535).astype(np.uint16)
        stored = (65535 - values).astype(np.uint16) if kind == "MONOCHROME1" else values
        ds = film(stored, str(number), BitsStored=16, PhotometricInterpretation=kind)
        write(tmp_path / str(number), ds, syntax)
        films.append((case, values))
    known = logits([case for case, _ in films], detector)
    np.testing.assert_allclose(read_back(tmp_path, films, detector), known, atol=1e-4)


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
def test_twelve_bits_without_a_window_are_rounded_and_no_more(detector, few, tmp_path, kind):
    """4095 is no multiple of 255: what rounding to 12 bits moves is not laid to the reader."""
    for number, (_, levels) in enumerate(few):
        stored = as_stored(levels, kind, 12)
        ds = film(stored, str(number), BitsStored=12, PhotometricInterpretation=kind)
        write(tmp_path / str(number), ds, "jpeg2000" if number % 2 else "rle")
    read = read_back(tmp_path, few, detector)
    rounded = [replace(case, image=Rounded(levels, 12)) for case, levels in few]
    np.testing.assert_allclose(read, logits(rounded, detector), atol=2e-5)
    np.testing.assert_allclose(read, logits([case for case, _ in few], detector), atol=1e-2)


def test_a_film_whose_own_maximum_is_low_is_not_brightened(detector, few, tmp_path):
    """Inverted by its largest value, as pydicom does, a dark film would be another one."""
    dark = as_stored(few[0][1], "MONOCHROME2", 12) // 2
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
