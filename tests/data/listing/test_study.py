"""What all layouts share: splits, tables beside annotations, patterns, ids, options."""

import shutil
import time
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.data.exports.test_layouts import kinds, spec_of, study_of
from tests.data.layouts import BOXES, film, hbfmid, save, table, write, written
from xaudit.data.listing.images import ImageIndex
from xaudit.data.listing.options import read_options
from xaudit.data.listing.patterns import PathPattern, original_of
from xaudit.data.listing.side_table import read_side_table
from xaudit.data.spec import DataSpec
from xaudit.data.study.inspect import inspect_dataset
from xaudit.data.study.read import load_study
from xaudit.errors import DataError


def test_other_splits_are_excluded_one_by_one(tmp_path):
    study = study_of("image_folder", written("image_folder", tmp_path))
    assert (len(study.cases), kinds(study)["other_split"], study.listed) == (6, 6, 12)
    assert all("split" not in case.groups for case in study.cases)
    both = study_of("image_folder", tmp_path, split=())
    assert Counter(case.groups["split"] for case in both.cases) == {"test": 6, "train": 6}


def test_pictures_that_stand_in_another_split_are_told(tmp_path):
    root = written("image_folder", tmp_path)
    rows, columns = np.indices((128, 96))
    smooth = 128 + 80 * np.sin(rows / 17) * np.cos(columns / 11)
    save(root / "test" / "fractured" / "12_a.png", smooth.astype(np.uint8))
    save(root / "train" / "fractured" / "copy.jpg", (0.9 * smooth).astype(np.uint8))
    study = study_of("image_folder", root, options={"copies_across_splits": True})
    told = {one.case_id: one.detail for one in study.issues if one.kind == "copy_in_other_split"}
    assert set(told) == {"14_b", "12_a"}
    assert "'train'" in told["14_b"]
    assert not kinds(study_of("image_folder", root))["copy_in_other_split"]


def test_patients_of_several_splits_are_counted(tmp_path):
    hbfmid(tmp_path)
    spec = spec_of("hbfmid", tmp_path, options={"patient_pattern": r"(?:xray|mri)(\d+)_"})
    told = [one.detail for one in load_study(spec).issues if "several_splits" in one.kind]
    assert told
    assert told[0].startswith("4 patients have images in more than one of the splits test, train")


def test_copies_that_roboflow_made_of_one_image_are_one_patient(tmp_path):
    hbfmid(tmp_path)
    study = load_study(spec_of("hbfmid", tmp_path, split=("train",)))
    assert len(study.cases) == 12
    assert len({case.patient for case in study.cases}) == 6
    assert study.unit_note.startswith("The study declares one original image per patient; its 12")
    assert original_of("a_png.rf.0123456789abcdef0123456789abcdef") == "a_png"
    assert original_of("a.rf.b") == "a.rf.b"


def rows(**more):
    yield ["image", "patient", "site", "age", "sex"]
    for number, name in enumerate(BOXES):
        row = [f"{name}.png", name[:2], "AB"[number % 2], 4 + 3 * number, "MF"[number % 2]]
        yield more.get(f"x{name}", row)


def test_a_table_beside_annotations_says_patients_sites_and_groups(tmp_path):
    root = written("coco", tmp_path)
    table(root / "patients.csv", rows())
    study = study_of("coco", root, manifest="patients.csv", bins={"age": (10.0,)})
    assert study.unit == "patient"
    assert study.site_column == "site"
    case = next(case for case in study.cases if case.case_id == "12_a")
    assert (case.patient, case.site) == ("12", "A")
    assert case.groups == {"site": "A", "age": "10 and over", "sex": "M"}


def test_mistakes_of_the_table_are_named(tmp_path):
    root = written("coco", tmp_path)
    table(root / "patients.csv", rows(x12_a=["11_b.png", "", "A", 3, "M"]))
    with pytest.raises(DataError, match=r"line 4: image: '11_b.png' is in line 3 already"):
        study_of("coco", root, manifest="patients.csv")
    table(root / "patients.csv", rows(x12_a=["99.png", "", "A", 3, "M"]))
    with pytest.raises(DataError, match=r"no row for the image images/12_a\.png"):
        study_of("coco", root, manifest="patients.csv")
    with pytest.raises(DataError, match=r"has the roles image, patient.* got 'mask'"):
        study_of("coco", root, manifest="patients.csv", columns={"mask": "age"})
    assert read_side_table(DataSpec("coco", root)) is None


def test_keys_of_which_nothing_would_come_are_refused(tmp_path):
    root = written("coco", tmp_path)
    with pytest.raises(DataError, match=r"data\.patient: format coco has no columns of its own"):
        study_of("coco", root, patient="patient")
    with pytest.raises(DataError, match="format grazpedwri fixes it"):
        load_study(DataSpec("grazpedwri", tmp_path, patient="x"))
    with pytest.raises(DataError, match="format coco has no masks"):
        study_of("coco", root, mask_lesions="components")
    root = written("grazpedwri", tmp_path / "graz")
    with pytest.raises(DataError, match=r"data\.positive: format grazpedwri fixes it"):
        load_study(DataSpec("grazpedwri", root, positive=("metal",)))


def test_images_that_nobody_looked_at_can_be_left_out(tmp_path):
    study = study_of("coco", written("coco", tmp_path), options={"unannotated": "excluded"})
    assert (len(study.cases), kinds(study)["unannotated"], study.listed) == (4, 2, 6)


def test_copies_are_excluded_as_in_every_study(tmp_path):
    root = written("image_folder", tmp_path)
    study = study_of("image_folder", root, split=(), exclude_duplicates=True)
    assert kinds(study)["duplicate"] == 1
    assert len(study.cases) == 11


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(a+)+$", "none of a group"), ("(a*b*c*d*)", "at most 200"), ("a" * 300, "at most 200"),
        ("a?" * 50 + "(a)", "4 choices"), ("(a|a)" * 30, "4 choices"),
        ("(", "is no regular expression"), (r"\d\d", "expected a group"),
    ],
)  # fmt: skip
def test_patterns_that_may_take_forever_are_refused(pattern, said):
    with pytest.raises(DataError, match=said):
        PathPattern(pattern)


def test_patterns_end_in_time():
    before = time.process_time()
    with pytest.raises(ValueError, match="fits nowhere"):
        PathPattern("(.*.*)!").read("a" * 300)
    assert time.process_time() - before < 5


def test_names_that_exports_write_are_found(tmp_path):
    for place in ("a/x.png", "b/x.png", "b/y z.png"):
        save(tmp_path / place, film("11_a"))
    index = ImageIndex(tmp_path)
    assert index.find("C:\\data\\b\\x.png") == tmp_path / "b/x.png"
    assert index.find("/data/local-files/?d=b/y%20z.png") == tmp_path / "b/y z.png"
    assert index.find("https://host/bucket/a/x.png?token=1") == tmp_path / "a/x.png"
    assert index.find("../../etc/passwd") == tmp_path / "passwd"
    with pytest.raises(ValueError, match="which of 2 images is meant"):
        index.find("x.png")
    assert index.find("x.png", tmp_path / "b") == tmp_path / "b/x.png"


def test_a_link_that_leads_out_is_not_followed(tmp_path):
    save(tmp_path / "outside.png", film("11_a"))
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "x.png").symlink_to(tmp_path / "outside.png")
    assert not ImageIndex(tmp_path / "study").files


def test_ids_are_names_where_these_differ_and_paths_else(tmp_path):
    for place in ("ill/1.png", "well/1.png", "well/2.png"):
        save(tmp_path / place, film(place))
    spec = DataSpec("image_folder", tmp_path, positive=("ill",))
    assert {case.case_id for case in load_study(spec).cases} == {"ill/1", "well/1", "well/2"}


def test_values_of_options_are_checked():
    with pytest.raises(DataError, match="unannotated: expected normal or excluded, got 'norml'"):
        read_options({"unannotated": "norml"}, "coco", ("grid",))
    with pytest.raises(DataError, match="artifacts: expected a list of classes, got 'metal'"):
        read_options({"artifacts": "metal"}, "coco", ("grid",))
    with pytest.raises(DataError, match="copies_across_splits: expected true or false"):
        read_options({"copies_across_splits": "yes"}, "coco", ())


def test_annotations_do_not_lie_outside_of_the_study(tmp_path):
    root = written("coco", tmp_path / "study")
    write(tmp_path / "other.json", "{}")
    with pytest.raises(DataError, match=r"without '\.\.'"):
        study_of("coco", root, options={"annotations": "../other.json"})


def test_several_layouts_in_one_folder_are_asked_about(tmp_path):
    written("coco", tmp_path)
    written("voc", tmp_path)
    shutil.rmtree(tmp_path / "JPEGImages")
    with pytest.raises(DataError, match="this may be coco or voc; say which with --format NAME"):
        inspect_dataset(tmp_path)
    assert inspect_dataset(tmp_path, "voc").spec.format == "voc"
    with pytest.raises(DataError, match="holds nothing of the format mura"):
        inspect_dataset(tmp_path, "mura")
    with pytest.raises(DataError, match="no 'vok'; there is: coco"):
        inspect_dataset(tmp_path, "vok")


def test_each_split_of_roboflow_has_its_own_file_and_names(tmp_path):
    """A film of the same name in two splits is that of the split whose file lists it."""
    for split in ("train", "test"):
        written("coco", tmp_path / "one")
        (tmp_path / "study" / split).mkdir(parents=True)
        for path in (tmp_path / "one" / "images").iterdir():
            path.rename(tmp_path / "study" / split / path.name)
        source = tmp_path / "one" / "annotations" / "instances.json"
        source.rename(tmp_path / "study" / split / "_annotations.coco.json")
    spec = spec_of("coco", tmp_path / "study", options={"unannotated": "normal"})
    assert len(load_study(spec).cases) == 12
    test = load_study(replace(spec, split=("test",)))
    assert all("test" in case.image.path.parts for case in test.cases)
    assert sum(case.label for case in test.cases) == 3
