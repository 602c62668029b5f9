"""Objects of an audit, read back: on the pixels of their radiographs, and without patients."""

import csv
import os
import shutil
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from dicom_files import case_id, film, table, uid
from PIL import Image

from tests.contracts.test_dicom_audit import DATE, plant
from tests.contracts.test_dicom_audit import MARK as PLANTED
from xaudit.audit.config.read_config import Overrides
from xaudit.audit.store.record import read_record
from xaudit.audit.store.results import Results
from xaudit.audit.store.store import Store
from xaudit.core.detector import InputSpec, OperatingPoint
from xaudit.core.grid import Grid
from xaudit.data.annotations.masks import Polygons
from xaudit.data.dicom.headers.identity import case_name
from xaudit.data.transforms.geometry import GridTransform
from xaudit.dicom_export.identity import without_patient
from xaudit.dicom_export.presentation import rings
from xaudit.dicom_export.report import _calls
from xaudit.dicom_export.segmentations import LARGEST_ERROR
from xaudit.dicom_export.write import DicomExport
from xaudit.errors import ConfigError, DataError
from xaudit.phantom.demo import REFERENCE_WEIGHTS
from xaudit.pipeline.conduct import run_audit
from xaudit.report.exports.paper import Paper

hd = pytest.importorskip("highdicom")
pydicom = pytest.importorskip("pydicom")
codes = pytest.importorskip("pydicom.sr.codedict").codes

MARK = "ZZPRIVATE"
SEEN = {"height": 224, "width": 160, "channels": 1, "mean": [0.35], "std": [0.25],
        "resize": "letterbox"}  # fmt: skip
SHARED = (
    "PatientName", "OtherPatientNames", "PatientAddress", "PatientComments", "EthnicGroup",
    "Occupation", "AdditionalPatientHistory", "MedicalRecordLocator", "ReferringPhysicianName",
    "AccessionNumber", "StudyID", "StudyDescription", "PhysiciansOfRecord", "AdmissionID",
    "AdmittingDiagnosesDescription", "InstitutionName", "StationName", "ReasonForVisit",
    "RequestingService", "ConsultingPhysicianName", "ClinicalTrialSubjectID",
)  # fmt: skip
CUT = 10
"""Columns that are cut off each side, so that the input grid is padded."""


def dicom_study(phantom, folder):
    """Films of the phantom as 12 bits, every second one MONOCHROME1, with marked attributes."""
    folder.mkdir()
    labels, lesions = [("SOPInstanceUID", "label")], {}
    with (phantom / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))[:24]
    for number, row in enumerate(rows):
        gray = np.asarray(Image.open(phantom / row["image"]))[:, CUT:-CUT]
        values = np.rint(gray / np.float64(np.iinfo(gray.dtype).max) * 4095).astype(np.uint16)
        first = number % 2 == 0
        ds = film(
            4095 - values if first else values, f"film {number}", BitsStored=12,
            PhotometricInterpretation="MONOCHROME1" if first else "MONOCHROME2",
        )  # fmt: skip
        if number % 4 < 2:
            # Others have no more than they need to be read.
            ds.PatientOrientation, ds.Laterality = ["L", "F"], "L"
            ds.ImagerPixelSpacing = [0.2, 0.2]
        for keyword in SHARED:
            setattr(ds, keyword, f"{MARK}^A")
        ds.PatientID = f"{MARK}{number}"
        ds.StudyDate, ds.PatientBirthDate, ds.PatientSex = "20200102", "19701231", "F"
        ds.StudyTime = "120000"
        ds.save_as(folder / f"{number}.dcm", enforce_file_format=True)
        labels.append((ds.SOPInstanceUID, row["label"]))
        masks = [np.asarray(Image.open(phantom / one))[:, CUT:-CUT] > 0
                 for one in row["masks"].split(";") if one]  # fmt: skip
        if masks:
            lesions[case_id(f"film {number}")] = masks
            described = hd.seg.SegmentDescription(
                1, "fracture", hd.sr.CodedConcept("49755003", "SCT", "Altered structure"),
                hd.sr.CodedConcept("72704001", "SCT", "Fracture"), "MANUAL",
            )  # fmt: skip
            drawn = np.any(masks, axis=0).astype(np.uint8)[None]
            hd.seg.Segmentation(
                [ds], drawn, "BINARY", [described], uid(f"s{number}"), 1, uid(f"seg {number}"), 1,
                "maker", "model", "1", "1",
            ).save_as(folder / f"seg{number}.dcm")  # fmt: skip
    with (folder / "labels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(labels)
    return lesions


@pytest.fixture(scope="module")
def audit(phantom_folder, tmp_path_factory):
    base = tmp_path_factory.mktemp("dicom")
    lesions = dicom_study(phantom_folder / "study", base / "study")
    content = {
        "name": "dicom",
        "data": {"format": "dicom", "root": "study", "options": {"labels": "labels.csv"}},
        "detector": {
            "name": "reference", "architecture": "xaudit.models.reference:small_cnn",
            "weights": str(REFERENCE_WEIGHTS), "input": SEEN,
            "operating_points": [{"name": "default", "logit": 0.0, "origin": "fixed"}],
        },
        "explain": {
            "cases": 6, "positives": 0.6667, "methods": {"gradcam": {}}, "checks": {"cases": 0},
            "shortcuts": 0,
        },
        "robustness": {"cases": 0, "maps": 0}, "statistics": {"draws": 200},
    }  # fmt: skip
    (base / "audit.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    run_audit(base / "audit.yaml", base / "out", Overrides(), None, lambda step: None)
    record = read_record(base / "out")
    results = Results.load(Store(base / "out"), record)
    return SimpleNamespace(base=base, results=results, lesions=lesions, record=record)


def exported(audit, folder, **options):
    return exporter(audit, **options).write(folder)


def exporter(audit, identified=False, data=None):
    made = DicomExport.of.__func__
    with pytest.MonkeyPatch.context() as patch:
        # The browser is tested where cards are printed.
        patch.setattr("xaudit.dicom_export.write.print_pdf", lambda card, paper: b"%PDF-1.7 card")
        return made(DicomExport, audit.base / "out", data or audit.base / "study",
                    identified=identified, paper=Paper.a4)  # fmt: skip


@pytest.fixture(scope="module")
def objects(audit, tmp_path_factory):
    return exported(audit, tmp_path_factory.mktemp("objects") / "dicom")


def of_kind(folder, what):
    return {path.stem.removesuffix(f"-{what}"): pydicom.dcmread(path)
            for path in sorted(folder.glob(f"*-{what}.dcm"))}  # fmt: skip


def test_every_explained_case_has_its_objects(audit, objects):
    explained = {one.case_id for one in audit.results.maps if one.error is None}
    assert of_kind(objects, "maps").keys() == of_kind(objects, "report").keys() == explained
    annotated = explained & audit.lesions.keys()
    assert annotated
    assert of_kind(objects, "lesions").keys() == of_kind(objects, "outlines").keys() == annotated


def test_lesions_come_back_pixel_for_pixel(audit, objects):
    for name in of_kind(objects, "lesions"):
        read = hd.seg.segread(objects / f"{name}-lesions.dcm")
        (source,) = read.get_source_image_uids()
        planes = read.get_pixels_by_source_instance([source[2]])[0]
        expected = np.any(audit.lesions[name], axis=0)
        np.testing.assert_array_equal(planes.any(axis=-1), expected)
        assert name == case_name(source[2])


def test_maps_come_back_within_eight_bits(audit, objects):
    for name, ds in of_kind(objects, "maps").items():
        read = hd.seg.segread(objects / f"{name}-maps.dcm")
        (source,) = read.get_source_image_uids()
        share = read.get_pixels_by_source_instance([source[2]], rescale_fractional=True)[0, ..., 0]
        grid = Grid(share.shape)
        transform = GridTransform.between(grid, audit_input())
        assert transform.offset != (0, 0)
        values = transform.map_to_source(audit.results.array(name, "gradcam").astype(np.float32))
        evidence = np.where(transform.visible(), values, 0).clip(min=0)
        np.testing.assert_allclose(share, evidence / evidence.max(), atol=LARGEST_ERROR + 1e-6)
        assert f"{evidence.max():.4g}" in ds.SegmentSequence[0].SegmentLabel


def audit_input():
    return InputSpec(224, 160, channels=1, mean=(0.35,), std=(0.25,), resize="letterbox")


def test_outlines_enclose_the_lesions_and_keep_the_polarity(audit, objects):
    for name, ds in of_kind(objects, "outlines").items():
        parts = tuple(
            tuple(map(tuple, np.reshape(one.GraphicData, (-1, 2)).tolist()))
            for one in ds.GraphicAnnotationSequence[0].GraphicObjectSequence
        )
        expected = np.any(audit.lesions[name], axis=0)
        found = np.any([Polygons((one,)).rasterize(Grid(expected.shape)) for one in parts], axis=0)
        overlap = 2 * (found & expected).sum() / (found.sum() + expected.sum())
        assert overlap > 0.97
        first = next(number for number in range(24) if case_id(f"film {number}") == name) % 2 == 0
        assert ds.PresentationLUTShape == ("INVERSE" if first else "IDENTITY")


def test_report_holds_the_logit_the_calls_and_the_figures(audit, objects):
    for name in of_kind(objects, "report"):
        report = hd.sr.srread(objects / f"{name}-report.dcm")
        detector, *maps = report.content.get_image_measurement_groups()
        (logit,) = detector.get_measurements(name=detector.get_measurements()[0].name)
        assert logit.value == pytest.approx(audit.results.by_id[name].logit)
        calls = {one.name.meaning: one.value.meaning
                 for one in detector.get_qualitative_evaluations()}  # fmt: skip
        above = audit.results.by_id[name].logit > 0
        assert calls["called at default"] == ("Present" if above else "Absent")
        assert calls["reference standard"] == (
            "Present" if audit.results.by_id[name].label else "Absent"
        )
        assert len(maps) == 1


def test_a_logit_on_an_inclusive_threshold_is_called(audit):
    name, row = next(iter(audit.results.by_id.items()))
    point = OperatingPoint("on it", row.logit, "fixed", inclusive=True)
    device = SimpleNamespace(operating_points=(point, replace(point, inclusive=False)))
    first, second, _ = _calls(hd, codes, SimpleNamespace(row=row), device)
    assert [one.value.meaning for one in (first, second)] == ["Present", "Absent"], name


def test_nothing_that_the_profile_names_is_left():
    ds = film(np.zeros((8, 9), np.uint16), VOILUTSequence=table(range(4)))
    ds.VOILUTSequence[0].LUTExplanation = PLANTED
    with pydicom.config.disable_value_validation():
        plant(ds)
    ds.file_meta.SourceApplicationEntityTitle = PLANTED[:16]
    kept = without_patient(ds, "case")
    assert len(kept.VOILUTSequence) == 1
    told = [str(one.value) for one in (*kept.iterall(), *kept.file_meta)]
    assert not [text for text in told if PLANTED[:16] in text or DATE in text]
    assert kept.PatientID == "case"
    assert kept.SOPInstanceUID == ds.SOPInstanceUID


def test_no_patient_is_in_any_object_unless_asked_for(audit, objects, tmp_path):
    for path in objects.iterdir():
        content = path.read_bytes()
        for private in (MARK, "19701231", "20200102"):
            assert private.encode() not in content, path.name
    kept = exported(audit, tmp_path / "kept", identified=True)
    for path in kept.glob("*-report.dcm"):
        assert str(pydicom.dcmread(path).PatientID).startswith(MARK)
    assert pydicom.dcmread(kept / "card.dcm").PatientName == "xaudit^model card"


def test_what_highdicom_cannot_write_is_named_by_the_case(audit, tmp_path, monkeypatch):
    def failing(*_):
        raise ValueError(f"{MARK} is no date")

    monkeypatch.setattr("xaudit.dicom_export.write.report_of", failing)
    with pytest.raises(DataError, match=r"\w{12}: nothing that refers to its object") as caught:
        exported(audit, tmp_path / "out")
    assert MARK not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_explained_films_with_and_without_attributes_are_among_them(audit):
    numbers = [n for n in range(24) if case_id(f"film {n}") in of_explained(audit)]
    assert {number % 4 < 2 for number in numbers} == {True, False}


def test_the_same_audit_gives_the_same_objects(audit, objects, tmp_path):
    again = exported(audit, tmp_path / "again")
    for path in objects.iterdir():
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name


def test_the_card_is_whole(objects):
    ds = pydicom.dcmread(objects / "card.dcm")
    assert ds.EncapsulatedDocument[: ds.EncapsulatedDocumentLength] == b"%PDF-1.7 card"


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dicom3tools is not installed")
def test_objects_are_what_the_standard_asks_for(objects):
    for path in objects.iterdir():
        command = ["dciodvfy", "-new", str(path)]
        said = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        lines = (said.stdout + said.stderr).splitlines()
        assert not [line for line in lines if line.startswith(("Error", "Abort"))], path.name


def test_another_study_is_refused(audit, tmp_path):
    study = shutil.copytree(audit.base / "study", tmp_path / "study")
    with pytest.raises(ConfigError, match="exists; choose another"):
        exported(audit, study)
    (name,) = sorted(of_explained(audit))[:1]
    number = next(number for number in range(24) if case_id(f"film {number}") == name)
    ds = pydicom.dcmread(study / f"{number}.dcm")
    ds.PixelData = bytes(len(ds.PixelData))
    ds.save_as(study / f"{number}.dcm")
    with pytest.raises(DataError, match=f"1 images are not those that were audited .{name}"):
        exported(audit, tmp_path / "out", data=study)
    (study / f"{number}.dcm").unlink()
    with pytest.raises(DataError, match="not in this study"):
        exported(audit, tmp_path / "out", data=study)
    assert not (tmp_path / "out").exists()


def of_explained(audit):
    return {one.case_id for one in audit.results.maps if one.error is None}


def test_rings_go_around_pixels():
    mask = np.zeros((5, 6), dtype=bool)
    mask[2, 3] = True
    (ring,) = rings(mask)
    assert ring.mean(axis=0) == pytest.approx([3.5, 2.5], abs=0.2)
    assert (ring[0] == ring[-1]).all()
