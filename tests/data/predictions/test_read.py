"""Tables of predictions: what is read, and what a bad table is told."""

import math
from pathlib import Path

import pytest

from xaudit.data.predictions.read import read_predictions, to_logit
from xaudit.data.predictions.spec import Columns, GroupColumn, NoPrediction, TableSpec
from xaudit.errors import DataError

HEADER = "film,patient,fracture,score,ok,sex,age,site,split"
ROWS = [
    "a,p1,1,0.9,1,F,4,north,test",
    "b,p1,0,0,1,F,5,north,test",
    "c,p2,1,0.2,1,M,12,south,test",
    "d,p3,0,0.5,1,,,south,test",
    "e,p4,1,0,0,M,7,north,test",
    "f,p5,0,1,1,M,7.5,north,train",
]
COLUMNS = Columns("film", "fracture", "score", "patient", "split", "site")


def spec(tmp_path: Path, rows=ROWS, header=HEADER, **changes):
    path = tmp_path / "scores.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    values = {
        "columns": COLUMNS,
        "scale": "probability",
        "positive": ("1",),
        "negative": ("0",),
        "no_prediction": NoPrediction("ok", ("0",)),
        "split": ("test",),
        "groups": {
            "sex": GroupColumn("sex", names={"F": "female"}),
            "age band": GroupColumn("age", (5.0, 12.0)),
        },
    }
    return TableSpec(path, **(values | changes))


def mistakes(*arguments, **changes):
    with pytest.raises(DataError) as raised:
        read_predictions(spec(*arguments, **changes))
    return raised.value.problems


def changed(row, column, value):
    rows = [one.split(",") for one in ROWS]
    rows[row][HEADER.split(",").index(column)] = value
    return [",".join(cells) for cells in rows]


def test_rows_become_cases(tmp_path):
    study = read_predictions(spec(tmp_path))
    assert [case.case_id for case in study.cases] == ["a", "b", "c", "d", "e"]
    assert (study.listed, study.splits) == (6, ("test",))
    first = study.cases[0]
    assert (first.patient, first.label, first.site) == ("p1", True, "north")
    assert first.logit == pytest.approx(math.log(9))
    assert first.groups == {"sex": "female", "age band": "under 5"}
    assert [case.groups["age band"] for case in study.cases[1:]] == [
        "5 to under 12", "12 and over", "", "5 to under 12",
    ]  # fmt: skip


def test_what_failed_is_not_a_confident_negative(tmp_path):
    lost = read_predictions(spec(tmp_path)).cases[4]
    assert lost.logit is None
    assert (lost.issues[0].effect, lost.issues[0].kind) == ("unreadable", "no_prediction")
    sure = read_predictions(spec(tmp_path)).cases[1]
    assert sure.logit == -math.inf
    assert sure.issues == ()


def test_a_threshold_on_the_probability_is_the_same_on_the_logit():
    for score in (0.1, 0.25, 0.3, 0.7):
        assert (to_logit(score, "probability") > math.log(0.25 / 0.75)) == (score > 0.25)
    assert to_logit(1.0, "probability") == math.inf
    assert to_logit(-3.5, "logit") == -3.5


def test_other_splits_are_counted_and_shared_patients_named(tmp_path):
    kinds = {one.kind: one for one in read_predictions(spec(tmp_path)).issues}
    assert kinds["other_split"].effect == "excluded"
    assert kinds["other_split"].detail.startswith("1 rows")
    assert "patient_in_two_splits" not in kinds
    rows = changed(5, "patient", "p1")
    kinds = {one.kind: one for one in read_predictions(spec(tmp_path, rows)).issues}
    assert "1 of 4" in kinds["patient_in_two_splits"].detail


def test_a_group_of_one_is_named_with_row_and_column(tmp_path):
    found = [one for one in read_predictions(spec(tmp_path)).issues if one.kind == "group_of_one"]
    assert [one.case_id for one in found] == ["d", "a", "c", "d"]
    assert found[0].detail == "line 5, column 'sex': the only case of sex ''"
    assert all(one.effect == "noted" for one in found)


@pytest.mark.parametrize(
    ("row", "column", "value", "said"),
    [
        (1, "film", "a", "line 3, column 'film': 'a' is in line 2 already"),
        (0, "film", "", "line 2, column 'film': expected 1 to 200"),
        (2, "patient", "", "line 4, column 'patient': expected a patient"),
        (2, "fracture", "yes", "line 4, column 'fracture': expected one of ['1']"),
        (2, "fracture", "", "got nothing"),
        (2, "score", "1.2", "line 4, column 'score': expected a probability from 0 to 1, got 1.2"),
        (2, "score", "-0.1", "from 0 to 1"),
        (2, "score", "high", "line 4, column 'score': expected a number, got 'high'"),
        (2, "score", "", "data.no_prediction"),
        (2, "score", "nan", "got nothing ('nan' is read as missing"),
        (2, "score", "inf", "expected a finite number"),
        (1, "site", "south", "'south', but the same patient is at 'north' in line 2"),
        (2, "age", "old", "line 4, column 'age': expected a number, got 'old'"),
    ],
)
def test_a_bad_cell_is_named_with_row_and_column(tmp_path, row, column, value, said):
    problems = mistakes(tmp_path, changed(row, column, value))
    assert len(problems) == 1
    assert said in problems[0]
    assert problems[0].startswith("scores.csv line ")


def test_a_patient_of_two_sites_is_not_named(tmp_path):
    rows = changed(1, "site", "south")
    assert "p1" not in mistakes(tmp_path, rows)[0]


def test_every_mistake_is_listed_at_once(tmp_path):
    rows = changed(1, "score", "7")
    rows[2] = rows[2].replace("c,p2,1", "a,p2,3")
    assert len(mistakes(tmp_path, rows)) == 3


def test_an_unknown_column_comes_with_the_nearest_one(tmp_path):
    columns = Columns("film", "fractured", "score", "patient", "split", "sites")
    problems = mistakes(tmp_path, columns=columns, groups={"sex": GroupColumn("gender")})
    assert problems[0].startswith("data.columns.label: scores.csv has no column 'fractured'")
    assert "did you mean 'fracture'?" in problems[0]
    assert "did you mean 'site'?" in problems[1]
    assert problems[2].startswith("data.groups.sex.column: ")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": ("valid",)}, "there is: 'test', 'train'"),
        ({"positive": ("1", "0")}, "stand under data.negative too"),
        ({"groups": {"age": GroupColumn("age", (5.0, 5.0))}}, "ascending borders"),
        ({"groups": {"sex": GroupColumn("sex", names={"X": "other"})}}, "no value 'X'"),
        ({"columns": Columns("film", "fracture", "score")}, "data.columns.split"),
    ],
)
def test_a_declaration_that_does_not_fit_is_told(tmp_path, changes, said):
    assert any(said in problem for problem in mistakes(tmp_path, **changes))


def test_a_column_with_too_many_values_needs_bins(tmp_path):
    rows = [f"n{i},q{i},{i % 2},0.5,1,F,{i / 10},north,test" for i in range(40)]
    groups = {"age": GroupColumn("age")}
    found = mistakes(tmp_path, rows, groups=groups)[0]
    assert "40 levels, too many" in found
    assert "declare borders of numbers under data.groups.age.bins" in found


MANY = [f"n{i},q{i},{i % 2},0.5,1,L{i},4,north,test" for i in range(60)]


def test_texts_of_many_levels_are_merged_by_name(tmp_path):
    groups = {"part": GroupColumn("sex")}
    (problem,) = mistakes(tmp_path, MANY, groups=groups)
    assert "60 levels, too many" in problem
    assert "merge texts under a common name, data.groups.part.merge" in problem
    assert "bins" not in problem
    merge = {"first": ("L0", "L1"), "rest": ("*",)}
    groups = {"part": GroupColumn("sex", names={"L2": "third"}, merge=merge)}
    study = read_predictions(spec(tmp_path, MANY, groups=groups))
    found = [case.groups["part"] for case in study.cases]
    assert found == ["first", "first", "third", *["rest"] * 57]


def test_what_is_missing_is_merged_into_nothing(tmp_path):
    rows = [*MANY, "z,z,1,0.5,1,nan,4,north,test"]
    groups = {"part": GroupColumn("sex", merge={"all": ("*",)})}
    assert read_predictions(spec(tmp_path, rows, groups=groups)).cases[-1].groups["part"] == ""


@pytest.mark.parametrize(
    ("merge", "said"),
    [
        ({"a": ("L0", "L99")}, "data.groups.part.merge: the column has no value 'L99'"),
        ({"a": ("L0",), "b": ("L0", "*")}, "data.groups.part.merge: 'L0' is taken by two levels"),
    ],
)
def test_merged_levels_that_do_not_fit_are_told(tmp_path, merge, said):
    groups = {"part": GroupColumn("sex", merge=merge)}
    assert said in mistakes(tmp_path, MANY, groups=groups)


def test_decimal_commas_are_refused_once_for_each_column(tmp_path):
    rows = [f'n{i},q{i},1,"0,{i}",1,F,"4,{i}",north,test' for i in range(40)]
    assert mistakes(tmp_path, rows) == (
        "scores.csv line 2, column 'score': expected a decimal point, got '0,0', and so in 40 "
        "rows; write numbers with points",
        "scores.csv line 2, column 'age': expected a decimal point, got '4,0', and so in 40 "
        "rows; write numbers with points",
    )


def test_without_a_patient_column_each_case_is_its_own(tmp_path):
    columns = Columns("film", "fracture", "score", split="split")
    study = read_predictions(spec(tmp_path, columns=columns))
    assert [case.patient for case in study.cases] == ["a", "b", "c", "d", "e"]


def test_patient_that_is_written_as_a_float_is_one_patient(tmp_path):
    rows = [row.replace(",p", ",").replace(",1,", ",1.0,", 1) if i == 0 else row.replace(",p", ",")
            for i, row in enumerate(ROWS)]  # fmt: skip
    study = read_predictions(spec(tmp_path, rows))
    assert study.cases[0].patient == study.cases[1].patient == "1"
    assert "whole_numbers" in {one.kind for one in study.issues}


@pytest.mark.parametrize("score", ["0_1", "٠.٥"])
def test_score_that_only_python_reads_is_refused(tmp_path, score):
    with pytest.raises(DataError, match="expected a number"):
        read_predictions(spec(tmp_path, [ROWS[0].replace("0.9", score), *ROWS[1:]]))
