"""A folder of DICOM: what is listed, what is told, and what of it never is."""

import pickle

import numpy as np
import pytest
from dicom_files import CR, case_id, film, items, uid, write
from pydicom.config import disable_value_validation

from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

PIXELS = (np.arange(40 * 48) % 251).astype(np.uint8).reshape(40, 48)


def labels(folder, rows, head="sop_instance_uid,label"):
    (folder / "labels.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")


def study(folder, **changes):
    options = {"labels": "labels.csv"} | changes.pop("options", {})
    return load_study(DataSpec("dicom", folder, options=options, **changes))


def kinds(found):
    return {issue.kind: issue.detail for issue in found.issues if issue.case_id == "(study)"}


@pytest.fixture
def folder(tmp_path):
    """Four films of three patients in two hospitals, under names without an end."""
    root = tmp_path / "export"
    for number, name in enumerate("abcd"):
        ds = film(
            PIXELS + np.uint8(number), name,
            SOPClassUID=CR if name == "d" else "1.2.840.10008.5.1.4.1.1.1.1",
            Modality="CR" if name == "d" else "DX",
            PatientID="1" if name in "ab" else name, PatientName="DOE^JANE",
            InstitutionName="St. Mary" if name in "ab" else "General  Hospital",
            PatientAge=["045Y", "018M", "003W", ""][number], PatientSex="FMF"[number % 3],
            ViewPosition="PA", BodyPartExamined="HAND", Manufacturer="Maker",
            AccessionNumber=f"acc{number // 2}",
        )  # fmt: skip
        write(root / name / "IM0", ds)
    labels(root, [f"{uid(name)},{'ab'.count(name)}" for name in "abcd"])
    return root


def test_the_films_of_a_folder_are_cases(folder):
    (folder / "notes.txt").write_text("nothing")
    found = study(folder)
    assert [case.case_id for case in found.cases] == sorted(case_id(name) for name in "abcd")
    by_id = {case.case_id: case for case in found.cases}
    first, second, third, last = (by_id[case_id(name)] for name in "abcd")
    assert [one.label for one in (first, second, third, last)] == [True, True, False, False]
    assert first.patient == second.patient != third.patient
    assert first.site == second.site != third.site
    assert found.site_column == "institution"
    assert [one.groups["age"] for one in (first, second, third, last)] == [
        "40 to under 65", "under 2", "under 2", "not recorded"]  # fmt: skip
    assert first.groups["sex"] == "F"
    assert first.groups | {"view": "PA", "body_part": "HAND"} == first.groups
    assert "1 files are no DICOM" in kinds(found)["not_dicom"]
    assert np.array_equal(first.image.upright(), (PIXELS / np.float32(255)))


def test_nothing_private_is_in_a_case(folder):
    text = repr([(one.case_id, one.patient, one.site, one.groups) for one in study(folder).cases])
    for private in ("DOE", "Mary", "General", "2.25", "acc", str(folder)):
        assert private not in text
    shown = study(folder, options={"show_sites": True})
    assert {case.site for case in shown.cases} == {"St. Mary", "General Hospital"}


def test_labels_are_found_by_examination_or_file(folder):
    labels(folder, ["acc0;yes", "acc1;no"], "AccessionNumber;Fracture")
    found = study(folder)
    assert sum(case.label for case in found.cases) == 2
    assert "label_of_examination" in kinds(found)
    labels(folder, ["a/IM0,yes", "b/IM0,no", "c/IM0,no", "d/IM0,yes", "e/IM0,no"], "file,label")
    found = study(folder)
    assert sum(case.label for case in found.cases) == 2
    assert "1 rows of the labels" in kinds(found)["label_without_image"]


def test_an_image_without_a_label_is_left_out_and_counted(folder):
    labels(folder, [f"{uid('a')},1", f"{uid('b')},0"])
    found = study(folder)
    assert (len(found.cases), found.listed) == (2, 4)
    assert sum(issue.kind == "no_label" for issue in found.issues) == 2


@pytest.mark.parametrize(
    ("rows", "head", "said"),
    [
        (["x,perhaps", "y,no"], "sop_instance_uid,label", "line 2: label: expected fractured"),
        (["x,1"], "sop_instance_uid,diagnosis", "expected a column label"),
        ([f"{uid('a')},1", f"{uid('a')},0"], "sop_instance_uid,label", "line 3: an image is"),
        ([f'{uid("a")},1,"[[1]]"'], "sop_instance_uid,label,boxes", "a box is"),
    ],
)
def test_mistakes_of_a_table_are_told_with_their_line(folder, rows, head, said):
    labels(folder, rows, head)
    with pytest.raises(DataError, match=said):
        study(folder)


def test_a_column_may_be_declared_and_lesions_outlined(folder):
    rows = [f'{uid(name)},{"break" if name == "a" else "fine"},"[[4, 5, 6, 7]]"' for name in "ab"]
    labels(folder, rows, "uid,finding,boxes")
    found = study(folder, columns={"sop_instance_uid": "uid", "label": "finding"},
                  positive=("break",))  # fmt: skip
    assert [case.label for case in found.cases if case.case_id == case_id("a")] == [True]
    assert all(len(case.lesions) == 1 for case in found.cases)


def test_labels_are_never_guessed(folder):
    with pytest.raises(DataError, match="lesions_mean_fracture"):
        study(folder, options={"labels": ""})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"options": {"lable": "x"}}, "no option 'lable'; there is: labels"),
        ({"options": {"voi": "all"}}, "expected sequence or window or none, got 'all'"),
        ({"options": {"show_sites": "yes"}}, "expected true or false, got 'yes'"),
        ({"options": {"lesion_names": "x"}}, "expected a list of texts"),
        ({"options": {"labels": "../x.csv"}}, r"without '\.\.'"),
        ({"options": {"labels": "none.csv"}}, "no file 'none.csv'"),
        ({"site": "ward"}, "expected institution or station, got 'ward'"),
        ({"patient": "PatientID"}, "data.patient: format dicom takes it from the objects"),
        ({"bins": {"age": (95.0,)}}, "ages above 89 are one group"),
        ({"groups": ("name",)}, "no column 'name'"),
    ],
)
def test_what_is_declared_wrongly_is_told(folder, changes, said):
    with pytest.raises(DataError, match=said):
        study(folder, **changes)


def test_the_station_is_the_site_where_no_institution_is_named(tmp_path):
    for name in "ab":
        write(tmp_path / name, film(PIXELS, name, StationName="ROOM 3"))
    labels(tmp_path, [f"{uid(name)},1" for name in "ab"])
    found = study(tmp_path)
    assert found.site_column == "station"
    assert {case.site[:5] for case in found.cases} == {"site "}


def test_a_case_goes_to_another_process(folder):
    case = pickle.loads(pickle.dumps(study(folder).cases[0]))
    assert case.image.upright().shape == PIXELS.shape


def test_frames_are_cases(tmp_path):
    frames = np.stack([PIXELS, PIXELS[::-1]])
    write(tmp_path / "a", film(frames, "a"))
    labels(tmp_path, [f"{uid('a')},1"])
    one, other = study(tmp_path).cases
    assert (one.case_id, other.case_id) == (f"{case_id('a')}-1", f"{case_id('a')}-2")
    assert np.array_equal(other.image.upright(), PIXELS[::-1] / np.float32(255))
    assert one.image.fingerprint() != other.image.fingerprint()


def test_what_is_no_radiograph_is_counted(folder):
    write(folder / "ct", film(PIXELS, "ct", Modality="CT"))
    write(folder / "cine", film(np.stack([PIXELS] * 3), "cine", Modality="XA"))
    write(folder / "again", film(PIXELS, "a"))
    broken = write(folder / "broken", film(PIXELS, "broken"))
    broken.write_bytes(broken.read_bytes()[:300])
    found = study(folder)
    assert len(found.cases) == 4
    told = kinds(found)
    assert (
        "2 objects are no radiographs and are left out: 1 × CT, 1 × cine" in told["other_objects"]
    )
    assert "1 files hold an object" in told["repeated_object"]
    assert "1 DICOM files are damaged" in told["damaged_object"]


def test_a_truncated_film_is_a_case_without_a_score(folder):
    path = folder / "a" / "IM0"
    path.write_bytes(path.read_bytes()[:-100])
    found = study(folder)
    case = next(case for case in found.cases if case.case_id == case_id("a"))
    with pytest.raises(DataError, match=f"{case_id('a')}: .*(truncated|damaged)") as caught:
        case.image.upright()
    assert "IM0" not in str(caught.value)


def test_patients_that_are_not_named_are_not_one_patient(tmp_path):
    for name in "abc":
        write(tmp_path / name, film(PIXELS, name, PatientID="ANONYMOUS" if name < "c" else ""))
    labels(tmp_path, [f"{uid(name)},1" for name in "abc"])
    found = study(tmp_path)
    assert len({case.patient for case in found.cases}) == 3
    assert "3 images name no patient" in kinds(found)["no_patient_id"]


def test_what_headers_warn_of_is_counted(tmp_path):
    flags = {"BurnedInAnnotation": "YES", "PresentationIntentType": "FOR PROCESSING",
             "PresentationLUTShape": "INVERSE"}  # fmt: skip
    write(tmp_path / "a", film(PIXELS, "a", **flags))
    labels(tmp_path, [f"{uid('a')},1"])
    assert {"burned_in_annotation", "for_processing", "polarity_contradicts"} <= set(
        kinds(study(tmp_path))
    )


SPACINGS = [
    ({"PixelSpacing": ["0.1", "0.1"], "PixelSpacingCalibrationType": "FIDUCIAL",
      "ImagerPixelSpacing": ["0.2", "0.2"]}, 0.1, "calibrated by FIDUCIAL"),
    ({"PixelSpacing": ["0.1", "0.1"]}, 0.1, "not recorded"),
    ({"ImagerPixelSpacing": ["0.3", "0.3"], "EstimatedRadiographicMagnificationFactor": "1.5"},
     0.2, "magnification"),
    ({"PixelSpacing": ["0.3", "0.3"], "ImagerPixelSpacing": ["0.3", "0.3"],
      "EstimatedRadiographicMagnificationFactor": "1.5"}, 0.2, "magnification"),
    ({"ImagerPixelSpacing": ["0.3", "0.3"]}, None, "without the magnification"),
    ({}, None, "none is recorded"),
]  # fmt: skip


def test_where_the_spacing_comes_from_is_told(tmp_path):
    for number, (attributes, _, _) in enumerate(SPACINGS):
        write(tmp_path / str(number), film(PIXELS, str(number), **attributes))
    labels(tmp_path, [f"{uid(str(number))},1" for number in range(len(SPACINGS))])
    found = study(tmp_path)
    spacing = {case.case_id: case.spacing for case in found.cases}
    for number, (_, expected, said) in enumerate(SPACINGS):
        assert spacing[case_id(str(number))] == (expected and pytest.approx(expected))
        assert said in kinds(found)["pixel_spacing"]
    assert "2 × ImagerPixelSpacing divided by" in kinds(found)["pixel_spacing"]


def test_a_film_of_oblong_pixels_has_no_score(tmp_path):
    write(tmp_path / "a", film(PIXELS, "a", PixelAspectRatio=[2, 1]))
    labels(tmp_path, [f"{uid('a')},1"])
    found = study(tmp_path)
    issue = next(one for one in found.issues if one.effect == "unreadable")
    assert "square pixels, PixelAspectRatio is 2 to 1" in issue.detail


def test_shutters_and_overlays_are_artifacts(tmp_path):
    ds = film(PIXELS, "a", ShutterShape=["RECTANGULAR", "CIRCULAR"],
              ShutterLeftVerticalEdge="3", ShutterRightVerticalEdge="46",
              ShutterUpperHorizontalEdge="2", ShutterLowerHorizontalEdge="40",
              CenterOfCircularShutter=["20", "24"], RadiusOfCircularShutter="30")  # fmt: skip
    plane = np.zeros((8, 8), bool)
    plane[2:5, 1:4] = True
    for element, kind, value in (
        (0x10, "US", 8), (0x11, "US", 8), (0x40, "CS", "G"), (0x50, "SS", [0, 43]),
        (0x100, "US", 1), (0x102, "US", 0),
        (0x3000, "OW", np.packbits(plane.ravel(), bitorder="little").tobytes()),
    ):  # fmt: skip
        ds.add_new(0x60000000 + element, kind, value)
    write(tmp_path / "a", ds)
    labels(tmp_path, [f"{uid('a')},1"])
    found = study(tmp_path)
    (case,) = found.cases
    grid = case.image.header().grid
    rows, columns = np.indices(grid.shape) + 1
    opened = (columns >= 3) & (columns <= 46) & (rows >= 2)
    opened &= (rows - 20) ** 2 + (columns - 24) ** 2 <= 900
    assert np.array_equal(case.artifacts["shutter"].rasterize(grid), ~opened)
    expected = np.zeros(grid.shape, bool)
    expected[1:4, 43:46] = True
    assert np.array_equal(case.artifacts["overlay 1"].rasterize(grid), expected)


def test_a_polygonal_shutter_is_rasterized(tmp_path):
    corners = ["1", "1", "1", "24", "20", "24", "20", "1"]
    ds = film(PIXELS, "a", ShutterShape="POLYGONAL", VerticesOfThePolygonalShutter=corners)
    write(tmp_path / "a", ds)
    labels(tmp_path, [f"{uid('a')},1"])
    (case,) = study(tmp_path).cases
    covered = case.artifacts["shutter"].rasterize(case.image.header().grid)
    assert not covered[2:18, 2:22].any()
    assert covered[22:, :].all()
    assert covered[:, 26:].all()


def directory(folder, *names):
    """A DICOMDIR that names files."""
    ds = film(PIXELS, "directory", SOPClassUID="1.2.840.10008.1.3.10")
    for keyword in ("PixelData", "Rows", "Columns", "Modality"):
        delattr(ds, keyword)
    with disable_value_validation():
        records = [{"DirectoryRecordType": "PATIENT"}]
        records += [{"DirectoryRecordType": "IMAGE", "ReferencedFileID": name} for name in names]
        ds.DirectoryRecordSequence = items(*records)
        write(folder / "DICOMDIR", ds)


def test_a_directory_names_the_files(folder):
    directory(folder, ["A", "IM0"], ["b", "IM0"])
    (folder / "a" / "IM0").rename(folder / "a" / "im0")
    assert len(study(folder, options={"dicomdir": "DICOMDIR"}).cases) == 2
    found = study(folder)
    assert len(found.cases) == 4
    assert "other_objects" not in kinds(found)
    with pytest.raises(DataError, match="no file 'x' below"):
        study(folder, options={"dicomdir": "x"})


@pytest.mark.parametrize("name", [["..", "IM0"], ["a/../../x", "IM0"], "", ["..\\x"]])
def test_a_directory_leads_nowhere_else(folder, name):
    directory(folder, name or ["", "IM0"])
    with pytest.raises(DataError, match="outside of its folder"):
        study(folder, options={"dicomdir": "DICOMDIR"})


def test_a_folder_without_films_says_what_is_there(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    write(tmp_path / "ct", film(PIXELS, "ct", Modality="CT"))
    with pytest.raises(DataError, match="found 1 × CT, 1 files that are no DICOM"):
        study(tmp_path)
