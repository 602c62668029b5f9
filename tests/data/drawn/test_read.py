"""Boxes that a detector drew elsewhere, in every form, brought together with a study."""

import json
import math

import numpy as np
import pytest
from PIL import Image

from xaudit.core.boxes import Boxes
from xaudit.core.case import Case
from xaudit.data.drawn.read import read_found_boxes
from xaudit.data.drawn.spec import BoxesSpec
from xaudit.data.image_file import ImageFile
from xaudit.errors import DataError

A = (10.0, 20.0, 40.0, 60.0)
"""In both images; a probability of 0.75."""


def logit(p):
    return math.log(p / (1 - p))


@pytest.fixture
def cases(tmp_path):
    made = []
    for name, size in (("one", (100, 80)), ("two", (50, 40)), ("three", (50, 40))):
        path = tmp_path / "images" / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(np.zeros(size[::-1], dtype=np.uint8)).save(path)
        made.append(Case(f"case {name}", name, label=True, image=ImageFile(path)))
    return made


def coco(folder, rows, images=None):
    (folder / "results.json").write_text(json.dumps(rows))
    if images is None:
        return BoxesSpec(folder / "results.json")
    (folder / "annotations.json").write_text(json.dumps({"images": images}))
    return BoxesSpec(folder / "results.json", folder / "annotations.json")


def row(image, score=0.75, bbox=(10, 20, 30, 40), kind=0):
    return {"image_id": image, "category_id": kind, "bbox": list(bbox), "score": score}


def table(folder, text, **more):
    (folder / "boxes.csv").write_text(text)
    return BoxesSpec(folder / "boxes.csv", **more)


def yolo(folder, files):
    (folder / "labels").mkdir()
    for name, text in files.items():
        (folder / "labels" / f"{name}.txt").write_text(text)
    return BoxesSpec(folder / "labels")


IMAGES = [
    {"id": number, "file_name": f"images/{name}.png"}
    for number, name in enumerate(("one", "two", "three"))
]
WHOLE = (0, 0, 50, 40)
FORMS = {
    "numbers of COCO, from 0": lambda folder: coco(
        folder, [row(0), row(1, 0.2, WHOLE)], IMAGES
    ),
    "names in COCO": lambda folder: coco(folder, [row("one.png"), row("two", 0.2, WHOLE)]),
    "corners": lambda folder: table(
        folder, "image,left,top,right,bottom,score\none,10,20,40,60,0.75\n"
        "two.png,0,0,50,40,0.2\ncase three,,,,,\n",
    ),
    "sides": lambda folder: table(
        folder, "file;x;y;width;height;p\none.png;10;20;30;40;0.75\ntwo;0;0;50;40;0.2\n",
        columns={"image": "file", "left": "x", "top": "y", "score": "p"},
    ),
    "YOLO": lambda folder: yolo(
        folder, {"one": "0 0.25 0.5 0.3 0.5 0.75\n", "two": "0 .5 .5 1 1 .2\n", "three": ""}
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form, tmp_path, cases):
    found = read_found_boxes(FORMS[form](tmp_path), cases)
    assert list(found.of) == ["case one", "case two", "case three"]
    np.testing.assert_allclose(found.of["case one"].corners, [A])
    np.testing.assert_allclose(found.of["case one"].ratings, [logit(0.75)])
    np.testing.assert_allclose(found.of["case two"].corners, [WHOLE])
    assert found.of["case three"] == Boxes.none()
    # Only lists of images and rows without a box tell what was looked at.
    silent = form in {"names in COCO", "sides"}
    assert [issue.kind for issue in found.issues] == ["no_boxes"] * silent


def test_certain_scores_keep_their_order(tmp_path, cases):
    text = "image,left,top,right,bottom,score\n" + "".join(
        f"one,0,0,9,9,{score}\n" for score in (0, 1e-300, 0.5, 1 - 2**-52, 1)
    )
    found = read_found_boxes(table(tmp_path, text), cases).of["case one"].ratings
    assert np.isfinite(found).all()
    assert found.tolist() == sorted(set(found.tolist()))


def test_logits_are_taken_as_they_are(tmp_path, cases):
    text = "image,left,top,right,bottom,score\none,0,0,9,9,-3.5\n"
    found = read_found_boxes(table(tmp_path, text, scale="logit"), cases)
    assert found.of["case one"].ratings.tolist() == [-3.5]


def test_only_named_classes_mean_fractured(tmp_path, cases):
    rows = [row("one", kind=3), row("one", kind=7)]
    with pytest.raises(DataError, match=r"2 classes \(3, 7\); name those that mean fractured"):
        read_found_boxes(coco(tmp_path, rows), cases)
    spec = BoxesSpec(tmp_path / "results.json", classes=("7",))
    assert len(read_found_boxes(spec, cases).of["case one"]) == 1
    with pytest.raises(DataError, match=r"no box of results.json is of class 5; there is: 3, 7"):
        read_found_boxes(BoxesSpec(tmp_path / "results.json", classes=("5",)), cases)


def test_images_of_others_are_noted(tmp_path, cases):
    issues = read_found_boxes(coco(tmp_path, [row("one"), row("zero")]), cases).issues
    assert [issue.kind for issue in issues] == ["no_boxes", "other_images"]


def test_a_name_of_two_images_is_no_name(tmp_path, cases):
    other = ImageFile(tmp_path / "other" / "one.png")
    twice = [*cases, Case("again", "p", label=False, image=other)]
    with pytest.raises(DataError, match="several images of the study are called 'one'"):
        read_found_boxes(coco(tmp_path, [row("one")]), twice)
    assert len(read_found_boxes(coco(tmp_path, [row("case one")]), twice).of["case one"]) == 1


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([row("one", 1.5)], r"results.json\[0\]: expected a probability from 0 to 1, got 1.5"),
        ([row("one", bbox=(1, 2, 0, 4))], "expected a box with an area, got 0 x 4"),
        ([row("one", bbox=(5, 2, 1e-20, 4))], "expected a box with an area, got 1e-20 x 4 at 5, 2"),
        ([row("one", bbox=(1, 2, 3))], r"expected \[left, top, width, height\], got 3"),
        ([row("one", "high")], "score: expected a number, got 'high'"),
        ([{**row("one"), "image_id": None}], "image_id: expected a name"),
        ([row(7)], "no image of results.json is one of the study; it names '7', the study has"),
        ({"annotations": []}, "results.json: expected a list, got"),
    ],
)
def test_what_is_no_box_is_told(rows, problem, tmp_path, cases):
    with pytest.raises(DataError, match=problem):
        read_found_boxes(coco(tmp_path, rows), cases)


def test_a_number_without_a_name_is_told(tmp_path, cases):
    with pytest.raises(DataError, match=r"results.json\[0\]: the file of images lists no id 9"):
        read_found_boxes(coco(tmp_path, [row(9)], IMAGES), cases)


@pytest.mark.parametrize(
    ("text", "columns", "problem"),
    [
        ("image,left,top,score\n", {}, "neither of right and width, expected one"),
        ("image,left,top,right,width,bottom,score\n", {}, "right and width of right and width"),
        ("image,lft,top,width,height,score\n", {}, "no column 'left'; did you mean 'lft'?"),
        ("image,left,top,width,height,score\n", {"x": "left"}, "no role 'x'"),
        ("image,left,top,width,height,score\n", {}, "line 2, column 'left': expected a number"),
    ],
)
def test_tables_are_checked(text, columns, problem, tmp_path, cases):
    cells = ["one", "a", *"23456"][: text.count(",") + 1]
    spec = table(tmp_path, f"{text}{','.join(cells)}\n", columns=columns)
    with pytest.raises(DataError) as error:
        read_found_boxes(spec, cases)
    assert problem in str(error.value)


def test_lines_of_yolo_have_a_score(tmp_path, cases):
    with pytest.raises(DataError, match=r"one.txt line 1: .* got 5 values; YOLO writes scores"):
        read_found_boxes(yolo(tmp_path, {"one": "0 0.25 0.5 0.3 0.5\n"}), cases)


def test_what_is_not_there_is_told(tmp_path, cases):
    with pytest.raises(DataError, match=r"detector.found: nothing is at"):
        read_found_boxes(BoxesSpec(tmp_path / "none.json"), cases)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="text files of YOLO below empty, found none"):
        read_found_boxes(BoxesSpec(tmp_path / "empty"), cases)


def test_whole_floats_are_ids(tmp_path, cases):
    rows = [row(0.0, kind=3.0), row(1.0, kind=3.0)]
    images = [{**one, "id": float(one["id"])} for one in IMAGES]
    spec = coco(tmp_path, rows, images)
    found = read_found_boxes(BoxesSpec(spec.found, spec.images, classes=("3",)), cases)
    assert [len(boxes) for boxes in found.of.values()] == [1, 1, 0]


def test_other_floats_are_no_ids(tmp_path, cases):
    with pytest.raises(DataError, match=r"image_id: expected a name .* got 0\.5"):
        read_found_boxes(coco(tmp_path, [row(0.5)]), cases)


@pytest.fixture
def namesakes(tmp_path):
    made = []
    for folder in "ab":
        path = tmp_path / "study" / folder / "film.png"
        path.parent.mkdir(parents=True)
        Image.fromarray(np.zeros((80, 100), dtype=np.uint8)).save(path)
        made.append(Case(f"case {folder}", folder, label=True, image=ImageFile(path)))
    return made


@pytest.mark.parametrize("name", ["b/film.png", "b/film", "/elsewhere/b/film.png"])
def test_folders_tell_images_of_one_name_apart(name, tmp_path, namesakes):
    found = read_found_boxes(coco(tmp_path, [row(name)]), namesakes)
    assert [len(boxes) for boxes in found.of.values()] == [0, 1]


def test_folders_of_yolo_tell_images_of_one_name_apart(tmp_path, namesakes):
    for folder, text in (("a", ""), ("b", "0 .5 .5 .2 .2 .7\n")):
        (tmp_path / "labels" / folder).mkdir(parents=True)
        (tmp_path / "labels" / folder / "film.txt").write_text(text)
    found = read_found_boxes(BoxesSpec(tmp_path / "labels"), namesakes)
    assert [len(boxes) for boxes in found.of.values()] == [0, 1]
    assert not found.issues


def test_a_name_of_several_images_is_told_once(tmp_path, namesakes):
    with pytest.raises(DataError) as error:
        read_found_boxes(coco(tmp_path, [row("film.png"), row("film.png")]), namesakes)
    assert error.value.problems == ("several images of the study are called 'film.png'",)


def test_a_path_without_a_name_is_no_image(tmp_path, cases):
    with pytest.raises(DataError, match=r"no image of results\.json is one of the study"):
        read_found_boxes(coco(tmp_path, [row("/"), row("..")]), cases)


def test_boxes_beyond_their_image_are_told(tmp_path, cases):
    rows = [row("one"), row("two", bbox=(60, 0, 10, 10)), row("three", bbox=(-30, 0, 10, 10))]
    rows += [row("two", bbox=(-5, -5, 60, 50)), row("one", bbox=(90, 0, 20, 20))]
    (issue,) = read_found_boxes(coco(tmp_path, rows), cases).issues
    assert (issue.kind, issue.effect) == ("boxes_beyond", "noted")
    assert str(issue.detail).startswith("2 of 5 boxes of results.json have their center beyond")


def test_of_an_image_that_cannot_be_read_no_box_lies_beyond(tmp_path, cases):
    cases[0].image.path.write_bytes(b"none")
    found = read_found_boxes(coco(tmp_path, [row("one", bbox=(900, 0, 10, 10))]), cases[:1])
    assert len(found.of["case one"]) == 1
    assert not found.issues
