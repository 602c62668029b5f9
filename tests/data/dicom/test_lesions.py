"""Lesions that objects draw: written by highdicom or by hand, back on the grid of their image."""

import highdicom as hd
import numpy as np
import pytest
from dicom_files import CR, case_id, film, items, uid, write
from highdicom.sr import CodedConcept
from pydicom import Dataset
from pydicom.config import disable_value_validation
from pydicom.sr.codedict import codes

from xaudit.data.dicom.lesions.shapes import ring_of
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

SHAPE = (45, 51)  # rows that end within a byte
PIXELS = (np.arange(45 * 51) % 251).astype(np.uint8).reshape(SHAPE)
FRACTURE = CodedConcept("72704001", "SCT", "Fracture")
STORAGE = "1.2.840.10008.5.1.4.1.1."


def whole_film(name, pixels=PIXELS, **attributes):
    """A film with what highdicom asks of its source."""
    ds = film(
        pixels, name, SOPClassUID=CR, Modality="CR", PatientName="", PatientBirthDate="",
        PatientSex="", AccessionNumber="", StudyID="", StudyDate="20200101", StudyTime="120000",
        SeriesNumber=1, InstanceNumber=1, StudyInstanceUID=uid("study"),
        SeriesInstanceUID=uid("series"), PatientID="1", ReferringPhysicianName="", **attributes,
    )  # fmt: skip
    ds.file_meta.ImplementationClassUID = uid("implementation")
    return ds


def study(folder, **changes):
    options = {"lesions_mean_fracture": True} | changes.pop("options", {})
    return load_study(DataSpec("dicom", folder, options=options, **changes))


def lesions(found, name):
    case = next(one for one in found.cases if one.case_id.startswith(case_id(name)))
    return [one.rasterize(case.image.header().grid) for one in case.lesions]


def kinds(found):
    return {issue.kind: issue.detail for issue in found.issues}


@pytest.fixture
def folder(tmp_path):
    for name in "ab":
        write(tmp_path / name, whole_film(name))
    return tmp_path


MASK = np.zeros(SHAPE, dtype=bool)
MASK[3:9, 40:50] = True
MASK[20:30, 1:4] = True


def segmentation(source, mask, kind, labels=("Fracture",)):
    described = [
        hd.seg.SegmentDescription(
            number, label, codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Lesion,
            hd.seg.SegmentAlgorithmTypeValues.MANUAL,
        )
        for number, label in enumerate(labels, start=1)
    ]  # fmt: skip
    return hd.seg.Segmentation(
        [source],
        mask,
        kind,
        described,
        uid("seg series"),
        2,
        uid("seg"),
        1,
        "x",
        "x",
        "1",
        "1",
        omit_empty_frames=False,
    )


@pytest.mark.parametrize("kind", ["BINARY", "FRACTIONAL"])
def test_segments_are_lesions_to_the_pixel(folder, kind):
    stored = MASK[None] if kind == "BINARY" else MASK[None] * np.float32(0.9) + np.float32(0.05)
    segmentation(whole_film("a"), stored, kind).save_as(folder / "seg")
    found = study(folder)
    assert [np.array_equal(one, MASK) for one in lesions(found, "a")] == [True]
    assert lesions(found, "b") == []
    assert sorted(case.label for case in found.cases) == [False, True]
    split = study(folder, mask_lesions="components")
    assert sum(lesions(split, "a")).max() == 1
    assert len(lesions(split, "a")) == 2


def test_several_segments_have_to_be_named(folder):
    stacked = np.stack([MASK, MASK[::-1], np.zeros(SHAPE, bool)], axis=-1)[None]
    names = ("Fracture 1", "Bone", "Fracture 2")
    segmentation(whole_film("a"), stacked.astype(np.uint8), "BINARY", names).save_as(folder / "seg")
    with pytest.raises(DataError, match="2 names: 'Bone', 'Fracture 1'; say which are lesions"):
        study(folder)
    found = study(folder, options={"lesion_names": ["fracture*"]})
    assert [np.array_equal(one, MASK) for one in lesions(found, "a")] == [True]
    assert "1 annotated regions are lesions by their names, 1 are not" in str(kinds(found))
    assert "1 × empty segments" in kinds(found)["annotation_left_out"]


def test_a_label_map_has_a_lesion_for_each_value(folder):
    seg = segmentation(whole_film("a"), MASK[None], "BINARY")
    seg.SegmentationType, seg.BitsAllocated, seg.BitsStored, seg.HighBit = "LABELMAP", 8, 8, 7
    seg.PixelData = MASK.astype(np.uint8).tobytes() + b"\0"
    seg.save_as(folder / "seg")
    assert [np.array_equal(one, MASK) for one in lesions(study(folder), "a")] == [True]


def test_a_segment_of_another_image_or_size_is_told(folder):
    segmentation(whole_film("elsewhere"), MASK[None], "BINARY").save_as(folder / "seg")
    found = study(folder)
    assert "1 annotated regions refer to no image" in kinds(found)["annotation_without_image"]
    assert not any(case.label for case in found.cases)
    small = whole_film("a", PIXELS[:40, :40].copy())
    segmentation(small, MASK[None, :40, :40], "BINARY").save_as(folder / "seg")
    with pytest.raises(DataError, match="annotation is 40 x 40 pixels"):
        lesions(study(folder), "a")


def test_damaged_annotations_are_no_normal_images(folder):
    path = folder / "seg"
    segmentation(whole_film("a"), MASK[None], "BINARY").save_as(path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="1 objects with annotations are damaged"):
        study(folder)
    (folder / "l.csv").write_text(f"sop_instance_uid,label\n{uid('a')},1\n{uid('b')},0\n")
    assert "damaged_annotation" in kinds(study(folder, options={"labels": "l.csv"}))


# Structured reports.


def report(source, region, finding=FRACTURE):
    measurements = hd.sr.PlanarROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=hd.sr.TrackingIdentifier(uid=uid("track"), identifier="x"),
        referenced_region=region,
        finding_type=finding,
    )
    person = hd.sr.PersonObserverIdentifyingAttributes(name="Doe^John")
    context = hd.sr.ObservationContext(observer_person_context=hd.sr.ObserverContext(
        observer_type=codes.DCM.Person, observer_identifying_attributes=person))  # fmt: skip
    content = hd.sr.MeasurementReport(
        observation_context=context,
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=[measurements],
        title=codes.DCM.ImagingMeasurementReport,
    )
    return hd.sr.Comprehensive3DSR(
        [source], content[0], uid("sr series"), 3, uid("sr"), 1, manufacturer="x",
    )  # fmt: skip


def region(kind, data, name="a"):
    image = hd.sr.SourceImageForRegion(CR, uid(name))
    return hd.sr.ImageRegion(kind, np.asarray(data, dtype=float), image)


def test_a_polyline_of_a_report_is_a_lesion(folder):
    box = [[5, 4], [15, 4], [15, 11], [5, 11], [5, 4]]
    report(whole_film("a"), region("POLYLINE", box)).save_as(folder / "sr")
    expected = np.zeros(SHAPE, bool)
    expected[4:11, 5:15] = True
    found = study(folder, options={"lesion_names": ["Fracture"]})
    assert [np.array_equal(one, expected) for one in lesions(found, "a")] == [True]
    assert not any(case.label for case in study(folder, options={"lesion_names": ["Cyst"]}).cases)


@pytest.mark.parametrize(
    ("kind", "data", "axes"),
    [("CIRCLE", [[20.5, 20.5], [20.5, 30.5]], (10, 10)),
     ("ELLIPSE", [[8.5, 20.5], [32.5, 20.5], [20.5, 14.5], [20.5, 26.5]], (12, 6))],
)  # fmt: skip
def test_circles_and_ellipses_are_lesions(folder, kind, data, axes):
    report(whole_film("a"), region(kind, data)).save_as(folder / "sr")
    (mask,) = lesions(study(folder), "a")
    rows, columns = np.indices(SHAPE)
    wide, high = axes
    expected = ((columns - 20) / wide) ** 2 + ((rows - 20) / high) ** 2 <= 1
    assert (mask != expected).sum() < 0.08 * expected.sum()
    assert mask.sum() == pytest.approx(np.pi * wide * high, rel=0.03)


def test_a_line_is_no_lesion_and_its_image_is_not_normal(folder):
    """A fracture drawn as a line: it encloses nothing, and nobody may call the image normal."""
    ds = report(whole_film("a"), region("POLYLINE", [[5, 4], [15, 4], [9, 9], [5, 4]]))
    for item in walk(ds):
        if item.get("ValueType") == "SCOORD":
            item.GraphicData = [5.0, 4.0, 15.0, 4.0, 9.0, 9.0]
    ds.save_as(folder / "sr")
    found = study(folder)
    assert len(found.cases) == 1
    assert "1 × lines and points" in kinds(found)["annotation_left_out"]
    assert "encloses nothing" in kinds(found)["no_label"]


def walk(item):
    for one in item.get("ContentSequence") or ():
        yield one
        yield from walk(one)


def test_an_image_that_stands_elsewhere_in_a_report_is_found(folder):
    scoord = {"ValueType": "SCOORD", "GraphicType": "POLYLINE",
              "GraphicData": [5.0, 4.0, 15.0, 4.0, 15.0, 11.0, 5.0, 4.0],
              "ContentSequence": items({"RelationshipType": "SELECTED FROM",
                                        "ReferencedContentItemIdentifier": [1, 1]})}  # fmt: skip
    image = {"ValueType": "IMAGE", "ReferencedSOPSequence": items(
        {"ReferencedSOPInstanceUID": uid("b"), "ReferencedFrameNumber": 1})}  # fmt: skip
    write(folder / "sr", annotation("88.50", "SR", ContentSequence=items(image, scoord)))
    assert len(lesions(study(folder), "b")) == 1


def annotation(kind, modality, **attributes):
    ds = film(PIXELS, f"annotation {kind}", SOPClassUID=STORAGE + kind, Modality=modality)
    for keyword in ("PixelData", "Rows", "Columns"):
        delattr(ds, keyword)
    for key, value in attributes.items():
        setattr(ds, key, value)
    return ds


# Presentation states and contours.


def presentation(units, data, kind="POLYLINE", **attributes):
    graphic = {"GraphicAnnotationUnits": units, "GraphicDimensions": 2, "GraphicType": kind,
               "NumberOfGraphicPoints": len(data) // 2, "GraphicData": [float(x) for x in data],
               "GraphicFilled": "N"}  # fmt: skip
    drawn = {"GraphicLayer": "FINDINGS", "GraphicObjectSequence": items(graphic),
             "ReferencedImageSequence": items({"ReferencedSOPInstanceUID": uid("a")})}  # fmt: skip
    return annotation("11.1", "PR", GraphicAnnotationSequence=items(drawn), **attributes)


def test_graphics_of_a_presentation_state_are_lesions(folder):
    expected = np.zeros(SHAPE, bool)
    expected[4:11, 5:15] = True
    write(folder / "pr", presentation("PIXEL", [5, 4, 15, 4, 15, 11, 5, 11, 5, 4]))
    assert [np.array_equal(one, expected) for one in lesions(study(folder), "a")] == [True]


def test_graphics_of_a_display_are_lesions_where_it_is_not_turned(folder):
    expected = np.zeros(SHAPE, bool)
    expected[10:30, 20:40] = True
    area = items({"DisplayedAreaTopLeftHandCorner": [1, 1],
                  "DisplayedAreaBottomRightHandCorner": [40, 40]})  # fmt: skip
    data = [0.5, 0.25, 1, 0.25, 1, 0.75, 0.5, 0.75, 0.5, 0.25]
    ds = presentation("DISPLAY", data, DisplayedAreaSelectionSequence=area)
    write(folder / "pr", ds)
    assert [np.array_equal(one, expected) for one in lesions(study(folder), "a")] == [True]
    ds.ImageRotation = 90
    write(folder / "pr", ds)
    found = study(folder)
    assert "turned or magnified" in kinds(found)["annotation_left_out"]
    assert len(found.cases) == 1


def contours(points, kind="CLOSED_PLANAR", names=("x",)):
    image = items({"ReferencedSOPInstanceUID": uid("a")})
    rings = items(*({"ContourImageSequence": image, "ContourGeometricType": kind,
                     "NumberOfContourPoints": len(ring),
                     "ContourData": [float(x) for point in ring for x in point]}
                    for ring in points))  # fmt: skip
    return annotation(
        "481.3", "RTSTRUCT",
        StructureSetROISequence=items(*({"ROINumber": n, "ROIName": name}
                                        for n, name in enumerate(names, start=1))),
        ROIContourSequence=items(*({"ReferencedROINumber": n, "ContourSequence": rings}
                                   for n in range(1, len(names) + 1))),
    )  # fmt: skip


def test_contours_are_placed_in_the_patient(folder):
    """Rows run along +y, columns along -z, 0.5 mm apart; what lies in two contours is a hole."""
    place = {"ImagePositionPatient": ["10", "20", "30"], "PixelSpacing": ["0.5", "0.5"],
             "ImageOrientationPatient": ["0", "1", "0", "0", "0", "-1"]}  # fmt: skip
    write(folder / "a", whole_film("a", **place))

    def point(column, row):
        return 10, 20 + 0.5 * (column - 0.5), 30 - 0.5 * (row - 0.5)

    outer = [point(5, 4), point(25, 4), point(25, 24), point(5, 24)]
    hole = [point(10, 9), point(15, 9), point(15, 14), point(10, 14)]
    write(folder / "rt", contours([outer, hole]))
    expected = np.zeros(SHAPE, bool)
    expected[4:24, 5:25] = True
    expected[9:14, 10:15] = False
    assert [np.array_equal(one, expected) for one in lesions(study(folder), "a")] == [True]


def test_contours_without_a_place_are_pixels_only_where_that_is_declared(folder):
    box = [(5, 4, 0), (25, 4, 0), (25, 24, 0), (5, 24, 0)]
    write(folder / "rt", contours([box]))
    assert "place in the patient is not" in kinds(study(folder))["annotation_left_out"]
    expected = np.zeros(SHAPE, bool)
    expected[4:24, 5:25] = True
    found = study(folder, options={"contours": "pixels"})
    assert [np.array_equal(one, expected) for one in lesions(found, "a")] == [True]


def test_names_of_structures_are_not_told(folder):
    box = [(5, 4, 0), (25, 4, 0), (25, 24, 0), (5, 24, 0)]
    write(folder / "rt", contours([box], names=("Doe", "Jane")))
    with pytest.raises(DataError, match="2 names: names of structures, which are not told"):
        study(folder, options={"contours": "pixels"})


def test_rings_need_points_that_fit():
    assert ring_of("POINT", [1, 2]) is None
    assert ring_of("POLYLINE", [1, 2, 3, 4]) is None
    assert len(ring_of("POLYLINE", [1, 2, 3, 4, 5, 6], filled=True)) == 3
    for kind, flat in (("CIRCLE", [1, 2]), ("ELLIPSE", [1, 2, 3, 4]), ("POLYLINE", [1, 2, 3])):
        with pytest.raises(ValueError, match="expected"):
            ring_of(kind, flat)


def test_a_report_of_many_levels_ends(folder):
    item = Dataset()
    with disable_value_validation():
        for _ in range(200):
            outer = Dataset()
            outer.ContentSequence = [item]
            item = outer
        ds = annotation("88.33", "SR")
        ds.ContentSequence = [item]
        write(folder / "sr", ds)
    assert len(study(folder).cases) == 2
