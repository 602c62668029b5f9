"""Every layout in a small study of its true form: labels, lesions to the pixel, patients."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.data.layouts import BOXES, HEIGHT, LAYOUTS, METAL, UNLOCALIZED, WIDTH, mask, written
from xaudit.core.grid import Grid
from xaudit.data.spec import DataSpec
from xaudit.data.study.inspect import inspect_dataset
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

GRID = Grid((HEIGHT, WIDTH))
# The names of films that a layout renames.
OWN_NAME = {"mura", "hbfmid"}
FOLDERS = {"mura": ("val",), "hbfmid": ("test",), "image_folder": ("test",)}


def spec_of(name, root, **more):
    _, format, positive = LAYOUTS[name]
    options = {"masks": "masks", "images": "images"} if name == "masks in a folder" else {}
    base = DataSpec(
        format, root, positive=tuple(positive), split=FOLDERS.get(name, ()), options=options
    )
    return replace(base, **more)


def needs_answer(name):
    """Whether images without a shape are asked about."""
    return name in {"coco", "cvat", "via", "via csv", "supervisely"}


def study_of(name, root, **more):
    options = {"unannotated": "normal"} if needs_answer(name) else {}
    options |= spec_of(name, root).options
    options |= more.pop("options", {})
    return load_study(spec_of(name, root, options=options, **more))


def kinds(study):
    return Counter(issue.kind for issue in study.issues)


@pytest.mark.parametrize("name", LAYOUTS)
def test_labels_and_lesions_are_those_that_were_written(name, tmp_path):
    study = study_of(name, written(name, tmp_path))
    assert len(study.cases) == len(BOXES)
    for case in study.cases:
        if name == "mura":
            continue
        stem = next(one for one in BOXES if one in case.case_id)
        assert case.label == bool(BOXES[stem]), case.case_id
        if name in UNLOCALIZED:
            assert not case.lesions
            continue
        found = [lesion.rasterize(GRID) for lesion in case.lesions]
        assert len(found) == bool(BOXES[stem])
        for pixels in found:
            np.testing.assert_array_equal(pixels, mask(stem))
    assert sum(case.label for case in study.cases) == 3


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_folder_is_recognized_and_the_positive_class_is_asked(name, tmp_path):
    root = written(name, tmp_path)
    found = inspect_dataset(root)
    assert found.spec.format == LAYOUTS[name][1]
    assert not found.spec.positive
    if LAYOUTS[name][2]:
        said = next(one for one in found.findings if one.startswith("data.positive"))
        assert LAYOUTS[name][2][0] in said
        with pytest.raises(DataError, match=r"data\.positive: which classes mean fractured"):
            study_of(name, root, positive=())
    else:
        assert load_study(replace(found.spec, options={})).cases
    if needs_answer(name):
        assert found.spec.options["unannotated"] == "?"
        with pytest.raises(DataError, match=r"unannotated: normal.*unannotated: excluded"):
            load_study(spec_of(name, root))


@pytest.mark.parametrize("name", LAYOUTS)
def test_what_was_recognized_can_be_drawn(name, tmp_path):
    from xaudit.data.study.examples import write_examples

    found = inspect_dataset(written(name, tmp_path / "study"))
    assert write_examples(found.preview or found.spec, tmp_path / "picture.png")
    from PIL import Image

    pixels = np.asarray(Image.open(tmp_path / "picture.png"))
    outlined = (pixels == (255, 140, 0)).all(axis=2).any()
    assert outlined == (name not in UNLOCALIZED)


@pytest.mark.parametrize("name", LAYOUTS)
def test_unknown_options_and_classes_are_named(name, tmp_path):
    root = written(name, tmp_path)
    with pytest.raises(DataError, match=r"no 'anotations'.*did you mean annotations|There is:"):
        study_of(name, root, options={"anotations": "x"})
    if LAYOUTS[name][2]:
        with pytest.raises(DataError, match=r"data\.positive: no class 'fractur'; found: "):
            study_of(name, root, positive=("fractur",))
    with pytest.raises(DataError, match=r"options\.artifacts: no class 'cast'"):
        study_of(name, root, options={"artifacts": ["cast"]})


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_missing_image_is_an_unreadable_case(name, tmp_path):
    if name in {"image_folder", "mura", "yolo", "hbfmid", "masks_beside", "masks in a folder"}:
        pytest.skip("the images are the list")
    root = written(name, tmp_path)
    next(root.rglob("11_b.png")).unlink()
    study = study_of(name, root)
    assert len(study.cases) == len(BOXES)
    assert kinds(study)["missing_file"] == 1


WITH_METAL = sorted(
    name for name in LAYOUTS
    if name not in {*UNLOCALIZED, "masks_beside", "masks in a folder", "kaggle_rle", "hbfmid"}
)  # fmt: skip


@pytest.mark.parametrize("name", WITH_METAL)
def test_other_classes_are_artifacts_or_told(name, tmp_path):
    root = written(name, tmp_path)
    study = study_of(name, root, options={"artifacts": ["metal"]})
    film, (x, y, width, height) = METAL
    case = next(case for case in study.cases if case.case_id == film)
    assert not case.label
    pixels = case.artifacts["metal"].rasterize(GRID)
    assert pixels.sum() == width * height
    assert pixels[y : y + height, x : x + width].all()
    assert "class_not_used" not in kinds(study) or "text" in str(study.issues)
    told = [one.detail for one in study_of(name, root).issues if one.kind == "class_not_used"]
    assert any("'metal': 1 outlines in 1 images are not used" in one for one in told)


@pytest.mark.parametrize("name", LAYOUTS)
def test_patients(name, tmp_path):
    root = written(name, tmp_path)
    if name in {"mura", "grazpedwri", "grazpedwri supervisely"}:
        study = study_of(name, root)
        assert study.unit == "patient"
    elif name == "hbfmid":
        study = study_of(name, root, options={"patient_pattern": r"(?P<modality>xray|mri)(\d+)_"})
        assert Counter(case.groups["modality"] for case in study.cases) == {"mri": 3, "xray": 3}
        return
    else:
        assert study_of(name, root).unit == "image"
        study = study_of(name, root, options={"patient_pattern": r"(\d+)_[a-z]"})
    assert len({case.patient for case in study.cases}) == 4
