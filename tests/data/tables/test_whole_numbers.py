import json

import pytest

from xaudit.data.tables.table import read_table
from xaudit.data.tables.whole_numbers import without_point


def table(tmp_path, values, name="t.csv"):
    path = tmp_path / name
    if name.endswith("json"):
        path.write_text(json.dumps([{"who": value, "x": 1} for value in values]))
    else:
        path.write_text("who,x\n" + "".join(f"{value},1\n" for value in values))
    return read_table(path)


def ids(table):
    return [row.text("who") for row in table.rows]


@pytest.mark.parametrize("values", [["7", "7.0", "8.00", "nan"], ["7.0", "7.0", "8.0", ""]])
def test_column_of_whole_numbers_loses_its_points_with_a_note(tmp_path, values):
    found, (note,) = without_point(table(tmp_path, values), ("who", None))
    assert ids(found) == ["7", "7", "8", ""]
    assert "'who'" in note
    assert "read as '7'" in note


def test_numbers_of_json_are_the_same_whatever_their_type(tmp_path):
    given = table(tmp_path, [7, "7", 7.0, 8.5], "t.json")
    assert ids(given) == ["7", "7", "7", "8.5"]
    found, notes = without_point(table(tmp_path, [7, "7.0", 8], "t.json"), ("who",))
    assert ids(found) == ["7", "7", "8"]
    assert notes


def test_mixed_column_is_left_alone_and_both_spellings_are_named(tmp_path):
    found, (note,) = without_point(table(tmp_path, ["7", "7.0", "A3"]), ("who",))
    assert ids(found) == ["7", "7.0", "A3"]
    assert "'7' and '7.0', which count as two" in note


@pytest.mark.parametrize("values", [["7", "8"], ["007", "A"], ["1.5", "2.0"]])
def test_other_columns_are_untouched(tmp_path, values):
    found, notes = without_point(table(tmp_path, values), ("who",))
    assert ids(found) == values
    assert not notes
