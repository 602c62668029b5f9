"""Separated text of spreadsheets, pandas and R: read, or refused in one sentence for each kind."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.data.tables.separated import SEPARATORS, read_separated
from xaudit.errors import DataError


def read(text):
    columns, rows = read_separated("t.csv", text)
    return columns, [row.cells for row in rows]


def refused(text):
    with pytest.raises(DataError) as caught:
        read(text)
    return caught.value.problems


PLAIN = (("id", "score"), [("a", "0.5"), ("b", "0.9")])


@pytest.mark.parametrize(
    "text",
    [
        "id,score\na,0.5\nb,0.9\n",
        "sep=;\nid;score\na;0.5\nb;0.9\n",
        'SEP=;\r\n"id";"score"\r\na;0.5\r\nb;0.9',
        "sep=;;\nid;score\na;0.5\nb;0.9\n",
        '"sep=,"\nid,score\na,0.5\nb,0.9\n',
        "sep=\t\nid\tscore\na\t0.5\nb\t0.9\n",
        "sep=^\nid^score\na^0.5\nb^0.9\n",
        "id|score\na|0.5\nb|0.9\n",
        "\n\n# exported\nid,score\n\na,0.5\n# a, b and c, left out\n   \n,\nb,0.9\n\n",
        "# sep=;\nid,score\ra,0.5\rb,0.9\r",
    ],
)
def test_clear_text_is_read(text):
    assert read(text) == PLAIN


def test_lines_are_counted_as_an_editor_does():
    text = 'sep=,\n# one\nid,note\n\na,"two\n# lines\n\nmore"\nb,"say ""no"""\n'
    columns, rows = read_separated("t.csv", text)
    assert columns == ("id", "note")
    assert [(row.line, *row.cells) for row in rows] == [
        (5, "a", "two\n# lines\n\nmore"),
        (9, "b", 'say "no"'),
    ]


def test_a_name_that_holds_another_separator_is_no_reason_to_cut_there():
    assert read('id,"a;b;c",x\n1,2,3\n')[0] == ("id", "a;b;c", "x")


def test_separators_at_the_end_are_read_where_the_names_have_them_too():
    assert read("id,score,,\na,0.5,,\nb,0.9,,\n") == (
        ("id", "score", "", ""),
        [("a", "0.5", "", ""), ("b", "0.9", "", "")],
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        # Were the last separator dropped, the score would be 0 and the note 93.
        ("id;score\n" + "a;0;\n" * 90, "lines 2, 3, 4 and 87 more: expected 2 values, got 3"),
        (
            "id,score,note\na,0,93,\nb,0,14,\n",
            "lines 2, 3: expected 3 values, got 4; the line ends",
        ),
        ("id,score\na,0,93\n", "line 2: expected 2 values, got 3; values that hold ','"),
        ("id,score\na\n", "line 2: expected 2 values, got 1; the line ends too early"),
        ("id,score,\na,0,93\n", "line 2: value 3 has no name"),
        ("id,score,id,score\na,1,b,2\n", "line 1: column 'id', 'score' stands there twice"),
        ("id,score\n#1,0.5\n#2,0.9\n", "lines 2, 3: # begins a comment, and there is a value"),
        ("#id,score\na,0.5\nb,0.9\n", "line 1: # begins a comment"),
        ("# id,a,b\n1,1,0.5\n2,0,0.9\n", "if these are the names, delete the #"),
        ("Export 2024\nid,score\na,0.5\n", "line 1: expected the names of the columns, got 'Exp"),
        ("// of x\nid,score\na,0.5\n", "line 1: expected the names of the columns, got '// of x'"),
        ("% of x, y\nid,score\na,0.5\n", "delete what stands above the names"),
        ("By, me\nid,label,score\na,0,0.5\n", "line 1: expected the names of the columns"),
        ('id,score\na,"0.5\nb,0.9\n', "line 2: unexpected end of data"),
        ("id,score\na," + "9" * 200_000 + "\n", "line 2: field larger than field limit"),
        ("# nothing\n\n", "names of columns, got none"),
        ("", "names of columns, got none"),
    ],
)
def test_what_is_not_clear_is_refused_in_one_sentence(text, said):
    (problem,) = refused(text)
    assert problem.startswith("t.csv")
    assert said in problem


def test_an_error_of_a_spreadsheet_is_no_comment():
    assert read("sex,id\n#N/A,a\n# N/A\n")[1] == [("#N/A", "a")]


def test_the_numbers_of_rows_that_pandas_writes_have_no_name():
    assert read(",id,score\n0,a,0.5\n")[1] == [("0", "a", "0.5")]


CELL = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)


@given(
    st.lists(st.lists(CELL, min_size=2, max_size=2), min_size=1, max_size=4),
    st.sampled_from(SEPARATORS),
    st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_quoted_comes_back(rows, separator, end):
    # All is quoted: nothing is a comment, and no cell can end its line.
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["first", "second"])
    writer.writerows(rows)
    filled = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    assert read(buffer.getvalue()) == (("first", "second"), filled)
