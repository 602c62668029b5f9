import contextlib
import json
import os

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from xaudit.core.grid import Grid
from xaudit.data.annotations.mask_files import MaskFile
from xaudit.data.annotations.masks import Box, Polygons, Rle
from xaudit.data.image_file import ImageFile
from xaudit.data.pixels.mask_values import MaskValues
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.errors import DataError


@pytest.fixture
def folder(tmp_path):
    for index, name in enumerate(["a.png", "b.png", "c.png"]):
        Image.fromarray(np.full((8, 10), index, np.uint8)).save(tmp_path / name)
    mask = np.zeros((8, 10), np.uint8)
    mask[1, 1] = mask[5, 5] = 255
    Image.fromarray(mask).save(tmp_path / "m.png")
    return tmp_path


def load(folder, text, name="manifest.csv", **options):
    data = text if isinstance(text, bytes) else text.encode()
    (folder / name).write_bytes(data)
    return load_study(DataSpec("manifest", folder, **options))


def problems(folder, text, name="manifest.csv", **options):
    with pytest.raises(DataError) as caught:
        load(folder, text, name, **options)
    return caught.value.problems


BASIC = "id,image,label,patient,site,sex\n1,a.png,1,p,x,F\n2,b.png,0,p,y,\n"


@pytest.mark.parametrize(
    "text",
    [
        BASIC,
        "\ufeff" + BASIC,
        BASIC.replace(",", ";"),
        BASIC.replace(",", "\t"),
        BASIC.replace("\n", "\r\n") + "\n\n",
    ],
)
def test_plain_manifest_in_every_dialect(folder, text):
    study = load(folder, text)
    assert [case.case_id for case in study.cases] == ["1", "2"]
    assert [case.label for case in study.cases] == [True, False]
    assert {case.patient for case in study.cases} == {"p"}
    assert (study.unit, study.site_column, study.listed) == ("patient", "site", 2)
    assert study.cases[1].groups == {"site": "y", "sex": "not recorded"}
    assert study.cases[0].image == ImageFile((folder / "a.png").resolve())


def test_study_without_patients_declares_one_image_per_patient(folder):
    study = load(folder, "image,label\na.png,yes\nb.png,no\n")
    assert study.unit == "image"
    assert "one image per patient" in study.unit_note
    assert [case.patient for case in study.cases] == ["a", "b"]


def test_all_mistakes_come_at_once_with_their_lines(folder):
    text = (
        "id,image,label,patient,boxes,photometric\n"
        "1,a.png,maybe,p,,\n"
        "1,../x.png,1,,,\n"
        '3,/etc/passwd,0,p,"[[1,2,3]]",RGB\n'
        "4,a.png,1,p,[1,,\n"
    )
    found = problems(folder, text)
    assert found == (
        "manifest.csv line 5: expected 6 values, got 7; the line ends with ',': delete it there, "
        "or add it to the line of names; decimal commas stand in quotes",
    )
    found = problems(folder, text.replace("[1,", "[1"))
    expected = [
        ("line 2", "maybe"),
        ("line 3", "'1' is in line 2"),
        ("line 3", "'..'"),
        ("line 3", "expected a patient"),
        ("line 4", "/etc/passwd"),
        ("line 4", "[x, y, width, height]"),
        ("line 4", "MONOCHROME1"),
        ("line 5", "JSON"),
    ]
    assert len(found) == len(expected)
    for where, words in expected:
        assert any(where in one and words in one for one in found), (where, words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "empty file"),
        (b"id,image,label\n", "got none"),
        (b"id,image,label\n1,\xff,1\n", "UTF-8"),
        (b"id,image,image,label\n1,a,a,1\n", "twice"),
        (b"id,label\n1,1\n", "no column 'image'"),
        (b'id,image,label\n1,"a.png,1\n', "line"),
        (b"id,image,label\n1,,1\n", "path below the root"),
        (b"id,image,label\n" + b"1" * 300 + b",a.png,1\n", "1 to 200"),
    ],
)
def test_unusable_manifests_say_why(folder, text, words):
    assert words in "\n".join(problems(folder, text))


@pytest.mark.parametrize("text", ["[1, 2]", '{"a": 1}', "[" * 100_000, '{"cases": [', "[]"])
def test_unusable_json_says_why(folder, text):
    assert problems(folder, text, "manifest.json")


def test_symbolic_link_out_of_the_root_is_refused(folder):
    os.symlink("/etc", folder / "out")
    found = problems(folder, "image,label\nout/passwd,1\n")
    assert "symbolic link" in found[0]


def test_many_problems_are_cut_with_their_number(folder):
    rows = "".join(f"{index},a.png,maybe{index}\n" for index in range(150))
    found = problems(folder, "id,image,label\n" + rows)
    assert len(found) == 101
    assert "50 more" in found[-1]


def test_huge_manifest_is_refused_before_it_is_read(folder, monkeypatch):
    monkeypatch.setattr("xaudit.data.tables.table.MAX_BYTES", 10)
    assert "at most 10 bytes" in problems(folder, BASIC)[0]


def test_every_kind_of_outline(folder):
    row = {
        "id": "1",
        "image": "a.png",
        "label": True,
        "mask": ["m.png"],
        "polygons": [[0, 0, 4, 0, 4, 4], [[0, 0, 4, 0, 4, 4], [5, 5, 9, 5, 9, 7]]],
        "boxes": [[1, 1, 2, 2]],
        "rle": [{"size": [8, 10], "counts": [3, 2, 75]}],
    }
    study = load(folder, json.dumps({"cases": [row]}), "manifest.json")
    kinds = [type(lesion) for lesion in study.cases[0].lesions]
    assert kinds == [Polygons, Polygons, Box, Rle, MaskFile]
    assert [int(lesion.rasterize(Grid((8, 10))).sum()) for lesion in study.cases[0].lesions][
        2:
    ] == [
        4,
        2,
        2,
    ]


def test_mask_file_may_hold_several_lesions(folder):
    study = load(folder, "image,label,masks\na.png,1,m.png\n", mask_lesions="components")
    assert len(study.cases[0].lesions) == 2


def mask(folder, name, *parts):
    """A mask of 8 x 10 pixels with so many values, each on rows of its own."""
    array = np.zeros((8, 10), np.uint8)
    for row, value in enumerate(parts):
        array[2 * row : 2 * row + 2, 1:5] = value
    Image.fromarray(array).save(folder / name)


def test_black_masks_of_normal_images_are_no_lesion_and_no_issue(folder):
    mask(folder, "black.png")
    study = load(folder, "image,label,masks\na.png,1,m.png\nb.png,0,black.png\n")
    assert [len(case.lesions) for case in study.cases] == [1, 0]
    assert not study.issues


def test_black_mask_of_a_fractured_image_is_one_issue(folder):
    mask(folder, "black.png")
    text = "image,label,masks\na.png,1,m.png\nb.png,1,black.png\n"
    found = [(one.case_id, one.kind) for one in load(folder, text).issues]
    assert found == [("b", "empty_mask")]


def test_black_mask_beside_one_that_shows_a_lesion_does_not_say_that_none_is_drawn(folder):
    mask(folder, "black.png")
    (note,) = load(folder, "image,label,masks\na.png,1,m.png;black.png\nb.png,0,\n").issues
    assert note.kind == "empty_mask"
    assert note.detail == (
        "nothing is annotated in black.png; the lesions that are annotated elsewhere count"
    )


@pytest.mark.parametrize(
    ("cell", "count"),
    [("[]", 0), ("['m.png']", 1), ('"[""m.png"", ""m.png""]"', 2), ("['m.png', 'm.png']", 2)],
)
def test_list_of_masks_that_was_written_as_text_is_read(folder, cell, count):
    cell = f'"{cell}"' if cell.count(",") and not cell.startswith('"') else cell
    study = load(folder, f"image,label,masks\na.png,1,{cell}\n")
    assert len(study.cases[0].lesions) == count


@pytest.mark.parametrize("cell", ["[m.png]", "[1]", "[None]"])
def test_list_of_masks_that_is_none_is_refused_in_one_sentence(folder, cell):
    (found,) = problems(folder, f"image,label,masks\na.png,1,{cell}\n")
    assert "expected paths separated by semicolons, got the list" in found


def test_undeclared_values_of_a_mask_are_refused_with_line_and_area(folder):
    mask(folder, "v.png", 1, 255)
    text = "image,label,masks\na.png,1,v.png\nb.png,0,\n"
    (found,) = problems(folder, text)
    assert "line 2: mask of case a: v.png: value 1 (8 px), value 255 (8 px)" in found
    declared = load(folder, text, mask_values=MaskValues((1,), (255,)))
    assert len(declared.cases[0].lesions) == len(declared.cases[0].ignored) == 1
    (found,) = problems(folder, text, mask_values=MaskValues((1,)))
    assert "value 255 (8 px)" in found
    (folder / "artifacts.csv").write_text("id,name,mask\nb,marker,v.png\n")
    told = problems(folder, text, mask_values=MaskValues((1,), (255,)))
    assert len(told) == 1
    assert "case b, artifact 'marker': v.png" in told[0]


@pytest.mark.parametrize("mode", ["one", "components"])
@pytest.mark.parametrize("values", [(1, 2), (1, 255)])
def test_values_that_never_meet_in_one_file_are_asked_about(folder, mode, values):
    for value in values:
        mask(folder, f"{value}.png", value)
    first, second = values
    text = f"image,label,masks\na.png,1,{first}.png\nb.png,1,{first}.png\nc.png,0,{second}.png\n"
    (found,) = problems(folder, text, mask_lesions=mode)
    assert f"value {first} in 2 files (16 px), value {second} in 1 files (8 px)" in found
    assert f"mask_values: {{lesion: [{first}, {second}]}}" in found
    declared = load(folder, text, mask_lesions=mode, mask_values=MaskValues(values))
    assert [len(case.lesions) for case in declared.cases] == [1, 1, 1]
    void = load(folder, text, mask_lesions=mode, mask_values=MaskValues((first,), (second,)))
    assert "label_contradicts_lesions" not in {one.kind for one in void.issues}


def test_masks_of_one_bit_and_smeared_ones_are_no_other_value(folder):
    array = np.zeros((48, 40), np.uint8)
    array[8:24, 8:24] = 255
    for name in ("one.png", "j.jpg", "k.jpg"):
        image = Image.fromarray(array)
        (image.convert("1") if name == "one.png" else image).save(folder / name)
    text = "image,label,masks\na.png,1,m.png\nb.png,1,one.png;j.jpg;k.jpg\nc.png,0,\n"
    assert load(folder, text)
    Image.fromarray(array // 2).save(folder / "k.jpg")
    assert "not the same" in problems(folder, text)[0]


def test_soft_masks_are_one_note_of_the_study(folder):
    mask(folder, "soft.png", 60, 255, 200, 70)
    (note,) = load(folder, "image,label,masks\na.png,1,soft.png\nb.png,1,soft.png\n").issues
    assert (note.case_id, note.kind) == ("(study)", "soft_masks")
    assert "2 masks" in note.detail
    assert "32 pixels are lesion, of 64" in note.detail


def test_jpeg_masks_are_one_note_that_says_where_they_are_cut(folder):
    array = np.zeros((48, 40), np.uint8)
    array[8:24, 8:24] = 255
    Image.fromarray(array).save(folder / "full.jpg", quality=90)
    text = "image,label,masks\na.png,1,full.jpg\nb.png,1,full.jpg\nc.png,0,\n"
    (note,) = load(folder, text).issues
    assert (note.case_id, note.kind) == ("(study)", "smeared_masks")
    assert "2 masks" in note.detail
    assert "127.5 in 2" in note.detail


def test_holes_of_polygons_are_filled_unless_even_odd_is_declared(folder):
    rings = [[[0, 0, 6, 0, 6, 6, 0, 6], [2, 2, 4, 2, 4, 4, 2, 4]]]
    text = json.dumps([{"id": "1", "image": "a.png", "label": 1, "polygons": rings}])
    for options, area in (({}, 36), ({"holes": "even_odd"}, 32)):
        study = load(folder, text, "manifest.json", **options)
        assert study.cases[0].lesions[0].rasterize(Grid((8, 10))).sum() == area


OUTER, INNER, APART = ([0, 0, 6, 0, 6, 6, 0, 6], [2, 2, 4, 2, 4, 4, 2, 4], [7, 0, 9, 0, 9, 2, 7, 2])


@pytest.mark.parametrize("rings", [[OUTER, INNER, APART], [INNER, APART, OUTER]])
def test_rings_of_a_flat_list_that_lie_within_each_other_make_a_hole(folder, rings):
    rows = [{"id": "1", "image": "a.png", "label": 1, "polygons": rings}]
    study = load(folder, json.dumps(rows), "manifest.json", holes="even_odd")
    areas = [one.rasterize(Grid((8, 10))).sum() for one in study.cases[0].lesions]
    assert sorted(areas) == [4, 32]
    (asked,) = problems(folder, json.dumps(rows), "manifest.json")
    assert "holes: even_odd" in asked


def test_rings_that_cross_are_refused_where_they_could_be_holes(folder):
    rows = [
        {"id": "1", "image": "a.png", "label": 1, "polygons": [OUTER, [3, 3, 8, 3, 8, 5, 3, 5]]}
    ]
    (said,) = problems(folder, json.dumps(rows), "manifest.json", holes="even_odd")
    assert "cross" in said
    assert len(load(folder, json.dumps(rows), "manifest.json").cases[0].lesions) == 2


def test_columns_of_other_names_and_declared_positives(folder):
    text = "nr,file,finding,who\n1,a.png,Fx,p\n2,b.png,none,q\n"
    columns = {"id": "nr", "image": "file", "label": "finding"}
    study = load(folder, text, columns=columns, positive=("fx",), patient="who")
    assert [case.label for case in study.cases] == [True, False]
    assert study.cases[0].groups == {}


def test_third_label_value_is_not_taken_for_normal(folder):
    text = "image,label\na.png,fx\nb.png,none\nc.png,unclear\n"
    found = problems(folder, text, positive=("fx",))
    assert len(found) == 2


def test_unknown_roles_columns_and_groups_are_named(folder):
    assert "no role 'nonsense'" in problems(folder, BASIC, columns={"nonsense": "id"})[0]
    assert "no column 'who'" in problems(folder, BASIC, patient="who")[0]
    assert "no column 'age'" in problems(folder, BASIC, groups=("age",))[0]
    assert "no column 'age'" in problems(folder, BASIC, bins={"age": (5,)})[0]


def test_numbers_are_grouped_by_declared_bins(folder):
    ages = ["4.9", "5", "11", "12", "", "80", *map(str, range(20, 40))]
    text = "id,image,label,age\n" + "".join(f"{i},a.png,1,{age}\n" for i, age in enumerate(ages))
    study = load(folder, text, bins={"age": (5, 12)})
    got = [case.groups["age"] for case in study.cases[:6]]
    low, middle, high = "under 5", "5 to under 12", "12 and over"
    assert got == [low, middle, middle, high, "not recorded", high]
    found = problems(folder, text, groups=("age",))[0]
    assert "25 levels, too many" in found
    assert "declare borders of numbers under data.bins.age" in found
    free = load(folder, text)
    assert free.cases[0].groups == {}
    assert "column_not_grouped" in {issue.kind for issue in free.issues}
    assert (
        "expected a number" in problems(folder, text.replace("4.9", "old"), bins={"age": (5,)})[0]
    )


def test_texts_of_many_levels_are_merged_by_name(folder):
    text = "id,image,label,site\n" + "".join(f"{i},a.png,1,S{i}\n" for i in range(40))
    (issue,) = (one for one in load(folder, text).issues if one.kind == "column_not_grouped")
    assert "column 'site' has 40 levels, too many for a table; merge texts" in issue.detail
    assert "data.merge.site: {NAME: ['S0', 'S1', ...], other: [\"*\"]}" in issue.detail
    assert "bins" not in issue.detail
    study = load(folder, text, merge={"site": {"north": ("S0", "S1"), "others": ("*",)}})
    assert [case.site for case in study.cases[:3]] == ["north", "north", "others"]
    assert study.cases[0].groups == {"site": "north"}
    mixed = text.replace(",S", ",").replace(",39", ",80+")
    (issue,) = (one for one in load(folder, mixed).issues if one.kind == "column_not_grouped")
    assert "under data.bins.site if it holds numbers ('80+' is none), or merge" in issue.detail


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"merge": {"age": {"x": ("1",)}}}, "data.merge: no column 'age'"),
        ({"merge": {"sex": {"x": ("Z",)}}}, "data.merge.sex: the column has no value 'Z'"),
        ({"merge": {"sex": {"x": ("nan",)}}}, "data.merge.sex: 'nan' is read as missing"),
        ({"merge": {"sex": {"x": ("F",)}}, "bins": {"sex": (5,)}}, "keep one of them"),
    ],
)
def test_merged_levels_that_do_not_fit_are_told(folder, options, said):
    assert said in problems(folder, BASIC, **options)[0]


def test_decimal_commas_are_refused_in_one_sentence(folder):
    rows = "".join(f"{i};a.png;1;0,1{i}\n" for i in range(30))
    (problem,) = problems(folder, "sep=;\nid;image;label;spacing\n" + rows)
    assert problem.startswith("manifest.csv line 3, column 'spacing': expected a decimal point")
    assert "in 30 rows" in problem


def test_a_name_that_stands_twice_in_json_is_refused(folder):
    text = '[{"id": "1", "image": "a.png", "label": 1, "label": 0}]'
    assert "'label' stands there twice" in problems(folder, text, "manifest.json")[0]


def test_other_splits_are_excluded_and_counted(folder):
    text = "image,label,split\na.png,1,train\nb.png,0,test\n"
    study = load(folder, text, split=("test",))
    assert [case.case_id for case in study.cases] == ["b"]
    assert study.listed == 2
    assert [(i.case_id, i.effect) for i in study.issues] == [("a", "excluded")]


def test_inversion_is_declared_by_row_or_for_all(folder):
    text = "image,label,photometric\na.png,1,MONOCHROME1\nb.png,0,MONOCHROME2\n"
    assert [case.inverted for case in load(folder, text).cases] == [True, False]
    assert [case.inverted for case in load(folder, BASIC, invert=True).cases] == [True, True]


def test_pixel_spacing_is_read_and_must_make_sense(folder):
    text = "image,label,spacing\na.png,1,0.15\nb.png,0,\n"
    study = load(folder, text)
    assert [case.spacing for case in study.cases] == [0.15, None]
    assert "spacing" not in study.cases[0].groups
    for wrong in ("0", "-1", "12", "inf", "fine"):
        found = problems(folder, f"image,label,spacing\na.png,1,0.1\nb.png,0,{wrong}\n")
        assert "line 3" in found[0]
        assert "millimeters" in found[0]


def test_artifacts_beside_the_manifest_are_read(folder):
    (folder / "artifacts.csv").write_text("id,name,mask\n1,marker,m.png\n")
    assert load(folder, BASIC).cases[0].artifacts == {
        "marker": MaskFile((folder / "m.png").resolve())
    }
    (folder / "artifacts.csv").write_text("id,name,mask\n9,marker,m.png\n")
    assert "no case '9'" in problems(folder, BASIC)[0]
    (folder / "artifacts.csv").write_text("id,name,mask\n1,,m.png\n1,x,../m.png\n1,y,\n")
    told = problems(folder, BASIC)
    assert [one.split(":")[1] for one in told] == [" name", " mask", " mask"]
    (folder / "artifacts.csv").write_text("id,name,mask\n1,x,m.png\n1,x,a.png\n")
    assert "line 3: name: the case has a 'x' already" in problems(folder, BASIC)[0]


@pytest.mark.parametrize(
    ("mask", "words"),
    [
        ("nowhere.png", "nowhere.png"),
        ("torn.png", "torn.png"),
        ("black.png", "empty"),
        ("small.png", "4 x 5 pixels"),
    ],
)
def test_an_artifact_that_cannot_be_drawn_is_told_with_its_case(folder, mask, words):
    Image.fromarray(np.zeros((8, 10), np.uint8)).save(folder / "black.png")
    Image.fromarray(np.full((5, 4), 255, np.uint8)).save(folder / "small.png")
    (folder / "torn.png").write_bytes((folder / "m.png").read_bytes()[:40])
    lines = f"id,name,mask\n1,marker,{mask}\n2,marker,m.png\n"
    (folder / "artifacts.csv").write_text(lines)
    told = [one for one in load(folder, BASIC).issues if one.kind == "artifact_not_drawn"]
    assert [(one.case_id, one.effect) for one in told] == [("1", "noted")]
    assert "artifact 'marker' cannot be rasterized" in told[0].detail
    assert words in told[0].detail
    assert str(folder) not in told[0].detail


def test_artifacts_of_an_image_that_cannot_be_read_are_no_second_issue(folder):
    (folder / "a.png").write_bytes(b"torn")
    (folder / "artifacts.csv").write_text("id,name,mask\n1,marker,nowhere.png\n")
    kinds = [one.kind for one in load(folder, BASIC).issues]
    assert "unreadable_file" in kinds
    assert "artifact_not_drawn" not in kinds


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("boxes", [[1, 1, 10**400, 1]], "finite"),
        ("boxes", [[1, 1, 0, 1]], "area"),
        ("polygons", [[1, 1, 2, 2]], "at least 6"),
        ("polygons", [[1, 1, 2, 2, 3, True]], "finite"),
        ("rle", [{"size": [8, 10], "counts": [0.5, 79.5]}], "whole"),
        ("rle", [{"counts": [80]}], "size"),
        ("mask", ["../m.png"], "'..'"),
    ],
)
def test_impossible_annotations_are_named(folder, key, value, words):
    row = {"id": "1", "image": "a.png", "label": 1, key: value}
    found = problems(folder, json.dumps([row]), "manifest.json")
    assert len(found) == 1
    assert found[0].startswith("manifest.json case 1: ")
    assert words in found[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.one_of(st.binary(max_size=80), st.text('id,image;label\n"[]{}10a.png\0', max_size=80)))
@example(";")
def test_no_manifest_crashes(folder, content):
    data = content if isinstance(content, bytes) else content.encode()
    for name in ("manifest.csv", "manifest.json"):
        (folder / name).write_bytes(data)
        spec = DataSpec("manifest", folder, manifest=name)
        with contextlib.suppress(DataError):
            load_study(spec)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(JSON, st.sampled_from(["polygons", "boxes", "rle", "mask", "id", "image", "label"]))
@example("x" * 300, "image")
@example("x" * 300, "mask")
def test_no_value_of_a_json_manifest_crashes(folder, value, key):
    row = {"id": "1", "image": "a.png", "label": 1} | {key: value}
    (folder / "manifest.json").write_text(json.dumps([row]))
    try:
        study = load_study(DataSpec("manifest", folder))
    except DataError:
        return
    for lesion in study.cases[0].lesions:
        with contextlib.suppress(DataError):
            assert lesion.rasterize(Grid((8, 10))).any()
