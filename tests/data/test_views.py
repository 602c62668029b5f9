"""Examinations as one input: every view is prepared by itself, and none knows of another."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from xaudit.core.case import Case
from xaudit.core.detector import InputSpec, Views
from xaudit.core.grid import Grid
from xaudit.data.image_file import ImageFile
from xaudit.data.prepare import prepare, study_fingerprint
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.data.transforms.corruption import CORRUPTIONS
from xaudit.data.transforms.degrade import degraded, degraded_lesions
from xaudit.data.views import each_view
from xaudit.errors import DataError

VIEWS = Views(3, "view", ("ap", "lateral", "oblique"), absent=0.25)
SPEC = InputSpec(24, 16, channels=1, views=VIEWS)
SIZES = {"ap": (48, 32), "lateral": (30, 30), "oblique": (24, 40)}
HEADER = "id,image,label,patient,examination,view,sex,mask"


def write(folder, rows):
    """A study of noise; a row is (id, label, patient, examination, view)."""
    rng, lines = np.random.default_rng(3), [HEADER]
    for name, label, patient, examination, view in rows:
        shape = SIZES.get(view, (32, 32))
        mask = ""
        Image.fromarray(rng.integers(60, 200, shape, dtype=np.uint8)).save(folder / f"{name}.png")
        if label:
            lesion = np.zeros(shape, dtype=np.uint8)
            lesion[4:12, 6:14] = 255
            Image.fromarray(lesion).save(folder / f"{name}-mask.png")
            mask = f"{name}-mask.png"
        sex = "f" if patient == "p0" else "m"
        lines.append(f"{name},{name}.png,{label},{patient},{examination},{view},{sex},{mask}")
    (folder / "manifest.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return DataSpec("manifest", folder, views=VIEWS)


WHOLE = [
    ("b", 0, "p0", "x0", "lateral"), ("a", 0, "p0", "x0", "ap"), ("c", 1, "p0", "x0", "oblique"),
    ("d", 0, "p1", "x1", "oblique"), ("e", 0, "p1", "x1", "ap"),
]  # fmt: skip


def test_images_of_an_examination_become_one_case_in_the_order_of_the_network(tmp_path):
    study = load_study(write(tmp_path, WHOLE))
    first, second = study.cases
    assert [(one.case_id, one.patient, one.label) for one in study.cases] == [
        ("a", "p0", True), ("e", "p1", False),
    ]  # fmt: skip
    assert [one and one.case_id for one in first.views] == ["a", "b", "c"]
    assert [one and one.case_id for one in second.views] == ["e", None, "d"]
    assert [one.case_id for one in second.images] == ["e", "d"]
    assert first.groups == {"sex": "f"}
    assert (len(first.lesions), first.form, study.listed) == (1, "mask", 2)
    # A patient has one name, which a code can take the place of.
    assert {one.patient for one in first.images} == {""}


def test_views_lie_one_under_another_each_as_it_is_alone(tmp_path):
    study = load_study(write(tmp_path, WHOLE))
    alone = {
        one.case_id: one for one in load_study(replace(write(tmp_path, WHOLE), views=None)).cases
    }
    for case in study.cases:
        sheet = prepare(case, SPEC)
        assert (sheet.image.shape, sheet.grid) == ((1, 72, 16), Grid((72, 16), None, 3))
        for place, view in enumerate(case.views):
            own = np.s_[24 * place : 24 * (place + 1)]
            if view is None:
                assert (sheet.image[:, own] == 0.25).all()
                assert not sheet.inside[own].any()
                assert not sheet.lesions[:, own].any()
                continue
            expected = prepare(alone[view.case_id], SPEC.one_view)
            np.testing.assert_array_equal(sheet.image[:, own], expected.image)
            np.testing.assert_array_equal(sheet.inside[own], expected.inside)
            np.testing.assert_array_equal(sheet.lesion_mask[own], expected.lesion_mask)
            again = each_view(sheet)[place]
            np.testing.assert_array_equal(again.lesion_mask, expected.lesion_mask)
            assert again.grid == expected.grid


@pytest.mark.parametrize("name", ["rotation", "noise", "blur", "jpeg"])
def test_a_view_is_degraded_as_it_is_alone(tmp_path, name):
    sheet = prepare(load_study(write(tmp_path, WHOLE)).cases[0], SPEC)
    corruption = CORRUPTIONS[name]
    severity = corruption.severities[0]
    worse = degraded(sheet, corruption, severity, 7)
    moved = degraded_lesions(worse, corruption, severity)
    for place, view in enumerate(each_view(sheet)):
        own = np.s_[24 * place : 24 * (place + 1)]
        alone = degraded(view, corruption, severity, 7 + place)
        np.testing.assert_array_equal(worse.image[:, own], alone.image)
        alone = degraded_lesions(alone, corruption, severity)
        np.testing.assert_array_equal(moved.lesion_mask[own], alone.lesion_mask)


def test_the_fingerprint_covers_every_view(tmp_path):
    before = study_fingerprint(load_study(write(tmp_path, WHOLE)))
    assert study_fingerprint(load_study(write(tmp_path, WHOLE))) == before
    Image.fromarray(np.full((24, 40), 9, dtype=np.uint8)).save(tmp_path / "d.png")
    study = load_study(DataSpec("manifest", tmp_path, views=VIEWS))
    assert study_fingerprint(study) != before
    assert study.cases[1].image.fingerprint() is not None
    (tmp_path / "d.png").unlink()
    assert study.cases[1].image.fingerprint() is None


def test_where_a_view_cannot_be_read_the_examination_cannot(tmp_path):
    spec = write(tmp_path, WHOLE)
    (tmp_path / "c.png").unlink()
    study = load_study(spec)
    (issue,) = [one for one in study.issues if one.effect == "unreadable"]
    assert (issue.case_id, issue.kind) == ("a", "missing_file")
    assert str(issue.detail).startswith("view c: ")
    with pytest.raises(DataError, match=r"case c: c\.png"):
        prepare(study.cases[0], SPEC)


def test_what_is_said_of_a_view_is_said_of_its_examination(tmp_path):
    spec = write(tmp_path, WHOLE)
    Image.fromarray(np.full((24, 40), 9, dtype=np.uint8)).save(tmp_path / "d.png")
    sheet = prepare(load_study(spec).cases[1], SPEC)
    assert [(one.case_id, one.kind) for one in sheet.issues] == [("e", "constant_image")]
    assert str(sheet.issues[0].detail).startswith("view d: every pixel is")


TWICE = [*WHOLE, ("f", 1, "p1", "x1", "ap")]


def test_images_without_a_place_are_refused_or_left_out_as_declared(tmp_path):
    spec = write(tmp_path, TWICE)
    with pytest.raises(DataError, match=r"examination of d has 3 images.* no place for f \(ap\)"):
        load_study(spec)
    study = load_study(replace(spec, views=replace(VIEWS, surplus="first")))
    (issue,) = [one for one in study.issues if one.kind == "view_left_out"]
    assert (issue.case_id, str(issue.detail)[:6]) == ("e", "view f")
    # The examination is what it is, whether or not the detector is shown it.
    assert study.cases[1].label
    assert not study.cases[1].lesions


def test_without_a_column_views_come_by_their_ids(tmp_path):
    spec = replace(write(tmp_path, WHOLE), views=Views(4))
    cases = load_study(spec).cases
    assert [one and one.case_id for one in cases[0].views] == ["a", "b", "c", None]
    # What differs between the views is no group of the examination.
    assert cases[0].groups == {"view": "several", "sex": "f"}
    with pytest.raises(DataError, match="detector takes 2 images: no place for c"):
        load_study(replace(spec, views=Views(2)))


@pytest.mark.parametrize(
    ("rows", "views", "told"),
    [
        ([*WHOLE, ("f", 0, "p2", "x1", "lateral")], VIEWS, "one examination, two patients"),
        ([*WHOLE, ("f", 0, "p2", "", "lateral")], VIEWS, "f: expected an examination"),
        (WHOLE, replace(VIEWS, column="position"), "no group 'position'"),
        (
            [("g", 0, "p3", "x3", "axial"), *WHOLE],
            replace(VIEWS, surplus="first"),
            "no place for g",
        ),
    ],
)
def test_examinations_that_cannot_be_put_together_are_refused(tmp_path, rows, views, told):
    with pytest.raises(DataError, match=told):
        load_study(replace(write(tmp_path, rows), views=views))


def test_patients_are_needed(tmp_path):
    spec = write(tmp_path, WHOLE)
    text = (tmp_path / "manifest.csv").read_text("utf-8").replace("patient", "who")
    (tmp_path / "manifest.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="needs a column with the patient"):
        load_study(spec)


def test_detector_and_case_agree_on_the_number_of_views(tmp_path):
    case = load_study(write(tmp_path, WHOLE)).cases[0]
    with pytest.raises(DataError, match="takes one image, got 3 views"):
        prepare(case, SPEC.one_view)
    with pytest.raises(DataError, match="takes 2 views, got 3 views"):
        prepare(case, replace(SPEC, views=Views(2)))
    single = Case("s", "p", False, ImageFile(tmp_path / "a.png"))
    with pytest.raises(DataError, match="takes 3 views, got one image"):
        prepare(single, SPEC)


@pytest.mark.parametrize(
    ("declared", "told"),
    [
        ({"count": 1}, "2 to 16"),
        ({"count": 2, "column": "view"}, "both, or neither"),
        ({"count": 2, "column": "view", "levels": ("ap", "ap")}, "2 different levels"),
        ({"count": 2, "absent": 2.0}, r"\[0, 1\]"),
    ],
)
def test_impossible_declarations_are_refused(declared, told):
    with pytest.raises(ValueError, match=told):
        Views(**declared)
