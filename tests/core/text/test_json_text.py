"""JSON that no file, path or other program could take back is refused."""

import pytest

from xaudit.core.text.json_text import read_json_text


@pytest.mark.parametrize("text", ['"\\u0000"', '{"\\\\\\u0000": 1}', '["\\ud800"]', "[" * 100_000])
def test_what_no_text_has_is_refused(text):
    with pytest.raises(ValueError, match=r"NUL|surrogates|deeply"):
        read_json_text(text)


@pytest.mark.parametrize("text", ["NaN", "[-Infinity]", "1e999", '{"a": -1e999}', "1" * 400])
def test_numbers_that_are_none_are_refused_where_they_must_be_finite(text):
    with pytest.raises(ValueError, match=r"finite|digits"):
        read_json_text(text, finite=True)
    read_json_text(text)


def test_honest_texts_are_read():
    assert read_json_text('"\\\\u0000 \\\\\\\\ud800 \\ud83d\\ude00"') == "\\u0000 \\\\ud800 😀"
    assert read_json_text("[1e308, 1, -0.5]", finite=True) == [1e308, 1, -0.5]
