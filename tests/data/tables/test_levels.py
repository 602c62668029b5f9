"""Levels: texts that are merged, and what helps where there are too many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.data.tables.levels import merge_problems, merged, remedy

MERGE = {"hand": ("finger", "thumb"), "other": ("*",)}


@pytest.mark.parametrize(
    ("text", "level"), [("thumb", "hand"), ("knee", "other"), ("hand", "other"), ("", "")]
)
def test_named_texts_come_first_then_the_rest_and_nothing_stays_nothing(text, level):
    assert merged(text, MERGE) == level
    # The order of the levels does not matter.
    assert merged(text, dict(reversed(MERGE.items()))) == level


@given(st.text(max_size=3), st.dictionaries(st.text(max_size=2), st.just(("a", "b")), max_size=1))
def test_what_no_level_takes_stays_as_it_is(text, merge):
    expected = next(iter(merge)) if merge and text in {"a", "b"} else text
    assert merged(text, merge) == expected


def test_typing_errors_and_texts_taken_twice_are_told():
    values = {"finger", "thumb"}
    assert list(merge_problems("m", MERGE, values)) == []
    assert list(merge_problems("m", {"a": ("toe",), "b": ("thumb", "thumb")}, values)) == [
        "m: the column has no value 'toe'",
        "m: 'thumb' is taken by two levels",
    ]


def test_remedy_fits_what_the_column_holds():
    assert remedy(["1", "2.5", ""], "B", "M") == "declare borders of numbers under B"
    assert remedy(["b", "a", "c"], "B", "M") == (
        "merge texts under a common name, M: {NAME: ['a', 'b', ...], other: [\"*\"]}"
    )
    assert remedy(["1", "old"], "B", "M").startswith("declare borders under B if it holds numbers")
