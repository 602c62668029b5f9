"""Planted mistakes: each is named with its place, and none is read as something else."""
# ruff: noqa: E501 (a mistake a line)

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from tests.data.exports.test_layouts import GRID, kinds, spec_of, study_of
from tests.data.layouts import BOXES, HEIGHT, WIDTH, mask, ring, save, table, write, written
from xaudit.core.detector import InputSpec
from xaudit.data.prepare import prepare
from xaudit.data.study.inspect import inspect_dataset
from xaudit.data.study.read import load_study
from xaudit.errors import DataError

COCO = "annotations/instances.json"
SEEN = InputSpec(32, 32, channels=1, mean=(0.0,), std=(1.0,))


def of_json(file, change):
    """What changes a JSON file of a study."""

    def damage(root):
        content = json.loads((root / file).read_text())
        change(content)
        write(root / file, content)

    return damage


def of_text(file, before, after):
    def damage(root):
        text = (root / file).read_text()
        assert before in text
        write(root / file, text.replace(before, after, 1))

    return damage


def twice(content):
    content["images"].append(content["images"][0] | {"id": 99})


MISTAKES = [
    ("coco", of_json(COCO, twice), "images/11_a.png: the export lists this image more than once"),
    ("coco", of_json(COCO, lambda c: c["images"].append(c["images"][0])), "the id 0 is there already"),
    ("coco", of_json(COCO, lambda c: c["annotations"][0].update(category_id=7)),
     r"annotations\[0\]: category_id 7 is not in the file"),
    ("coco", of_json(COCO, lambda c: c["annotations"][0].update(image_id=77)),
     r"annotations\[0\]: image_id 77 is not in the file"),
    ("coco", of_json(COCO, lambda c: c["annotations"][0].update(segmentation=[[1, 2, 3]])),
     r"annotations\[0\]: a ring has an even number of values"),
    ("coco", of_json(COCO, lambda c: c.pop("categories")), "expected a COCO file"),
    ("yolo", of_text("labels/11_a.txt", "0 ", "5 "), "11_a.txt line 1: there is no class 5; there is: 0 fracture"),
    ("yolo", lambda r: write(r / "labels/11_a.txt", "0 10 20 8 6"), "parts of the sides, 0 to 1"),
    ("yolo", lambda r: write(r / "labels/11_a.txt", "0 .1 .2 .1 .1 .93"), "is a prediction"),
    ("yolo", lambda r: write(r / "labels/11_a.txt", "0 .1 .2 .1"), "three corners or more"),
    ("yolo", lambda r: write(r / "classes.txt", "metal\nfracture"), "names other classes than"),
    ("yolo", lambda r: [write(r / f"{x}/1.txt", "") for x in "ab"] + [save(r / "x/1.png", mask("11_a").astype(np.uint8))],
     "1.png: 2 text files have its name"),
    ("voc", of_text("Annotations/11_a.xml", "<xmin>10", "<xmin>ten"), "11_a.xml object 1 xmin: expected a number"),
    ("voc", of_text("Annotations/11_a.xml", "<annotation>", "<!DOCTYPE a><annotation>"), "DOCTYPE"),
    ("voc", of_text("Annotations/11_a.xml", "11_a.png", "11_b.png"), "11_b.png: the export lists this image more than once"),
    ("labelme", of_json("11_a.json", lambda c: c["shapes"][0].update(points=[[1, 2], [3]])),
     r"11_a.json shapes\[0\]: expected points"),
    ("label_studio", of_json("project.json", lambda c: c[0]["annotations"].append(c[0]["annotations"][0])),
     r"task\[0\]: 2 annotators drew on 11_a.png.*annotator: first"),
    ("label_studio", of_json("project.json", lambda c: c[0]["annotations"][0]["result"][0].update(image_rotation=90)),
     "turned by hand"),
    ("cvat", of_text("annotations.xml", 'xtl="10"', 'xtl="x"'), "image 0 box xtl: expected a number"),
    ("cvat", of_text("annotations.xml", "<meta>", "<track id='1'/><meta>"), "tracks of a video"),
    ("via", of_json("via_project.json", lambda c: next(iter(c["_via_img_metadata"].values()))["regions"][0]["region_attributes"].update(side="left")),
     r"which holds the class\? declare data.options: {attribute: NAME}"),
    ("supervisely", of_json("ds/ann/11_a.png.json", lambda c: c["objects"][0].update(classTitle=None)),
     r"objects\[0\] classTitle: expected a name"),
    ("masks_beside", lambda r: save(r / "99_x_mask.png", mask("11_a").astype(np.uint8)), "99_x_mask.png: a mask without an image"),
    ("masks_beside", lambda r: save(r / "11_a_mask.png", mask("11_a").astype(np.uint8) + 7), "11_a_mask.png"),
    ("masks_beside", lambda r: (r / "11_a_mask.png").write_bytes(b"no mask"), "11_a.png: 11_a_mask.png: expected an image"),
    ("kaggle_rle", of_text("train.csv", "14_b,-1", "14_b,5 2 4 1"), "line 7: EncodedPixels: runs ascend"),
    ("kaggle_rle", of_text("train.csv", "14_b,-1", "14_b,5 2 4"), "line 7: EncodedPixels: expected pairs"),
    ("image_folder", lambda r: save(r / "stray.png", mask("11_a").astype(np.uint8)), "stray.png: expected a folder for each class"),
    ("mura", lambda r: table(r / "MURA-v1.1/valid_labeled_studies.csv", [["study", "label"]]), "line 1: expected the folder of a study and 0 or 1"),
    ("grazpedwri", of_text("dataset.csv", "11_b,11", "11_a,11"), "line 3: filestem: '11_a' is in line 2 already"),
    ("grazpedwri", of_text("dataset.csv", "fracture_visible", "fracture"), "columns are missing: fracture_visible"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "damage", "said"),
    MISTAKES,
    ids=lambda one: one[:30] if isinstance(one, str) else "damaged",
)
def test_a_mistake_is_named(name, damage, said, tmp_path):
    root = written(name, tmp_path)
    damage(root)
    options = {"annotations": COCO} if name == "coco" else {}
    with pytest.raises(DataError) as error:
        study_of(name, root, options=options)
    assert re.search(said, str(error.value)), error.value
    assert str(tmp_path) not in str(error.value)


def test_a_box_outside_its_image_is_left_out_and_told(tmp_path):
    root = written("voc", tmp_path)
    of_text("Annotations/11_a.xml", "<xmax>18", "<xmax>99")(root)
    study = study_of("voc", root)
    case = next(case for case in study.cases if case.case_id == "11_a")
    prepared = prepare(case, SEEN)
    assert case.label
    assert not len(prepared.lesions)
    assert [issue.kind for issue in prepared.issues] == ["lesion_unusable"]


def test_a_size_that_the_image_does_not_have_is_told_and_its_outlines_left_out(tmp_path):
    root = written("voc", tmp_path)
    of_text("Annotations/11_a.xml", f"<width>{WIDTH}", f"<width>{2 * WIDTH}")(root)
    study = study_of("voc", root)
    assert kinds(study)["annotation_size"] == 1
    case = next(case for case in study.cases if case.case_id == "11_a")
    with pytest.raises(DataError, match="export both from the same image"):
        case.lesions[0].rasterize(GRID)


def rotate(root, name, orientation=6):
    """Store a film turned, with the tag that turns it upright: 6 is a quarter to the left."""
    path = next(root.rglob(f"{name}.png"))
    upright = Image.open(path)
    stored = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(path, exif=exif)


def test_outlines_of_the_upright_image_stay(tmp_path):
    root = written("coco", tmp_path)
    rotate(root, "11_a")
    case = next(case for case in study_of("coco", root).cases if case.case_id == "11_a")
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), mask("11_a"))


def test_outlines_of_the_stored_image_are_turned_with_it(tmp_path):
    root = written("coco", tmp_path)
    rotate(root, "11_a")
    x, y, width, height = BOXES["11_a"]
    # The quarter to the left: what was (x, y) lies at (y, WIDTH - x).
    stored = [y, WIDTH - x - width, height, width]

    def change(content):
        content["images"][0].update(width=HEIGHT, height=WIDTH)
        content["annotations"][0].update(segmentation=[ring(stored)], bbox=stored)

    of_json(COCO, change)(root)
    study = study_of("coco", root)
    assert kinds(study)["outlines_turned"] == 1
    case = next(case for case in study.cases if case.case_id == "11_a")
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), mask("11_a"))


def test_where_nothing_says_which_grid_it_is_asked(tmp_path):
    root = written("yolo", tmp_path)
    rotate(root, "11_a")
    path = root / "images" / "11_a.png"
    dark = np.where(mask("11_a"), 200, 3).astype(np.uint8)
    path.unlink()
    save(path, dark)
    rotate(root, "11_a")
    issues = study_of("yolo", root).issues
    told = [issue.detail for issue in issues if issue.kind == "outlines_maybe_turned"]
    assert len(told) == 1
    # Only the lesion is no background here.
    assert "100 % of their pixels lie on the body as upright, 0 % as stored" in told[0]
    x, y, width, height = BOXES["11_a"]
    middle = ((y + height / 2) / HEIGHT, (WIDTH - x - width / 2) / WIDTH)
    line = f"0 {middle[0]} {middle[1]} {height / HEIGHT} {width / WIDTH}"
    write(root / "labels/11_a.txt", line)
    study = study_of("yolo", root, options={"grid": "stored"})
    assert not kinds(study)["outlines_maybe_turned"]
    case = next(case for case in study.cases if case.case_id == "11_a")
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), mask("11_a"))


def test_a_declared_grid_counts_and_is_held_against_the_size(tmp_path):
    root = written("coco", tmp_path)
    rotate(root, "11_a")
    study = study_of("coco", root, options={"grid": "upright"})
    assert not kinds(study)["outlines_maybe_turned"]
    case = next(case for case in study.cases if case.case_id == "11_a")
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), mask("11_a"))
    study = study_of("coco", root, options={"grid": "stored"})
    assert kinds(study)["annotation_size"] == 1


def test_a_crowd_is_not_scored(tmp_path):
    root = written("coco", tmp_path)
    of_json(COCO, lambda content: content["annotations"][1].update(iscrowd=1))(root)
    case = next(case for case in study_of("coco", root).cases if case.case_id == "11_b")
    assert case.label
    assert not case.lesions
    np.testing.assert_array_equal(case.ignored[0].rasterize(GRID), mask("11_b"))


def test_polygons_of_one_group_are_one_lesion(tmp_path):
    root = written("labelme", tmp_path)

    def change(content):
        parts = [ring((2, 2, 3, 3)), ring((20, 20, 4, 4))]
        content["shapes"] = [
            {"label": "fracture", "group_id": 1, "shape_type": "polygon",
             "points": [list(pair) for pair in zip(part[::2], part[1::2], strict=True)]}
            for part in parts
        ] + [{"label": "fracture", "shape_type": "point", "points": [[1, 1]]}]  # fmt: skip

    of_json("11_a.json", change)(root)
    study = study_of("labelme", root)
    case = next(case for case in study.cases if case.case_id == "11_a")
    assert [lesion.rasterize(GRID).sum() for lesion in case.lesions] == [9 + 16]
    assert kinds(study)["shape_without_area"] == 1


def test_boxes_of_label_studio_turn_about_their_corner_in_pixels(tmp_path):
    """A quarter about its left upper corner: what was 8 wide and 6 high lies below, to the left."""
    root = written("label_studio", tmp_path)

    def change(content):
        content[0]["annotations"][0]["result"][0]["value"]["rotation"] = 90

    of_json("project.json", change)(root)
    case = next(c for c in study_of("label_studio", root).cases if c.case_id == "11_a")
    pixels = case.lesions[0].rasterize(GRID)
    rows, columns = np.nonzero(pixels)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (20, 27, 4, 9)


def test_boxes_of_cvat_turn_about_their_center(tmp_path):
    root = written("cvat", tmp_path)
    of_text("annotations.xml", 'xtl="10"', 'rotation="90" xtl="10"')(root)
    case = next(case for case in study_of("cvat", root).cases if case.case_id == "11_a")
    rows, columns = np.nonzero(case.lesions[0].rasterize(GRID))
    # Center (14, 23): 6 wide and 8 high.
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (19, 26, 11, 16)


def test_bone_ages_are_refused_with_the_reason(tmp_path):
    from tests.data.layouts import rsna_bone_age

    rsna_bone_age(tmp_path)
    with pytest.raises(DataError, match=r"not whether a bone is fractured.*manifest\.csv"):
        inspect_dataset(tmp_path)
    with pytest.raises(DataError, match="not whether a bone is fractured"):
        load_study(spec_of("coco", tmp_path, format="rsna_bone_age", positive=()))


def test_studies_of_mura_say_what_their_label_is(tmp_path):
    root = written("mura", tmp_path)
    study = study_of("mura", root)
    assert {case.groups["body_region"] for case in study.cases} == {"wrist"}
    assert count_of(study, "label_of_study") == 1
    with pytest.raises(DataError, match='"positive" means abnormal'):
        study_of("mura", root, positive=())
    of_text("MURA-v1.1/valid_labeled_studies.csv", "positive/,1", "positive/,0")(root)
    study = study_of("mura", root)
    assert sum(case.label for case in study.cases) == 2
    assert count_of(study, "label_contradicts_folder") == 1


def count_of(study, kind):
    return sum(issue.kind == kind for issue in study.issues)


def test_columns_of_grazpedwri_are_groups(tmp_path):
    study = study_of("grazpedwri", written("grazpedwri", tmp_path))
    first = next(case for case in study.cases if case.case_id == "11_a")
    assert first.groups["age"] == "under 6"
    assert first.groups["cast"] == "no"
    assert first.groups["gender"] == "M"
    assert "timehash" not in first.groups
    assert first.spacing == pytest.approx(0.144)
    assert first.site == "Siemens"
    assert study.site_column == "device_manufacturer"
    assert first.image.header().deep
    told = [issue.detail for issue in study.issues if issue.kind == "class_not_used"]
    assert any("'text': 6 outlines in 6 images" in one for one in told)


def test_a_film_of_grazpedwri_is_fractured_as_its_table_says(tmp_path):
    root = written("grazpedwri", tmp_path)
    of_text("dataset.csv", "23r-M/2.1,,,,1.0", "23r-M/2.1,,,,")(root)
    study = study_of("grazpedwri", root)
    assert sum(case.label for case in study.cases) == 2
    assert count_of(study, "label_contradicts_lesions") == 1


def test_masks_of_labelme_are_read(tmp_path):
    root = written("labelme", tmp_path)
    x, y, width, height = BOXES["11_a"]
    part = np.eye(height, width, dtype=bool)
    file = io.BytesIO()
    Image.fromarray(part).save(file, "PNG")
    drawn = {
        "shape_type": "mask",
        "points": [[x, y], [x + width - 1, y + height - 1]],
        "mask": base64.b64encode(file.getvalue()).decode(),
    }
    of_json("11_a.json", lambda content: content["shapes"][0].update(drawn))(root)
    case = next(case for case in study_of("labelme", root).cases if case.case_id == "11_a")
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[y : y + height, x : x + width] = part
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), expected)
    drawn["points"] = [[x, y], [x + width, y + height]]
    of_json("11_a.json", lambda content: content["shapes"][0].update(drawn))(root)
    with pytest.raises(DataError, match="the mask has 8 x 6 pixels, its corners are 9 x 7 apart"):
        study_of("labelme", root)


def test_regions_whose_labels_stand_apart_are_read(tmp_path):
    root = written("label_studio", tmp_path)

    def change(content):
        result = content[0]["annotations"][0]["result"][0]
        result["type"] = "labels"
        result["value"]["labels"] = result["value"].pop("rectanglelabels")

    of_json("project.json", change)(root)
    case = next(c for c in study_of("label_studio", root).cases if c.case_id == "11_a")
    np.testing.assert_array_equal(case.lesions[0].rasterize(GRID), mask("11_a"))


def test_classes_of_a_checkbox_are_all_that_are_ticked(tmp_path):
    root = written("via", tmp_path)

    def change(content):
        image = next(iter(content["_via_img_metadata"].values()))
        image["regions"][0]["region_attributes"] = {"class": {"fracture": True, "metal": True}}
        image["regions"].append({"shape_attributes": {"name": "rect", "x": 1, "y": 1, "width": 3,
                                 "height": 2}, "region_attributes": {}})  # fmt: skip

    of_json("via_project.json", change)(root)
    study = study_of("via", root)
    told = [issue.detail for issue in study.issues if issue.kind == "class_not_used"]
    assert any("'metal': 2 outlines in 2 images" in one for one in told)
    assert any("'(no class)': 1 outlines in 1 images" in one for one in told)
