"""A cell that says nothing says it in many words; all of them are an empty cell."""

import csv
import io
import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from xaudit.data.formats.fracatlas import COLUMNS as FRACATLAS
from xaudit.data.formats.fracatlas import MASKS
from xaudit.data.predictions.read import read_predictions
from xaudit.data.predictions.spec import Columns, GroupColumn, NoPrediction, TableSpec
from xaudit.data.spec import DataSpec
from xaudit.data.study.read import load_study
from xaudit.data.tables.missing import NOBODY, TEXTS, Missing
from xaudit.errors import DataError

WRITTEN = ("nan", "NaN", "NAN", "NA", "na", "N/A", "n/a", "None", "NONE", "null", "NULL", "Null",
           "-nan", "-NaN", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN", "#NA", "#N/A N/A",
           "--", "?", ".", "–", "—", "-", "", "<NA>", "#N/A", "NaT", "  nan ", " ")  # fmt: skip
_NOTE = re.compile(r" \('.*' is read as missing, see data.missing\)")
PAGE = Path(__file__).parents[3] / "docs" / "reference" / "missing-values.md"


@pytest.mark.parametrize("text", WRITTEN)
def test_what_programs_write_for_nothing_is_nothing(text):
    assert Missing().holds_nothing("any", text)


@pytest.mark.parametrize("value", [None, math.nan, np.nan, float("nan")])
def test_so_is_what_json_holds_for_it(value):
    assert Missing().holds_nothing("any", value)


@pytest.mark.parametrize("value", ["none", "0", "no", "unknown", "nano", "-1", "...", 0, False, []])
def test_what_may_be_a_value_is_one(value):
    assert not Missing().holds_nothing("any", value)


def test_texts_of_ones_own_take_the_place_of_the_others():
    country = Missing.declared({"country": ()})
    assert not country.holds_nothing("country", "NA")
    assert country.holds_nothing("country", " ")
    assert country.holds_nothing("implant", "NA")
    own = Missing.declared(("?", "none", "Not Known"))
    for text in ("?", "none", "not known", ""):
        assert own.holds_nothing("any", text)
    assert not own.holds_nothing("any", "nan")


def test_page_lists_every_text():
    page = PAGE.read_text("utf-8")
    assert all(f"`{text}`" in page for text in (*TEXTS, *NOBODY) if text)


HEADER = ["id", "image", "label", "patient", "site", "masks", "boxes", "sex", "age", "split",
          "spacing", "photometric"]  # fmt: skip
ROWS = [
    ["1", "a.png", "1", "p", "x", "m.png", "[[1, 1, 2, 2]]", "F", "4", "test", "0.1",
     "MONOCHROME1"],
    ["2", "b.png", "0", "q", "y", "", "", "M", "40", "test", "0.2", "MONOCHROME2"],
    ["3", "c.png", "0", "r", "x", "", "", "none", "50", "test", "", ""],
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    for index, name in enumerate(["a.png", "b.png", "c.png", "m.png"]):
        Image.fromarray(np.full((8, 10), index, np.uint8)).save(folder / name)
    return folder


def written(rows, header):
    buffer = io.StringIO()
    csv.writer(buffer).writerows([header, *rows])
    return buffer.getvalue()


def manifest(folder, rows, form="csv", **options):
    text = written(rows, HEADER)
    if form == "json":
        text = json.dumps([dict(zip(HEADER, row, strict=True)) for row in rows])
    (folder / f"manifest.{form}").write_text(text, encoding="utf-8")
    spec = DataSpec("manifest", folder, Path(f"manifest.{form}"), bins={"age": (12.0,)}, **options)
    try:
        study = load_study(spec)
    except DataError as error:
        return [_NOTE.sub("", one) for one in error.problems]
    return study.cases, [one for one in study.issues if one.kind != "read_as_missing"]


def with_cell(rows, row, column, value):
    rows = [list(one) for one in rows]
    rows[row][column] = value
    return rows


CELLS = st.tuples(st.integers(0, 2), st.integers(0, len(HEADER) - 1))
TEXT = st.sampled_from(WRITTEN)
SHARED = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(CELLS, TEXT, st.sampled_from(["csv", "json"]))
def test_in_a_manifest_each_of_them_is_an_empty_cell(folder, cell, text, form):
    there = manifest(folder, with_cell(ROWS, *cell, text), form)
    assert there == manifest(folder, with_cell(ROWS, *cell, ""), form)


@SHARED
@given(CELLS, st.sampled_from([None, math.nan]))
def test_in_json_so_are_null_and_nan(folder, cell, value):
    there = manifest(folder, with_cell(ROWS, *cell, value), "json")
    assert there == manifest(folder, with_cell(ROWS, *cell, ""), "json")


def test_a_patient_called_nan_is_refused(folder):
    rows = with_cell(with_cell(ROWS, 0, 3, "nan"), 2, 3, "nan")
    assert manifest(folder, rows) == [
        "manifest.csv lines 2, 4: patient: expected a patient, got nothing; so in 2 rows"
    ]


@pytest.mark.parametrize("text", [*NOBODY, "None", "Unknown", "ANONYMOUS"])
def test_who_is_not_known_is_no_patient_but_may_be_a_level(folder, text):
    (problem,) = manifest(folder, with_cell(ROWS, 1, 3, text))
    assert problem == "manifest.csv line 3: patient: expected a patient, got nothing"
    (problem,) = predictions(folder, with_cell(SCORED, 1, 1, text))
    assert problem == "scores.csv line 3, column 'who': expected a patient, got nothing"
    cases, _issues = manifest(folder, with_cell(ROWS, 1, 3, text), missing={"patient": ()})
    assert cases[1].patient == text
    if text != "None":
        cases, _issues = manifest(folder, with_cell(ROWS, 1, 7, text))
        assert cases[1].groups["sex"] == text


def test_masks_called_nan_are_no_lesion_and_levels_called_nan_are_not_recorded(folder):
    rows = [with_cell(ROWS, 1, 5, "nan")[1], with_cell(ROWS, 0, 5, "m.png; nan")[0]]
    rows = with_cell(rows, 0, 7, "nan")
    cases, _issues = manifest(folder, rows)
    assert [len(case.lesions) for case in cases] == [0, 2]
    assert cases[0].groups["sex"] == "not recorded"


def test_what_was_read_as_missing_is_named_by_column_and_text(folder):
    rows = with_cell(with_cell(with_cell(ROWS, 0, 7, "nan"), 1, 7, "NaN"), 2, 10, "null")
    manifest(folder, rows)
    study = load_study(DataSpec("manifest", folder, Path("manifest.csv"), bins={"age": (12.0,)}))
    assert [one.detail for one in study.issues if one.kind == "read_as_missing"] == [
        "column 'spacing': read as missing, 1 × 'null'",
        "column 'sex': read as missing, 1 × 'NaN', 1 × 'nan'",
    ]


def test_a_level_may_be_called_so_where_it_is_said(folder):
    rows = with_cell(ROWS, 0, 7, "NA")
    cases, _issues = manifest(folder, rows, missing={"sex": ()})
    assert cases[0].groups["sex"] == "NA"
    assert manifest(folder, rows, missing={"gender": ()})[0].startswith(
        "data.missing: no column 'gender'"
    )


def test_a_value_that_the_audit_file_names_is_never_read_as_missing_in_silence(folder):
    rows = with_cell(ROWS, 0, 2, "NA")
    (problem,) = manifest(folder, rows, positive=("NA",))
    assert problem.startswith("data.positive: 'NA' is read as missing")
    assert "data.missing: {label: []}" in problem
    cases, _issues = manifest(folder, rows[:2], positive=("NA",), missing={"label": ()})
    assert [case.label for case in cases] == [True, False]


def test_artifacts_without_a_name_or_a_mask_are_refused(folder):
    manifest(folder, ROWS)
    (folder / "artifacts.csv").write_text("id,name,mask\n1,nan,m.png\n1,marker,NA\n")
    with pytest.raises(DataError) as caught:
        load_study(DataSpec("manifest", folder, Path("manifest.csv")))
    (folder / "artifacts.csv").unlink()
    assert "line 2: name: expected a name, got nothing ('nan' is read" in caught.value.problems[0]
    assert "line 3: mask" in caught.value.problems[1]


SCORES = ["film", "who", "fracture", "score", "sex", "age", "where", "part", "fold"]
SCORED = [
    ["a", "p", "1", "0.9", "F", "4", "north", "test", "A"],
    ["b", "q", "0", "0.1", "M", "40", "south", "test", "B"],
    ["c", "r", "1", "0.2", "none", "50", "north", "test", "A"],
    ["d", "s", "0", "0.4", "F", "5", "south", "test", "B"],
]


def predictions(folder, rows, **changes):
    path = folder / "scores.csv"
    path.write_text(written(rows, SCORES), encoding="utf-8")
    values = {
        "columns": Columns("film", "fracture", "score", "who", "part", "where", "fold"),
        "scale": "probability",
        "positive": ("1",),
        "negative": ("0",),
        "split": ("test",),
        "folds": "k_fold",
        "groups": {"sex": GroupColumn("sex"), "age": GroupColumn("age", (12.0,))},
    }
    try:
        return read_predictions(TableSpec(path, **(values | changes)))
    except DataError as error:
        return [_NOTE.sub("", one) for one in error.problems]


def told(found):
    if isinstance(found, list):
        return found
    return list(found.cases), [one for one in found.issues if one.kind != "read_as_missing"]


@SHARED
@given(st.tuples(st.integers(0, 3), st.integers(0, len(SCORES) - 1)), TEXT)
def test_in_a_table_of_predictions_each_of_them_is_an_empty_cell(folder, cell, text):
    there = told(predictions(folder, with_cell(SCORED, *cell, text)))
    assert there == told(predictions(folder, with_cell(SCORED, *cell, "")))


def test_twenty_people_do_not_become_the_patient_nan(folder):
    rows = [[f"c{n}", "nan", *SCORED[n % 4][2:]] for n in range(20)]
    assert predictions(folder, rows) == [
        "scores.csv lines 2, 3, 4, 5, 6, ..., column 'who': expected a patient, got nothing; so in "
        "20 rows"
    ]


def test_people_who_share_a_text_are_noted_by_their_sexes(folder):
    _cases, issues = manifest(folder, with_cell(ROWS, 1, 3, "p"))
    told = [one for one in issues if one.kind == "patient_contradicts"]
    found = predictions(folder, with_cell(with_cell(SCORED, 2, 1, "p"), 2, 4, "M"))
    told += [one for one in found.issues if one.kind == "patient_contradicts"]
    assert [one.case_id for one in told] == ["(study)", "(table)"]


def test_labels_and_scores_that_are_missing_are_one_sentence_each(folder):
    rows = [[f"c{n}", f"p{n}", "", "", *SCORED[n % 4][4:]] for n in range(20)]
    label, score = predictions(folder, rows)
    assert label.startswith("scores.csv lines 2, 3, 4, 5, 6, ..., column 'fracture': expected one")
    assert score.endswith("declared by data.no_prediction; so in 20 rows")
    assert "column 'score': expected a number, got nothing; rows" in score


@pytest.mark.parametrize(
    ("scores", "advice"),
    [
        (("87.5", "0.4", "100"), "; if they are percentages, divide them by 100"),
        (("2.5", "-0.4", "1"), "; logits are `detector.score: logit`"),
        (("1.01", "0.4", "1"), "; look up what the score is, and convert it"),
        (("255", "7", "1"), "; look up what the score is, and convert it"),
    ],
)
def test_scores_that_are_no_probabilities_are_one_sentence_with_what_helps(folder, scores, advice):
    rows = [[*row[:3], score, *row[4:]] for row, score in zip(SCORED, scores, strict=False)]
    (problem,) = predictions(folder, [*rows, SCORED[3]])
    assert problem.endswith(advice)
    assert f"got {scores[0]}; so in " in problem
    assert "of 4 rows, and all scores run from " in problem


def test_rows_without_a_score_are_declared_by_any_of_the_texts(folder):
    rows = with_cell(with_cell(SCORED, 0, 3, "NaN"), 1, 3, "")
    found = predictions(folder, rows, no_prediction=NoPrediction("score", ("nan",)))
    assert [case.logit is None for case in found.cases] == [True, True, False, False]
    assert found.issues[0].detail == "column 'score': read as missing, 1 × 'NaN'"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"negative": ("0", "None")}, "data.negative: 'None' is read as missing"),
        ({"split": ("NA",)}, "data.split: 'NA' is read as missing"),
        ({"groups": {"sex": GroupColumn("sex", names={"NA": "x"})}}, "data.groups.sex: 'NA' is"),
        ({"missing": {"gender": ()}}, "data.missing: no column 'gender'"),
    ],
)
def test_a_declared_value_that_would_never_be_seen_is_refused(folder, changes, said):
    assert predictions(folder, SCORED, **changes)[0].startswith(said)


@pytest.mark.parametrize(
    ("column", "said"), [("image_id", "plain file name"), ("hand", "0 or 1"),
                         ("fracture_count", "a number")]
)  # fmt: skip
def test_in_the_table_of_fracatlas_they_are_refused_as_empty_cells_are(tmp_path, column, said):
    (tmp_path / MASKS).parent.mkdir(parents=True)
    (tmp_path / MASKS).write_text('{"images": [], "annotations": []}')
    row = dict.fromkeys(FRACATLAS, "0") | {"image_id": "a.jpg", column: "nan"}
    (tmp_path / "dataset.csv").write_text(written([row.values()], row))
    with pytest.raises(DataError) as caught:
        load_study(DataSpec("fracatlas", tmp_path))
    (problem,) = caught.value.problems
    assert said in problem
    assert "got nothing ('nan' is read as missing" in problem
