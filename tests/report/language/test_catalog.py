"""Catalogs: PO files as gettext writes them, and a line for each mistake."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xaudit.errors import InstallError
from xaudit.report.language.catalog import read_catalog, read_entries

HEAD = (
    'msgid ""\nmsgstr ""\n"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n<5 ? 1 : 2);\\n"\n'
    '"X-Name: Test\\n"\n"X-Decimal: ,\\n"\n'
)


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "xx.po"
        path.write_text(text, "utf-8")
        return path

    return written


def test_forms_comments_and_lines(write):
    catalog = read_catalog(write(
        f'{HEAD}\n# a comment\n#: card.py\nmsgid "one "\n"two"\nmsgstr "eins "\n"zwei"\n\n'
        '#, fuzzy\nmsgid "unsure"\nmsgstr "unsicher"\n\n#~ msgid "old"\n#~ msgstr "alt"\n\n'
        'msgid "{n} a"\nmsgid_plural "{n} a"\nmsgstr[0] "x"\nmsgstr[1] "y"\nmsgstr[2] "z"\n\n'
        'msgctxt "stored"\nmsgid "one two"\nmsgstr "1 2"\n'
    ))  # fmt: skip
    assert catalog.messages == {"one two": ("eins zwei",), "{n} a": ("x", "y", "z")}
    assert catalog.stored == {"one two": "1 2"}
    assert [catalog.plural(n) for n in (1, 2, 7)] == [0, 1, 2]
    assert (catalog.language, catalog.name, catalog.decimal) == ("xx", "Test", ",")


@given(st.lists(st.tuples(st.text(min_size=1), st.text(min_size=1)), max_size=4))
def test_any_text_comes_back(tmp_path_factory, pairs):
    path = tmp_path_factory.getbasetemp() / "any.po"
    blocks = [f"msgid {json.dumps(a)}\nmsgstr {json.dumps(b)}\n" for a, b in pairs]
    path.write_text("\n".join(blocks), "utf-8")
    assert [(one.source, *one.forms) for one in read_entries(path)] == pairs


@pytest.mark.parametrize(("text", "message"), [
    ('msgid "a"\nmsgsrt "b"\n', "line 2: expected msgid or msgstr"),
    ('"b"\n', "line 1: expected msgid or msgstr"),
    ('msgid "a"\n', "line 1: a message needs"),
    ('msgid "a\\x"\nmsgstr "b"\n', "line 1: expected a quoted text"),
])  # fmt: skip
def test_mistake_names_its_line(write, text, message):
    with pytest.raises(InstallError, match=message):
        list(read_entries(write(text)))


@pytest.mark.parametrize("name", ["X-Name", "X-Decimal", "Plural-Forms"])
def test_header_says_what_is_needed(write, name):
    with pytest.raises(InstallError, match=name):
        read_catalog(write(HEAD.replace(name, "Y")))


def test_rule_of_plurals_that_is_none_is_told(write):
    with pytest.raises(InstallError, match="Plural-Forms"):
        read_catalog(write(HEAD.replace("n==1", "import os")))


def test_number_of_a_stored_sentence_is_no_name(write):
    catalog = read_catalog(write(
        f'{HEAD}\nmsgctxt "stored"\nmsgid "{{n:number}} of {{name}}"\nmsgstr "{{name}}: {{n}}"\n'
    ))  # fmt: skip
    assert catalog.told("1,234.5 of 1.0 of 2") == "1.0 of 2: 1\u202f234,5"
    assert catalog.told("-0.5 % of a") == "a: −0,5 %"
    assert catalog.told("some of a") == "some of a"
