"""Whatever acts on a terminal or a page is written out; honest words stay as they are."""

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.core.text.markdown import markdown_text
from xaudit.core.text.printable import in_a_cell, in_lines, printable

HONEST = {"\u00ad", "\u200c", "\u200d"}
ACTING = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_every_character_that_acts_is_written_out():
    for number in range(sys.maxunicode + 1):
        sign = chr(number)
        if unicodedata.category(sign) in ACTING and sign not in HONEST:
            assert printable(sign).isascii(), hex(number)
            assert printable(sign).isprintable(), hex(number)


@pytest.mark.parametrize(
    "name",
    ["Straße 5", "Hüfte, links", "手 (左)", "می‌روم", "1 234 %", "‑0.5 × 10", "👩‍⚕️", "a\u00a0b"],
)
def test_honest_words_stay(name):
    assert printable(name) == name


def test_codes_and_directions_can_still_be_read():
    assert printable("\x1b[31mred\x9b2J \u202egpj.exe\n") == r"\x1b[31mred\x9b2J \u202egpj.exe\n"
    assert printable("a\n\tb\r", lines=True) == "a\n\tb\\r"


@given(st.text())
def test_twice_is_once_and_every_encoding_takes_it(text):
    for make in (printable, in_a_cell, in_lines):
        once = make(text)
        assert make(once) == once
        once.encode()


@given(st.text(st.sampled_from(":# [\n\ta")))
def test_no_line_is_a_command(text):
    assert not re.search(r"^\s*::", in_lines(text), re.MULTILINE)
    assert "##[" not in in_lines(text)
    assert not {"::", "##["} & {in_a_cell(text)[n : n + m] for n in range(99) for m in (2, 3)}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (":smile: 12:30", ":&#8203;smile: 12:30"),
        ("https://e.vil", "https:&#8203;//e.vil"),
        ("@all <b> [x](y)", r"@&#8203;all &lt;b&gt; \[x\](y)"),
        ("a_b | *c*", r"a\_b \| \*c\*"),
        ("\x1b\n# x", r"\\x1b \# x"),
    ],
)
def test_markdown_shows_the_text(text, shown):
    assert markdown_text(text) == shown
