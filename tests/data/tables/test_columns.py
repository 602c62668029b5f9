"""One table of predictions as CSV, Parquet and Arrow."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import feather

from xaudit.data.predictions.read import read_predictions
from xaudit.data.predictions.spec import Columns, GroupColumn, NoPrediction, TableSpec
from xaudit.data.tables.columns import read_columns
from xaudit.data.tables.missing import Missing
from xaudit.errors import DataError

CSV = """\
film,patient,fracture,score,ok,age,view
a,7,1,0.9,1,4,ap
b,7,0,0,1,5,
c,8,1,0.2,1,12.5,ap
d,9,0,0.5,0,,lateral
"""
TABLE = pa.table(
    {
        "film": ["a", "b", "c", "d"],
        "patient": [7.0, 7.0, 8.0, 9.0],
        "fracture": [1, 0, 1, 0],
        "score": [0.9, 0.0, 0.2, 0.5],
        "ok": [1, 1, 1, 0],
        "age": pa.array([4, 5, 12.5, None]),
        "view": pa.array(["ap", None, "ap", "lateral"]).dictionary_encode(),
    }
)


def study(path):
    spec = TableSpec(
        path,
        Columns("film", "fracture", "score", "patient"),
        "probability",
        ("1",),
        ("0",),
        NoPrediction("ok", ("0",)),
        groups={"age": GroupColumn("age", (5.0, 12.0)), "view": GroupColumn("view")},
    )
    return read_predictions(spec)


def test_all_kinds_of_files_give_the_same_cases(tmp_path):
    (tmp_path / "t.csv").write_text(CSV)
    pq.write_table(TABLE, tmp_path / "t.parquet")
    feather.write_feather(TABLE, tmp_path / "t.feather")
    feather.write_feather(TABLE, tmp_path / "t.arrow", compression="uncompressed")
    kinds = ("csv", "parquet", "feather", "arrow")
    cases = [list(study(tmp_path / f"t.{kind}").cases) for kind in kinds]
    assert cases[1:] == cases[:1] * 3
    assert cases[0][3].logit is None
    assert cases[0][1].groups == {"age": "5 to under 12", "view": ""}


def test_a_mistake_in_a_parquet_table_names_its_row(tmp_path):
    wrong = TABLE.set_column(3, "score", pa.array([0.9, 1.5, 0.2, 0.5]))
    pq.write_table(wrong, tmp_path / "t.parquet")
    with pytest.raises(DataError, match=r"row 2, column 'score': expected a probability"):
        study(tmp_path / "t.parquet")


@pytest.mark.parametrize("kind", ["parquet", "feather"])
def test_what_is_no_table_is_refused(tmp_path, kind):
    path = tmp_path / f"t.{kind}"
    path.write_bytes(b"no table at all")
    with pytest.raises(DataError, match="cannot be read as"):
        read_columns(path, Missing())
    nested = pa.table({"film": pa.array([[1], [2]])})
    (feather.write_feather if kind == "feather" else pq.write_table)(nested, path)
    with pytest.raises(DataError, match="column 'film': expected texts or numbers"):
        read_columns(path, Missing())


def test_nulls_and_not_a_number_hold_nothing(tmp_path):
    table = pa.table({"x": pa.array([1.0, None, np.nan]), "y": ["a", "NA", " b "]})
    pq.write_table(table, tmp_path / "t.parquet")
    found = read_columns(tmp_path / "t.parquet", Missing())
    assert [found.cells["x"][row] for row in range(3)] == ["1", "", ""]
    assert [found.cells["y"][row] for row in range(3)] == ["a", "", "b"]
    assert found.row(1).said("y") == "nothing ('NA' is read as missing, see data.missing)"
    assert found.where(2) == "row 3"


def test_bytes_that_are_no_utf8_are_named(tmp_path):
    (tmp_path / "t.csv").write_bytes(b"film,score\na,0.5\n\xff,0.5\n")
    with pytest.raises(DataError, match="byte 17 is not"):
        read_columns(tmp_path / "t.csv", Missing())
